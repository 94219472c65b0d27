//! Money that we have and that no due explains, until two persons say what it is.

use kernel::{Amount, AttemptId, IntentId, LegalEntityId, PersonId, Timestamp};
use uuid::Uuid;

use super::intent::Intent;
use super::statement::Party;
use super::{Method, Refusal};
use crate::words::kept_words;

kept_words! {
    Origin {
        BankLine = "bank_line",
        /// What was left of a bank's line after its due.
        Remainder = "remainder",
        /// A line of a channel's bill, paid by a static code on a counter.
        CounterCode = "counter_code",
    }
}

kept_words! {
    /// The word of an end, as a row holds it beside the intent.
    Ending { Assign = "assign", SendBack = "send_back", Explain = "explain" }
}

/// What becomes of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It pays a due.
    Assign(IntentId),
    SendBack,
    /// It was never a member's: interest, cash that we brought, a payout.
    Explain,
}

impl End {
    pub const fn ending(self) -> Ending {
        match self {
            Self::Assign(_) => Ending::Assign,
            Self::SendBack => Ending::SendBack,
            Self::Explain => Ending::Explain,
        }
    }

    pub const fn intent(self) -> Option<IntentId> {
        match self {
            Self::Assign(intent) => Some(intent),
            Self::SendBack | Self::Explain => None,
        }
    }
}

/// Who ended an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Persons {
        maker: PersonId,
        checker: PersonId,
    },
    /// A payout of a channel that it turned out to be.
    Proof,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Open,
    Proposed { end: End, maker: PersonId },
    Ended { end: End, by: By, at: Timestamp },
}

impl State {
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proposed { .. } => "proposed",
            Self::Ended { end, .. } => match end {
                End::Assign(_) => "assigned",
                End::SendBack => "sent_back",
                End::Explain => "explained",
            },
        }
    }

    pub const fn end(&self) -> Option<End> {
        match self {
            Self::Open => None,
            Self::Proposed { end, .. } | Self::Ended { end, .. } => Some(*end),
        }
    }
}

/// Where an item's money stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub party: Party,
    pub legal_entity: LegalEntityId,
    /// Name of the account in the configuration.
    pub account: String,
    pub statement: Uuid,
    pub line: i32,
    /// Theirs of the line; of what was left of it, marked as such.
    pub transaction: String,
    /// The number of the order that a channel made for a code; empty at a bank.
    pub number: String,
    pub received_at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub id: Uuid,
    pub origin: Origin,
    /// The item of which this is left.
    pub remains_of: Option<Uuid>,
    pub place: Place,
    pub amount: Amount,
    pub found_at: Timestamp,
    /// It has an end by then.
    pub due_at: Timestamp,
    /// Whose reference stands in the line.
    pub suggested: Option<IntentId>,
    pub state: State,
    /// What was captured with it.
    pub attempt: Option<AttemptId>,
    pub note: String,
    pub version: i64,
}

/// What a person does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Propose {
        end: End,
        by: PersonId,
    },
    Confirm {
        by: PersonId,
        at: Timestamp,
    },
    Decline {
        by: PersonId,
    },
    /// A payout of a channel explains it.
    Prove {
        at: Timestamp,
    },
}

impl State {
    pub fn take(self, step: Step) -> Result<Self, Refusal> {
        Ok(match (self, step) {
            (Self::Open, Step::Propose { end, by }) => Self::Proposed { end, maker: by },
            (Self::Proposed { maker, .. }, Step::Confirm { by, .. } | Step::Decline { by })
                if maker == by =>
            {
                return Err(Refusal::SamePerson);
            }
            (Self::Proposed { end, maker }, Step::Confirm { by, at }) => {
                let by = By::Persons { maker, checker: by };
                Self::Ended { end, by, at }
            }
            (Self::Proposed { .. }, Step::Decline { .. }) => Self::Open,
            (Self::Open, Step::Prove { at }) => Self::Ended {
                end: End::Explain,
                by: By::Proof,
                at,
            },
            (state, _) => return Err(Refusal::SuspenseState { state: state.word() }),
        })
    }
}

impl Place {
    /// How the money came. What a channel took by a static code is an order of the
    /// channel's under its own number: it agrees with its bill, and goes back through
    /// the channel like any other.
    pub const fn method(&self) -> Method {
        match self.party {
            Party::Bank => Method::BankTransfer,
            Party::Wechat => Method::WechatNative,
            Party::Alipay => Method::AlipayQr,
        }
    }

    /// The number of the payment that it becomes, which no other has: two banks
    /// may count alike.
    pub fn payment_transaction(&self) -> String {
        match self.party {
            Party::Bank => format!("{}:{}", self.account, self.transaction),
            Party::Wechat | Party::Alipay => self.transaction.clone(),
        }
    }
}

impl Item {
    /// A line of a bank or of a bill. Read again it is the same item.
    pub fn of_line(
        place: Place,
        amount: Amount,
        suggested: Option<IntentId>,
        found_at: Timestamp,
        due_at: Timestamp,
    ) -> Self {
        Self {
            id: kernel::derived_uuid(place.statement, &format!("suspense {}", place.line)),
            origin: match place.party {
                Party::Bank => Origin::BankLine,
                Party::Wechat | Party::Alipay => Origin::CounterCode,
            },
            remains_of: None,
            place,
            amount,
            found_at,
            due_at,
            suggested,
            state: State::Open,
            attempt: None,
            note: String::new(),
            version: 1,
        }
    }

    pub fn take(&self, step: Step) -> Result<Self, Refusal> {
        Ok(Self {
            state: self.state.take(step)?,
            version: self.version + 1,
            ..self.clone()
        })
    }

    /// What is left when it pays an intent: nothing, or more than nothing. Less
    /// than what is owed pays nothing.
    pub fn after(&self, intent: &Intent) -> Result<Option<Amount>, Refusal> {
        let claim = &intent.claim;
        if claim.legal_entity_id != self.place.legal_entity {
            return Err(Refusal::OtherLegalEntity);
        }
        let left = self.amount.minor() - claim.amount.minor();
        if left < 0 {
            return Err(Refusal::TransferShort { missing_minor: -left });
        }
        // an order at a channel is one payment, and goes back under its one number
        if left > 0 && self.place.party != Party::Bank {
            return Err(Refusal::TransferOver { surplus_minor: left });
        }
        Ok(Amount::from_minor(left))
    }

    /// What is left of it, which needs an end of its own, and may pay another due
    /// under a number of its own.
    #[must_use]
    pub fn remainder(&self, left: Amount, now: Timestamp, due_at: Timestamp) -> Self {
        let place = Place {
            transaction: format!("{}+", self.place.transaction),
            ..self.place.clone()
        };
        Self {
            id: kernel::derived_uuid(self.id, "remainder"),
            origin: Origin::Remainder,
            remains_of: Some(self.id),
            ..Self::of_line(place, left, None, now, due_at)
        }
    }

    pub fn is_overdue(&self, now: Timestamp) -> bool {
        !matches!(self.state, State::Ended { .. }) && self.due_at < now
    }
}

#[cfg(test)]
mod tests;
