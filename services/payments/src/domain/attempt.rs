//! One try to collect an intent through a channel. Only evidence of the channel
//! ends a try: no time-out does.

use chrono::Duration;
use kernel::{Amount, AttemptId, IntentId, PaymentId, PersonId, StudioId, Timestamp};

use super::intent::Intent;
use super::route::Route;
use super::{Method, OutOfOrder};
use crate::channel::{AppCall, ChannelNumber, Order};
use crate::words::kept_words;

kept_words! {
    /// Why an attempt is being closed.
    Why { Expired = "expired", Cancelled = "cancelled", Declined = "declined" }
}

/// The code of a charge to which the payer did not agree.
const DECLINED: &str = "DECLINED";

/// Earlier than this after the charge channels do not reverse it, and it may
/// still be on its way to them.
const REVERSIBLE_AFTER: Duration = Duration::seconds(15);

/// By what the payer is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prompt {
    /// The text of a QR.
    Qr(String),
    /// What the payer's page hands to the channel's app.
    InApp(AppCall),
    /// The channel asks on the phone whose code was scanned.
    OnPhone,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Recorded here; the channel has not confirmed it.
    Creating,
    AwaitingPayment {
        prompt: Prompt,
    },
    /// To be closed at the channel; a payment may still win.
    Closing {
        why: Why,
    },
    /// A reversal may be on its way to the channel: whatever is found paid goes
    /// back, if it has not gone already.
    Reversing {
        why: Why,
    },
    Paid {
        at: Timestamp,
    },
    Failed {
        code: String,
    },
    Expired,
    Cancelled,
    /// Money came that the intent cannot take.
    Isolated {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Open {
        prompt: Prompt,
    },
    BeginClosing {
        why: Why,
    },
    BeginReversing,
    /// The channel, or the payer whose code was scanned, refused it for good.
    Refuse {
        code: String,
    },
    /// The channel says that it can no longer be paid.
    Close,
    Pay {
        at: Timestamp,
    },
    Isolate {
        at: Timestamp,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub id: AttemptId,
    pub intent_id: IntentId,
    pub person_id: PersonId,
    pub studio_id: StudioId,
    pub method: Method,
    /// Name of the account in the configuration.
    pub merchant: String,
    /// How it came to that account.
    pub route: Route,
    pub number: ChannelNumber,
    pub amount: Amount,
    pub description: String,
    pub state: State,
    /// In business time.
    pub expire_at: Timestamp,
    /// In real time, as the channel was told.
    pub channel_expire_at: Timestamp,
    pub created_at: Timestamp,
    pub traceparent: String,
    pub version: i64,
}

impl Why {
    fn end(self) -> State {
        match self {
            Self::Expired => State::Expired,
            Self::Cancelled => State::Cancelled,
            Self::Declined => State::Failed {
                code: DECLINED.to_owned(),
            },
        }
    }
}

impl State {
    pub fn take(self, step: Step) -> Result<Self, OutOfOrder> {
        use State::{
            AwaitingPayment, Cancelled, Closing, Creating, Expired, Failed, Isolated, Paid, Reversing,
        };
        Ok(match (self, step) {
            (Creating, Step::Open { prompt }) => AwaitingPayment { prompt },
            (
                Creating
                | AwaitingPayment {
                    prompt: Prompt::OnPhone,
                },
                Step::Refuse { code },
            ) => Failed { code },
            (Creating | AwaitingPayment { .. }, Step::BeginClosing { why }) => Closing { why },
            (Closing { why }, Step::BeginReversing) => Reversing { why },
            (Creating | AwaitingPayment { .. }, Step::Close) => Expired,
            (Closing { why } | Reversing { why }, Step::Close | Step::Refuse { .. }) => why.end(),
            (Creating | AwaitingPayment { .. } | Closing { .. }, Step::Pay { at }) => Paid { at },
            (
                Creating
                | AwaitingPayment { .. }
                | Closing { .. }
                | Reversing { .. }
                | Failed { .. }
                | Expired
                | Cancelled,
                Step::Isolate { at },
            ) => Isolated { at },
            (state, step) => {
                return Err(OutOfOrder {
                    state: state.word().to_owned(),
                    step: format!("{step:?}"),
                });
            }
        })
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::AwaitingPayment { .. } => "awaiting_payment",
            Self::Closing { .. } => "closing",
            Self::Reversing { .. } => "reversing",
            Self::Paid { .. } => "paid",
            Self::Failed { .. } => "failed",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Isolated { .. } => "isolated",
        }
    }

    /// The payer may still pay it as far as we know.
    pub fn is_live(&self) -> bool {
        matches!(
            self,
            Self::Creating | Self::AwaitingPayment { .. } | Self::Closing { .. } | Self::Reversing { .. }
        )
    }

    /// It is on its way to its end at the channel.
    pub fn is_ending(&self) -> bool {
        matches!(self, Self::Closing { .. } | Self::Reversing { .. })
    }

    /// Money was found on it.
    pub fn has_money(&self) -> bool {
        matches!(self, Self::Paid { .. } | Self::Isolated { .. })
    }
}

/// What an attempt needs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time, and it is taken apart at once"
)]
pub enum Look {
    /// It has ended.
    Over,
    /// Ask the channel.
    Ask,
    /// Its time is over: this stands before the channel is asked to close it.
    BeginClosing(Attempt),
    /// Have the channel close it.
    Close,
}

/// How long an attempt lives: for us, and as the channel is told.
#[derive(Debug, Clone, Copy)]
pub struct Life {
    pub expire_at: Timestamp,
    pub channel_expire_at: Timestamp,
}

impl Attempt {
    /// A new try, with its number at the channel.
    pub fn start(
        id: AttemptId,
        intent: &Intent,
        method: Method,
        merchant: &str,
        life: Life,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            intent_id: intent.id,
            person_id: intent.claim.person_id,
            studio_id: intent.claim.studio_id,
            method,
            merchant: merchant.to_owned(),
            route: Route::default(),
            number: ChannelNumber::of_attempt(id),
            amount: intent.claim.amount,
            description: intent.claim.description.clone(),
            state: State::Creating,
            expire_at: life.expire_at,
            channel_expire_at: life.channel_expire_at,
            created_at: now,
            traceparent: String::new(),
            version: 1,
        }
    }

    /// What the channel is asked; the same on every retry.
    pub fn order(&self) -> Order {
        Order {
            number: self.number.clone(),
            description: self.description.clone(),
            amount: self.amount,
            expire_at: self.channel_expire_at,
        }
    }

    /// The payment that this attempt becomes when it is paid.
    pub fn payment_id(&self) -> PaymentId {
        PaymentId::derived(self.id, "payment")
    }

    /// For how long nothing can have been on its way to the channel: from then on
    /// its silence begins to prove that there is nothing. Alipay hears of an
    /// attempt when the payer scans, which is possible until the end.
    pub fn quiet_for(&self, now: Timestamp) -> Duration {
        match self.method {
            Method::AlipayQr => now - self.expire_at,
            Method::WechatNative
            | Method::WechatCodepay
            | Method::WechatJsapi
            | Method::AlipayBarcode
            | Method::Cash
            | Method::CardTerminal
            | Method::BankTransfer => now - self.created_at,
        }
    }

    /// Whether the channel has left it unknown for twice its life.
    pub fn is_long_unknown(&self, now: Timestamp) -> bool {
        self.state.is_live() && now - self.expire_at >= self.expire_at - self.created_at
    }

    /// Before the channel is asked to reverse the charge this stands; `None` when
    /// it is too early to ask.
    pub fn begin_reversing(&self, now: Timestamp) -> Result<Option<Self>, OutOfOrder> {
        if now - self.created_at < REVERSIBLE_AFTER {
            return Ok(None);
        }
        match self.state {
            State::Reversing { .. } => Ok(Some(self.clone())),
            _ => self.take(Step::BeginReversing).map(Some),
        }
    }

    /// On its way to be closed; `None` when it is already.
    pub fn begin_closing(&self, why: Why) -> Result<Option<Self>, OutOfOrder> {
        if self.state.is_ending() {
            return Ok(None);
        }
        self.take(Step::BeginClosing { why }).map(Some)
    }

    /// What has to be done to learn what became of it.
    pub fn look(&self, now: Timestamp) -> Result<Look, OutOfOrder> {
        Ok(match self.state {
            State::Closing { .. } | State::Reversing { .. } => Look::Close,
            _ if !self.state.is_live() => Look::Over,
            _ if now < self.expire_at => Look::Ask,
            _ => Look::BeginClosing(self.take(Step::BeginClosing { why: Why::Expired })?),
        })
    }

    /// The attempt after a step.
    pub fn take(&self, step: Step) -> Result<Self, OutOfOrder> {
        Ok(Self {
            state: self.state.clone().take(step)?,
            version: self.version + 1,
            ..self.clone()
        })
    }
}

#[cfg(test)]
mod tests;
