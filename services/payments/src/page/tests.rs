use kernel::Amount;
use rstest::rstest;

use super::*;
use crate::domain::examples::{attempt_by, intent, noon, paid};
use crate::domain::payment::Payment;
use crate::domain::seller::CreditCode;

fn example() -> Receipt {
    let intent = intent();
    let attempt = attempt_by(Method::WechatNative, &intent);
    let payment = Payment::capture(&intent, &attempt, &paid(&attempt), noon());
    Receipt::of(&payment, "BJ-2026-00000042".to_owned())
}

fn seller() -> Seller {
    Seller {
        credit_code: CreditCode::parse("91350100M000100Y43").unwrap(),
        after_sales: "400-000-0000，门店前台".to_owned(),
    }
}

fn page(of: &Receipt, company: &str, studio: &str) -> String {
    let place = Place {
        company,
        seller: &seller(),
        studio,
        zone: chrono_tz::Asia::Shanghai,
        payer: "林**",
    };
    receipt(of, place)
}

#[test]
fn everything_of_a_receipt_stands_on_its_page() {
    let receipt = example();
    let page = page(&receipt, "晴空（北京）健身有限公司", "朝阳店");
    let tail = receipt.person_id.0.simple().to_string().to_uppercase()[26..].to_owned();
    for shown in [
        "BJ-2026-00000042",
        "晴空（北京）健身有限公司",
        "91350100M000100Y43",
        "朝阳店",
        &format!("林** 会员 ******{tail}"),
        "年卡",
        "¥3,680.00",
        "人民币叁仟陆佰捌拾元整",
        "微信支付（扫码）",
        "4200000001",
        "2026年11月21日 12:01:00",
        "400-000-0000",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    assert!(!page.contains("{{") && !page.contains("}}"));
    assert!(
        !page.contains(&receipt.person_id.to_string()),
        "the payer is masked"
    );
}

#[rstest]
#[case("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;")]
#[case(
    "\"><img src=x onerror=alert(1)>",
    "&quot;&gt;&lt;img src=x onerror=alert(1)&gt;"
)]
#[case("' onmouseover='x", "&#39; onmouseover=&#39;x")]
#[case("</td></table><h1>", "&lt;/td&gt;&lt;/table&gt;&lt;h1&gt;")]
#[case("&lt;b&gt;", "&amp;lt;b&amp;gt;")]
#[case("{{number}}", "{{number}}")]
#[case("甲\u{202e}乙\u{200b}丙", "甲乙丙")]
#[case("甲\0乙\n丙", "甲 乙 丙")]
fn what_somebody_typed_is_text_wherever_it_stands(#[case] typed: &str, #[case] shown: &str) {
    let hostile = Receipt {
        description: typed.to_owned(),
        transaction: typed.to_owned(),
        ..example()
    };
    let page = page(&hostile, typed, typed);
    assert_eq!(page.matches(shown).count(), 4);
    let plain = self::page(&example(), "x", "x");
    assert_eq!(
        page.matches('<').count(),
        plain.matches('<').count(),
        "no tag was added"
    );
    assert_eq!(page.matches('"').count(), plain.matches('"').count());
}

#[test]
fn the_page_asks_nobody_for_anything() {
    let page = page(&example(), "x", "x");
    for asking in [
        "http:", "https:", "//", "url(", "@import", "<script", "<link", "<img", "src=",
    ] {
        assert!(!page.contains(asking), "{asking}");
    }
    assert!(page.contains("@media print"));
}

#[rstest]
#[case(1, "¥0.01")]
#[case(99_900, "¥999.00")]
#[case(100_000, "¥1,000.00")]
#[case(123_456_789, "¥1,234,567.89")]
fn sums_are_grouped(#[case] fen: i64, #[case] written: &str) {
    assert_eq!(yuan(Amount::from_minor(fen).unwrap().minor()), written);
}
