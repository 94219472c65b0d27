//! The trade bill: what was paid, refunded and reversed.

use chrono::NaiveDate;

use super::{Difference, csv, fee, is_of, time, yuan};
use crate::wechat::APPID;
use crate::wechat::truth::{Order, Payment, Refund, RefundStatus, Truth};

/// What stands above the rows.
pub const HEADS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";
/// What stands above their sums.
pub const SUM_HEADS: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// A row before it is written; amounts in fen.
#[derive(Clone)]
struct Row {
    at: String,
    app: String,
    mchid: String,
    transaction: String,
    order: String,
    payer: String,
    kind: &'static str,
    state: String,
    paid: i64,
    refund_id: String,
    refund: String,
    refunded: i64,
    refund_state: &'static str,
    goods: String,
    attach: String,
    fee: i64,
}

impl Row {
    fn of(order: &Order, payment: &Payment, mchid: &str) -> Self {
        let asked = &order.asked;
        Self {
            at: time(payment.at),
            app: asked.appid.clone(),
            mchid: mchid.to_owned(),
            transaction: payment.transaction_id.clone(),
            order: asked.out_trade_no.clone(),
            payer: payment.openid.clone(),
            kind: order.product.trade_type(),
            state: "SUCCESS".to_owned(),
            paid: asked.amount.total,
            refund_id: "0".to_owned(),
            refund: "0".to_owned(),
            refunded: 0,
            refund_state: "",
            goods: asked.description.clone(),
            attach: asked.attach.clone().unwrap_or_default(),
            fee: fee(asked.amount.total),
        }
    }

    fn of_refund(order: &Order, payment: &Payment, refund: &Refund, mchid: &str) -> Self {
        Self {
            at: time(refund.created_at),
            state: "REFUND".to_owned(),
            paid: 0,
            refund_id: refund.refund_id.clone(),
            refund: refund.asked.out_refund_no.clone(),
            refunded: refund.asked.amount.refund,
            refund_state: match refund.status {
                RefundStatus::Success => "SUCCESS",
                _ => "PROCESSING",
            },
            fee: 0,
            ..Self::of(order, payment, mchid)
        }
    }

    fn is_named(&self, number: &str) -> bool {
        if self.refunded == 0 {
            self.order == number
        } else {
            self.refund == number
        }
    }

    fn fields(&self) -> Vec<String> {
        let word = |word: &str| word.to_owned();
        vec![
            self.at.clone(),
            self.app.clone(),
            self.mchid.clone(),
            word("0"),
            word(""),
            self.transaction.clone(),
            self.order.clone(),
            self.payer.clone(),
            word(self.kind),
            self.state.clone(),
            word("OTHERS"),
            word("CNY"),
            yuan(self.paid),
            yuan(0),
            self.refund_id.clone(),
            self.refund.clone(),
            yuan(self.refunded),
            yuan(0),
            word(if self.refunded == 0 { "" } else { "ORIGINAL" }),
            word(self.refund_state),
            self.goods.clone(),
            self.attach.clone(),
            format!("{}000", yuan(self.fee)),
            word("0.60%"),
            yuan(self.paid),
            yuan(self.refunded),
            word(""),
        ]
    }
}

/// `None` when nothing happened.
pub fn text(truth: &Truth, day: NaiveDate, mchid: &str, differences: &[Difference]) -> Option<String> {
    let mut rows = rows(truth, day, mchid);
    for difference in differences {
        apply(&mut rows, difference, day, mchid);
    }
    if rows.is_empty() {
        return None;
    }
    let fields: Vec<_> = rows.iter().map(Row::fields).collect();
    Some(csv(HEADS, &fields, SUM_HEADS, &sums(&fields)))
}

/// The sums over what is written: how many rows, then by these columns.
pub fn sums(rows: &[Vec<String>]) -> Vec<String> {
    let of = |head: &str| {
        let at = HEADS.split(',').position(|known| known == head);
        let cells = rows.iter().filter_map(|row| row.get(at?));
        let sum: i64 = cells.filter_map(|cell| hundred_thousandths(cell)).sum();
        if sum == 0 {
            "0.0".to_owned()
        } else {
            yuan(sum / 1_000)
        }
    };
    let summed = [
        "应结订单金额",
        "退款金额",
        "充值券退款金额",
        "手续费",
        "订单金额",
        "申请退款金额",
    ];
    let count = format!("{}.0", rows.len());
    std::iter::once(count).chain(summed.map(of)).collect()
}

/// An amount as it is written, in hundred-thousandths of a yuan: fees are so fine.
pub fn hundred_thousandths(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part:0<5}");
    (part.len() <= 5).then_some(sign * digits.parse::<i64>().ok()?)
}

fn rows(truth: &Truth, day: NaiveDate, mchid: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    for order in truth.orders.values() {
        let Some(payment) = &order.payment else {
            continue;
        };
        if is_of(payment.at, day) {
            rows.push(Row::of(order, payment, mchid));
        }
        if let Some(at) = order.reversed_at.filter(|at| is_of(*at, day)) {
            let mut row = Row::of(order, payment, mchid);
            (row.at, row.state) = (time(at), "REVOKED".to_owned());
            (row.refunded, row.paid, row.fee) = (row.paid, 0, 0);
            rows.push(row);
        }
        let refunds = truth.refunds.values().filter(|r| {
            r.out_trade_no == order.asked.out_trade_no
                && r.status != RefundStatus::Closed
                && is_of(r.created_at, day)
        });
        rows.extend(refunds.map(|r| Row::of_refund(order, payment, r, mchid)));
    }
    rows.sort_by(|a, b| b.at.cmp(&a.at));
    rows
}

fn apply(rows: &mut Vec<Row>, difference: &Difference, day: NaiveDate, mchid: &str) {
    match difference {
        Difference::Missing { number } => rows.retain(|r| !r.is_named(number)),
        Difference::Twice { number } => {
            let again: Vec<_> = rows.iter().filter(|r| r.is_named(number)).cloned().collect();
            rows.extend(again);
        }
        Difference::Amount { number, off_by } => change(rows, number, |row| {
            if row.refunded == 0 {
                row.paid += off_by;
            } else {
                row.refunded += off_by;
            }
        }),
        Difference::Fee { number, off_by } => change(rows, number, |row| row.fee += off_by),
        Difference::State { number, state } => change(rows, number, |row| row.state.clone_from(state)),
        Difference::Merchant { number, mchid } => change(rows, number, |row| row.mchid.clone_from(mchid)),
        Difference::Extra { number, amount } => rows.push(Row {
            at: format!("{day} 12:00:00"),
            app: APPID.to_owned(),
            mchid: mchid.to_owned(),
            transaction: format!("4200{}{number}", day.format("%Y%m%d")),
            order: number.clone(),
            payer: "o-nobody".to_owned(),
            kind: "NATIVE",
            state: "SUCCESS".to_owned(),
            paid: *amount,
            refund_id: "0".to_owned(),
            refund: "0".to_owned(),
            refunded: 0,
            refund_state: "",
            goods: "?".to_owned(),
            attach: String::new(),
            fee: fee(*amount),
        }),
    }
}

fn change(rows: &mut [Row], number: &str, work: impl Fn(&mut Row)) {
    rows.iter_mut().filter(|r| r.is_named(number)).for_each(work);
}
