//! What the gateway does when it is called about a trade.

use std::sync::Arc;

use serde_json::{Value, json};

use super::door::{Answer, DOWNLOAD, Request};
use super::fields::{BillAsked, CertificateAsked, NewTrade, Problem, Which, read, written, yuan};
use super::script::Payer;
use super::truth::{Order, TradeStatus, Truth};
use super::{Inner, bills, lock};

impl Inner {
    pub(super) fn carry_out(self: &Arc<Self>, request: &Request) -> Answer {
        let content = request.content.as_slice();
        match request.method.as_str() {
            "alipay.trade.precreate" => self.precreate(request),
            "alipay.trade.pay" => self.charge(request),
            "alipay.trade.query" => query(&mut lock(&self.truth), &read(content)?),
            "alipay.trade.close" => close(&mut lock(&self.truth), &read(content)?),
            "alipay.trade.cancel" => cancel(&mut lock(&self.truth), &read(content)?),
            "alipay.trade.refund" => self.refund(&read(content)?),
            "alipay.trade.fastpay.refund.query" => self.refund_now(&read(content)?),
            "alipay.data.dataservice.bill.downloadurl.query" => self.bill_address(&read(content)?),
            DOWNLOAD => {
                let asked: CertificateAsked = read(content)?;
                lock(&self.keys).give_out(&asked.alipay_cert_sn)
            }
            _ => Err(Problem::new("40002", "isv.invalid-method", "no such method")),
        }
    }

    fn precreate(&self, request: &Request) -> Answer {
        let asked: NewTrade = read(&request.content)?;
        self.check_new(&asked)?;
        if asked.auth_code.is_some() || asked.scene.is_some() {
            return Err(Problem::param("a QR is made without the payer's code"));
        }
        let mut truth = lock(&self.truth);
        let order = truth.take_in(asked, request.notify_url.clone(), Self::now())?;
        Ok(json!({ "out_trade_no": order.asked.out_trade_no, "qr_code": order.qr_code }))
    }

    fn charge(self: &Arc<Self>, request: &Request) -> Answer {
        let asked: NewTrade = read(&request.content)?;
        self.check_new(&asked)?;
        let code = asked.check_code()?.to_owned();
        let number = asked.out_trade_no.clone();
        let mut truth = lock(&self.truth);
        if !truth.orders.contains_key(&number) && !truth.used_codes.insert(code) {
            return Err(Problem::business(
                "ACQ.PAYMENT_AUTH_CODE_INVALID",
                "this code was used",
            ));
        }
        let order = truth.take_in(asked, request.notify_url.clone(), Self::now())?;
        match order.script.payer {
            Payer::LacksMoney => Err(Problem::business("ACQ.BUYER_BALANCE_NOT_ENOUGH", "no money")),
            Payer::Agrees => {
                let order = truth.scan(&number, false, Self::now())?;
                let mut said = shown(order);
                said["code"] = json!("10003");
                Ok(said)
            }
            Payer::PaysAtOnce => {
                let order = truth.pay(&number, false, Self::now())?;
                drop(truth);
                let said = shown(&order);
                self.announce_payment(order);
                Ok(said)
            }
        }
    }

    fn check_new(&self, asked: &NewTrade) -> Result<(), Problem> {
        asked.check(Self::now())?;
        match &asked.seller_id {
            Some(seller) if *seller != self.config.seller_id => Err(Problem::param("no such seller")),
            _ => Ok(()),
        }
    }

    fn bill_address(&self, asked: &BillAsked) -> Answer {
        let (day, kind) = bills::asked(asked)?;
        let mut truth = lock(&self.truth);
        let archive = bills::archive(&self.config.seller_id, &truth, day, kind)?;
        let token = kernel::fresh_uuid().simple().to_string();
        truth.downloads.insert(token.clone(), (Self::now(), archive));
        Ok(json!({ "bill_download_url": format!("{}/bill/{token}", self.url) }))
    }
}

/// The order that has a trade which a call names.
pub(super) fn traded<'a>(truth: &'a mut Truth, which: &Which) -> Result<&'a mut Order, Problem> {
    let named = which.out_trade_no.as_deref().or(which.trade_no.as_deref());
    let number = truth.find(named.ok_or_else(|| Problem::param("name a trade"))?)?;
    let order = truth.order_mut(&number)?;
    if order.trade.is_some() {
        Ok(order)
    } else {
        Err(Problem::no_trade())
    }
}

fn query(truth: &mut Truth, which: &Which) -> Answer {
    traded(truth, which).map(|order| shown(order))
}

fn close(truth: &mut Truth, which: &Which) -> Answer {
    let order = traded(truth, which)?;
    let said = json!({ "out_trade_no": order.asked.out_trade_no });
    let trade = order.trade.as_mut().ok_or_else(Problem::no_trade)?;
    match trade.status {
        TradeStatus::WaitBuyerPay => {
            trade.status = TradeStatus::TradeClosed;
            trade.closed_at = Some(Inner::now());
            Ok(said)
        }
        _ => Err(Problem::business(
            "ACQ.TRADE_STATUS_ERROR",
            "only an unpaid trade can be closed",
        )),
    }
}

/// Undoes a trade whatever became of it. The QR of an order that nobody scanned
/// stays as it is.
fn cancel(truth: &mut Truth, which: &Which) -> Answer {
    let mut said = json!({ "out_trade_no": which.out_trade_no, "retry_flag": "N" });
    let now = Inner::now() + truth.ahead;
    let Ok(order) = traded(truth, which) else {
        return Ok(said);
    };
    let total = order.fen;
    let trade = order.trade.as_mut().ok_or_else(Problem::no_trade)?;
    match trade.status {
        TradeStatus::WaitBuyerPay => said["action"] = json!("close"),
        TradeStatus::TradeSuccess => {
            said["action"] = json!("refund");
            // who names no request is shown the order's number for it
            trade.give_back(&order.asked.out_trade_no, total - trade.refunded(), now);
        }
        TradeStatus::TradeClosed => return Ok(said),
    }
    trade.status = TradeStatus::TradeClosed;
    trade.closed_at = Some(now);
    Ok(said)
}

/// A trade as queries and payments by code show it.
pub(super) fn shown(order: &Order) -> Value {
    let mut said = json!({
        "out_trade_no": order.asked.out_trade_no,
        "total_amount": yuan(order.fen + order.script.amount_off_by),
        "buyer_logon_id": "186****0001",
        "point_amount": "0.00",
    });
    if let Some(trade) = &order.trade {
        said["trade_no"] = json!(trade.number);
        said["trade_status"] = json!(trade.status);
        if let Some(at) = trade.paid_at {
            said["send_pay_date"] = json!(written(at));
            said["receipt_amount"] = json!(yuan(order.fen));
        }
    }
    said
}
