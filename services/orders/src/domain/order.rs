//! An order: where it stands, who may take which step, and what its money does.

mod collect;
mod decide;
mod due;
mod money;
mod number;
mod process;
mod quote;
mod review;
mod settle;
mod times;

use kernel::{Balance, CardId, LegalEntityId, OrderId, PersonId, ProductId, QuoteId, StudioId, Timestamp};
use platform::vault::Sealed;

pub use collect::{Decided, Kept, News, Next, No, Paying, TakeBack, decide, owed};
pub use decide::Beginning;
pub use due::{Due, DueState, Method, Start};
pub use money::{Arrival, Cause, Money, arrive, share_refund};
pub use number::OrderNumber;
pub use process::{State, Step, after};
pub use quote::Quote;
pub use times::{Deadline, Now, Times};

use crate::domain::{Refusal, words};

words! {
    /// Where an application was made.
    Channel {
        Website = "website",
        App = "app",
        Studio = "studio",
        Phone = "phone",
    }
    /// What cancelling leads to once no payment is under way.
    Ending {
        Cancelled = "cancelled",
        Expired = "expired",
    }
}

/// The quote that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuoteRef {
    pub id: QuoteId,
    pub hash: String,
}

/// The member's yes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    pub at: Timestamp,
    pub terms_version: String,
}

/// One application on its way to a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub number: Option<OrderNumber>,
    pub state: State,
    pub person: PersonId,
    pub studio: StudioId,
    pub legal_entity: LegalEntityId,
    pub product: Option<ProductId>,
    pub channel: Channel,
    pub entered_by: PersonId,
    pub first_reviewer: Option<PersonId>,
    pub submitted_by: Option<PersonId>,
    pub approver: Option<PersonId>,
    pub policy_version: String,
    pub quote: Option<QuoteRef>,
    pub approved_hash: Option<String>,
    pub acceptance: Option<Acceptance>,
    pub accept_by: Option<Timestamp>,
    pub pay_by: Option<Timestamp>,
    pub paid: Balance,
    pub refunded: Balance,
    pub card: Option<CardId>,
    /// Why it stands where it does, said by the house.
    pub reason: String,
    /// The same as a person wrote it, sealed; what one says replaces the other.
    pub words: Sealed,
    pub ends_as: Option<Ending>,
    pub created_at: Timestamp,
    pub submitted_at: Option<Timestamp>,
    pub since: Timestamp,
    pub act_by: Option<Timestamp>,
    pub version: i64,
}

/// A step that was taken, for the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub step: Step,
    /// None for the first.
    pub from: Option<State>,
    pub to: State,
    pub at: Timestamp,
    /// How long the order had stood in `from`.
    pub stood_ms: i64,
    pub evidence: Vec<(&'static str, String)>,
    /// What the person who took it wrote, sealed.
    pub words: Sealed,
}

impl Taken {
    #[must_use]
    pub fn with(mut self, key: &'static str, value: impl std::fmt::Display) -> Self {
        self.evidence.push((key, value.to_string()));
        self
    }

    #[must_use]
    fn saying(self, words: Sealed) -> Self {
        Self { words, ..self }
    }
}

/// An order after one or more steps of one act, not written yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub order: Order,
    pub steps: Vec<Taken>,
}

impl Change {
    fn of(mut order: Order, steps: Vec<Taken>) -> Self {
        order.version += 1;
        Self { order, steps }
    }
}

impl Order {
    /// Takes a step if the table allows it; the state's clock starts anew only
    /// when the state changes.
    fn take(&mut self, step: Step, now: Now) -> Result<Taken, Refusal> {
        let from = self.state;
        let to = after(from, step).ok_or(Refusal::WrongState { state: from })?;
        let stood_ms = (now.at - self.since).num_milliseconds().max(0);
        if to != from {
            self.state = to;
            self.since = now.at;
        }
        if to != State::Cancelling {
            self.ends_as = None;
        }
        self.act_by = self.next_deadline(now);
        Ok(Taken {
            step,
            from: Some(from),
            to,
            at: now.at,
            stood_ms,
            evidence: Vec::new(),
            words: Sealed::nothing(),
        })
    }

    /// The house itself says why.
    fn because(&mut self, reason: &str) {
        reason.clone_into(&mut self.reason);
        self.words = Sealed::nothing();
    }

    /// A person said why.
    fn as_said(&mut self, words: Sealed) {
        self.reason.clear();
        self.words = words;
    }

    /// Nothing holds it up.
    fn goes_on(&mut self) {
        self.because("");
    }

    fn next_deadline(&self, now: Now) -> Option<Timestamp> {
        match self.state {
            State::Approved => self.accept_by,
            State::Confirmed | State::Cancelling => self.pay_by,
            state => now.times.act_within(state).map(|time| self.since + time),
        }
    }

    fn at_version(&self, version: i64) -> Result<(), Refusal> {
        if self.version == version {
            Ok(())
        } else {
            Err(Refusal::VersionConflict)
        }
    }
}
