//! What a spend's reply and its fact tell, of what was just decided or of the row
//! that it left.

use kernel::{
    Amount, Balance, DueId, JournalId, OrderId, PersonId, StudioId, Timestamp, WalletId, to_proto_time,
};
use platform::OwnActs;
use prost::Message as _;
use proto::studio::wallet::v1 as pb;
use proto::{Call as _, Event as _};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::domain::Spent;
use crate::facts;

/// How platform learns of rows that are claim, audit entry and fact of a spend.
pub const OWN: OwnActs = OwnActs {
    reply: |method, body| {
        let told = Told::of_row(body).filter(|_| method == pb::SpendRequest::METHOD)?;
        Some(told.reply().encode_to_vec())
    },
    payload: |kind, body| {
        let fact = facts::wallet_spent(&Told::of_row(body)?);
        (kind == fact.kind()).then(|| fact.encode_to_vec())
    },
};

/// A spend as others see it.
pub struct Told {
    pub wallet: WalletId,
    pub person: PersonId,
    pub due: DueId,
    pub order: Option<OrderId>,
    pub studio: StudioId,
    pub journal: JournalId,
    pub amount: Amount,
    /// Of the wallet, afterwards.
    pub spendable: Balance,
    pub at: Timestamp,
}

/// The `body` of the view `spent_by_one_row`.
#[derive(Deserialize)]
struct Row {
    wallet_id: Uuid,
    person_id: Uuid,
    due_id: Uuid,
    order_id: Option<Uuid>,
    studio_id: Uuid,
    journal_id: Uuid,
    amount_minor: i64,
    spendable_minor: i64,
    spent_at: Timestamp,
}

impl Told {
    pub fn of(done: &Spent) -> Self {
        let spend = &done.spend;
        Self {
            wallet: spend.wallet,
            person: spend.person,
            due: spend.due,
            order: spend.order,
            studio: spend.studio,
            journal: done.origin.journal,
            amount: spend.amount,
            spendable: done.spendable,
            at: spend.at,
        }
    }

    fn of_row(body: Value) -> Option<Self> {
        let row: Row = serde_json::from_value(body).ok()?;
        Some(Self {
            wallet: WalletId(row.wallet_id),
            person: PersonId(row.person_id),
            due: DueId(row.due_id),
            order: row.order_id.map(OrderId),
            studio: StudioId(row.studio_id),
            journal: JournalId(row.journal_id),
            amount: Amount::from_minor(row.amount_minor)?,
            spendable: Balance::from_minor(row.spendable_minor)?,
            at: row.spent_at,
        })
    }

    pub fn reply(&self) -> pb::SpendResponse {
        pb::SpendResponse {
            journal_id: self.journal.to_string(),
            amount: Some(self.amount.into()),
            balance: Some(self.spendable.into()),
            spent_at: Some(to_proto_time(self.at)),
        }
    }
}
