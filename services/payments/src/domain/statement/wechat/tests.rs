use super::*;

fn bill(rows: &str, totals: &str) -> Vec<u8> {
    format!(
        "\u{feff}记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额（元）,账户结余（元）,\
         资金变更提交申请人,备注,业务凭证号\r\n{rows}资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额\r\n{totals}\r\n"
    )
    .into_bytes()
}

const SOLD: &str =
    "`2026-11-21 10:00:00,`4200,`F1,`交易,`交易,`收入,`3680.00,`3680.00,`system,`缺货, 见`单,`A1\r\n";
const FEE: &str =
    "`2026-11-21 10:00:01,`4200,`F2,`交易,`扣除交易手续费,`支出,`22.08,`3657.92,`system,`,`A1\r\n";

#[test]
fn a_fund_bill_is_read_by_its_headings_with_free_text_and_either_brackets() {
    let bytes = bill(&format!("{SOLD}{FEE}"), "`2.0,`1.0,`3680.00,`1.0,`22.08");
    let lines: Vec<Line> = funds(bytes.as_slice()).collect::<Result<_, _>>().unwrap();
    assert_eq!(lines.len(), 2);
    assert_eq!((lines[0].deed, lines[0].amount_minor), (Deed::Payment, 368_000));
    assert_eq!((lines[1].deed, lines[1].amount_minor), (Deed::Fee, -2_208));
    assert_eq!(lines[1].balance_minor, Some(365_792));
    assert_eq!(lines[0].settle_key, "4200");
}

#[test]
fn totals_that_do_not_hold_are_the_last_word() {
    for (totals, name) in [
        ("`3,`1,`3680.00,`1,`22.08", "资金流水总笔数"),
        ("`2,`1,`3680.01,`1,`22.08", "收入金额"),
        ("`2,`1,`3680.00,`1,`0.00", "支出金额"),
    ] {
        let bytes = bill(&format!("{SOLD}{FEE}"), totals);
        let mut read = funds(bytes.as_slice());
        assert!(read.next().unwrap().is_ok() && read.next().unwrap().is_ok());
        assert_eq!(read.next(), Some(Err(Unreadable::Totals(name))));
        assert_eq!(read.next(), None);
    }
}

#[test]
fn a_bill_cut_anywhere_is_never_taken_for_whole() {
    let whole = bill(&format!("{SOLD}{FEE}"), "`2,`1,`3680.00,`1,`22.08");
    let end = whole.len() - 2;
    for cut in 0..end {
        let read: Result<Vec<Line>, _> = funds(&whole[..cut]).collect();
        assert!(read.is_err(), "cut at {cut}");
    }
}

#[test]
fn an_unknown_heading_fails_and_an_unknown_business_does_not() {
    let strange = String::from_utf8(bill(SOLD, "`1,`1,`3680.00,`0,`0.00")).unwrap();
    let renamed = strange.replace("资金变更提交申请人", "新列");
    let read: Result<Vec<Line>, _> = funds(renamed.as_bytes()).collect();
    assert_eq!(read, Err(Unreadable::UnknownHeading("新列".to_owned())));
    let missing = strange.replacen("业务凭证号", "备注", 1);
    assert!(funds(missing.as_bytes()).collect::<Result<Vec<_>, _>>().is_err());
    let business = strange.replace("`交易,`交易", "`新业务,`新业务");
    let lines: Vec<Line> = funds(business.as_bytes()).collect::<Result<_, _>>().unwrap();
    assert_eq!((lines[0].deed, lines[0].word.as_str()), (Deed::Other, "新业务"));
}
