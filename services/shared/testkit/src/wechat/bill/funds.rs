//! The fund-flow bill: what came into the account and left it, fees among it.

use chrono::NaiveDate;
use kernel::Timestamp;

use super::{csv, fee, is_of, time, yuan};
use crate::wechat::truth::{RefundStatus, Truth};

const HEADS: &str = "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号";
const SUM_HEADS: &str = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额";

/// Money in is positive, in fen.
struct Flow {
    at: Timestamp,
    business: String,
    name: &'static str,
    amount: i64,
    voucher: String,
}

/// `None` when nothing happened.
pub fn text(truth: &Truth, day: NaiveDate) -> Option<String> {
    let mut flows = flows(truth);
    flows.sort_by(|a, b| (a.at, &a.business).cmp(&(b.at, &b.business)));
    let (mut balance, mut rows) = (0, Vec::new());
    let (mut count, mut moved) = ([0; 2], [0; 2]);
    for (at, flow) in flows.iter().enumerate() {
        balance += flow.amount;
        if !is_of(flow.at, day) {
            continue;
        }
        let out = usize::from(flow.amount < 0);
        count[out] += 1;
        moved[out] += flow.amount.abs();
        rows.push(vec![
            time(flow.at),
            flow.business.clone(),
            format!("{}{:010}", day.format("%Y%m%d"), at + 1),
            flow.name.to_owned(),
            flow.name.to_owned(),
            if out == 0 { "收入" } else { "支出" }.to_owned(),
            yuan(flow.amount.abs()),
            yuan(balance),
            "system".to_owned(),
            String::new(),
            flow.voucher.clone(),
        ]);
    }
    if rows.is_empty() {
        return None;
    }
    let sums = [
        format!("{}.0", rows.len()),
        format!("{}.0", count[0]),
        yuan(moved[0]),
        format!("{}.0", count[1]),
        yuan(moved[1]),
    ];
    Some(csv(HEADS, &rows, SUM_HEADS, &sums))
}

fn flows(truth: &Truth) -> Vec<Flow> {
    let mut flows = Vec::new();
    for order in truth.orders.values() {
        let (Some(payment), total) = (&order.payment, order.asked.amount.total) else {
            continue;
        };
        let mut flow = |at, name, amount| {
            flows.push(Flow {
                at,
                business: payment.transaction_id.clone(),
                name,
                amount,
                voucher: order.asked.out_trade_no.clone(),
            });
        };
        flow(payment.at, "交易", total);
        flow(payment.at, "扣除交易手续费", -fee(total));
        if let Some(at) = order.reversed_at {
            flow(at, "退款", -total);
        }
    }
    let accepted = truth
        .refunds
        .values()
        .filter(|r| r.status != RefundStatus::Closed);
    flows.extend(accepted.map(|refund| Flow {
        at: refund.created_at,
        business: refund.refund_id.clone(),
        name: "退款",
        amount: -refund.asked.amount.refund,
        voucher: refund.asked.out_refund_no.clone(),
    }));
    flows.retain(|flow| flow.amount != 0);
    flows
}
