//! Bills that were exported, read to the figures that their files name.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use encoding_rs::GB18030;
use payments::channel::wechat::bill;
use payments::domain::statement::{Deed, Layout, Line, Unreadable, figures, read};
use serde_json::Value;
use testkit::vectors::{Case, same};

pub fn wechat(case: Case<'_>) -> Result<()> {
    let bytes = match case.get("raw_b64") {
        Some(_) => case.base64("raw_b64")?,
        None => case.text("text_utf8")?.as_bytes().to_vec(),
    };
    if let Some(digest) = case.maybe("sha1_hex")? {
        let found = bill::digest_of(&bytes);
        same("digest", &found.as_str(), &digest.to_ascii_lowercase().as_str())?;
    }
    let text = String::from_utf8(bytes.clone())?;
    case.judged(agrees(
        case,
        &lines(Layout::WechatTrades, &bytes),
        text.trim_start_matches('\u{feff}'),
    ))
}

pub fn alipay(case: Case<'_>) -> Result<()> {
    let bytes = match case.get("gbk_b64") {
        Some(_) => case.base64("gbk_b64")?,
        None => GB18030.encode(case.text("text_utf8")?).0.into_owned(),
    };
    let text = GB18030.decode(&bytes).0;
    if let Some(stated) = case.maybe("text_utf8")? {
        same("text", &text.as_ref(), &stated)?;
    }
    case.judged(agrees(case, &lines(Layout::AlipayTrades, &bytes), &text))
}

/// Reading holds the bill against its own totals.
fn lines(layout: Layout, bytes: &[u8]) -> Result<Vec<Line>, String> {
    let read: Result<_, Unreadable> = read(layout, bytes).collect();
    read.map_err(|why| why.to_string())
}

fn agrees(case: Case<'_>, lines: &Result<Vec<Line>, String>, text: &str) -> Result<()> {
    same("why it cannot be read", &lines.as_ref().err(), &None)?;
    let lines = lines.as_deref().unwrap_or_default();
    let expected = case
        .get("expected")
        .and_then(Value::as_object)
        .context("nothing is expected")?;
    let mut figures = figures_of(lines);
    figures.extend(columns(text));
    let mut held = 0;
    let parts = ["summary", "computed"].map(|part| expected.get(part).and_then(Value::as_object));
    for (name, stated) in parts.into_iter().flatten().chain([expected]).flatten() {
        let stated = match stated {
            Value::Number(count) => count.as_i64().map(|count| count * 100_000),
            Value::String(amount) => figures::fee(amount),
            Value::Array(heads) => {
                let heads: Vec<&str> = heads.iter().filter_map(Value::as_str).collect();
                same(name, &text.lines().next(), &Some(heads.join(",").as_str()))?;
                continue;
            }
            _ => continue,
        };
        same(
            name,
            &figures.get(name.as_str()).map(|f| f.abs()),
            &stated.map(i64::abs),
        )?;
        held += 1;
    }
    ensure!(held > 1, "it names no figure that a bill has");
    Ok(())
}

/// Figures in thousandths of a fen, under the names by which files state them.
type Figures = HashMap<String, i64>;

/// What the adapter's lines make.
fn figures_of(lines: &[Line]) -> Figures {
    let of = |deed| lines.iter().filter(move |line: &&Line| line.deed == deed);
    let sum = |deed, of_line: fn(&Line) -> i64| of(deed).map(of_line).sum::<i64>() * 1_000;
    let count = |n: usize| i64::try_from(n).unwrap_or_default() * 100_000;
    [
        ("rows", count(lines.len())),
        ("detail_rows", count(lines.len())),
        ("trades", count(of(Deed::Payment).count())),
        ("refunds", count(of(Deed::Refund).count())),
        ("trade_total", sum(Deed::Payment, |l| l.settle_minor)),
        ("refund_total", -sum(Deed::Refund, |l| l.settle_minor)),
        ("应结订单金额", sum(Deed::Payment, |l| l.settle_minor)),
        ("退款金额", sum(Deed::Refund, |l| l.settle_minor)),
        ("订单金额", sum(Deed::Payment, |l| l.amount_minor)),
        ("申请退款金额", sum(Deed::Refund, |l| l.amount_minor)),
        ("手续费", lines.iter().map(|l| l.fee_thousandths.abs()).sum()),
    ]
    .map(|(name, figure)| (name.to_owned(), figure))
    .into()
}

/// The row of totals, against which the adapter has held its own, and the sum of
/// the one column that it keeps nothing of.
fn columns(text: &str) -> Figures {
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| line.trim_start_matches('`').split(",`").collect())
        .collect();
    let [heads, rows @ .., total_heads, totals] = rows.as_slice() else {
        return Figures::new();
    };
    let (heads, total_heads) = (heads.join(""), total_heads.join(""));
    let total = total_heads
        .split(',')
        .zip(totals)
        .filter_map(|(head, cell)| Some((head.to_owned(), figures::fee(cell)?)));
    let coupons = "充值券退款金额";
    let at = heads.split(',').position(|head| head == coupons);
    let sum = at.map(|at| rows.iter().filter_map(|row| figures::fee(row.get(at)?)).sum());
    total.chain(sum.map(|sum| (coupons.to_owned(), sum))).collect()
}
