//! A bank's statement of one account. Every bank names its columns its own way,
//! so their names are configuration.

use kernel::BadField;
use platform::import::{Row, RowErrors, Sheet};
use serde::Deserialize;

use super::{Deed, Line, figures};
use crate::domain::transfer::Reference;

/// What a bank calls its columns. Money in and out stand in two columns or in
/// one with a sign.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Headings {
    pub time: String,
    /// As `%Y-%m-%d %H:%M:%S` or `%Y%m%d`, in China's time.
    pub time_form: String,
    /// The bank's number of the line.
    pub serial: String,
    pub balance: String,
    /// Where whoever sent the money writes numbers of ours or of a channel.
    pub memo: String,
    #[serde(default)]
    pub amount: String,
    #[serde(default)]
    pub income: String,
    #[serde(default)]
    pub outgo: String,
    /// Lines above the headings.
    #[serde(default)]
    pub preamble: usize,
}

/// The shortest text that is taken for a number of a payout or of a due.
const SHORTEST_NUMBER: usize = 10;
const LONGEST_NUMBER: usize = 64;

/// Reads a statement whole: banks state no totals, so it is whole when each
/// balance is the one before and the line's amount.
pub fn read(bytes: &[u8], headings: &Headings) -> Result<Vec<Line>, RowErrors> {
    let sheet = Sheet::read(below(bytes, headings.preamble))?;
    let wanted = [
        &headings.time,
        &headings.serial,
        &headings.balance,
        &headings.memo,
    ];
    let figures = [&headings.amount, &headings.income, &headings.outgo];
    let given = wanted
        .into_iter()
        .chain(figures.into_iter().filter(|name| !name.is_empty()));
    sheet.require(&given.map(String::as_str).collect::<Vec<_>>())?;
    let mut errors = sheet.errors();
    let mut lines: Vec<Line> = Vec::new();
    for row in sheet.rows() {
        let read = line(&row, headings).and_then(|line| follows(lines.last(), line, headings));
        if let Some(line) = errors.keep(row.line(), read) {
            lines.push(line);
        }
    }
    errors.into_result()?;
    Ok(lines)
}

/// What is left of a file below so many lines.
fn below(bytes: &[u8], lines: usize) -> &[u8] {
    let mut rest = bytes;
    for _ in 0..lines {
        let end = rest
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(rest.len(), |at| at + 1);
        rest = &rest[end..];
    }
    rest
}

fn follows(before: Option<&Line>, line: Line, headings: &Headings) -> Result<Line, BadField> {
    let expected = before
        .and_then(|before| before.balance_minor)
        .map(|balance| balance.saturating_add(line.amount_minor));
    if expected.is_none() || expected == line.balance_minor {
        Ok(line)
    } else {
        Err(BadField::new(
            &headings.balance,
            "is not the balance before and this amount",
        ))
    }
}

fn line(row: &Row<'_>, headings: &Headings) -> Result<Line, BadField> {
    let at = figures::time_as(row.get(&headings.time), &headings.time_form)
        .ok_or_else(|| BadField::new(&headings.time, "must be a time as configured"))?;
    let number = u32::try_from(row.line()).unwrap_or(u32::MAX);
    let mut line = Line::at(number, Deed::Transfer, "", at);
    row.get(&headings.serial).clone_into(&mut line.transaction);
    if line.transaction.is_empty() {
        return Err(BadField::new(&headings.serial, "is required"));
    }
    line.amount_minor = if headings.amount.is_empty() {
        fen(row, &headings.income)?.abs() - fen(row, &headings.outgo)?.abs()
    } else {
        fen(row, &headings.amount)?
    };
    line.settle_minor = line.amount_minor;
    line.balance_minor = Some(fen(row, &headings.balance)?);
    let memo = row.get(&headings.memo);
    line.number = Reference::find(memo).map_or_else(|| numbers(memo), |reference| reference.to_string());
    Ok(line)
}

fn fen(row: &Row<'_>, heading: &str) -> Result<i64, BadField> {
    match row.get(heading) {
        "" | "-" => Ok(0),
        text => figures::fen(text).ok_or_else(|| BadField::new(heading, "must be an amount in yuan")),
    }
}

/// Of what somebody wrote a reference of ours, or else only the longest number, is kept: the rest may name a person.
fn numbers(memo: &str) -> String {
    memo.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .filter(|word| (SHORTEST_NUMBER..=LONGEST_NUMBER).contains(&word.len()))
        .filter(|word| word.bytes().any(|byte| byte.is_ascii_digit()))
        .max_by_key(|word| word.len())
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headings() -> Headings {
        Headings {
            time: "交易日期".to_owned(),
            time_form: "%Y%m%d".to_owned(),
            serial: "流水号".to_owned(),
            balance: "余额".to_owned(),
            memo: "摘要".to_owned(),
            amount: String::new(),
            income: "贷方".to_owned(),
            outgo: "借方".to_owned(),
            preamble: 1,
        }
    }

    const TEXT: &str = "工商银行对账单\n交易日期,流水号,借方,贷方,余额,摘要,对方户名\n\
                        20261122,S1,,\"36,579.20\",\"36,579.20\",财付通提现 W20261121000001,财付通\n\
                        20261122,S2,100.00,,\"36,479.20\",房租 李雷,李雷\n";

    #[test]
    fn both_encodings_read_alike_and_no_name_is_kept() {
        let utf8 = read(TEXT.as_bytes(), &headings()).unwrap();
        let gb18030 = read(&encoding_rs::GB18030.encode(TEXT).0, &headings()).unwrap();
        assert_eq!(utf8, gb18030);
        assert_eq!(
            (utf8[0].amount_minor, utf8[0].number.as_str()),
            (3_657_920, "W20261121000001")
        );
        assert_eq!((utf8[1].amount_minor, utf8[1].number.as_str()), (-10_000, ""));
        assert!(!format!("{utf8:?}").contains("李雷"));
    }

    #[test]
    fn a_line_that_is_missing_breaks_the_balance() {
        let text = TEXT.replace("100.00", "99.00");
        let errors = read(text.as_bytes(), &headings()).unwrap_err();
        assert_eq!(
            errors.iter().map(|e| e.field.as_str()).collect::<Vec<_>>(),
            ["余额"]
        );
        let text = TEXT.replace("20261122,S2", "yesterday,S2");
        assert_eq!(read(text.as_bytes(), &headings()).unwrap_err().len(), 1);
    }
}
