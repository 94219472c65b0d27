use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{Unreadable, figures};

/// The headings that a layout may have, as we write them: half-width brackets.
pub struct Headings {
    pub needed: &'static [&'static str],
    /// Known, and of no use here.
    pub also: &'static [&'static str],
}

/// Where each heading stands in a file.
#[derive(Debug)]
pub struct Columns {
    places: HashMap<&'static str, usize>,
    width: usize,
}

impl Columns {
    /// Finds every heading by its name. One that nobody knows fails: what it
    /// changes about the others cannot be guessed.
    pub fn find<'a>(headings: &Headings, cells: impl Iterator<Item = &'a str>) -> Result<Self, Unreadable> {
        let mut places = HashMap::new();
        let mut width = 0;
        for (at, cell) in cells.enumerate() {
            let name = plain(cell);
            width = at + 1;
            let known = headings
                .needed
                .iter()
                .chain(headings.also)
                .find(|known| **known == name);
            let known = known.ok_or_else(|| Unreadable::UnknownHeading(name.clone()))?;
            if places.insert(*known, at).is_some() {
                return Err(Unreadable::UnknownHeading(format!("{name} (twice)")));
            }
        }
        match headings
            .needed
            .iter()
            .find(|needed| !places.contains_key(**needed))
        {
            Some(missing) => Err(Unreadable::MissingHeading((*missing).to_owned())),
            None => Ok(Self { places, width }),
        }
    }

    pub fn row<'a>(&'a self, line: u32, cells: Vec<&'a str>) -> Result<Cells<'a>, Unreadable> {
        if cells.len() == self.width {
            Ok(Cells {
                columns: self,
                line,
                texts: cells,
            })
        } else {
            Err(Unreadable::Width(line))
        }
    }
}

/// A heading or word as we write it: half-width brackets and no space around.
pub fn plain(text: &str) -> String {
    text.trim().replace('（', "(").replace('）', ")")
}

/// One row, whose fields are found by their headings.
pub struct Cells<'a> {
    columns: &'a Columns,
    pub line: u32,
    texts: Vec<&'a str>,
}

impl Cells<'_> {
    /// Empty when the file has no such heading.
    pub fn text(&self, heading: &str) -> &str {
        self.columns
            .places
            .get(heading)
            .and_then(|at| self.texts.get(*at))
            .map(|cell| cell.trim())
            .unwrap_or_default()
    }

    pub fn has(&self, heading: &str) -> bool {
        self.columns.places.contains_key(heading)
    }

    /// In fen; nothing is zero.
    pub fn fen(&self, heading: &str) -> Result<i64, Unreadable> {
        self.figure(heading, figures::fen)
    }

    /// In thousandths of a fen; nothing is zero.
    pub fn fee(&self, heading: &str) -> Result<i64, Unreadable> {
        self.figure(heading, figures::fee)
    }

    pub fn count(&self, heading: &str) -> Result<i64, Unreadable> {
        self.figure(heading, figures::count)
    }

    pub fn time(&self, heading: &str) -> Result<DateTime<Utc>, Unreadable> {
        figures::time(self.text(heading)).ok_or_else(|| self.bad(heading))
    }

    fn figure(&self, heading: &str, read: fn(&str) -> Option<i64>) -> Result<i64, Unreadable> {
        match self.text(heading) {
            "" => Ok(0),
            text => read(text).ok_or_else(|| self.bad(heading)),
        }
    }

    pub fn bad(&self, heading: &str) -> Unreadable {
        Unreadable::Field {
            line: self.line,
            field: heading.to_owned(),
        }
    }
}
