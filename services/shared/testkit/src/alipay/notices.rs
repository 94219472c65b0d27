//! Telling the merchant: a signed form, repeated until the one word comes back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use encoding_rs::GBK;
use kernel::fresh_uuid;

use super::fields::{written, yuan};
use super::script::{Forgery, Script};
use super::sign::{self, Pairs};
use super::truth::Order;
use super::{Inner, Sent, lock};

/// The channel's pauses between tries, in seconds.
const PAUSES: [u64; 7] = [240, 600, 600, 3_600, 7_200, 21_600, 54_000];
/// The one answer that counts.
const THANKS: &str = "success";

/// One thing to tell.
struct Notice {
    out_trade_no: String,
    url: String,
    fields: Vec<(&'static str, String)>,
    script: Script,
}

impl Notice {
    fn state(&self) -> String {
        let state = self.fields.iter().find(|(name, _)| *name == "trade_status");
        state.map(|(_, state)| state.clone()).unwrap_or_default()
    }
}

impl Inner {
    pub(super) fn announce_payment(self: &Arc<Self>, order: Order) {
        self.announce(order, &[]);
    }

    /// Refunds are told to the payment's own address.
    pub(super) fn announce_refund(self: &Arc<Self>, order: Order, number: &str) {
        let back = order.trade.as_ref().map_or(0, super::truth::Trade::refunded);
        let more = [
            ("out_biz_no", number.to_owned()),
            ("refund_fee", yuan(back)),
            ("gmt_refund", format!("{}.320", written(Self::now()))),
        ];
        self.announce(order, &more);
    }

    fn announce(self: &Arc<Self>, order: Order, more: &[(&'static str, String)]) {
        let (Some(url), Some(trade)) = (order.notify_url.clone(), order.trade.clone()) else {
            return;
        };
        let total = yuan(order.fen + order.script.amount_off_by);
        let state = serde_json::to_value(trade.status).unwrap_or_default();
        let mut fields = vec![
            ("app_id", self.config.app_id.clone()),
            ("auth_app_id", self.config.app_id.clone()),
            ("buyer_id", "2088000000000099".to_owned()),
            ("buyer_logon_id", "186****0001".to_owned()),
            ("buyer_pay_amount", total.clone()),
            ("gmt_create", written(trade.made_at)),
            ("invoice_amount", total.clone()),
            ("notify_type", "trade_status_sync".to_owned()),
            ("out_trade_no", order.asked.out_trade_no.clone()),
            ("point_amount", "0.00".to_owned()),
            ("receipt_amount", total.clone()),
            ("seller_id", self.config.seller_id.clone()),
            ("subject", order.asked.subject.clone()),
            ("total_amount", total),
            ("trade_no", trade.number),
            ("trade_status", state.as_str().unwrap_or_default().to_owned()),
            ("version", "1.0".to_owned()),
        ];
        fields.extend(trade.paid_at.map(|at| ("gmt_payment", written(at))));
        fields.extend(trade.closed_at.map(|at| ("gmt_close", written(at))));
        fields.extend_from_slice(more);
        let (out_trade_no, script) = (order.asked.out_trade_no, order.script);
        let notice = Notice {
            out_trade_no,
            url,
            fields,
            script,
        };
        let inner = self.clone();
        self.spawn(async move { inner.tell(notice).await });
    }

    async fn tell(&self, notice: Notice) {
        tokio::time::sleep(Duration::from_millis(notice.script.delay_notice_ms)).await;
        for forgery in &notice.script.forged {
            let body = self.forge(&notice, *forgery);
            self.send(&notice, body, None, Some(*forgery)).await;
        }
        if notice.script.lose_notice {
            return;
        }
        let id = fresh_uuid().simple().to_string();
        for attempt in 1..=PAUSES.len() + 1 {
            let body = self.letter(&notice, &id);
            if self.send(&notice, body, Some(attempt), None).await {
                break;
            }
            let Some(pause) = PAUSES.get(attempt - 1) else {
                break;
            };
            tokio::time::sleep(Duration::from_secs(*pause) / self.config.speed.max(1)).await;
        }
        for _ in 0..notice.script.duplicate_notice {
            let body = self.letter(&notice, &id);
            self.send(&notice, body, None, None).await;
        }
    }

    /// True when the merchant acknowledged.
    async fn send(
        &self,
        notice: &Notice,
        body: Result<String>,
        attempt: Option<usize>,
        forged: Option<Forgery>,
    ) -> bool {
        let (status, acknowledged) = match body {
            Ok(body) => self.post(&self.target(&notice.url), body).await,
            Err(error) => {
                tracing::error!(%error, "a notification could not be made");
                (None, false)
            }
        };
        tracing::info!(
            out_trade_no = notice.out_trade_no,
            ?status,
            acknowledged,
            ?forged,
            "notification"
        );
        lock(&self.sent).push(Sent {
            out_trade_no: notice.out_trade_no.clone(),
            trade_status: notice.state(),
            attempt,
            forged,
            status,
            acknowledged,
        });
        acknowledged
    }

    async fn post(&self, url: &str, body: String) -> (Option<u16>, bool) {
        let kind = "application/x-www-form-urlencoded; text/html; charset=utf-8";
        let sent = self
            .http
            .post(url)
            .header("Content-Type", kind)
            .body(body)
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                tracing::warn!(%error, "no answer to a notification");
                return (None, false);
            }
        };
        let status = answer.status().as_u16();
        let said = answer.text().await.unwrap_or_default();
        (Some(status), status == 200 && said == THANKS)
    }

    fn target(&self, url: &str) -> String {
        let routes = lock(&self.routes);
        let route = routes
            .iter()
            .rev()
            .find_map(|(from, to)| url.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}")));
        route.unwrap_or_else(|| url.to_owned())
    }

    /// The form with its signature, which holds over the bytes of its charset.
    fn letter(&self, notice: &Notice, id: &str) -> Result<String> {
        Ok(sign::wire(&self.signed(notice, id)?))
    }

    fn signed(&self, notice: &Notice, id: &str) -> Result<Pairs> {
        let gbk = notice.script.notice_in_gbk;
        let coded = |text: &str| {
            if gbk {
                GBK.encode(text).0.into_owned()
            } else {
                text.as_bytes().to_vec()
            }
        };
        let mut pairs: Pairs = notice
            .fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), coded(value)))
            .collect();
        let own = [
            ("notify_id", id.to_owned()),
            ("notify_time", written(Self::now())),
            ("charset", if gbk { "GBK" } else { "utf-8" }.to_owned()),
            ("sign_type", "RSA2".to_owned()),
        ];
        pairs.extend(own.map(|(name, value)| (name.to_owned(), value.into_bytes())));
        let signature = lock(&self.keys).sign(&sign::text(&pairs, &["sign", "sign_type"]))?;
        pairs.push(("sign".to_owned(), signature.into_bytes()));
        Ok(pairs)
    }

    fn forge(&self, notice: &Notice, forgery: Forgery) -> Result<String> {
        let mut fields = notice.fields.clone();
        for (name, value) in &mut fields {
            match (forgery, *name) {
                (Forgery::WrongAmount, "total_amount") => {
                    *value = yuan(super::fields::fen(value).unwrap_or(1) + 1);
                }
                (Forgery::WrongSeller, "seller_id") => "2088000000000666".clone_into(value),
                (Forgery::WrongApp, "app_id") => "2021000000000666".clone_into(value),
                _ => {}
            }
        }
        let lie = Notice {
            out_trade_no: notice.out_trade_no.clone(),
            url: notice.url.clone(),
            fields,
            script: notice.script.clone(),
        };
        let mut pairs = self.signed(&lie, &fresh_uuid().simple().to_string())?;
        match (forgery, pairs.last_mut()) {
            (Forgery::BadSignature, Some((_, sign))) => {
                *sign = lock(&self.keys).sign(b"something else")?.into_bytes();
            }
            (Forgery::DecodedTwice, Some((_, sign))) => {
                // not every signature has a plus
                *sign = String::from_utf8_lossy(sign)
                    .replace('+', " ")
                    .replacen('/', " ", 1)
                    .into_bytes();
            }
            (Forgery::Unsigned, _) => drop(pairs.pop()),
            _ => {}
        }
        Ok(sign::wire(&pairs))
    }
}
