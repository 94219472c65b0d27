//! WeChat Pay's bills: UTF-8, a back-quote before every field, a row of totals
//! at the end.

use std::io::BufRead;

use encoding_rs::UTF_8;

use super::columns::{Cells, Columns, Headings};
use super::lines::Lines;
use super::{Deed, Line, Progress, Unreadable, figures};

const TRADES: Headings = Headings {
    needed: &[
        "交易时间",
        "公众账号ID",
        "商户号",
        "微信订单号",
        "商户订单号",
        "交易类型",
        "交易状态",
        "货币种类",
        "手续费",
        "费率",
    ],
    also: &[
        "特约商户号",
        "子商户号",
        "设备号",
        "用户标识",
        "付款银行",
        "应结订单金额",
        "总金额",
        "代金券金额",
        "企业红包金额",
        "退款申请时间",
        "退款成功时间",
        "微信退款单号",
        "商户退款单号",
        "退款金额",
        "充值券退款金额",
        "企业红包退款金额",
        "退款类型",
        "退款状态",
        "商品名称",
        "商户数据包",
        "订单金额",
        "申请退款金额",
        "费率备注",
    ],
};

const TRADE_TOTALS: Headings = Headings {
    needed: &["总交易单数", "手续费总金额"],
    also: &[
        "应结订单总金额",
        "总交易额",
        "退款总金额",
        "总退款金额",
        "充值券退款总金额",
        "总企业红包退款金额",
        "订单总金额",
        "申请退款总金额",
    ],
};

const FUNDS: Headings = Headings {
    needed: &[
        "记账时间",
        "微信支付业务单号",
        "资金流水单号",
        "业务名称",
        "业务类型",
        "收支类型",
        "收支金额(元)",
        "账户结余(元)",
        "业务凭证号",
    ],
    also: &["资金变更提交申请人", "备注"],
};

const FUND_TOTALS: Headings = Headings {
    needed: &["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"],
    also: &[],
};

/// Reads a trade bill of any type: ALL, SUCCESS or REFUND.
pub fn trades<R: BufRead>(source: R) -> impl Iterator<Item = Result<Line, Unreadable>> {
    Reader::new(source, &TRADES, &TRADE_TOTALS, trade, TradeSums::default())
}

/// Reads a fund-flow bill.
pub fn funds<R: BufRead>(source: R) -> impl Iterator<Item = Result<Line, Unreadable>> {
    Reader::new(source, &FUNDS, &FUND_TOTALS, fund, FundSums::default())
}

/// What the lines make, to be held against the row of totals.
trait Sums {
    fn add(&mut self, cells: &Cells<'_>, line: &Line) -> Result<(), Unreadable>;
    fn verify(&self, totals: &Cells<'_>) -> Result<(), Unreadable>;
}

struct Reader<R, S> {
    lines: Lines<R>,
    headings: &'static Headings,
    totals: &'static Headings,
    make: fn(&Cells<'_>) -> Result<Line, Unreadable>,
    sums: S,
    columns: Option<Columns>,
    ended: bool,
}

impl<R: BufRead, S: Sums> Reader<R, S> {
    fn new(
        source: R,
        headings: &'static Headings,
        totals: &'static Headings,
        make: fn(&Cells<'_>) -> Result<Line, Unreadable>,
        sums: S,
    ) -> Self {
        Self {
            lines: Lines::new(source, UTF_8),
            headings,
            totals,
            make,
            sums,
            columns: None,
            ended: false,
        }
    }

    fn read(&mut self) -> Result<Option<Line>, Unreadable> {
        let (at, text) = self.lines.next()?.ok_or(Unreadable::Truncated)?;
        let Some(columns) = &self.columns else {
            self.columns = Some(Columns::find(self.headings, text.split(','))?);
            return self.read();
        };
        let Some(fields) = text.strip_prefix('`') else {
            self.verify(&text)?;
            return Ok(None);
        };
        let cells = columns.row(at, fields.split(",`").collect())?;
        let line = (self.make)(&cells)?;
        self.sums.add(&cells, &line)?;
        Ok(Some(line))
    }

    /// The headings of the totals, then one row of them, then nothing.
    fn verify(&mut self, headings: &str) -> Result<(), Unreadable> {
        let columns = Columns::find(self.totals, headings.split(','))?;
        let (at, text) = self.lines.next()?.ok_or(Unreadable::Truncated)?;
        let fields = text.strip_prefix('`').ok_or(Unreadable::Truncated)?;
        let totals = columns.row(at, fields.split(",`").collect())?;
        self.sums.verify(&totals)?;
        match self.lines.next()? {
            None => Ok(()),
            Some((at, _)) => Err(Unreadable::Width(at)),
        }
    }
}

impl<R: BufRead, S: Sums> Iterator for Reader<R, S> {
    type Item = Result<Line, Unreadable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let line = self.read().transpose();
        self.ended = !matches!(line, Some(Ok(_)));
        line
    }
}

fn trade(cells: &Cells<'_>) -> Result<Line, Unreadable> {
    let state = cells.text("交易状态");
    let deed = match state {
        "SUCCESS" => Deed::Payment,
        "REFUND" => Deed::Refund,
        "REVOKED" => Deed::Reversal,
        _ => Deed::Other,
    };
    let mut line = Line::at(cells.line, deed, state, cells.time("交易时间")?);
    cells.text("商户号").clone_into(&mut line.merchant);
    cells.text("公众账号ID").clone_into(&mut line.app);
    cells.text("商户订单号").clone_into(&mut line.payment);
    line.fee_thousandths = cells.fee("手续费")?;
    line.rate = Some(figures::rate(cells.text("费率")).ok_or_else(|| cells.bad("费率"))?);
    if deed == Deed::Refund {
        return refund(cells, line);
    }
    line.number.clone_from(&line.payment);
    cells.text("微信订单号").clone_into(&mut line.transaction);
    line.settle_key.clone_from(&line.transaction);
    if deed == Deed::Reversal {
        line.settle_minor = cells.fen("退款金额")?;
        line.amount_minor = line.settle_minor;
        return Ok(line);
    }
    line.settle_minor = cells.fen(if cells.has("应结订单金额") {
        "应结订单金额"
    } else {
        "总金额"
    })?;
    line.amount_minor = if cells.has("订单金额") {
        cells.fen("订单金额")?
    } else {
        line.settle_minor
    };
    Ok(line)
}

fn refund(cells: &Cells<'_>, mut line: Line) -> Result<Line, Unreadable> {
    cells.text("商户退款单号").clone_into(&mut line.number);
    cells.text("微信退款单号").clone_into(&mut line.transaction);
    line.settle_key.clone_from(&line.transaction);
    line.settle_minor = cells.fen("退款金额")?;
    line.amount_minor = if cells.has("申请退款金额") {
        cells.fen("申请退款金额")?
    } else {
        line.settle_minor
    };
    line.fee_thousandths = -line.fee_thousandths.abs();
    line.progress = match cells.text("退款状态") {
        "SUCCESS" => Progress::Done,
        "PROCESSING" => Progress::Going,
        "FAIL" | "CLOSED" | "ABNORMAL" | "CHANGE" => Progress::Failed,
        _ => Progress::Strange,
    };
    Ok(line)
}

#[derive(Default)]
struct TradeSums {
    rows: i64,
    fees: i64,
    /// By the heading of the field: what the totals call it and what it makes.
    sums: [i64; 5],
}

/// A field and the total that it makes.
const TOTALLED: [(&str, &str); 5] = [
    ("应结订单金额", "应结订单总金额"),
    ("退款金额", "退款总金额"),
    ("充值券退款金额", "充值券退款总金额"),
    ("订单金额", "订单总金额"),
    ("申请退款金额", "申请退款总金额"),
];

impl Sums for TradeSums {
    fn add(&mut self, cells: &Cells<'_>, _line: &Line) -> Result<(), Unreadable> {
        self.rows += 1;
        self.fees += cells.fee("手续费")?;
        for (sum, (field, _)) in self.sums.iter_mut().zip(TOTALLED) {
            *sum += cells.fen(field)?;
        }
        Ok(())
    }

    fn verify(&self, totals: &Cells<'_>) -> Result<(), Unreadable> {
        if totals.count("总交易单数")? != self.rows {
            return Err(Unreadable::Totals("总交易单数"));
        }
        // the total of fees may be rounded to a fen
        if (totals.fee("手续费总金额")? - self.fees).abs() > 500 {
            return Err(Unreadable::Totals("手续费总金额"));
        }
        for (sum, (_, total)) in self.sums.iter().zip(TOTALLED) {
            if totals.has(total) && totals.fen(total)? != *sum {
                return Err(Unreadable::Totals(total));
            }
        }
        Ok(())
    }
}

fn fund(cells: &Cells<'_>) -> Result<Line, Unreadable> {
    let business = cells.text("业务类型");
    let deed = match business {
        "交易" => Deed::Payment,
        "退款" => Deed::Refund,
        "扣除交易手续费" | "手续费" | "返还手续费" | "退还交易手续费" => Deed::Fee,
        "提现" | "自动提现" | "结算" => Deed::Payout,
        "充值" => Deed::Deposit,
        _ => Deed::Other,
    };
    let mut line = Line::at(cells.line, deed, business, cells.time("记账时间")?);
    cells.text("资金流水单号").clone_into(&mut line.transaction);
    cells.text("业务凭证号").clone_into(&mut line.number);
    cells.text("微信支付业务单号").clone_into(&mut line.settle_key);
    let amount = cells.fen("收支金额(元)")?.abs();
    line.amount_minor = match cells.text("收支类型") {
        "收入" => amount,
        "支出" => -amount,
        _ => return Err(cells.bad("收支类型")),
    };
    line.settle_minor = line.amount_minor;
    line.balance_minor = Some(cells.fen("账户结余(元)")?);
    Ok(line)
}

#[derive(Default)]
struct FundSums {
    /// How many and how much came in, and went out.
    income: (i64, i64),
    outgo: (i64, i64),
}

impl Sums for FundSums {
    fn add(&mut self, _cells: &Cells<'_>, line: &Line) -> Result<(), Unreadable> {
        let side = if line.amount_minor < 0 {
            &mut self.outgo
        } else {
            &mut self.income
        };
        side.0 += 1;
        side.1 += line.amount_minor.abs();
        Ok(())
    }

    fn verify(&self, totals: &Cells<'_>) -> Result<(), Unreadable> {
        let rows = self.income.0 + self.outgo.0;
        for (total, stated, made) in [
            ("资金流水总笔数", totals.count("资金流水总笔数")?, rows),
            ("收入笔数", totals.count("收入笔数")?, self.income.0),
            ("支出笔数", totals.count("支出笔数")?, self.outgo.0),
            ("收入金额", totals.fen("收入金额")?, self.income.1),
            ("支出金额", totals.fen("支出金额")?, self.outgo.1),
        ] {
            if stated != made {
                return Err(Unreadable::Totals(total));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
