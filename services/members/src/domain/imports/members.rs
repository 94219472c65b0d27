use kernel::{BadField, BusinessDay, StudioId};
use platform::import::{Row, RowErrors, Sheet};
use platform::personal::{Email, IdNumber, PersonName, Phone};

use super::{Seen, required};
use crate::domain::people::{Language, Registration};

/// The columns that a file of members must have.
pub const MEMBER_COLUMNS: [&str; 4] = ["name", "phone", "id_number", "studio"];

/// One member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    pub line: u64,
    pub registration: Registration,
    pub registered_on: Option<BusinessDay>,
}

/// Reads a whole file, the good rows beside what is wrong with the others; `studio` finds an open studio by its code.
pub fn read_members(
    sheet: &Sheet,
    today: BusinessDay,
    studio: impl Fn(&str) -> Option<StudioId>,
) -> (Vec<MemberRow>, RowErrors) {
    let mut errors = sheet.errors();
    let (mut phones, mut numbers) = (Seen::new(), Seen::new());
    let mut rows = Vec::new();
    for row in sheet.rows() {
        let Some(read) = read_row(&row, today, &studio, &mut errors) else {
            continue;
        };
        let said = &read.registration;
        errors.keep(
            read.line,
            phones.once("phone", said.phone.expose().to_owned(), read.line),
        );
        errors.keep(
            read.line,
            numbers.once("id_number", said.id_number.expose().to_owned(), read.line),
        );
        rows.push(read);
    }
    (rows, errors)
}

fn read_row(
    row: &Row<'_>,
    today: BusinessDay,
    studio: impl Fn(&str) -> Option<StudioId>,
    errors: &mut RowErrors,
) -> Option<MemberRow> {
    let line = row.line();
    let name = errors.keep(line, required(row, "name", PersonName::parse));
    let phone = errors.keep(line, required(row, "phone", Phone::parse));
    let id_number = errors.keep(line, required(row, "id_number", IdNumber::parse));
    let email = errors.keep(line, row.optional("email", Email::parse));
    let known = |text| studio(text).ok_or_else(|| BadField::new("studio", "is no code of an open studio"));
    let home = errors.keep(line, row.require("studio").and_then(known));
    let language = errors.keep(line, row.optional("language", Language::parse));
    let day = row.optional("registered_on", |field, text| day(field, text, today));
    let registered_on = errors.keep(line, day);
    let registration = Registration {
        name: name?,
        phone: phone?,
        id_number: id_number?,
        email: email?,
        home: home?,
        language: language?.unwrap_or_default(),
    };
    Some(MemberRow {
        line,
        registration,
        registered_on: registered_on?,
    })
}

fn day(field: &str, text: &str, today: BusinessDay) -> Result<BusinessDay, BadField> {
    text.parse()
        .ok()
        .filter(|day| *day <= today)
        .ok_or_else(|| BadField::new(field, "must be a day not after today, as 2025-03-31"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<MemberRow>, Vec<(u64, String)>> {
        let studio = StudioId::fresh();
        let today = BusinessDay::from_ymd_opt(2026, 11, 21).unwrap();
        let sheet = Sheet::read(text.as_bytes()).unwrap();
        let (rows, errors) = read_members(&sheet, today, |code| (code == "S1").then_some(studio));
        let bad: Vec<(u64, String)> = errors.iter().map(|e| (e.line, e.field.clone())).collect();
        if bad.is_empty() { Ok(rows) } else { Err(bad) }
    }

    #[test]
    fn a_member_without_the_optional_columns_is_read() {
        let rows = read("name,phone,id_number,studio\n林晓,13800138000,11010519491231002x,S1\n").unwrap();
        assert_eq!(rows[0].registration.language, Language::Chinese);
        assert_eq!((rows[0].line, rows[0].registered_on), (2, None));
    }

    #[test]
    fn every_bad_row_is_named_with_its_line_and_field() {
        let text = "name,phone,id_number,email,studio,language,registered_on\n\
            林晓,13800138000,11010519491231002X,,S1,,\n\
            王芳,+86 138 0013 8000,11010519491231002X,,S1,,\n\
            ,13800138001,110105194912310021,no,S2,fr,2026-11-22\n";
        let bad = read(text).unwrap_err();
        let bad: Vec<(u64, &str)> = bad.iter().map(|(line, field)| (*line, field.as_str())).collect();
        assert_eq!(
            bad,
            [
                (3, "phone"),
                (3, "id_number"),
                (4, "name"),
                (4, "id_number"),
                (4, "email"),
                (4, "studio"),
                (4, "language"),
                (4, "registered_on")
            ]
        );
    }
}
