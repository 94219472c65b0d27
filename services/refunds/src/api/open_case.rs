use kernel::{Clock, DueId, OrderId, PersonId, RefundCaseId, StudioId, Timestamp};
use platform::vault::Sealed;
use platform::{Caller, Claim, Error, inconsistent};
use proto::studio::refunds::v1 as pb;

use super::quote_refund::{ask, calculate, reached};
use super::said;
use crate::domain::case::{self, State};
use crate::domain::policy::Reason;
use crate::domain::{Case, Order, Quote};
use crate::{App, facts, store};

/// Asks for money back, by the member or by staff for one.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::OpenCaseRequest,
) -> Result<pb::OpenCaseResponse, Error> {
    let ask = ask(
        request.reason(),
        &request.due_id,
        request.requested_amount.as_ref(),
    )?;
    let by = caller.require_person()?;
    let order = reached(app, caller, OrderId::parse("order_id", &request.order_id)?).await?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let at = app.clock.now();
    let quote = calculate(&mut tx, order.clone(), ask, at).await?;
    let opening = Opening {
        id: RefundCaseId::fresh(),
        at,
        due: ask.due,
        reason: ask.reason,
        explanation: said::explanation(app, &mut tx, order.person, &request.explanation).await?,
        by: Some(by),
    };
    let case = opening.case(app, &order, quote)?;
    store::cases::insert(&mut tx, &case).await?;
    tx.publish(facts::requested(&case)).await?;
    tx.commit(pb::OpenCaseResponse {
        case_id: case.id.to_string(),
        subject_hash: case.subject_hash(),
        number: case.number,
        amount: Some(case.amount.into()),
        version: case.version,
    })
    .await
}

/// What a case is opened with, by a person or by the system.
pub struct Opening {
    pub id: RefundCaseId,
    /// As of when the quote was calculated.
    pub at: Timestamp,
    pub due: Option<DueId>,
    pub reason: Reason,
    pub explanation: Sealed,
    pub by: Option<PersonId>,
}

impl Opening {
    pub fn case(self, app: &App, order: &Order, quote: Quote) -> Result<Case, Error> {
        let day = Clock::day_in(self.at, zone(app, order.studio));
        Ok(Case {
            number: case::number(self.id, day),
            id: self.id,
            order: order.id,
            due: self.due,
            person: order.person,
            studio: order.studio,
            reason: self.reason,
            explanation: self.explanation,
            amount: quote
                .amount()
                .ok_or_else(|| inconsistent("cases", "a quote of nothing"))?,
            quote,
            opened_by: self.by,
            opened_at: self.at,
            owner: None,
            state: State::Requested,
            version: 1,
        })
    }
}

fn zone(app: &App, studio: StudioId) -> chrono_tz::Tz {
    app.organisation()
        .studio(studio)
        .map_or(chrono_tz::Asia::Shanghai, |studio| studio.zone)
}
