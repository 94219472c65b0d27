//! Bills as they are fetched.

use payments::channel::{Bill, BillKind, Channel as _, Outcome};
use serde_json::Value;
use testkit::wechat::{self, BillScript, Difference, Fails, Operation};

use super::{Shop, is_unknown, order_of, today};

async fn lines(shop: &Shop, kind: BillKind) -> Vec<Vec<String>> {
    let Outcome::Succeeded(Bill { bytes, stated_digest }) = shop.account.bill(today(), kind).await else {
        panic!("no bill")
    };
    assert!(stated_digest.starts_with("sha1:") && stated_digest.len() == 45);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.ends_with("\r\n"));
    let text = text.strip_prefix('\u{feff}').unwrap();
    text.lines()
        .map(|line| match line.strip_prefix('`') {
            Some(fields) => fields.split(",`").map(str::to_owned).collect(),
            None => line.split(',').map(str::to_owned).collect(),
        })
        .collect()
}

#[tokio::test]
async fn the_trade_bill_of_a_day_has_the_published_form_and_what_happened() {
    let shop = Shop::open().await;
    let order = shop.paid(10_000).await;
    let (refund, _) = shop.refunded(&order, 2_500).await;
    shop.quiet().await;
    let reversed = order_of(300);
    assert!(matches!(shop.charge(&reversed).await, Outcome::Succeeded(_)));
    assert_eq!(
        shop.account.reverse(&reversed.number).await,
        Outcome::Succeeded(())
    );

    let lines = lines(&shop, BillKind::Trades).await;
    let published: Value =
        serde_json::from_str(include_str!("../../../vectors/wx-php-01-trade-bill-csv.json")).unwrap();
    assert_eq!(
        Value::from(lines[0].clone()),
        published["expected"]["detail_header"]
    );
    let [rows @ .., heads, sums] = &lines[1..] else {
        panic!("no sums")
    };
    assert_eq!((rows.len(), heads.len(), sums.len()), (4, 7, 7));
    assert!(rows.iter().all(|row| row.len() == 27));
    assert_eq!(
        sums,
        &["4.0", "103.00", "28.00", "0.0", "0.62", "103.00", "28.00"]
    );
    let row = |number: &str, at: usize, state: &str| {
        let found = rows.iter().find(|r| r[at] == number && r[9] == state);
        found.unwrap_or_else(|| panic!("no row {number} {state}")).clone()
    };
    let paid = row(order.number.as_str(), 6, "SUCCESS");
    assert_eq!((paid[12].as_str(), paid[22].as_str()), ("100.00", "0.60000"));
    let back = row(refund.number.as_str(), 15, "REFUND");
    assert_eq!((back[12].as_str(), back[16].as_str()), ("0.00", "25.00"));
    assert_eq!(row(reversed.number.as_str(), 6, "REVOKED")[16], "3.00");
}

#[tokio::test]
async fn the_fund_flow_of_a_day_names_every_movement_and_its_balance() {
    let shop = Shop::open().await;
    let order = shop.paid(10_000).await;
    shop.refunded(&order, 2_500).await;
    let lines = lines(&shop, BillKind::Funds).await;
    assert_eq!(lines[0].len(), 11);
    let [rows @ .., _, sums] = &lines[1..] else {
        panic!("no sums")
    };
    assert!(rows.iter().all(|row| row.len() == 11));
    assert_eq!(sums, &["3.0", "1.0", "100.00", "2.0", "25.60"]);
    assert_eq!(rows[2][7], "74.40");
}

#[tokio::test]
async fn a_bill_that_is_not_to_be_had_is_told_from_one_that_is_wrong() {
    let shop = Shop::open().await;
    let bill = || shop.account.bill(today(), BillKind::Trades);
    let script = |script| shop.sim.script_bill(today(), wechat::BillKind::Trades, script);
    assert_eq!(bill().await, Outcome::NotFound, "nothing happened");
    shop.paid(100).await;
    script(BillScript {
        not_ready: 1,
        ..BillScript::default()
    });
    assert_eq!(bill().await, Outcome::Pending);
    assert!(matches!(bill().await, Outcome::Succeeded(_)));
    script(BillScript {
        none: true,
        ..BillScript::default()
    });
    assert_eq!(bill().await, Outcome::NotFound);
    script(BillScript {
        wrong_hash: true,
        ..BillScript::default()
    });
    assert!(is_unknown(&bill().await), "a wrong digest");
    for (expired_addresses, had) in [(1, true), (2, false)] {
        script(BillScript {
            expired_addresses,
            ..BillScript::default()
        });
        let found = bill().await;
        assert_eq!(matches!(found, Outcome::Succeeded(_)), had, "{found:?}");
        assert_eq!(is_unknown(&found), !had);
    }
}

#[tokio::test]
async fn a_bill_that_breaks_off_is_unknown_and_fetched_again() {
    let shop = Shop::open().await;
    shop.paid(100).await;
    for (call, how) in [
        (Operation::Bill, Fails::SystemError),
        (Operation::Bill, Fails::SignTest),
        (Operation::Download, Fails::BadGateway),
        (Operation::Download, Fails::SlowBody),
    ] {
        shop.fail(call, how);
        let found = shop.account.bill(today(), BillKind::Trades).await;
        assert!(is_unknown(&found), "{call:?} {how:?}: {found:?}");
        let again = shop.account.bill(today(), BillKind::Trades).await;
        assert!(matches!(again, Outcome::Succeeded(_)), "{again:?}");
    }
}

#[tokio::test]
async fn differences_are_planted_one_by_one() {
    let shop = Shop::open().await;
    let order = shop.paid(10_000).await;
    let number = order.number.to_string();
    let same = |n: &str| n.to_owned();
    for (difference, rows, fields) in [
        (
            Difference::Missing {
                number: same(&number),
            },
            1,
            vec![],
        ),
        (
            Difference::Twice {
                number: same(&number),
            },
            3,
            vec![],
        ),
        (
            Difference::Amount {
                number: same(&number),
                off_by: -1,
            },
            2,
            vec![(12, "99.99")],
        ),
        (
            Difference::Fee {
                number: same(&number),
                off_by: 1,
            },
            2,
            vec![(22, "0.61000")],
        ),
        (
            Difference::State {
                number: same(&number),
                state: "STRANGE".to_owned(),
            },
            2,
            vec![(9, "STRANGE")],
        ),
        (
            Difference::Merchant {
                number: same(&number),
                mchid: "1900000009".to_owned(),
            },
            2,
            vec![(2, "1900000009")],
        ),
    ] {
        let extra = Difference::Extra {
            number: "nobodys".to_owned(),
            amount: 1,
        };
        let script = BillScript {
            differences: vec![difference.clone(), extra],
            ..BillScript::default()
        };
        shop.sim.script_bill(today(), wechat::BillKind::Trades, script);
        let lines = lines(&shop, BillKind::Trades).await;
        assert_eq!(lines.len(), rows + 3, "{difference:?}");
        assert!(lines.iter().any(|l| l.len() == 27 && l[6] == "nobodys"));
        for (at, text) in fields {
            assert!(
                lines
                    .iter()
                    .any(|l| l.len() == 27 && l[6] == number && l[at] == text)
            );
        }
    }
}
