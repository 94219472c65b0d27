//! Telling the merchant: encrypted, signed, repeated until acknowledged.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use kernel::fresh_uuid;
use serde_json::{Value, json};

use super::script::{Forgery, RefundEnd, Script};
use super::show::rfc3339;
use super::sign::{PROBE, SCHEME, answer_text, encrypt};
use super::truth::{Order, Refund, RefundStatus};
use super::{Inner, Product, Sent, lock, nonce};

/// The channel's pauses between tries, in seconds.
const PAUSES: [u64; 15] = [
    15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
];

/// One thing to tell.
struct Notice {
    out_trade_no: String,
    url: String,
    event_type: &'static str,
    original_type: &'static str,
    resource: Value,
    script: Script,
}

/// Headers and body as they leave.
struct Letter {
    body: String,
    timestamp: i64,
    nonce: String,
    signature: String,
    serial: String,
}

impl Inner {
    /// Tells of a payment; a shown code was answered and is not told.
    pub(super) fn announce_payment(self: Arc<Self>, order: Order) {
        if order.product == Product::Codepay {
            return;
        }
        let notice = Notice {
            out_trade_no: order.asked.out_trade_no.clone(),
            url: order.asked.notify_url.clone(),
            event_type: "TRANSACTION.SUCCESS",
            original_type: "transaction",
            resource: order.object(),
            script: order.script,
        };
        let inner = self.clone();
        self.spawn(async move { inner.tell(notice).await });
    }

    /// Brings an accepted refund to its end after its time, and tells.
    pub(super) fn settle_refund(self: Arc<Self>, refund: Refund, script: Script) {
        let status = match script.refund_ends {
            RefundEnd::Never => return,
            RefundEnd::Success => RefundStatus::Success,
            RefundEnd::Abnormal => RefundStatus::Abnormal,
            RefundEnd::Closed => RefundStatus::Closed,
        };
        let inner = self.clone();
        self.spawn(async move {
            tokio::time::sleep(inner.config.refund_takes).await;
            let ended = lock(&inner.truth).end_refund(&refund.asked.out_refund_no, status, Self::now());
            let (Some(ended), Some(url)) = (ended, refund.asked.notify_url) else {
                return;
            };
            let event_type = match status {
                RefundStatus::Abnormal => "REFUND.ABNORMAL",
                RefundStatus::Closed => "REFUND.CLOSED",
                RefundStatus::Success | RefundStatus::Processing => "REFUND.SUCCESS",
            };
            let resource = ended.notice(&inner.config.mchid);
            let out_trade_no = ended.out_trade_no;
            inner
                .tell(Notice {
                    out_trade_no,
                    url,
                    event_type,
                    original_type: "refund",
                    resource,
                    script,
                })
                .await;
        });
    }

    async fn tell(&self, notice: Notice) {
        tokio::time::sleep(Duration::from_millis(notice.script.delay_callback_ms)).await;
        for forgery in &notice.script.forged {
            let letter = self.forge(&notice, *forgery);
            self.send(&notice, letter, None, Some(*forgery)).await;
        }
        if notice.script.lose_callback {
            return;
        }
        let id = fresh_uuid().to_string();
        for attempt in 1..=PAUSES.len() {
            let letter = self.letter(&notice, &id);
            if self.send(&notice, letter, Some(attempt), None).await {
                break;
            }
            let pause = Duration::from_secs(PAUSES[attempt - 1]) / self.config.speed.max(1);
            tokio::time::sleep(pause).await;
        }
        for _ in 0..notice.script.duplicate_callback {
            let letter = self.letter(&notice, &id);
            self.send(&notice, letter, None, None).await;
        }
    }

    /// True when the merchant acknowledged.
    async fn send(
        &self,
        notice: &Notice,
        letter: Result<Letter>,
        attempt: Option<usize>,
        forged: Option<Forgery>,
    ) -> bool {
        let status = match letter {
            Ok(letter) => self.post(&self.target(&notice.url), letter).await,
            Err(error) => {
                tracing::error!(%error, "a callback could not be made");
                None
            }
        };
        tracing::info!(
            out_trade_no = notice.out_trade_no,
            event = notice.event_type,
            ?status,
            ?forged,
            "callback"
        );
        lock(&self.sent).push(Sent {
            out_trade_no: notice.out_trade_no.clone(),
            event_type: notice.event_type.to_owned(),
            attempt,
            forged,
            status,
        });
        matches!(status, Some(200 | 204))
    }

    async fn post(&self, url: &str, letter: Letter) -> Option<u16> {
        let sent = self
            .http
            .post(url)
            .header("Content-Type", "application/json")
            .header("User-Agent", "Mozilla/4.0")
            .header("Wechatpay-Timestamp", letter.timestamp.to_string())
            .header("Wechatpay-Nonce", letter.nonce)
            .header("Wechatpay-Signature", letter.signature)
            .header("Wechatpay-Serial", letter.serial)
            .header("Wechatpay-Signature-Type", SCHEME)
            .body(letter.body)
            .send()
            .await;
        sent.map_err(|error| tracing::warn!(%error, "no answer to a callback"))
            .ok()
            .map(|r| r.status().as_u16())
    }

    fn target(&self, url: &str) -> String {
        let routes = lock(&self.routes);
        let route = routes
            .iter()
            .rev()
            .find_map(|(from, to)| url.strip_prefix(from.as_str()).map(|rest| format!("{to}{rest}")));
        route.unwrap_or_else(|| url.to_owned())
    }

    fn letter(&self, notice: &Notice, id: &str) -> Result<Letter> {
        let body = envelope(notice, id, &notice.resource, self.config.api_v3_key.as_bytes())?;
        self.signed(body, Self::now().timestamp())
    }

    fn signed(&self, body: String, timestamp: i64) -> Result<Letter> {
        let nonce = nonce(32);
        let text = answer_text(&timestamp.to_string(), &nonce, body.as_bytes());
        let (signature, serial) = self.signed_by(None, &text)?;
        Ok(Letter {
            body,
            timestamp,
            nonce,
            signature,
            serial,
        })
    }

    fn forge(&self, notice: &Notice, forgery: Forgery) -> Result<Letter> {
        let id = fresh_uuid().to_string();
        let mut resource = notice.resource.clone();
        let mut key = self.config.api_v3_key.clone().into_bytes();
        let mut timestamp = Self::now().timestamp();
        match forgery {
            Forgery::WrongAmount => {
                let total = resource["amount"]["total"].as_i64().unwrap_or_default() + 1;
                resource["amount"]["total"] = json!(total);
            }
            Forgery::WrongMerchant => resource["mchid"] = json!("1900000999"),
            Forgery::WrongApp => {
                // a refund's callback names none
                if let Some(appid) = resource.get_mut("appid") {
                    *appid = json!("wx0000000000000666");
                }
            }
            Forgery::WrongKey => key.reverse(),
            Forgery::StaleTimestamp => timestamp -= 600,
            Forgery::BadSignature | Forgery::SignTest | Forgery::UnknownSerial => {}
        }
        let mut letter = self.signed(envelope(notice, &id, &resource, &key)?, timestamp)?;
        match forgery {
            Forgery::BadSignature => letter.signature = self.signed_by(None, b"something else")?.0,
            Forgery::SignTest => letter.signature = format!("{PROBE}{}", letter.signature),
            Forgery::UnknownSerial => "PUB_KEY_ID_00000000000000000000000000".clone_into(&mut letter.serial),
            _ => {}
        }
        Ok(letter)
    }
}

fn envelope(notice: &Notice, id: &str, resource: &Value, key: &[u8]) -> Result<String> {
    let nonce = nonce(12);
    let ciphertext = encrypt(key, &nonce, notice.original_type, resource.to_string().as_bytes())?;
    let envelope = json!({
        "id": id,
        "create_time": rfc3339(Inner::now()),
        "resource_type": "encrypt-resource",
        "event_type": notice.event_type,
        "summary": if notice.original_type == "refund" { "退款" } else { "支付成功" },
        "resource": {
            "original_type": notice.original_type,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": ciphertext,
            "associated_data": notice.original_type,
            "nonce": nonce,
        },
    });
    Ok(envelope.to_string())
}
