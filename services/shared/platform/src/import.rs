//! Reading the tables that people send: CSV from any spreadsheet, in UTF-8 or
//! GB18030. Every bad row is reported with its line and field; writing all or
//! nothing is the caller's transaction.

use std::borrow::Cow;
use std::collections::HashMap;

use encoding_rs::GB18030;
use kernel::BadField;

/// Most rows in one file.
const MAX_ROWS: usize = 100_000;

/// Something in a file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// Line in the file, from 1; the header row is line 1.
    pub line: u64,
    /// The header of the column, or empty when the whole line is meant.
    pub field: String,
    /// What is wanted, never the value, which may be personal data.
    pub description: String,
}

/// Everything in a file that cannot be used, in the order of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowErrors(Vec<RowError>);

impl RowErrors {
    pub fn add(&mut self, line: u64, bad: BadField) {
        let error = RowError {
            line,
            field: bad.field,
            description: bad.description,
        };
        let at = self.0.partition_point(|earlier| earlier.line <= line);
        self.0.insert(at, error);
    }

    /// The value, or `None` after keeping what is wrong with it.
    pub fn keep<T>(&mut self, line: u64, result: Result<T, BadField>) -> Option<T> {
        result.map_err(|bad| self.add(line, bad)).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn iter(&self) -> std::slice::Iter<'_, RowError> {
        self.0.iter()
    }

    /// `Ok` when nothing is wrong.
    pub fn into_result(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }

    fn of(line: u64, field: &str, description: impl Into<String>) -> Self {
        Self(vec![RowError {
            line,
            field: field.to_owned(),
            description: description.into(),
        }])
    }
}

impl IntoIterator for RowErrors {
    type Item = RowError;
    type IntoIter = std::vec::IntoIter<RowError>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a RowErrors {
    type Item = &'a RowError;
    type IntoIter = std::slice::Iter<'a, RowError>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A table with named columns.
#[derive(Debug)]
pub struct Sheet {
    columns: HashMap<String, usize>,
    rows: Vec<(u64, csv::StringRecord)>,
    /// Lines whose number of cells is not that of the header row.
    ragged: RowErrors,
}

/// One row of a [`Sheet`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    line: u64,
    columns: &'a HashMap<String, usize>,
    cells: &'a csv::StringRecord,
}

impl Sheet {
    /// Reads a file of UTF-8 (with or without BOM) or GB18030 text. Fails when it
    /// is no such text or has no usable header row; ragged rows are kept for
    /// [`Sheet::errors`], so that they are reported together with all others.
    pub fn read(bytes: &[u8]) -> Result<Self, RowErrors> {
        let text = decode(bytes)?;
        let mut reader = csv::ReaderBuilder::new()
            .flexible(true)
            .trim(csv::Trim::All)
            .from_reader(text.as_bytes());
        let headers = reader
            .headers()
            .map_err(|_| RowErrors::of(1, "", "must be a header row"))?
            .clone();
        let columns = columns(&headers)?;
        let mut sheet = Self {
            columns,
            rows: Vec::new(),
            ragged: RowErrors::default(),
        };
        let mut lines = Lines {
            text: &text,
            byte: 0,
            line: 1,
        };
        for record in reader.records() {
            let broken = |_| RowErrors::of(lines.line, "", "must be followed by lines of CSV");
            let record = record.map_err(broken)?;
            let line = lines.of(&record);
            if record.iter().all(str::is_empty) {
                continue; // spreadsheets leave such rows behind the last
            }
            sheet.take(line, record, headers.len())?;
        }
        Ok(sheet)
    }

    fn take(&mut self, line: u64, record: csv::StringRecord, cells: usize) -> Result<(), RowErrors> {
        if self.rows.len() == MAX_ROWS {
            return Err(RowErrors::of(
                line,
                "",
                format!("is beyond the most of {MAX_ROWS} rows"),
            ));
        }
        if record.len() == cells {
            self.rows.push((line, record));
        } else {
            let wanted = format!(
                "must have {cells} cells like the header row, has {}",
                record.len()
            );
            self.ragged.add(line, BadField::new("", wanted));
        }
        Ok(())
    }

    /// Fails with every column of `names` that the file lacks.
    pub fn require(&self, names: &[&str]) -> Result<(), RowErrors> {
        let mut errors = RowErrors::default();
        for name in names.iter().filter(|name| !self.columns.contains_key(**name)) {
            errors.add(1, BadField::new(*name, "is a column that the file must have"));
        }
        errors.into_result()
    }

    /// The rows that can be read, in order.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(line, cells)| Row {
            line: *line,
            columns: &self.columns,
            cells,
        })
    }

    /// What is wrong so far: start the errors of an import from these.
    pub fn errors(&self) -> RowErrors {
        self.ragged.clone()
    }

    /// Number of rows that can be read.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }
}

impl<'a> Row<'a> {
    /// Line in the file, from 1; the header row is line 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The trimmed cell below `name`; empty when the file has no such column.
    pub fn get(&self, name: &str) -> &'a str {
        self.columns
            .get(name)
            .and_then(|at| self.cells.get(*at))
            .unwrap_or_default()
    }

    /// The cell below `name`, which must not be empty.
    pub fn require(&self, name: &str) -> Result<&'a str, BadField> {
        let cell = self.get(name);
        if cell.is_empty() {
            Err(BadField::new(name, "is required"))
        } else {
            Ok(cell)
        }
    }

    /// The cell below `name` as `parse` reads it, when there is one.
    pub fn optional<T>(
        &self,
        name: &str,
        parse: impl FnOnce(&str, &str) -> Result<T, BadField>,
    ) -> Result<Option<T>, BadField> {
        let cell = self.get(name);
        if cell.is_empty() {
            Ok(None)
        } else {
            parse(name, cell).map(Some)
        }
    }
}

/// Counts lines up to a record. The reader's own count stops before the line
/// breaks and blank lines that lead to a record.
struct Lines<'a> {
    text: &'a str,
    byte: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, record: &csv::StringRecord) -> u64 {
        let start = record
            .position()
            .and_then(|p| usize::try_from(p.byte()).ok())
            .unwrap_or(self.byte);
        let bytes = self.text.as_bytes();
        while let Some(&byte) = bytes.get(self.byte).filter(|b| self.byte < start || **b == b'\n') {
            self.line += u64::from(byte == b'\n');
            self.byte += 1;
        }
        self.line
    }
}

fn columns(headers: &csv::StringRecord) -> Result<HashMap<String, usize>, RowErrors> {
    let (mut columns, mut errors) = (HashMap::new(), RowErrors::default());
    for (at, header) in headers.iter().enumerate() {
        let name = header.to_lowercase();
        if name.is_empty() {
            errors.add(
                1,
                BadField::new("", format!("column {} must have a name", at + 1)),
            );
        } else if columns.insert(name, at).is_some() {
            errors.add(1, BadField::new(header, "is the name of two columns"));
        }
    }
    if columns.is_empty() && errors.is_empty() {
        errors.add(1, BadField::new("", "must be a header row"));
    }
    errors.into_result().map(|()| columns)
}

fn decode(bytes: &[u8]) -> Result<String, RowErrors> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(RowErrors::of(1, "", "must be UTF-8 or GB18030, is UTF-16"));
    }
    if bytes.contains(&0) {
        return Err(RowErrors::of(1, "", "must be a text file"));
    }
    let plain = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    let text = std::str::from_utf8(plain)
        .ok()
        .map(Cow::Borrowed)
        .or_else(|| GB18030.decode_without_bom_handling_and_without_replacement(plain))
        .ok_or_else(|| RowErrors::of(1, "", "must be UTF-8 or GB18030"))?;
    Ok(text.replace("\r\n", "\n").replace('\r', "\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FILE: &str = "name,phone\n林晓,13800138000\n\"王, 芳\",13900139000\n";

    fn cells(sheet: &Sheet) -> Vec<(u64, String, String)> {
        sheet
            .rows()
            .map(|r| (r.line(), r.get("name").to_owned(), r.get("phone").to_owned()))
            .collect()
    }

    #[test]
    fn utf8_with_and_without_bom_and_gb18030_read_alike() {
        let bom = [&[0xef, 0xbb, 0xbf], FILE.as_bytes()].concat();
        let (chinese, _, _) = GB18030.encode(FILE);
        assert_ne!(chinese.as_ref(), FILE.as_bytes());
        let wanted = vec![
            (2, "林晓".to_owned(), "13800138000".to_owned()),
            (3, "王, 芳".to_owned(), "13900139000".to_owned()),
        ];
        for bytes in [
            FILE.as_bytes(),
            &bom,
            &chinese,
            FILE.replace('\n', "\r\n").as_bytes(),
        ] {
            assert_eq!(cells(&Sheet::read(bytes).unwrap()), wanted);
        }
    }

    #[test]
    fn a_ragged_row_is_reported_with_its_line_and_the_others_are_read() {
        let sheet = Sheet::read("name,phone\na,1\nb\n\nc,3,x\n,\nd,4\n".as_bytes()).unwrap();
        assert_eq!(
            sheet.errors().iter().map(|e| e.line).collect::<Vec<_>>(),
            vec![3, 5]
        );
        assert_eq!(cells(&sheet).iter().map(|c| c.0).collect::<Vec<_>>(), vec![2, 7]);
    }

    #[test]
    fn every_missing_column_is_named() {
        let errors = Sheet::read("Name\nx\n".as_bytes())
            .unwrap()
            .require(&["name", "phone", "email"]);
        let fields: Vec<String> = errors.unwrap_err().into_iter().map(|e| e.field).collect();
        assert_eq!(fields, vec!["phone", "email"]);
    }

    #[test]
    fn a_column_named_twice_or_not_at_all_is_refused() {
        assert_eq!(
            Sheet::read(b"a,A\n1,2\n")
                .unwrap_err()
                .iter()
                .next()
                .unwrap()
                .field,
            "A"
        );
        assert!(Sheet::read(b"a,,b\n1,2,3\n").is_err());
        assert!(Sheet::read(b"").is_err());
    }

    #[test]
    fn a_spreadsheet_and_utf_16_are_no_table() {
        assert!(Sheet::read(b"PK\x03\x04\x00\x00").is_err());
        assert!(Sheet::read(&[0xff, 0xfe, b'a', 0]).is_err());
    }

    #[test]
    fn every_bad_cell_of_a_row_is_kept() {
        let sheet = Sheet::read(b"a,b\n,\n1,\n,2\n").unwrap();
        let mut errors = sheet.errors();
        for row in sheet.rows() {
            let a = errors.keep(row.line(), row.require("a"));
            let b = errors.keep(row.line(), row.require("b"));
            assert!(a.is_none() || b.is_none());
        }
        let places: Vec<_> = errors.iter().map(|e| (e.line, e.field.as_str())).collect();
        assert_eq!(places, vec![(3, "b"), (4, "a")]);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let rows = Sheet::read(&bytes).map_or(0, |sheet| sheet.rows().count());
            prop_assert!(rows <= bytes.len());
        }

        #[test]
        fn chinese_text_survives_gb18030(name in "[\u{4e00}-\u{9fa5}]{1,20}") {
            let text = format!("name\n{name}\n");
            let (bytes, _, _) = GB18030.encode(&text);
            // A few GB18030 texts happen to be valid UTF-8 as well.
            prop_assume!(std::str::from_utf8(&bytes).is_err());
            let sheet = Sheet::read(&bytes).unwrap();
            prop_assert_eq!(sheet.rows().next().unwrap().get("name"), name);
        }
    }
}
