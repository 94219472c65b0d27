//! What is signed, byte by byte: the sorted fields of a request or a
//! notification, and of an answer the very text of its one part.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Fields as they are signed: in the charset of the message, by name.
pub type Fields = BTreeMap<String, Vec<u8>>;

/// What is left out besides empty fields when a request is signed, and when a
/// message of the second version is checked.
pub const SIGN: &[&str] = &["sign"];
/// What is left out besides empty fields when a notification of a trade is checked.
pub const SIGN_AND_TYPE: &[&str] = &["sign", "sign_type"];

/// Names and values, sorted by the bytes of the names and not encoded.
pub fn content(fields: &Fields, without: &[&str]) -> Vec<u8> {
    let mut content = Vec::new();
    for (name, value) in fields {
        if value.is_empty() || without.contains(&name.as_str()) {
            continue;
        }
        if !content.is_empty() {
            content.push(b'&');
        }
        content.extend_from_slice(name.as_bytes());
        content.push(b'=');
        content.extend_from_slice(value);
    }
    content
}

/// The parts of an answer, each as the text that stands there.
#[derive(Debug)]
pub struct Parts<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Parts<'a> {
    /// `None` for a text that is no JSON object, or that names a part twice: it
    /// could be proved by one and read by the other.
    pub fn of(answer: &'a str) -> Option<Self> {
        let mut json = serde_json::Deserializer::from_str(answer);
        let parts = json.deserialize_map(EachOnce).ok()?;
        json.end().ok()?;
        Some(Self(parts))
    }

    /// The text of a part, from its first character to its last; this is signed.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|part| part.get())
    }

    /// A part that is a string.
    pub fn word(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.text(name)?).ok()
    }
}

struct EachOnce;

impl<'de> Visitor<'de> for EachOnce {
    type Value = BTreeMap<String, &'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object that names each part once")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut parts = BTreeMap::new();
        while let Some((name, part)) = map.next_entry::<String, &RawValue>()? {
            if parts.insert(name, part).is_some() {
                return Err(serde::de::Error::custom("a part stands twice"));
            }
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_sorted_has_no_empty_fields_and_is_not_encoded() {
        let fields = [
            ("b", "2+ 中"),
            ("a", "1"),
            ("c", ""),
            ("sign", "x"),
            ("sign_type", "RSA2"),
        ];
        let fields: Fields = fields.map(|(n, v)| (n.to_owned(), v.as_bytes().to_vec())).into();
        assert_eq!(content(&fields, SIGN), "a=1&b=2+ 中&sign_type=RSA2".as_bytes());
        assert_eq!(content(&fields, SIGN_AND_TYPE), "a=1&b=2+ 中".as_bytes());
    }

    #[test]
    fn a_part_is_its_own_text_whatever_stands_in_its_strings() {
        let answer =
            r#" { "x_response" : {"a":"}\"{","n":{"sign":"no"},"u":"\u4e2d","f":1.10} , "sign":"yes" } "#;
        let parts = Parts::of(answer).unwrap();
        let text = r#"{"a":"}\"{","n":{"sign":"no"},"u":"\u4e2d","f":1.10}"#;
        assert_eq!(parts.text("x_response"), Some(text));
        assert_eq!(parts.word("sign").unwrap(), "yes");
    }

    #[test]
    fn an_encrypted_part_keeps_its_quotes() {
        assert_eq!(
            Parts::of(r#"{"x_response":"YWJj"}"#).unwrap().text("x_response"),
            Some(r#""YWJj""#)
        );
    }

    #[test]
    fn a_part_that_stands_twice_proves_nothing() {
        assert!(Parts::of(r#"{"x_response":{"a":1},"x_response":{"a":2},"sign":"s"}"#).is_none());
        assert!(Parts::of("<html>502</html>").is_none());
        assert!(Parts::of(r#"{"sign":"s"} {}"#).is_none());
    }
}
