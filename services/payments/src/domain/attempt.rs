//! One try to collect an intent through a channel. Only evidence of the channel
//! ends a try: no time-out does.

use kernel::{Amount, AttemptId, IntentId, PaymentId, PersonId, StudioId, Timestamp};

use super::intent::Intent;
use super::{Method, OutOfOrder};
use crate::channel::ChannelNumber;
use crate::words::kept_words;

kept_words! {
    /// Why an attempt is being closed.
    Why { Expired = "expired", Cancelled = "cancelled" }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Recorded here; the channel has not confirmed it.
    Creating,
    AwaitingPayment {
        code_url: String,
    },
    /// To be closed at the channel; a payment may still win.
    Closing {
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
        code_url: String,
    },
    BeginClosing {
        why: Why,
    },
    /// The channel refused it for good.
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

impl State {
    pub fn take(self, step: Step) -> Result<Self, OutOfOrder> {
        use State::{AwaitingPayment, Cancelled, Closing, Creating, Expired, Failed, Isolated, Paid};
        Ok(match (self, step) {
            (Creating, Step::Open { code_url }) => AwaitingPayment { code_url },
            (Creating, Step::Refuse { code }) => Failed { code },
            (Creating | AwaitingPayment { .. }, Step::BeginClosing { why }) => Closing { why },
            (Creating | AwaitingPayment { .. }, Step::Close)
            | (Closing { why: Why::Expired }, Step::Close | Step::Refuse { .. }) => Expired,
            (Closing { why: Why::Cancelled }, Step::Close | Step::Refuse { .. }) => Cancelled,
            (Creating | AwaitingPayment { .. } | Closing { .. }, Step::Pay { at }) => Paid { at },
            (
                Creating | AwaitingPayment { .. } | Closing { .. } | Failed { .. } | Expired | Cancelled,
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
            Self::Creating | Self::AwaitingPayment { .. } | Self::Closing { .. }
        )
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

    /// The payment that this attempt becomes when it is paid.
    pub fn payment_id(&self) -> PaymentId {
        PaymentId::derived(self.id, "payment")
    }

    /// For how long nothing can have been on its way to the channel: from then on
    /// its silence begins to prove that there is nothing. Alipay hears of an
    /// attempt when the payer scans, which is possible until the end.
    pub fn quiet_for(&self, now: Timestamp) -> chrono::Duration {
        match self.method {
            Method::WechatNative => now - self.created_at,
            Method::AlipayQr => now - self.expire_at,
        }
    }

    /// On its way to be closed; `None` when it is already.
    pub fn begin_closing(&self, why: Why) -> Result<Option<Self>, OutOfOrder> {
        match self.state {
            State::Closing { .. } => Ok(None),
            _ => self.take(Step::BeginClosing { why }).map(Some),
        }
    }

    /// What has to be done to learn what became of it.
    pub fn look(&self, now: Timestamp) -> Result<Look, OutOfOrder> {
        Ok(match self.state {
            State::Closing { .. } => Look::Close,
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
mod tests {
    use super::*;
    use crate::domain::examples::noon;

    fn states() -> Vec<State> {
        vec![
            State::Creating,
            State::AwaitingPayment {
                code_url: "weixin://x".to_owned(),
            },
            State::Closing { why: Why::Expired },
            State::Closing { why: Why::Cancelled },
            State::Paid { at: noon() },
            State::Failed {
                code: "PARAM_ERROR".to_owned(),
            },
            State::Expired,
            State::Cancelled,
            State::Isolated { at: noon() },
        ]
    }

    fn steps() -> Vec<(&'static str, Step)> {
        vec![
            (
                "open",
                Step::Open {
                    code_url: "weixin://x".to_owned(),
                },
            ),
            ("begin closing", Step::BeginClosing { why: Why::Cancelled }),
            (
                "refuse",
                Step::Refuse {
                    code: "PARAM_ERROR".to_owned(),
                },
            ),
            ("close", Step::Close),
            ("pay", Step::Pay { at: noon() }),
            ("isolate", Step::Isolate { at: noon() }),
        ]
    }

    /// Every pair that is allowed and where it leads; all others are refused.
    const ALLOWED: &[(&str, &str, &str)] = &[
        ("creating", "open", "awaiting_payment"),
        ("creating", "begin closing", "closing"),
        ("creating", "refuse", "failed"),
        ("creating", "close", "expired"),
        ("creating", "pay", "paid"),
        ("creating", "isolate", "isolated"),
        ("awaiting_payment", "begin closing", "closing"),
        ("awaiting_payment", "close", "expired"),
        ("awaiting_payment", "pay", "paid"),
        ("awaiting_payment", "isolate", "isolated"),
        ("closing", "pay", "paid"),
        ("closing", "isolate", "isolated"),
        ("failed", "isolate", "isolated"),
        ("expired", "isolate", "isolated"),
        ("cancelled", "isolate", "isolated"),
    ];

    #[test]
    fn every_pair_of_state_and_step_is_in_the_table_or_refused() {
        for state in states() {
            for (name, step) in steps() {
                let expected = match (&state, name) {
                    (State::Closing { why }, "close" | "refuse") => Some(why.word()),
                    _ => ALLOWED
                        .iter()
                        .find(|(s, n, _)| *s == state.word() && *n == name)
                        .map(|(_, _, to)| *to),
                };
                let found = state.clone().take(step).ok();
                assert_eq!(found.as_ref().map(State::word), expected, "{state:?} {name}");
            }
        }
    }

    #[test]
    fn what_is_paid_never_becomes_unpaid() {
        for (_, step) in steps() {
            assert!(State::Paid { at: noon() }.take(step.clone()).is_err());
            assert!(State::Isolated { at: noon() }.take(step).is_err());
        }
    }

    #[test]
    fn the_number_at_the_channel_follows_from_the_attempt_and_suits_every_channel() {
        let id = AttemptId::fresh();
        let number = ChannelNumber::of_attempt(id);
        assert_eq!(number, ChannelNumber::of_attempt(id));
        assert_eq!(number.as_str().len(), 32);
        assert!(number.as_str().chars().all(|c| c.is_ascii_alphanumeric()));
    }
}
