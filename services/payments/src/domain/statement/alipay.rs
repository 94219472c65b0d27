//! Alipay's bills: GBK, a preamble and totals in lines that begin with `#`, a
//! TAB after many a field.

use std::io::BufRead;

use encoding_rs::GB18030;

use super::columns::{Cells, Columns, Headings, plain};
use super::lines::Lines;
use super::{Deed, Line, Unreadable, figures};

const TRADES: Headings = Headings {
    needed: &[
        "支付宝交易号",
        "商户订单号",
        "业务类型",
        "完成时间",
        "订单金额(元)",
        "商家实收(元)",
        "退款批次号/请求号",
        "服务费(元)",
    ],
    also: &[
        "商品名称",
        "创建时间",
        "门店编号",
        "门店名称",
        "操作员",
        "终端号",
        "对方账户",
        "支付宝红包(元)",
        "集分宝(元)",
        "支付宝优惠(元)",
        "商家优惠(元)",
        "券核销金额(元)",
        "券名称",
        "商家红包消费金额(元)",
        "卡消费金额(元)",
        "分润(元)",
        "备注",
    ],
};

const FUNDS: Headings = Headings {
    needed: &[
        "账务流水号",
        "业务流水号",
        "商户订单号",
        "发生时间",
        "收入金额(+元)",
        "支出金额(-元)",
        "账户余额(元)",
        "业务类型",
    ],
    also: &[
        "商品名称",
        "对方账号",
        "交易渠道",
        "备注",
        "业务基础订单号",
        "业务订单号",
        "业务账单来源",
        "业务描述",
    ],
};

/// Reads a trade detail bill.
pub fn trades<R: BufRead>(source: R) -> impl Iterator<Item = Result<Line, Unreadable>> {
    Reader::new(source, &TRADES, trade, ["交易合计", "退款合计"])
}

/// Reads an account bill.
pub fn funds<R: BufRead>(source: R) -> impl Iterator<Item = Result<Line, Unreadable>> {
    Reader::new(source, &FUNDS, fund, ["收入合计", "支出合计"])
}

/// How many lines and how much, in fen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Total {
    rows: i64,
    minor: i64,
}

struct Reader<R> {
    lines: Lines<R>,
    headings: &'static Headings,
    make: fn(&Cells<'_>) -> Result<Line, Unreadable>,
    /// What the totals of money in and of money out are called.
    names: [&'static str; 2],
    made: [Total; 2],
    stated: [Option<Total>; 2],
    columns: Option<Columns>,
    ended: bool,
}

impl<R: BufRead> Reader<R> {
    fn new(
        source: R,
        headings: &'static Headings,
        make: fn(&Cells<'_>) -> Result<Line, Unreadable>,
        names: [&'static str; 2],
    ) -> Self {
        Self {
            lines: Lines::new(source, GB18030),
            headings,
            make,
            names,
            made: Default::default(),
            stated: Default::default(),
            columns: None,
            ended: false,
        }
    }

    fn read(&mut self) -> Result<Option<Line>, Unreadable> {
        loop {
            let Some((at, text)) = self.lines.next()? else {
                self.verify()?;
                return Ok(None);
            };
            if let Some(remark) = text.strip_prefix('#') {
                self.total(at, remark)?;
                continue;
            }
            let Some(columns) = &self.columns else {
                self.columns = Some(Columns::find(self.headings, text.split(','))?);
                continue;
            };
            let cells = columns.row(at, fields(&text))?;
            let line = (self.make)(&cells)?;
            let back = matches!(line.deed, Deed::Refund | Deed::Reversal);
            let out = usize::from(back || line.amount_minor < 0);
            self.made[out].rows += 1;
            self.made[out].minor += line.settle_minor.abs();
            return Ok(Some(line));
        }
    }

    /// `交易合计：6笔，商家实收共0.06元，…`
    fn total(&mut self, at: u32, remark: &str) -> Result<(), Unreadable> {
        for (slot, name) in self.names.into_iter().enumerate() {
            let Some(rest) = remark.trim().strip_prefix(name) else {
                continue;
            };
            let bad = || Unreadable::Field {
                line: at,
                field: name.to_owned(),
            };
            let mut parts = rest.trim_start_matches(['：', ':']).split(['，', ',']);
            let rows = parts
                .next()
                .and_then(|part| figures::count(part.trim().strip_suffix('笔')?));
            let minor = parts.next().and_then(|part| {
                let figure = part.trim().strip_suffix('元')?.rsplit_once('共')?.1;
                figures::fen(figure)
            });
            self.stated[slot] = Some(Total {
                rows: rows.ok_or_else(bad)?,
                minor: minor.ok_or_else(bad)?.abs(),
            });
        }
        Ok(())
    }

    fn verify(&self) -> Result<(), Unreadable> {
        if self.columns.is_none() {
            return Err(Unreadable::Truncated);
        }
        for ((stated, made), name) in self.stated.iter().zip(self.made).zip(self.names) {
            if stated.ok_or(Unreadable::Truncated)? != made {
                return Err(Unreadable::Totals(name));
            }
        }
        Ok(())
    }
}

impl<R: BufRead> Iterator for Reader<R> {
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

/// A field that holds a comma is quoted.
fn fields(text: &str) -> Vec<&str> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let quoted = rest.strip_prefix('"').and_then(|inner| inner.split_once('"'));
        if let Some((inner, after)) = quoted {
            fields.push(inner);
            match after.find(',') {
                Some(comma) => rest = &after[comma + 1..],
                None => return fields,
            }
            continue;
        }
        let Some((field, after)) = rest.split_once(',') else {
            fields.push(rest);
            return fields;
        };
        fields.push(field);
        rest = after;
    }
}

fn trade(cells: &Cells<'_>) -> Result<Line, Unreadable> {
    let business = cells.text("业务类型");
    let (order, request) = (cells.text("商户订单号"), cells.text("退款批次号/请求号"));
    let deed = match business {
        "交易" => Deed::Payment,
        // what nobody asked for under a number of its own is a cancelled charge
        "退款" if request.is_empty() || request == order => Deed::Reversal,
        "退款" => Deed::Refund,
        _ => Deed::Other,
    };
    let mut line = Line::at(cells.line, deed, business, cells.time("完成时间")?);
    order.clone_into(&mut line.payment);
    cells.text("支付宝交易号").clone_into(&mut line.transaction);
    line.settle_key.clone_from(&line.payment);
    line.number = match deed {
        Deed::Refund => request.to_owned(),
        _ => line.payment.clone(),
    };
    let (amount, settle) = (cells.fen("订单金额(元)")?, cells.fen("商家实收(元)")?);
    let fee = cells.fee("服务费(元)")?.abs();
    (line.amount_minor, line.settle_minor, line.fee_thousandths) = match deed {
        Deed::Refund | Deed::Reversal => (amount.abs(), settle.abs(), -fee),
        _ => (amount, settle, fee),
    };
    Ok(line)
}

fn fund(cells: &Cells<'_>) -> Result<Line, Unreadable> {
    let business = plain(cells.text("业务类型"));
    let deed = match business.as_str() {
        "在线支付" | "交易付款" | "交易" => Deed::Payment,
        "交易退款" | "退款" => Deed::Refund,
        "收费" | "服务费" | "退费" => Deed::Fee,
        "提现" | "转账到银行卡" | "结算" => Deed::Payout,
        "充值" => Deed::Deposit,
        _ => Deed::Other,
    };
    let mut line = Line::at(cells.line, deed, &business, cells.time("发生时间")?);
    cells.text("账务流水号").clone_into(&mut line.transaction);
    cells.text("商户订单号").clone_into(&mut line.number);
    line.settle_key = match cells.text("商户订单号") {
        "" => cells.text("业务流水号").to_owned(),
        number => number.to_owned(),
    };
    let (income, outgo) = (cells.fen("收入金额(+元)")?, cells.fen("支出金额(-元)")?);
    line.amount_minor = income.abs() - outgo.abs();
    line.settle_minor = line.amount_minor;
    line.balance_minor = Some(cells.fen("账户余额(元)")?);
    Ok(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREAMBLE: &str = "#支付宝账务明细查询\n#账号：[2088]\n";
    const HEAD: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注\n";
    const ROWS: &str = "1\t,2\t,A1\t,年卡\t,2026-11-21 10:00:00,*a\t,3680.00,,3680.00,支付宝\t,在线支付\t,\"一,二\"\n\
                        3\t,2\t,A1\t,年卡\t,2026-11-21 10:00:01,\t,,-22.08,3657.92,支付宝\t,收费\t,\n";
    const TOTALS: &str =
        "#支出合计：1笔，共-22.08元\n#收入合计：1笔，共3680.00元\n#导出时间：[2026年11月22日 05:46:49]\n";

    fn gbk(text: &str) -> Vec<u8> {
        GB18030.encode(text).0.into_owned()
    }

    #[test]
    fn an_account_bill_is_read_with_tabs_quotes_and_full_width_brackets() {
        let bytes = gbk(&format!("{PREAMBLE}{HEAD}{ROWS}{TOTALS}"));
        let lines: Vec<Line> = funds(bytes.as_slice()).collect::<Result<_, _>>().unwrap();
        assert_eq!((lines[0].deed, lines[0].amount_minor), (Deed::Payment, 368_000));
        assert_eq!((lines[1].deed, lines[1].amount_minor), (Deed::Fee, -2_208));
        assert_eq!(lines[1].settle_key, "A1");
        let half = HEAD.replace('（', "(").replace('）', ")");
        let bytes = gbk(&format!("{half}{ROWS}{TOTALS}"));
        assert_eq!(funds(bytes.as_slice()).collect::<Result<Vec<_>, _>>().unwrap(), {
            let mut lines = lines;
            for line in &mut lines {
                line.line -= 2;
            }
            lines
        });
    }

    #[test]
    fn missing_or_wrong_totals_are_the_last_word() {
        let none = gbk(&format!("{HEAD}{ROWS}"));
        assert_eq!(funds(none.as_slice()).last(), Some(Err(Unreadable::Truncated)));
        let half = gbk(&format!("{HEAD}{ROWS}#收入合计：1笔，共3680.00元\n"));
        assert_eq!(funds(half.as_slice()).last(), Some(Err(Unreadable::Truncated)));
        let wrong = gbk(&format!("{HEAD}{ROWS}{}", TOTALS.replace("3680.00", "3680.01")));
        assert_eq!(
            funds(wrong.as_slice()).last(),
            Some(Err(Unreadable::Totals("收入合计")))
        );
        assert_eq!(funds(&b"#nothing\n"[..]).last(), Some(Err(Unreadable::Truncated)));
    }

    #[test]
    fn an_empty_bill_with_totals_is_whole() {
        let bytes = gbk(&format!(
            "{HEAD}#支出合计：0笔，共0.00元\n#收入合计：0笔，共0.00元\n"
        ));
        assert_eq!(funds(bytes.as_slice()).count(), 0);
    }
}
