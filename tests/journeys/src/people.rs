//! People who never were.

use kernel::StudioId;
use proto::studio::members::v1::{Language, RegisterPersonRequest};

/// The details with which the person of that number registers.
pub fn application(request_id: String, number: u32, studio: StudioId) -> RegisterPersonRequest {
    RegisterPersonRequest {
        request_id,
        name: "林静".to_owned(),
        phone: format!("154{number:08}"),
        id_number: id_number(number),
        email: format!("member{number}@example.com"),
        home_studio_id: studio.to_string(),
        language: Language::ZhCn.into(),
        consents: Vec::new(),
    }
}

/// A number with a right check digit, of an area that never was.
pub fn id_number(number: u32) -> String {
    let month = 1 + number / 28_000 % 12;
    let body = format!(
        "9900001990{month:02}{:02}{:03}",
        1 + number % 28,
        number / 28 % 1000
    );
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = body.chars().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.zip(weights).map(|(digit, weight)| digit * weight).sum();
    let check = "10X98765432".chars().cycle().zip(0..=sum % 11).last();
    format!("{body}{}", check.map_or('X', |(c, _)| c))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::id_number;

    #[test]
    fn every_number_has_an_id_of_its_own_with_a_right_check_digit() {
        let ids: HashSet<String> = (0..30_000).map(id_number).collect();
        assert_eq!(ids.len(), 30_000);
        assert_eq!(id_number(0).len(), 18);
    }
}
