//! The channels' own published bills, and bills made from a seed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;
use serde_json::Value;

use super::{Deed, Layout, Line, Progress, Unreadable, read};

fn vector(name: &str) -> Value {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn file(vector: &Value, field: &str) -> Vec<u8> {
    STANDARD.decode(vector[field].as_str().unwrap()).unwrap()
}

fn all(layout: Layout, bytes: &[u8]) -> Result<Vec<Line>, Unreadable> {
    read(layout, bytes).collect()
}

fn yuan(value: &Value) -> i64 {
    super::figures::fen(value.as_str().unwrap()).unwrap()
}

#[test]
fn the_official_trade_bill_reads_to_its_own_totals() {
    let vector = vector("wx-php-01-trade-bill-csv");
    let lines = all(Layout::WechatTrades, &file(&vector, "raw_b64")).unwrap();
    let expected = &vector["expected"];
    assert_eq!(
        u64::try_from(lines.len()).unwrap(),
        expected["detail_rows"].as_u64().unwrap()
    );
    let sum =
        |deed, minor: fn(&Line) -> i64| -> i64 { lines.iter().filter(|l| l.deed == deed).map(minor).sum() };
    let computed = &expected["computed"];
    assert_eq!(
        sum(Deed::Payment, |l| l.settle_minor),
        yuan(&computed["应结订单金额"])
    );
    assert_eq!(sum(Deed::Refund, |l| l.settle_minor), yuan(&computed["退款金额"]));
    assert_eq!(
        sum(Deed::Refund, |l| l.amount_minor),
        yuan(&computed["申请退款金额"])
    );
    assert!(
        lines
            .iter()
            .all(|l| l.merchant == "1921000401" && l.progress == Progress::Done)
    );
    let fees: i64 = lines.iter().map(|l| l.fee_thousandths).sum();
    assert_eq!(fees, 8_000);
}

#[test]
fn an_exported_trade_bill_of_alipay_reads_to_its_own_totals() {
    let vector = vector("ali-bill-01-trade-detail-csv");
    let lines = all(Layout::AlipayTrades, &file(&vector, "gbk_b64")).unwrap();
    let expected = &vector["expected"];
    let of = |deed| lines.iter().filter(move |l| l.deed == deed);
    assert_eq!(
        u64::try_from(lines.len()).unwrap(),
        expected["rows"].as_u64().unwrap()
    );
    assert_eq!(
        u64::try_from(of(Deed::Payment).count()).unwrap(),
        expected["trades"].as_u64().unwrap()
    );
    assert_eq!(
        u64::try_from(of(Deed::Refund).count()).unwrap(),
        expected["refunds"].as_u64().unwrap()
    );
    let refunded: i64 = of(Deed::Refund).map(|l| l.settle_minor).sum();
    assert_eq!(-refunded, yuan(&expected["refund_total"]));
    let refund = of(Deed::Refund).next().unwrap();
    assert_eq!(
        (refund.number.as_str(), refund.payment.as_str()),
        ("re_test_1568602607356", "service_1568601259302")
    );
}

#[test]
fn the_published_bills_cut_at_any_line_are_never_taken_for_whole() {
    for (name, field, layout) in [
        ("wx-php-01-trade-bill-csv", "raw_b64", Layout::WechatTrades),
        ("ali-bill-01-trade-detail-csv", "gbk_b64", Layout::AlipayTrades),
    ] {
        let bytes = file(&vector(name), field);
        let totals = if layout == Layout::AlipayTrades { 2 } else { 1 };
        let ends: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] == b'\n').collect();
        for end in &ends[..ends.len() - totals] {
            assert!(all(layout, &bytes[..=*end]).is_err(), "{name} cut at {end}");
        }
    }
}

#[test]
fn a_line_left_out_of_a_published_bill_is_noticed() {
    let bytes = file(&vector("wx-php-01-trade-bill-csv"), "raw_b64");
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for left_out in 1..lines.len() - 2 {
        let rest: String = (0..lines.len())
            .filter(|at| *at != left_out)
            .map(|at| lines[at])
            .collect();
        assert_eq!(
            all(Layout::WechatTrades, rest.as_bytes()),
            Err(Unreadable::Totals("总交易单数"))
        );
    }
}

const HEAD: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,\
                    应结订单金额,代金券金额,商品名称,商户数据包,手续费,费率,订单金额,费率备注\r\n";

/// A bill of type SUCCESS with these names of goods and amounts.
fn made(sold: &[(String, u32)]) -> String {
    let yuan = |minor: u64| format!("{}.{:02}", minor / 100, minor % 100);
    let mut text = format!("\u{feff}{HEAD}");
    for (at, (goods, minor)) in sold.iter().enumerate() {
        let amount = yuan(u64::from(*minor));
        text.extend([format!(
            "`2026-11-21 23:59:59,`wx1,`1900,`,`,`T{at},`N{at},`o,`NATIVE,`SUCCESS,`OTHERS,`CNY,`{amount},`0.00,\
             `{goods},`,`0.00000,`0.60%,`{amount},`\r\n"
        )]);
    }
    let total = yuan(sold.iter().map(|(_, minor)| u64::from(*minor)).sum());
    text + &format!(
        "总交易单数,应结订单总金额,手续费总金额,订单总金额\r\n`{}.0,`{total},`0.0,`{total}\r\n",
        sold.len()
    )
}

proptest! {
    #[test]
    fn whatever_goods_are_called_the_amounts_are_read(
        sold in prop::collection::vec(("[^`\r\n\u{feff}]{0,12}", any::<u32>()), 0..8)
    ) {
        let lines = all(Layout::WechatTrades, made(&sold).as_bytes()).unwrap();
        let read: Vec<i64> = lines.iter().map(|l| l.amount_minor).collect();
        let sent: Vec<i64> = sold.iter().map(|(_, minor)| i64::from(*minor)).collect();
        prop_assert_eq!(read, sent);
    }

    #[test]
    fn no_bytes_panic_and_none_are_taken_for_a_bill(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for layout in [Layout::WechatTrades, Layout::WechatFunds, Layout::AlipayTrades, Layout::AlipayFunds] {
            prop_assert!(all(layout, &bytes).is_err());
        }
    }
}
