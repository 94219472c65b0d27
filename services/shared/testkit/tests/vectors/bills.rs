//! Bills that were exported: the simulators write the very same from their rows,
//! and add them up to the same sums.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, anyhow, ensure};
use encoding_rs::GB18030;
use serde_json::Value;
use testkit::alipay::bills::{self, TRADE_HEADINGS, WIDTH};
use testkit::vectors::{Case, same};
use testkit::wechat::bill::trades::{HEADS, SUM_HEADS, hundred_thousandths, sums};
use testkit::wechat::bill::{csv, digest_of};

/// The figures that a bill has, as its file may name them.
type Figures = BTreeMap<String, i64>;

pub fn wechat(case: Case<'_>) -> Result<()> {
    let bytes = match case.get("raw_b64") {
        Some(_) => case.base64("raw_b64")?,
        None => case.text("text_utf8")?.as_bytes().to_vec(),
    };
    let text = std::str::from_utf8(&bytes)?;
    let unmarked = text.strip_prefix('\u{feff}');
    if case
        .maybe("encoding")?
        .is_some_and(|coding| coding.contains("BOM"))
    {
        ensure!(unmarked.is_some(), "it has no byte order mark");
    }
    let lines: Vec<&str> = unmarked.unwrap_or(text).lines().collect();
    let [heads, rows @ .., sum_heads, total] = lines.as_slice() else {
        return Err(anyhow!("too short for a bill"));
    };
    let fields = |line: &str| -> Result<Vec<String>> {
        let line = line.strip_prefix('`').context("a row without its back-quote")?;
        Ok(line.split(",`").map(str::to_owned).collect())
    };
    let rows = rows.iter().map(|row| fields(row)).collect::<Result<Vec<_>>>()?;
    let total = fields(total)?;
    let found = same("headings", heads, &HEADS)
        .and_then(|()| same("headings of the sums", sum_heads, &SUM_HEADS))
        .and_then(|()| {
            same(
                "digest",
                &digest_of(&bytes).as_str(),
                &case.maybe("sha1_hex")?.unwrap_or(&digest_of(&bytes)),
            )
        })
        .and_then(|()| {
            same(
                "written again",
                &plain(&csv(heads, &rows, sum_heads, &total)).as_str(),
                &plain(text).as_str(),
            )
        })
        .and_then(|()| adds_up(&sums(&rows), &total))
        .and_then(|()| agrees(case, &rows, &total));
    case.judged(found)
}

/// Some exports have lost their mark and their carriage returns.
fn plain(text: &str) -> String {
    text.trim_start_matches('\u{feff}').replace("\r\n", "\n")
}

fn adds_up(made: &[String], stated: &[String]) -> Result<()> {
    let amounts = |cells: &[String]| {
        cells
            .iter()
            .map(|cell| hundred_thousandths(cell))
            .collect::<Vec<_>>()
    };
    same("sums", &amounts(made), &amounts(stated))
}

fn agrees(case: Case<'_>, rows: &[Vec<String>], total: &[String]) -> Result<()> {
    let expected = case.get("expected").context("nothing is expected")?;
    let of = |head: &str| HEADS.split(',').position(|known| known == head);
    let state = of("交易状态").context("no state")?;
    let with = |word: &str| {
        rows.iter()
            .filter(|row| row.get(state).is_some_and(|s| s == word))
            .count()
    };
    let count = |n: usize| i64::try_from(n).unwrap_or_default();
    let mut figures = Figures::from([
        ("rows".to_owned(), count(rows.len())),
        ("detail_rows".to_owned(), count(rows.len())),
        ("trades".to_owned(), count(with("SUCCESS"))),
        ("refunds".to_owned(), count(with("REFUND"))),
    ]);
    for head in HEADS.split(',') {
        let cells = rows.iter().filter_map(|row| row.get(of(head)?));
        let sum = cells.map(|cell| hundred_thousandths(cell)).sum::<Option<i64>>();
        figures.extend(sum.map(|sum| (head.to_owned(), sum)));
    }
    for (head, cell) in SUM_HEADS.split(',').zip(total) {
        figures.extend(hundred_thousandths(cell).map(|sum| (head.to_owned(), sum)));
    }
    if let Some(heads) = expected.get("detail_header") {
        let heads: Vec<&str> = heads
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        same("detail_header", &heads.join(",").as_str(), &HEADS)?;
    }
    for part in ["summary", "computed"] {
        if let Some(part) = expected.get(part) {
            hold(&figures, part)?;
        }
    }
    hold(&figures, expected)
}

/// Every figure that the file states is ours.
fn hold(figures: &Figures, stated: &Value) -> Result<()> {
    let stated = stated.as_object().context("no figures")?;
    let mut held = 0;
    for (name, value) in stated
        .iter()
        .filter(|(_, value)| value.is_i64() || value.is_string())
    {
        let read = value.as_i64().or_else(|| hundred_thousandths(value.as_str()?));
        same(name, &figures.get(name).map(|f| f.abs()), &read.map(i64::abs))?;
        held += 1;
    }
    ensure!(held > 0, "it names no figure");
    Ok(())
}

pub fn alipay(case: Case<'_>) -> Result<()> {
    let text = match (case.maybe("text_utf8")?, case.get("gbk_b64")) {
        (Some(text), None) => text.to_owned(),
        (text, _) => {
            let bytes = case.base64("gbk_b64")?;
            let read = GB18030.decode(&bytes).0.into_owned();
            let text = text.unwrap_or(&read);
            same("as it lies in an archive", &bills::coded(text), &bytes)?;
            read
        }
    };
    let found = alipay_rows(&text).and_then(|rows| {
        let [(paid, paid_fen), (back, back_fen)] = bills::sums(&rows);
        let footer = bills::footer([(paid, paid_fen), (back, back_fen)]);
        same("footer", &text.replace("\r\n", "\n").contains(&footer), &true)?;
        let figures = Figures::from([
            ("rows".to_owned(), paid + back),
            ("trades".to_owned(), paid),
            ("refunds".to_owned(), back),
            ("trade_total".to_owned(), paid_fen * 1_000),
            ("refund_total".to_owned(), back_fen * 1_000),
        ]);
        hold(&figures, case.get("expected").context("nothing is expected")?)
    });
    case.judged(found)
}

fn alipay_rows(text: &str) -> Result<Vec<[String; WIDTH]>> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    same("headings", &lines.next(), &Some(TRADE_HEADINGS))?;
    lines
        .map(|line| {
            let cells: Vec<String> = line
                .split(',')
                .map(|cell| cell.trim_end_matches('\t').to_owned())
                .collect();
            let row: [String; WIDTH] = cells.try_into().map_err(|_| anyhow!("a row of another width"))?;
            let written = bills::row(&row);
            // some exports have lost their tabs
            let written = if line.contains('\t') {
                written
            } else {
                written.replace('\t', "")
            };
            same("a row written again", &written.as_str(), &line)?;
            Ok(row)
        })
        .collect()
}
