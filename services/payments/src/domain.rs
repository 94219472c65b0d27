//! What may happen and what follows, without I/O: no database, no channel, no
//! clock.

pub mod attempt;
pub mod evidence;
pub mod intent;
pub mod isolated;
pub mod notice;
pub mod payment;
pub mod receipt;
pub mod reconciliation;
pub mod refund;
mod refusal;
pub mod schedule;
pub mod statement;

pub use refusal::Refusal;

use crate::words::kept_words;

kept_words! {
    /// What the money of an intent is for.
    Purpose { Order = "order", Recharge = "recharge" }
}

kept_words! {
    /// How a payer pays.
    Method { WechatNative = "wechat_native", AlipayQr = "alipay_qr" }
}

impl Method {
    /// The channel by which it pays, as in the callbacks' address.
    pub const fn channel(self) -> &'static str {
        match self {
            Self::WechatNative => "wechat",
            Self::AlipayQr => "alipay",
        }
    }
}

/// A step that the state does not allow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{state} allows no step {step}")]
pub struct OutOfOrder {
    pub state: String,
    pub step: String,
}

#[cfg(test)]
mod examples {
    use super::attempt::{Attempt, Life};
    use super::intent::{Claim, Intent};
    use super::{Method, Purpose};
    use crate::channel::{Identity, Paid};
    use chrono::{Duration, TimeZone as _};
    use kernel::{Amount, AttemptId, DueId, IntentId, LegalEntityId, PersonId, StudioId, Timestamp};

    pub fn noon() -> Timestamp {
        chrono::Utc.with_ymd_and_hms(2026, 11, 21, 4, 0, 0).unwrap()
    }

    pub fn intent() -> Intent {
        Claim {
            purpose: Purpose::Order,
            due_id: DueId::fresh(),
            person_id: PersonId::fresh(),
            studio_id: StudioId::fresh(),
            legal_entity_id: LegalEntityId::fresh(),
            amount: Amount::from_minor(368_000).unwrap(),
            description: "年卡".to_owned(),
            expire_at: noon() + Duration::hours(2),
        }
        .open(IntentId::fresh(), noon())
        .unwrap()
    }

    pub fn attempt_of(intent: &Intent) -> Attempt {
        let end = noon() + Duration::minutes(15);
        let life = Life {
            expire_at: end,
            channel_expire_at: end,
        };
        Attempt::start(
            AttemptId::fresh(),
            intent,
            Method::WechatNative,
            "house",
            life,
            noon(),
        )
    }

    pub fn ours() -> Identity {
        Identity {
            merchant: "1900000001".to_owned(),
            app: "wx0000000000000001".to_owned(),
        }
    }

    pub fn paid(attempt: &Attempt) -> Paid {
        Paid {
            number: attempt.number.clone(),
            identity: ours(),
            transaction: "4200000001".to_owned(),
            amount_minor: attempt.amount.minor(),
            currency: "CNY".to_owned(),
            paid_at: noon() + Duration::minutes(1),
        }
    }
}
