//! A row of `cases`, and the one place that finds a row that makes no sense.

use kernel::{Amount, DueId, OrderId, PersonId, RefundCaseId, StudioId, Timestamp};
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::case::{Decision, RejectReason, State};
use crate::domain::policy::Reason;
use crate::domain::{Case, Quote};

#[derive(sqlx::FromRow)]
pub struct Row {
    pub case_id: Uuid,
    pub number: String,
    pub order_id: Uuid,
    pub part: String,
    pub person_id: Uuid,
    pub studio_id: Uuid,
    pub state: String,
    pub reason: String,
    pub explanation: Sealed,
    pub quote: Json<Quote>,
    pub amount_minor: i64,
    pub opened_by: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    pub decided_by: Option<Uuid>,
    pub decided_at: Option<Timestamp>,
    pub decision_note: Option<Sealed>,
    pub reject_reason: Option<String>,
    pub stuck_why: Option<String>,
    pub opened_at: Timestamp,
    pub completed_at: Option<Timestamp>,
    pub version: i64,
}

fn bad(column: &'static str) -> impl FnOnce() -> Error {
    move || inconsistent("cases", column)
}

impl Row {
    /// The case that the row keeps.
    pub fn read(self) -> Result<Case, Error> {
        let due = match self.part.as_str() {
            "whole" => None,
            due => Some(due.parse::<DueId>().map_err(|_| inconsistent("cases", "part"))?),
        };
        Ok(Case {
            state: self.state().ok_or_else(bad("state"))?,
            id: RefundCaseId(self.case_id),
            number: self.number,
            order: OrderId(self.order_id),
            due,
            person: PersonId(self.person_id),
            studio: StudioId(self.studio_id),
            reason: Reason::parse(&self.reason).ok_or_else(bad("reason"))?,
            explanation: self.explanation,
            quote: self.quote.0,
            amount: Amount::from_minor(self.amount_minor).ok_or_else(bad("amount_minor"))?,
            opened_by: self.opened_by.map(PersonId),
            opened_at: self.opened_at,
            owner: self.owner_id.map(PersonId),
            version: self.version,
        })
    }

    /// Any combination of word and columns that no code writes is none.
    fn state(&self) -> Option<State> {
        if self.state == "requested" {
            return self.decided_by.is_none().then_some(State::Requested);
        }
        let decision = Decision {
            by: PersonId(self.decided_by?),
            at: self.decided_at?,
            note: self.decision_note.clone()?,
        };
        match self.state.as_str() {
            "approved" => Some(State::Approved(decision)),
            "returning" => Some(State::Returning(decision)),
            "stuck" => Some(State::Stuck {
                decision,
                why: self.stuck_why.clone()?,
            }),
            "settling" => Some(State::Settling(decision)),
            "completed" => Some(State::Completed {
                decision,
                at: self.completed_at?,
            }),
            "rejected" => Some(State::Rejected {
                decision,
                reason: RejectReason::parse(self.reject_reason.as_deref()?)?,
            }),
            _ => None,
        }
    }
}
