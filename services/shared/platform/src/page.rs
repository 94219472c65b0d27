//! Lists in pages by key: a page starts after the last key of the one before,
//! so a page costs the same wherever it lies and no row is shown twice.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::Datelike as _;
use kernel::{BadField, Timestamp};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How many rows a page has unless the caller says.
const DEFAULT_SIZE: i32 = 50;
/// The most rows a page may have.
const MAX_SIZE: i32 = 200;

/// Which page a caller wants: `K` is what the list is ordered by, as
/// `(Timestamp, OrderId)`, and must tell two rows apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<K> {
    size: i32,
    after: Option<K>,
}

impl<K: Serialize + DeserializeOwned> Page<K> {
    /// Reads the fields `page_size` and `page_token` of a request.
    pub fn parse(page_size: i32, page_token: &str) -> Result<Self, BadField> {
        let size = match page_size {
            0 => DEFAULT_SIZE,
            1..=MAX_SIZE => page_size,
            _ => return Err(BadField::new("page_size", format!("must be 0 to {MAX_SIZE}"))),
        };
        let after = if page_token.is_empty() {
            None
        } else {
            Some(read_token(page_token)?)
        };
        Ok(Self { size, after })
    }

    /// The key after which the page starts; none for the first page.
    pub fn after(&self) -> Option<&K> {
        self.after.as_ref()
    }

    /// The LIMIT of the query: one row more than shown, which tells whether another page follows.
    pub fn limit(&self) -> i64 {
        i64::from(self.size) + 1
    }

    /// Cuts the rows read with [`Page::limit`] to the page and makes the token of
    /// the next one, empty when there is none.
    pub fn cut<T>(&self, mut rows: Vec<T>, key: impl FnOnce(&T) -> K) -> (Vec<T>, String) {
        let size = usize::try_from(self.size).unwrap_or_default();
        if rows.len() <= size {
            return (rows, String::new());
        }
        rows.truncate(size);
        let token = rows.last().map(|row| next_token(&key(row))).unwrap_or_default();
        (rows, token)
    }
}

/// The token of the page that starts after `key`.
pub fn next_token<K: Serialize>(key: &K) -> String {
    serde_json::to_vec(key)
        .map(|json| URL_SAFE_NO_PAD.encode(json))
        .unwrap_or_default()
}

fn read_token<K: DeserializeOwned>(token: &str) -> Result<K, BadField> {
    let bad = || BadField::new("page_token", "must be the next_page_token of an earlier reply");
    let json = URL_SAFE_NO_PAD.decode(token).map_err(|_| bad())?;
    let key: Value = serde_json::from_slice(&json).map_err(|_| bad())?;
    if !can_be_asked_for(&key) {
        return Err(bad());
    }
    serde_json::from_value(key).map_err(|_| bad())
}

/// Whether the database knows every time in a key: we know years that it does not.
fn can_be_asked_for(key: &Value) -> bool {
    match key {
        Value::String(text) => {
            let beyond = |time: Timestamp| !(1..=9999).contains(&time.year());
            !text.parse().is_ok_and(beyond)
        }
        Value::Array(parts) => parts.iter().all(can_be_asked_for),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::OrderId;
    use proptest::prelude::*;
    use uuid::Uuid;

    proptest! {
        #[test]
        fn walking_the_pages_shows_every_row_once(count in 0usize..400, size in 1i32..200) {
            let all: Vec<usize> = (0..count).collect();
            let (mut seen, mut token) = (Vec::new(), String::new());
            loop {
                let page: Page<usize> = Page::parse(size, &token).unwrap();
                let from = page.after().map_or(0, |last| last + 1);
                let read = all.iter().copied().skip(from).take(usize::try_from(page.limit()).unwrap()).collect();
                let (rows, next) = page.cut(read, |row| *row);
                seen.extend(rows);
                if next.is_empty() { break }
                token = next;
            }
            prop_assert_eq!(seen, all);
        }

        #[test]
        fn no_token_makes_the_reader_panic(token in "\\PC{0,60}") {
            let read = Page::<(i64, Uuid)>::parse(0, &token);
            prop_assert_eq!(read.is_ok(), token.is_empty());
        }
    }

    #[test]
    fn a_time_that_no_database_knows_starts_no_page() {
        for time in [
            "-262143-01-01T00:00:00Z",
            "-4713-01-01T00:00:00Z",
            "+294277-01-01T00:00:00Z",
        ] {
            let token = next_token(&(time, Uuid::nil()));
            let read = Page::<(Timestamp, Uuid)>::parse(0, &token);
            assert_eq!(read.unwrap_err().field, "page_token", "{time}");
        }
        let token = next_token(&("2026-11-22T00:00:00Z", Uuid::nil()));
        assert!(Page::<(Timestamp, Uuid)>::parse(0, &token).is_ok());
    }

    #[test]
    fn a_page_has_fifty_rows_unless_the_caller_says() {
        assert_eq!(Page::<OrderId>::parse(0, "").unwrap().limit(), 51);
        assert_eq!(Page::<OrderId>::parse(200, "").unwrap().limit(), 201);
    }

    #[test]
    fn a_size_out_of_range_and_a_foreign_token_are_named() {
        assert_eq!(Page::<OrderId>::parse(-1, "").unwrap_err().field, "page_size");
        assert_eq!(Page::<OrderId>::parse(201, "").unwrap_err().field, "page_size");
        let foreign = next_token(&"a text");
        assert_eq!(
            Page::<OrderId>::parse(0, &foreign).unwrap_err().field,
            "page_token"
        );
    }
}
