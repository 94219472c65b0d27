//! The bills of a day, made from the truth in the channel's own form: GBK, a
//! preamble and a footer behind `#`, tabs behind some fields, and lies on request.

use chrono::{NaiveDate, TimeDelta};
use encoding_rs::GBK;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::fields::{BillAsked, Problem, beijing, written, yuan};
use super::truth::{Order, Truth};
use super::zip::pack;

/// What stands above the rows of a trade bill.
pub const TRADE_HEADINGS: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const FUND_HEADINGS: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
/// What the channel takes for a payment, in parts of ten thousand.
const FEE: i64 = 60;

/// Which bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Trade,
    Fund,
}

/// How a day's bill differs from the truth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillFlaw {
    /// The channel has not made it yet.
    NotReady,
    /// The rows of an order are missing.
    Missing { out_trade_no: String },
    /// A payment stands there that nobody made.
    Invented { out_trade_no: String, fen: i64 },
    /// An order's payment is off by so many fen.
    AmountOff { out_trade_no: String, fen: i64 },
    /// An order's fee is off by so many fen.
    FeeOff { out_trade_no: String, fen: i64 },
    /// The rows of an order stand twice.
    Doubled { out_trade_no: String },
    /// The footer counts one row too many.
    WrongFooter,
}

/// One event of a day.
#[derive(Debug, Clone)]
struct Event {
    trade_no: String,
    out_trade_no: String,
    subject: String,
    made_at: Timestamp,
    at: Timestamp,
    /// Negative for a refund.
    fen: i64,
    fee: i64,
    /// Ours, of a refund.
    out_request_no: Option<String>,
}

/// The fee of a payment, rounded to the fen.
fn fee(fen: i64) -> i64 {
    (fen * FEE + 5_000) / 10_000
}

/// The day and kind that a call asks for.
pub fn asked(asked: &BillAsked) -> Result<(NaiveDate, Kind), Problem> {
    let kind = match asked.bill_type.as_str() {
        "trade" => Kind::Trade,
        "signcustomer" => Kind::Fund,
        _ => return Err(Problem::param("no such bill_type")),
    };
    let day = NaiveDate::parse_from_str(&asked.bill_date, "%Y-%m-%d");
    Ok((day.map_err(|_| Problem::param("no such bill_date"))?, kind))
}

/// The archive of a day's bill: what adds up first, then the rows.
pub fn archive(seller: &str, truth: &Truth, day: NaiveDate, kind: Kind) -> Result<Vec<u8>, Problem> {
    let none = || Problem::business("isp.bill_not_exist", "no bill of that day");
    if truth.bill_flaws.contains(&(day, BillFlaw::NotReady)) {
        return Err(Problem::new(
            "20000",
            "isp.unknow-error",
            "the bill is being made",
        ));
    }
    let text = text(seller, truth, day, kind).ok_or_else(none)?;
    let rows = coded(&text);
    let sums = coded("#支付宝业务汇总查询\n");
    let (name, what) = (
        day.format("%Y%m%d"),
        if kind == Kind::Trade {
            "业务明细"
        } else {
            "账务明细"
        },
    );
    let entries = [
        (format!("{seller}0156_{name}_{what}(汇总).csv"), sums),
        (format!("{seller}0156_{name}_{what}.csv"), rows),
    ];
    let entries = entries
        .each_ref()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    pack(&entries).map_err(|error| Problem::new("20000", "isp.unknow-error", error.to_string()))
}

/// The bill of a day; none when nothing happened.
pub fn text(seller: &str, truth: &Truth, day: NaiveDate, kind: Kind) -> Option<String> {
    let mut events: Vec<Event> = truth.orders.values().flat_map(events_of).collect();
    events.retain(|event| event.at.with_timezone(&beijing()).date_naive() == day);
    events.sort_by_key(|event| event.at);
    let flaws: Vec<&BillFlaw> = truth
        .bill_flaws
        .iter()
        .filter(|(d, _)| *d == day)
        .map(|(_, f)| f)
        .collect();
    for flaw in &flaws {
        apply(&mut events, flaw, day);
    }
    if events.is_empty() {
        return None;
    }
    let more = i64::from(flaws.contains(&&BillFlaw::WrongFooter));
    Some(match kind {
        Kind::Trade => trades(seller, &events, day, more),
        Kind::Fund => funds(seller, &events, day, more),
    })
}

fn events_of(order: &Order) -> Vec<Event> {
    let Some((trade, paid_at)) = order.trade.as_ref().and_then(|t| Some((t, t.paid_at?))) else {
        return Vec::new();
    };
    let event = |at, fen, fee, out_request_no| Event {
        trade_no: trade.number.clone(),
        out_trade_no: order.asked.out_trade_no.clone(),
        subject: order.asked.subject.clone(),
        made_at: trade.made_at,
        at,
        fen,
        fee,
        out_request_no,
    };
    let mut events = vec![event(paid_at, order.fen, fee(order.fen), None)];
    for refund in &trade.refunds {
        if let Some(at) = refund.done_at {
            events.push(event(at, -refund.fen, 0, Some(refund.out_request_no.clone())));
        }
    }
    events
}

fn apply(events: &mut Vec<Event>, flaw: &BillFlaw, day: NaiveDate) {
    match flaw {
        BillFlaw::NotReady | BillFlaw::WrongFooter => {}
        BillFlaw::Missing { out_trade_no } => events.retain(|e| e.out_trade_no != *out_trade_no),
        BillFlaw::Doubled { out_trade_no } => {
            let again: Vec<Event> = events
                .iter()
                .filter(|e| e.out_trade_no == *out_trade_no)
                .cloned()
                .collect();
            events.extend(again);
        }
        BillFlaw::AmountOff { out_trade_no, fen } => {
            payment_of(events, out_trade_no, |event| event.fen += fen);
        }
        BillFlaw::FeeOff { out_trade_no, fen } => payment_of(events, out_trade_no, |event| event.fee += fen),
        BillFlaw::Invented { out_trade_no, fen } => {
            let noon = day.and_hms_opt(12, 0, 0).unwrap_or_default().and_utc() - TimeDelta::hours(8);
            events.push(Event {
                trade_no: format!("{}22001999999999999999", day.format("%Y%m%d")),
                out_trade_no: out_trade_no.clone(),
                subject: "无此订单".to_owned(),
                made_at: noon,
                at: noon,
                fen: *fen,
                fee: fee(*fen),
                out_request_no: None,
            });
        }
    }
}

fn payment_of(events: &mut [Event], out_trade_no: &str, change: impl Fn(&mut Event)) {
    let of = |e: &&mut Event| e.out_trade_no == out_trade_no && e.out_request_no.is_none();
    events.iter_mut().filter(of).for_each(change);
}

fn preamble(seller: &str, day: NaiveDate, what: &str) -> String {
    let (from, to) = (
        day.format("%Y年%m月%d日"),
        (day + TimeDelta::days(1)).format("%Y年%m月%d日"),
    );
    format!(
        "#支付宝{what}查询\n#账号：[{seller}0156]\n#起始日期：[{from} 00:00:00]   终止日期：[{to} 00:00:00]\n\
         #-----------------------------------------{what}列表----------------------------------------\n"
    )
}

fn trades(seller: &str, events: &[Event], day: NaiveDate, more: i64) -> String {
    let mut text = preamble(seller, day, "业务明细");
    text.push_str(TRADE_HEADINGS);
    text.push('\n');
    for event in events {
        text.push_str(&row(&cells(event)));
        text.push('\n');
    }
    let written: Vec<[String; WIDTH]> = events.iter().map(cells).collect();
    let [(paid, paid_fen), (back, back_fen)] = sums(&written);
    text.extend([format!(
        "#-----------------------------------------业务明细列表结束------------------------------------\n\
         {}#导出时间：[{} 09:30:00]\n",
        footer([(paid + more, paid_fen), (back, back_fen)]),
        (day + TimeDelta::days(1)).format("%Y年%m月%d日")
    )]);
    text
}

/// How many fields a row of a trade bill has.
pub const WIDTH: usize = 25;
/// The fields of a trade bill behind which a tab stands.
const TABBED: [usize; 10] = [0, 1, 2, 6, 7, 8, 9, 10, 19, 21];

fn cells(event: &Event) -> [String; WIDTH] {
    let mut cells = [const { String::new() }; WIDTH];
    let mut put = |at: usize, text: &str| text.clone_into(&mut cells[at]);
    let (amount, fee) = (yuan(event.fen), yuan(-event.fee));
    put(0, &event.trade_no);
    put(1, &event.out_trade_no);
    put(
        2,
        if event.out_request_no.is_some() {
            "退款"
        } else {
            "交易"
        },
    );
    put(3, &event.subject);
    put(4, &written(event.made_at));
    put(5, &written(event.at));
    put(10, "*天(186****0001)");
    put(11, &amount);
    put(12, &amount);
    for nothing in [13, 14, 15, 16, 17, 19, 20, 23] {
        put(nothing, "0.00");
    }
    put(21, event.out_request_no.as_deref().unwrap_or_default());
    put(22, &fee);
    put(24, &event.subject);
    cells
}

/// A row as it is written: a refund's request has no tab behind it.
pub fn row(cells: &[String; WIDTH]) -> String {
    let tabbed = |at: usize, cell: &str| TABBED.contains(&at) && (at != 21 || cell.is_empty());
    let cells = cells.iter().enumerate();
    let cells: Vec<String> = cells
        .map(|(at, cell)| format!("{cell}{}", if tabbed(at, cell) { "\t" } else { "" }))
        .collect();
    cells.join(",")
}

/// How many payments and how much in fen, then the same of refunds.
pub fn sums(rows: &[[String; WIDTH]]) -> [(i64, i64); 2] {
    let mut sums = [(0, 0); 2];
    for row in rows {
        let sum = &mut sums[usize::from(row[2] == "退款")];
        let (sign, amount) = row[12]
            .strip_prefix('-')
            .map_or((1, row[12].as_str()), |rest| (-1, rest));
        sum.0 += 1;
        sum.1 += sign * super::fields::fen(amount).unwrap_or_default();
    }
    sums
}

/// The two lines of totals below a trade bill.
pub fn footer([(paid, paid_fen), (back, back_fen)]: [(i64, i64); 2]) -> String {
    format!(
        "#交易合计：{paid}笔，商家实收共{}元，商家优惠共0.00元\n\
         #退款合计：{back}笔，商家实收退款共{}元，商家优惠退款共0.00元\n",
        yuan(paid_fen),
        yuan(back_fen)
    )
}

/// As it lies in the archive.
pub fn coded(text: &str) -> Vec<u8> {
    GBK.encode(text).0.into_owned()
}

/// A line of an account's bill: its amount, and what it is.
type Line<'a> = (&'a Event, i64, &'static str);

fn funds(seller: &str, events: &[Event], day: NaiveDate, more: i64) -> String {
    let lines = events.iter().flat_map(|event| {
        let what = if event.fen < 0 { "退款" } else { "在线支付" };
        let fee = (event.fee != 0).then_some((event, -event.fee, "收费"));
        std::iter::once((event, event.fen, what)).chain(fee)
    });
    let lines: Vec<Line<'_>> = lines.collect();
    let mut text = preamble(seller, day, "账务明细");
    text.push_str(FUND_HEADINGS);
    text.push('\n');
    let mut balance = 0;
    for (number, (event, fen, what)) in lines.iter().enumerate() {
        balance += fen;
        let (income, spent) = if *fen < 0 {
            (String::new(), yuan(*fen))
        } else {
            (yuan(*fen), String::new())
        };
        text.extend([format!(
            "{}{number:06}\t,{}\t,{}\t,{},{},186****0001\t,{income},{spent},{},支付宝\t,{what},\t\n",
            day.format("%Y%m%d"),
            event.trade_no,
            event.out_trade_no,
            event.subject,
            written(event.at),
            yuan(balance),
        )]);
    }
    let sum = |out: bool| {
        let of = lines.iter().filter(|(_, fen, _)| (*fen < 0) == out);
        of.fold((0, 0), |(count, sum), (_, fen, _)| (count + 1, sum + fen))
    };
    let ((income, income_fen), (spent, spent_fen)) = (sum(false), sum(true));
    let income = income + more;
    text.extend([format!(
        "#-----------------------------------------账务明细列表结束------------------------------------\n\
         #支出合计：{spent}笔，共{}元\n#收入合计：{income}笔，共{}元\n#导出时间：[{} 09:30:00]\n",
        yuan(spent_fen),
        yuan(income_fen),
        (day + TimeDelta::days(1)).format("%Y年%m月%d日")
    )]);
    text
}
