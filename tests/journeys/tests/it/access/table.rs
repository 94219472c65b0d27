//! The reviewed rows: a text file a service, one line a call.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Cells by call, in the order of the columns.
pub struct Table {
    pub columns: Vec<String>,
    pub rows: BTreeMap<String, Vec<String>>,
}

/// Whether the files are to be written instead of read.
#[expect(clippy::disallowed_methods, reason = "who reviews says so from outside")]
pub fn update() -> bool {
    std::env::var("UPDATE_ACCESS").is_ok_and(|said| said == "1")
}

impl Table {
    /// What differs from the file of that name, or writes it.
    pub fn compare(&self, name: &str) -> Vec<String> {
        let path = path(name);
        if update() {
            fs::write(&path, self.text()).unwrap();
            return Vec::new();
        }
        let reviewed = fs::read_to_string(&path).unwrap_or_default();
        let reviewed: BTreeMap<&str, Vec<&str>> = reviewed
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| line.split_once(' '))
            .map(|(call, cells)| (call, cells.split_whitespace().collect()))
            .collect();
        let mut findings = Vec::new();
        for (call, cells) in &self.rows {
            match reviewed.get(call.as_str()) {
                None => findings.push(format!("{call} has no row")),
                Some(wanted) if wanted.len() != self.columns.len() => {
                    findings.push(format!("{call}: the row has not {} cells", self.columns.len()));
                }
                Some(wanted) => {
                    let cells = self.columns.iter().zip(wanted).zip(cells);
                    findings.extend(cells.filter(|((_, wanted), is)| *wanted != is).map(
                        |((column, wanted), is)| format!("{call} by {column}: reviewed {wanted}, is {is}"),
                    ));
                }
            }
        }
        let gone = reviewed.keys().filter(|call| !self.rows.contains_key(**call));
        findings.extend(gone.map(|call| format!("{call} has a row and is no call")));
        findings
    }

    fn text(&self) -> String {
        let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or_default();
        let names = width(&mut self.rows.keys().map(String::len)).max(4);
        let widths: Vec<usize> = (0..self.columns.len())
            .map(|at| width(&mut self.rows.values().map(|row| row[at].len())).max(self.columns[at].len()))
            .collect();
        let mut text = String::from(
            "# Read README.md first. Made by UPDATE_ACCESS=1; a change is reviewed like code.\n",
        );
        let mut line = |head: &str, cells: &[String]| {
            let mut line = format!("{head:names$}");
            for (cell, width) in cells.iter().zip(&widths) {
                // Writing to a String cannot fail.
                write!(line, "  {cell:width$}").unwrap();
            }
            text.push_str(line.trim_end());
            text.push('\n');
        };
        line("#", &self.columns);
        for (call, cells) in &self.rows {
            line(call, cells);
        }
        text
    }
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("access")
        .join(format!("{name}.txt"))
}
