//! What may happen and what follows, without I/O: no database, no channel, no
//! clock.

pub mod attempt;
pub mod breaker;
pub mod capitals;
pub mod closure;
pub mod counter_code;
pub mod credential;
pub mod drawer;
pub mod evidence;
pub mod exception;
pub mod intent;
pub mod isolated;
pub mod limit;
pub mod notice;
pub mod payment;
pub mod receipt;
pub mod reconciliation;
pub mod redirection;
pub mod refund;
mod refusal;
pub mod route;
pub mod schedule;
pub mod seller;
pub mod statement;
pub mod suspense;
pub mod transfer;
pub mod verification;

use chrono::Duration;

pub use refusal::Refusal;

use crate::words::kept_words;

kept_words! {
    /// What the money of an intent is for.
    Purpose { Order = "order", Recharge = "recharge" }
}

kept_words! {
    /// How a payer pays. A word begins with that of the channel.
    Method {
        WechatNative = "wechat_native",
        WechatCodepay = "wechat_codepay",
        WechatJsapi = "wechat_jsapi",
        AlipayQr = "alipay_qr",
        AlipayBarcode = "alipay_barcode",
        Cash = "cash",
        CardTerminal = "card_terminal",
        /// Whatever begins with `bank` would be a line of a bank to the SQL that
        /// pairs bills.
        BankTransfer = "transfer",
    }
}

/// What payer and desk do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// The payer scans a QR that we show.
    Scan,
    /// The payer pays inside the channel's app.
    InApp,
    /// The payer shows a code that we scan. It is charged at once and once; what
    /// came of it is reversed, never closed.
    Charge,
    /// A person takes it at a drawer. No channel knows of it.
    Drawer,
    /// The payer sends it to a bank account. It is recorded when it is seen there.
    Transfer,
}

impl Method {
    /// The channel by which it pays, as in the callbacks' address.
    pub const fn channel(self) -> &'static str {
        match self {
            Self::WechatNative | Self::WechatCodepay | Self::WechatJsapi => "wechat",
            Self::AlipayQr | Self::AlipayBarcode => "alipay",
            Self::Cash | Self::CardTerminal => "drawer",
            Self::BankTransfer => "transfer",
        }
    }

    pub const fn way(self) -> Way {
        match self {
            Self::WechatNative | Self::AlipayQr => Way::Scan,
            Self::WechatJsapi => Way::InApp,
            Self::WechatCodepay | Self::AlipayBarcode => Way::Charge,
            Self::Cash | Self::CardTerminal => Way::Drawer,
            Self::BankTransfer => Way::Transfer,
        }
    }

    /// How long an attempt by it lives, when one for which nobody stands at the
    /// counter lives for `usual`.
    pub fn life(self, usual: Duration) -> Duration {
        match self {
            Self::WechatNative
            | Self::WechatJsapi
            | Self::AlipayQr
            | Self::Cash
            | Self::CardTerminal
            | Self::BankTransfer => usual,
            Self::WechatCodepay => Duration::seconds(45),
            Self::AlipayBarcode => Duration::seconds(60),
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
pub mod examples {
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
        attempt_by(Method::WechatNative, intent)
    }

    pub fn attempt_by(method: Method, intent: &Intent) -> Attempt {
        let end = noon() + Duration::minutes(15);
        let life = Life {
            expire_at: end,
            channel_expire_at: end,
        };
        Attempt::start(AttemptId::fresh(), intent, method, "house", life, noon())
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
