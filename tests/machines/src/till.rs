//! Payments with its channel: its rows and tasks, what the channel holds to be
//! true, and what may be lost, late or told twice between them. What becomes of
//! a row is decided by payments' own functions.

mod back;
mod collect;
pub mod doors;

use std::collections::hash_map::DefaultHasher;

use chrono::Duration;
use kernel::{AttemptId, IntentId, LegalEntityId, PaymentId, PersonId, StudioId, Timestamp};
use payments::channel::{ChannelNumber, Identity, Paid};
use payments::domain::attempt::Attempt;
use payments::domain::evidence::{self, Evidence, Verdict};
use payments::domain::intent::{self, Intent};
use payments::domain::isolated::{self, IsolatedMoney};
use payments::domain::payment::Payment;
use payments::domain::refund::Refund;
use payments::domain::{OutOfOrder, Purpose};
use uuid::Uuid;

use crate::search::{Label, Step, add};
use crate::tables::passes;

/// Decides about a statement of the channel: payments' own function, or one with
/// a fault in it.
pub type Decide = fn(&Intent, &Attempt, &Identity, &Evidence, Timestamp) -> Result<Verdict, OutOfOrder>;

/// What others learn from payments' feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    Captured(PaymentId),
    IntentExpired(kernel::DueId),
    IntentCancelled(kernel::DueId),
    RefundSucceeded(kernel::RefundLegId),
    RefundBounced(kernel::RefundLegId, String),
}

/// What the channel holds to be true of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AtChannel {
    Unknown,
    Open,
    Paid,
    Closed,
}

/// An attempt with its work, and the channel's side of it.
#[derive(Debug, Clone)]
pub struct Slot {
    pub attempt: Attempt,
    /// The task that asks for the QR waits.
    pub opening: bool,
    /// Tasks that ask what became of it.
    pub pollers: u8,
    pub at_channel: AtChannel,
    /// What a task learned and has not committed: lost with the process.
    pub opened: Option<Evidence>,
    pub found: Option<Evidence>,
    pub asked_to_close: bool,
}

/// Money that the channel sent back, by our number; `None` when it closed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    pub number: ChannelNumber,
    pub payment: ChannelNumber,
    pub minor: Option<i64>,
}

/// What may still go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Left {
    /// Requests to open that arrive long after they were given up.
    pub late: u8,
    /// Refusals for good of the channel.
    pub refusals: u8,
    pub crashes: u8,
}

#[derive(Debug, Clone)]
pub struct Till {
    pub now: Timestamp,
    pub intents: Vec<Intent>,
    /// Those whose time is watched.
    pub expiring: Vec<IntentId>,
    pub slots: Vec<Slot>,
    /// Requests to start that were kept with their answer.
    pub starts: Vec<(Uuid, AttemptId)>,
    pub payments: Vec<Payment>,
    pub refunds: Vec<Refund>,
    pub isolated: Vec<IsolatedMoney>,
    pub sent_back: Vec<SentBack>,
    pub late_open: Option<usize>,
    pub feed: Vec<Told>,
    pub left: Left,
}

pub fn us() -> Identity {
    Identity {
        merchant: "1900000001".to_owned(),
        app: "wx0000000000000001".to_owned(),
    }
}

/// The same id in every run.
pub fn id(of: u128) -> Uuid {
    Uuid::from_u128(of)
}

pub fn person() -> PersonId {
    PersonId(id(1))
}

pub fn studio() -> StudioId {
    StudioId(id(2))
}

pub fn entity() -> LegalEntityId {
    LegalEntityId(id(3))
}

/// How long an attempt lives.
pub const LIFE: Duration = Duration::minutes(15);

impl Till {
    pub fn empty(now: Timestamp, left: Left) -> Self {
        Self {
            now,
            intents: Vec::new(),
            expiring: Vec::new(),
            slots: Vec::new(),
            starts: Vec::new(),
            payments: Vec::new(),
            refunds: Vec::new(),
            isolated: Vec::new(),
            sent_back: Vec::new(),
            late_open: None,
            feed: Vec::new(),
            left,
        }
    }

    /// One that took the money of a due, and has nothing left to do.
    pub fn with_payment(now: Timestamp, left: Left, due: kernel::DueId, amount: kernel::Amount) -> Self {
        let mut till = Self::empty(now, left);
        let claim = intent::Claim {
            purpose: Purpose::Order,
            due_id: due,
            person_id: person(),
            studio_id: studio(),
            legal_entity_id: entity(),
            amount,
            description: String::new(),
            expire_at: now + Duration::hours(24),
        };
        let Ok(intent) = claim.open(IntentId::derived(due, "intent"), now) else {
            return till;
        };
        let (intent_id, start) = (intent.id, id(50));
        till.intents.push(intent);
        if till.start_attempt(intent_id, start).is_err() {
            return till;
        }
        let slot = &mut till.slots[0];
        (slot.at_channel, slot.opening, slot.pollers) = (AtChannel::Paid, false, 0);
        let paid = Evidence::Paid(till.paid(0));
        till.clone().apply(0, &paid, evidence::decide).unwrap_or(till)
    }

    /// All that payments, its channel and the payers may do next.
    pub fn steps(&self, decide: Decide) -> Vec<Step<Self>> {
        let mut steps = Vec::new();
        for at in 0..self.slots.len() {
            self.open(at, decide, &mut steps);
            self.resolve(at, decide, &mut steps);
            self.channel(at, decide, &mut steps);
        }
        self.expire(&mut steps);
        self.send_back(&mut steps);
        self.refund_steps(&mut steps);
        if self.left.crashes > 0 && self.volatile() {
            let mut next = self.clone();
            next.left.crashes -= 1;
            for slot in &mut next.slots {
                (slot.opened, slot.found, slot.asked_to_close) = (None, None, false);
            }
            steps.push((Label("payments crashes", 0), Ok(next)));
        }
        steps
    }

    fn volatile(&self) -> bool {
        let at_work = |s: &Slot| s.opened.is_some() || s.found.is_some() || s.asked_to_close;
        self.slots.iter().any(at_work)
    }

    /// The intent of a due.
    pub fn intent(&self, id: IntentId) -> Result<&Intent, String> {
        let found = self.intents.iter().find(|intent| intent.id == id);
        found.ok_or_else(|| "an intent is missing".to_owned())
    }

    fn save_intent(&mut self, intent: Intent) -> Result<(), String> {
        let row = self.intents.iter_mut().find(|row| row.id == intent.id);
        let row = row.ok_or("an intent is missing")?;
        passes(
            "intents",
            (row.state.word(), row.version),
            (intent.state.word(), intent.version),
        )?;
        *row = intent;
        Ok(())
    }

    fn save_attempt(&mut self, at: usize, attempt: Attempt) -> Result<(), String> {
        let row = &mut self.slots[at].attempt;
        passes(
            "attempts",
            (row.state.word(), row.version),
            (attempt.state.word(), attempt.version),
        )?;
        *row = attempt;
        Ok(())
    }

    fn end_intent(&mut self, intent: Intent) -> Result<(), String> {
        let due = intent.claim.due_id;
        self.feed.push(match intent.state {
            intent::State::Cancelled => Told::IntentCancelled(due),
            _ => Told::IntentExpired(due),
        });
        self.save_intent(intent)
    }

    pub fn key(&self, key: &mut DefaultHasher) {
        add(key, &self.now);
        add(key, &self.left);
        add(key, &self.late_open);
        for intent in &self.intents {
            add(
                key,
                &(
                    intent.claim.due_id,
                    intent.state,
                    self.expiring.contains(&intent.id),
                ),
            );
        }
        for slot in &self.slots {
            let attempt = &slot.attempt;
            add(
                key,
                &(
                    attempt.intent_id,
                    attempt.state.word(),
                    attempt.expire_at,
                    attempt.created_at,
                ),
            );
            add(
                key,
                &(slot.opening, slot.pollers, slot.at_channel, slot.asked_to_close),
            );
            add(key, &(known(slot.opened.as_ref()), known(slot.found.as_ref())));
        }
        add(key, &self.starts);
        for payment in &self.payments {
            add(
                key,
                &(
                    payment.id,
                    payment.refund_reserved.minor(),
                    payment.refunded.minor(),
                ),
            );
        }
        for refund in &self.refunds {
            add(key, &(refund.id, refund.state.word()));
        }
        for money in &self.isolated {
            add(key, &(money.id, money.state, money.return_try));
        }
        for sent in &self.sent_back {
            add(key, &(sent.number.as_str(), sent.minor));
        }
    }

    /// What of payments' own promises does not hold.
    pub fn broken(&self) -> Option<String> {
        let holds = self.slots.iter().try_for_each(|slot| self.books_match(slot));
        let holds = holds.and_then(|()| self.refunds_within());
        holds.err()
    }

    /// Money of the channel is a payment, or isolated, and never both.
    fn books_match(&self, slot: &Slot) -> Result<(), String> {
        let id = slot.attempt.id;
        let payments = self.payments.iter().filter(|p| p.attempt_id == id).count();
        let isolated = self.isolated.iter().filter(|m| m.attempt_id == id).count();
        if payments + isolated != usize::from(slot.attempt.state.has_money()) {
            return Err("money is in the books twice, or not as the attempt says".to_owned());
        }
        if slot.attempt.state.has_money() && slot.at_channel != AtChannel::Paid {
            return Err("money is in the books that the channel never took".to_owned());
        }
        let of_intent = self
            .payments
            .iter()
            .filter(|p| p.intent_id == slot.attempt.intent_id);
        if of_intent.count() > 1 {
            return Err("an intent was paid twice".to_owned());
        }
        Ok(())
    }

    /// I3.
    fn refunds_within(&self) -> Result<(), String> {
        for payment in &self.payments {
            let gone = payment.refund_reserved.minor() + payment.refunded.minor();
            if gone > payment.claim.amount.minor() {
                return Err("more is promised back than was paid".to_owned());
            }
        }
        for slot in &self.slots {
            let ours = |sent: &&SentBack| sent.payment == slot.attempt.number;
            let back: i64 = self.sent_back.iter().filter(ours).filter_map(|s| s.minor).sum();
            if back > slot.attempt.amount.minor() {
                return Err("the channel sent back more than it took".to_owned());
            }
        }
        Ok(())
    }

    /// No work waits, nothing can be paid, and no money of the channel is lost.
    pub fn settled(&self) -> bool {
        let done = |slot: &Slot| {
            let lost = slot.at_channel == AtChannel::Paid && !slot.attempt.state.has_money();
            !slot.opening && slot.pollers == 0 && !slot.attempt.state.is_live() && !lost
        };
        self.slots.iter().all(done)
            && self
                .intents
                .iter()
                .all(|intent| intent.state != intent::State::Open)
            && self
                .isolated
                .iter()
                .all(|money| money.state == isolated::State::Returned)
            && self.refunds.iter().all(|refund| refund.state.is_final())
    }

    /// What the channel states of a payment that it took.
    fn paid(&self, at: usize) -> Paid {
        let attempt = &self.slots[at].attempt;
        Paid {
            number: attempt.number.clone(),
            identity: us(),
            transaction: "4200000001".to_owned(),
            amount_minor: attempt.amount.minor(),
            currency: kernel::CURRENCY.to_owned(),
            paid_at: attempt.created_at,
        }
    }
}

fn known(of: Option<&Evidence>) -> u8 {
    match of {
        None => 0,
        Some(Evidence::Opened { .. }) => 1,
        Some(Evidence::Refused { .. }) => 2,
        Some(Evidence::Closed) => 3,
        Some(Evidence::Paid(_)) => 4,
        Some(Evidence::Declined) => 5,
    }
}
