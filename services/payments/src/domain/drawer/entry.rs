use kernel::{Amount, AttemptId, Balance, DrawerId, PersonId, RefundId, StudioId, Timestamp};
use uuid::Uuid;

use super::Drawer;
use crate::domain::Refusal;
use crate::words::words;

words! {
    /// What went through a drawer.
    Kind {
        CashTaken = "cash_taken",
        CardTaken = "card_taken",
        PaidIn = "paid_in",
        PaidOut = "paid_out",
        CashRefunded = "cash_refunded",
        CardRefunded = "card_refunded",
    }
}

/// What a terminal printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slip {
    pub terminal: String,
    pub number: String,
    pub last_four: String,
}

/// One thing that went through a drawer, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: Uuid,
    pub drawer: DrawerId,
    pub studio: StudioId,
    pub kind: Kind,
    pub amount: Amount,
    pub attempt: Option<AttemptId>,
    pub refund: Option<RefundId>,
    /// Cash that a payer gave, before change.
    pub tendered: Option<Amount>,
    pub slip: Option<Slip>,
    pub reason: String,
    pub by: PersonId,
    pub at: Timestamp,
}

impl Entry {
    /// An entry with nothing but its amount.
    pub fn of(drawer: &Drawer, kind: Kind, amount: Amount, now: Timestamp) -> Self {
        Self {
            id: kernel::fresh_uuid(),
            drawer: drawer.id,
            studio: drawer.studio,
            kind,
            amount,
            attempt: None,
            refund: None,
            tendered: None,
            slip: None,
            reason: String::new(),
            by: drawer.held_by,
            at: now,
        }
    }
}

/// What a payer gets back of what they gave.
pub fn change(owed: Amount, tendered: Amount) -> Result<Balance, Refusal> {
    let left = tendered.minor() - owed.minor();
    Balance::from_minor(left).ok_or(Refusal::TenderedTooLittle { missing_minor: -left })
}
