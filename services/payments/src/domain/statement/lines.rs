use std::io::{BufRead, Read as _};

use encoding_rs::Encoding;

use super::Unreadable;

/// More than any line of a bill, and a bound on what is kept of a file.
const LONGEST: u64 = 64 * 1024;

/// The lines of a file, one at a time, without their ends.
pub struct Lines<R> {
    source: R,
    encoding: &'static Encoding,
    number: u32,
    raw: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub fn new(source: R, encoding: &'static Encoding) -> Self {
        Self {
            source,
            encoding,
            number: 0,
            raw: Vec::new(),
        }
    }

    /// The next line that is not empty, with its number.
    pub fn next(&mut self) -> Result<Option<(u32, String)>, Unreadable> {
        loop {
            self.raw.clear();
            self.number += 1;
            let read = self
                .source
                .by_ref()
                .take(LONGEST)
                .read_until(b'\n', &mut self.raw)
                .map_err(|e| Unreadable::Broken(e.to_string()))?;
            if read == 0 {
                return Ok(None);
            }
            if self.raw.last() != Some(&b'\n') && self.raw.len() >= 64 * 1024 {
                return Err(Unreadable::TooLong(self.number));
            }
            let (text, broken) = self.encoding.decode_with_bom_removal(&self.raw);
            if broken {
                return Err(Unreadable::Encoding(self.number));
            }
            let text = text.trim_end_matches(['\r', '\n']);
            if !text.is_empty() {
                return Ok(Some((self.number, text.to_owned())));
            }
        }
    }
}
