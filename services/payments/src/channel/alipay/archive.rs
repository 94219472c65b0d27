//! The archive in which a bill comes. It is read in memory alone, and what it
//! says of its own sizes is not believed.

use std::io::{Cursor, Read as _};

use encoding_rs::GBK;
use zip::ZipArchive;

/// The largest bill, uncompressed.
const MAX_BILL_BYTES: u64 = 256 * 1024 * 1024;
/// A bill and its summary; some days have a few more.
const MOST_ENTRIES: usize = 16;
/// The name of the entry that only sums up holds this.
const SUMMARY: &str = "汇总";

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadArchive {
    #[error("no archive, or a damaged one")]
    Damaged,
    #[error("an archive with too many entries")]
    TooMany,
    #[error("an archive with an entry outside of it")]
    Outside,
    #[error("an archive without one bill in it")]
    NoBill,
    #[error("an archive whose bill is too large")]
    TooLarge,
}

/// The one entry that is no summary, as it is.
pub fn detail(archive: Vec<u8>) -> Result<Vec<u8>, BadArchive> {
    detail_within(archive, MAX_BILL_BYTES)
}

fn detail_within(archive: Vec<u8>, most: u64) -> Result<Vec<u8>, BadArchive> {
    let mut archive = ZipArchive::new(Cursor::new(archive)).map_err(|_| BadArchive::Damaged)?;
    if archive.len() > MOST_ENTRIES {
        return Err(BadArchive::TooMany);
    }
    let mut bill = None;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index).map_err(|_| BadArchive::Damaged)?;
        let name = name_of(entry.name_raw());
        if name.contains(['/', '\\', ':', '\0']) || name.starts_with("..") {
            return Err(BadArchive::Outside);
        }
        if !name.contains(SUMMARY) && bill.replace(index).is_some() {
            return Err(BadArchive::NoBill);
        }
    }
    let entry = archive.by_index(bill.ok_or(BadArchive::NoBill)?);
    let mut bytes = Vec::new();
    let read = entry
        .map_err(|_| BadArchive::Damaged)?
        .take(most + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| BadArchive::Damaged)?;
    match u64::try_from(read) {
        Ok(read) if read <= most => Ok(bytes),
        _ => Err(BadArchive::TooLarge),
    }
}

/// Names come in GBK and do not say so.
fn name_of(raw: &[u8]) -> String {
    std::str::from_utf8(raw).map_or_else(|_| GBK.decode(raw).0.into_owned(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    #[test]
    fn the_bill_is_the_entry_that_is_no_summary_wherever_it_stands() {
        let (bill, sum): (&[u8], &[u8]) = (b"rows", b"sums");
        let first = archive(&[("2088_业务明细.csv", bill), ("2088_业务明细(汇总).csv", sum)]);
        assert_eq!(detail(first).unwrap(), bill);
        let last = archive(&[("2088_业务明细(汇总).csv", sum), ("2088_业务明细.csv", bill)]);
        assert_eq!(detail(last).unwrap(), bill);
    }

    #[test]
    fn an_archive_that_leaves_its_place_or_is_none_gives_nothing() {
        let outside = |name| detail(archive(&[(name, b"x")]));
        assert_eq!(outside("../bill.csv"), Err(BadArchive::Outside));
        assert_eq!(outside("/etc/bill.csv"), Err(BadArchive::Outside));
        assert_eq!(outside("C:\\bill.csv"), Err(BadArchive::Outside));
        assert_eq!(detail(b"<html>".to_vec()), Err(BadArchive::Damaged));
        assert_eq!(detail(archive(&[("汇总.csv", b"x")])), Err(BadArchive::NoBill));
        assert_eq!(
            detail(archive(&[("a.csv", b"x"), ("b.csv", b"y")])),
            Err(BadArchive::NoBill)
        );
        let many: Vec<String> = (0..17).map(|n| format!("汇总{n}.csv")).collect();
        let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"x".as_slice())).collect();
        assert_eq!(detail(archive(&many)), Err(BadArchive::TooMany));
    }

    #[test]
    fn what_swells_beyond_any_bill_is_left() {
        let zeros = vec![0; 100_000];
        let bomb = archive(&[("bill.csv", &zeros)]);
        assert!(bomb.len() < 1_000);
        assert_eq!(detail_within(bomb.clone(), 99_999), Err(BadArchive::TooLarge));
        assert_eq!(detail_within(bomb, 100_000).unwrap().len(), 100_000);
    }
}
