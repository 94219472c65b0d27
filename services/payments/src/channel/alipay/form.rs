//! The form in which notifications come, decoded once and in its own charset.

use std::collections::BTreeMap;

use encoding_rs::{Encoding, UTF_8};
use percent_encoding::percent_decode;

use super::signature::Fields;

/// More fields than any notification has.
const MOST_FIELDS: usize = 200;

/// A notification's fields: as bytes, which are signed, and as text.
#[derive(Debug)]
pub struct Form {
    pub fields: Fields,
    text: BTreeMap<String, String>,
}

impl Form {
    /// `None` when a field stands twice, or its text is none in the charset.
    pub fn read(body: &[u8]) -> Option<Self> {
        let mut fields = Fields::new();
        for pair in body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let equals = pair.iter().position(|byte| *byte == b'=')?;
            let (name, value) = (pair.get(..equals)?, pair.get(equals + 1..)?);
            let name = String::from_utf8(decoded(name)).ok()?;
            if fields.len() == MOST_FIELDS || fields.insert(name, decoded(value)).is_some() {
                return None;
            }
        }
        let charset = charset(&fields)?;
        let mut text = BTreeMap::new();
        for (name, value) in &fields {
            let value = charset.decode_without_bom_handling_and_without_replacement(value)?;
            text.insert(name.clone(), value.into_owned());
        }
        Some(Self { fields, text })
    }

    /// The text of a field that has one.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.text
            .get(name)
            .map(String::as_str)
            .filter(|text| !text.is_empty())
    }

    /// All of it that has a text, by name.
    pub fn text(&self) -> impl Iterator<Item = (&str, &str)> {
        self.text
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
    }
}

/// One part of a form: a plus is a space, and what is encoded is a byte.
fn decoded(part: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = part
        .iter()
        .map(|byte| if *byte == b'+' { b' ' } else { *byte })
        .collect();
    percent_decode(&spaced).collect()
}

fn charset(fields: &Fields) -> Option<&'static Encoding> {
    match fields.get("charset") {
        None => Some(UTF_8),
        Some(label) => Encoding::for_label(label),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_decoded_once_and_a_plus_in_a_value_survives() {
        let form = Form::read(b"sign=a%2Bb%2F%3D&subject=%E7%93%9C+x&rate=100%2525&empty=").unwrap();
        assert_eq!(form.get("sign"), Some("a+b/="));
        assert_eq!(form.get("subject"), Some("瓜 x"));
        assert_eq!(form.get("rate"), Some("100%25"));
        assert_eq!(form.get("empty"), None);
    }

    #[test]
    fn a_form_in_another_charset_keeps_its_bytes_and_is_read_in_it() {
        let form = Form::read(b"charset=GBK&subject=%C4%EA%BF%A8").unwrap();
        assert_eq!(form.get("subject"), Some("年卡"));
        assert_eq!(form.fields["subject"], b"\xC4\xEA\xBF\xA8");
    }

    #[test]
    fn what_has_two_meanings_is_no_form() {
        assert!(Form::read(b"a=1&a=2").is_none());
        assert!(Form::read(b"charset=klingon&a=1").is_none());
        assert!(Form::read(b"charset=utf-8&a=%C4%EA").is_none());
        assert!(Form::read(b"a").is_none());
    }
}
