//! Bills that were exported, read to the figures that their files name.

use anyhow::{Context as _, Result, ensure};
use encoding_rs::GB18030;
use payments::domain::statement::{Deed, Layout, Line, figures, read};
use serde_json::Value;

use crate::file::{Case, same};

pub fn wechat(case: Case<'_>) -> Result<()> {
    let bytes = match case.maybe("raw_b64")? {
        Some(_) => case.base64("raw_b64")?,
        None => case.text("text_utf8")?.as_bytes().to_vec(),
    };
    agrees(case, &lines(Layout::WechatTrades, &bytes)?)
}

pub fn alipay(case: Case<'_>) -> Result<()> {
    let bytes = match case.maybe("gbk_b64")? {
        Some(_) => case.base64("gbk_b64")?,
        None => GB18030.encode(case.text("text_utf8")?).0.into_owned(),
    };
    agrees(case, &lines(Layout::AlipayTrades, &bytes)?)
}

/// Reading holds the bill against its own totals.
fn lines(layout: Layout, bytes: &[u8]) -> Result<Vec<Line>> {
    read(layout, bytes)
        .collect::<std::result::Result<_, _>>()
        .context("it cannot be read")
}

/// A figure of ours, and the names under which files state it.
type Figure = (&'static [&'static str], i64);

fn agrees(case: Case<'_>, lines: &[Line]) -> Result<()> {
    let expected = case.get("expected").context("nothing is expected")?;
    let of = |deed| lines.iter().filter(move |line: &&Line| line.deed == deed);
    let sum = |deed, of_line: fn(&Line) -> i64| of(deed).map(of_line).sum::<i64>();
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let counts: [Figure; 3] = [
        (&["rows", "detail_rows"], count(lines.len())),
        (&["trades"], count(of(Deed::Payment).count())),
        (&["refunds"], count(of(Deed::Refund).count())),
    ];
    let sums: [Figure; 3] = [
        (
            &["trade_total", "应结订单金额"],
            sum(Deed::Payment, |l| l.settle_minor),
        ),
        (
            &["refund_total", "退款金额"],
            sum(Deed::Refund, |l| l.settle_minor),
        ),
        (&["申请退款金额"], sum(Deed::Refund, |l| l.amount_minor)),
    ];
    let mut held = 0;
    for (names, ours) in counts {
        if let Some(stated) = stated(expected, names) {
            same(names[0], &Some(ours), &stated.as_i64())?;
            held += 1;
        }
    }
    for (names, ours) in sums {
        if let Some(stated) = stated(expected, names) {
            let stated = stated.as_str().and_then(figures::fen).context(names[0])?;
            same(names[0], &ours, &stated.abs())?;
            held += 1;
        }
    }
    ensure!(held > 1, "it names no figure that a bill has");
    Ok(())
}

fn stated<'a>(expected: &'a Value, names: &[&str]) -> Option<&'a Value> {
    let computed = expected.get("computed");
    names
        .iter()
        .find_map(|name| expected.get(name).or_else(|| computed?.get(name)))
}
