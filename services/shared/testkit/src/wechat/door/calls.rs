//! What each call does to the truth.

use std::sync::Arc;

use http::StatusCode;
use serde_json::json;

use super::answer::Answer;
use crate::wechat::bill::{BillKind, Wanted};
use crate::wechat::fields::{
    Application, CloseOrder, CodeOrder, NewOrder, NewRefund, Problem, ReverseOrder, read,
};
use crate::wechat::script::{Operation, RefundEnd};
use crate::wechat::{Inner, Product, lock};

/// A request that is well signed.
pub struct Call<'a> {
    pub operation: Operation,
    /// Of the path, behind `/v3`.
    pub segments: &'a [&'a str],
    pub query: &'a str,
    pub body: &'a [u8],
    pub host: &'a str,
    /// The key of the channel's that it names.
    pub wanted: Option<&'a str>,
}

impl Call<'_> {
    fn number(&self) -> &str {
        self.segments.get(3).copied().unwrap_or_default()
    }
}

impl Inner {
    pub(super) fn carry_out(self: &Arc<Self>, call: &Call<'_>) -> Answer {
        match call.operation {
            Operation::Create => self.create(call),
            Operation::Charge => self.charge(call.body),
            Operation::Query => self.query(call),
            Operation::Close => {
                self.own(&read::<CloseOrder>(call.body)?.mchid)?;
                lock(&self.truth).close(call.number())?;
                Ok((StatusCode::NO_CONTENT, None))
            }
            Operation::Reverse => self.reverse(call),
            Operation::Refund => self.refund(call.body),
            Operation::Apply => self.apply(call),
            Operation::QueryRefund => {
                let truth = lock(&self.truth);
                let refund = truth.refunds.get(call.number());
                let refund =
                    refund.ok_or_else(|| Problem::new(404, "RESOURCE_NOT_EXISTS", "no such refund"))?;
                Ok((StatusCode::OK, Some(refund.object())))
            }
            Operation::Certificates => {
                let listed = lock(&self.keyring).list(self.config.api_v3_key.as_bytes());
                let listed = listed.map_err(|e| Problem::new(500, "SYSTEM_ERROR", e.to_string()))?;
                let none = || Problem::new(404, "RESOURCE_NOT_EXISTS", "this merchant has a public key");
                Ok((StatusCode::OK, Some(listed.ok_or_else(none)?)))
            }
            Operation::Bill => self.bill(call),
            Operation::Download => Err(Problem::new(404, "RESOURCE_NOT_EXISTS", "no such resource")),
        }
    }

    fn create(&self, call: &Call<'_>) -> Answer {
        let product = match call.segments.get(2) {
            Some(&"jsapi") => Product::Jsapi,
            _ => Product::Native,
        };
        let order: NewOrder = read(call.body)?;
        self.own_app(&order.mchid, &order.appid)?;
        order.check(product, Self::now())?;
        let code = lock(&self.truth).create(product, order, Self::now())?;
        let name = if product == Product::Jsapi {
            "prepay_id"
        } else {
            "code_url"
        };
        Ok((StatusCode::OK, Some(json!({ name: code }))))
    }

    fn charge(&self, body: &[u8]) -> Answer {
        let order: CodeOrder = read(body)?;
        self.own_app(&order.mchid, &order.appid)?;
        order.check()?;
        let order = lock(&self.truth).charge(order.kept(), Self::now())?;
        Ok((StatusCode::OK, Some(order.object())))
    }

    fn query(&self, call: &Call<'_>) -> Answer {
        self.own(call.query.strip_prefix("mchid=").unwrap_or_default())?;
        let mut truth = lock(&self.truth);
        if call.segments.get(2) == Some(&"id") {
            return Ok((
                StatusCode::OK,
                Some(truth.order_by_transaction(call.number())?.object()),
            ));
        }
        truth.think(call.number(), Self::now());
        Ok((StatusCode::OK, Some(truth.order(call.number())?.object())))
    }

    fn reverse(&self, call: &Call<'_>) -> Answer {
        let asked: ReverseOrder = read(call.body)?;
        self.own_app(&asked.mchid, &asked.appid)?;
        let not_before = self.config.reverse_after;
        lock(&self.truth).reverse(call.number(), not_before, Self::now())?;
        Ok((StatusCode::NO_CONTENT, None))
    }

    fn refund(self: &Arc<Self>, body: &[u8]) -> Answer {
        let asked: NewRefund = read(body)?;
        asked.check()?;
        let (refund, script, is_new) = {
            let mut truth = lock(&self.truth);
            let known = truth.refunds.contains_key(&asked.out_refund_no);
            let refund = truth.refund(asked, Self::now())?;
            let script = truth.order(&refund.out_trade_no)?.script.clone();
            (refund, script, !known)
        };
        let object = refund.object();
        if is_new {
            self.clone().settle_refund(refund, script);
        }
        Ok((StatusCode::OK, Some(object)))
    }

    /// An abnormal refund goes elsewhere, and arrives there.
    fn apply(self: &Arc<Self>, call: &Call<'_>) -> Answer {
        let asked: Application = read(call.body)?;
        if let Some((number, holder)) = asked.check()? {
            let keyring = lock(&self.keyring);
            let key = call.wanted.and_then(|id| keyring.named(id));
            let key = key.ok_or_else(|| Problem::param("Wechatpay-Serial must name the sealing key"))?;
            let opened = key.open(number).zip(key.open(holder));
            if opened.is_none_or(|(number, holder)| number.is_empty() || holder.is_empty()) {
                return Err(Problem::param(
                    "bank_account and real_name must be sealed for this key",
                ));
            }
        }
        let (refund, mut script) = {
            let mut truth = lock(&self.truth);
            let refund = truth.send_elsewhere(call.number(), &asked.out_refund_no, asked.kind)?;
            let script = truth.order(&refund.out_trade_no)?.script.clone();
            (refund, script)
        };
        let object = refund.object();
        script.refund_ends = RefundEnd::Success;
        self.clone().settle_refund(refund, script);
        Ok((StatusCode::OK, Some(object)))
    }

    fn bill(&self, call: &Call<'_>) -> Answer {
        let kind = match call.segments.get(1) {
            Some(&"tradebill") => BillKind::Trades,
            _ => BillKind::Funds,
        };
        let wanted = Wanted::read(kind, call.query)?;
        let base = format!("http://{}", call.host);
        let truth = lock(&self.truth);
        let told = lock(&self.bills).ask(&wanted, &truth, &self.config.mchid, &base)?;
        Ok((StatusCode::OK, Some(told)))
    }

    fn own(&self, mchid: &str) -> Result<(), Problem> {
        if mchid == self.config.mchid {
            Ok(())
        } else {
            Err(Problem::param("mchid is not the one that signed"))
        }
    }

    fn own_app(&self, mchid: &str, appid: &str) -> Result<(), Problem> {
        self.own(mchid)?;
        if appid == self.config.appid {
            Ok(())
        } else {
            Err(Problem::new(
                400,
                "APPID_MCHID_NOT_MATCH",
                "appid is not bound to mchid",
            ))
        }
    }
}
