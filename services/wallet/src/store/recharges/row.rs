//! A row of `recharges`, and the one place that finds a row that makes no sense.

use kernel::{
    Amount, DueId, IntentId, LegalEntityId, LotId, PaymentId, PersonId, RechargeId, StudioId, Timestamp,
    WalletId,
};
use platform::vault::Sealed;
use platform::{Error, inconsistent};
use uuid::Uuid;

use crate::domain::Recharge;
use crate::domain::recharge::{
    Advice, Focus, Mark, Method, Received, RejectReason, Rejection, Return, State,
};

#[derive(sqlx::FromRow)]
pub struct Row {
    pub recharge_id: Uuid,
    pub number: String,
    pub wallet_id: Uuid,
    pub person_id: Uuid,
    pub studio_id: Uuid,
    pub legal_entity_id: Uuid,
    pub state: String,
    pub amount_minor: i64,
    pub method: String,
    pub due_id: Uuid,
    pub intent_id: Option<Uuid>,
    pub payment_id: Option<Uuid>,
    pub channel_transaction: Option<String>,
    pub received_minor: Option<i64>,
    pub focus: Vec<String>,
    pub applied_by: Uuid,
    pub accepted_by: Option<Uuid>,
    pub rejected_by: Option<Uuid>,
    pub audited_by: Option<Uuid>,
    pub consultation: Option<Sealed>,
    pub reject_reason: Option<String>,
    pub advice: Option<String>,
    pub explanation: Option<Sealed>,
    pub return_attempt: i32,
    pub return_leg_id: Option<Uuid>,
    pub stuck_why: Option<String>,
    pub lot_id: Option<Uuid>,
    pub applied_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub received_at: Option<Timestamp>,
    pub audited_at: Option<Timestamp>,
    pub expire_at: Timestamp,
    pub version: i64,
}

fn bad(column: &'static str) -> impl FnOnce() -> Error {
    move || inconsistent("recharges", column)
}

fn mark(by: Option<Uuid>, at: Option<Timestamp>) -> Option<Mark> {
    Some(Mark {
        by: PersonId(by?),
        at: at?,
    })
}

impl Row {
    /// The recharge that the row keeps.
    pub fn read(self) -> Result<Recharge, Error> {
        Ok(Recharge {
            state: self.state()?,
            id: RechargeId(self.recharge_id),
            number: self.number,
            wallet: WalletId(self.wallet_id),
            person: PersonId(self.person_id),
            studio: StudioId(self.studio_id),
            legal_entity: LegalEntityId(self.legal_entity_id),
            amount: Amount::from_minor(self.amount_minor).ok_or_else(bad("amount_minor"))?,
            method: Method::parse(&self.method).ok_or_else(bad("method"))?,
            due: DueId(self.due_id),
            intent: self.intent_id.map(IntentId),
            applied: Mark {
                by: PersonId(self.applied_by),
                at: self.applied_at,
            },
            accepted: mark(self.accepted_by, self.accepted_at),
            declined_by: self.rejected_by.map(PersonId),
            expire_at: self.expire_at,
            version: self.version,
        })
    }

    /// Any combination of word and columns that no code writes is found here.
    fn state(&self) -> Result<State, Error> {
        let state = match self.state.as_str() {
            "applied" => Some(State::Applied),
            "accepted" => Some(State::Accepted),
            "received" => self.received()?.map(State::Received),
            "posted" => match (
                self.received()?,
                mark(self.audited_by, self.audited_at),
                self.lot_id,
            ) {
                (Some(received), Some(audit), Some(lot)) => Some(State::Posted {
                    received,
                    audit,
                    consultation: self.consultation.clone(),
                    lot: LotId(lot),
                }),
                _ => None,
            },
            "rejected" => self.rejected_by.and(self.rejection()).map(State::Rejected),
            "returning" => self.sent()?.map(State::Returning),
            "returned" => self.sent()?.map(State::Returned),
            "return_stuck" => self
                .sent()?
                .zip(self.stuck_why.clone())
                .map(|(sent, why)| State::ReturnStuck { sent, why }),
            "cancelled" => Some(State::Cancelled),
            "expired" => Some(State::Expired),
            _ => None,
        };
        state.ok_or_else(bad("state"))
    }

    fn received(&self) -> Result<Option<Received>, Error> {
        let (Some(payment), Some(minor), Some(at)) = (self.payment_id, self.received_minor, self.received_at)
        else {
            return Ok(None);
        };
        let focus = self
            .focus
            .iter()
            .map(|f| Focus::parse(f).ok_or_else(bad("focus")))
            .collect::<Result<_, _>>()?;
        Ok(Some(Received {
            payment: PaymentId(payment),
            channel_transaction: self.channel_transaction.clone().unwrap_or_default(),
            amount: Amount::from_minor(minor).ok_or_else(bad("received_minor"))?,
            at,
            focus,
        }))
    }

    fn rejection(&self) -> Option<Rejection> {
        Some(Rejection {
            reason: RejectReason::parse(self.reject_reason.as_deref()?)?,
            advice: Advice::parse(self.advice.as_deref()?)?,
            explanation: self.explanation.clone()?,
        })
    }

    fn sent(&self) -> Result<Option<Return>, Error> {
        let Some(received) = self.received()? else {
            return Ok(None);
        };
        let (Some(audit), Some(rejection), Some(leg)) = (
            mark(self.audited_by, self.audited_at),
            self.rejection(),
            self.return_leg_id,
        ) else {
            return Ok(None);
        };
        Ok(Some(Return {
            received,
            audit,
            rejection,
            attempt: self.return_attempt,
            leg,
        }))
    }
}
