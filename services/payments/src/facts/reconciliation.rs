use chrono::NaiveDate;
use kernel::{PersonId, Timestamp, to_proto_time};
use platform::{Error, Fact};
use proto::studio::money::v1::Money;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Payload;
use uuid::Uuid;

use super::fact;
use crate::App;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::difference::{Finding, State};
use crate::domain::reconciliation::settlement::Leg;
use crate::store::reconciliation::differences::Difference;
use crate::wire::reconciliation::account;

pub fn difference_found(
    book: &Book,
    day: NaiveDate,
    finding: &Finding,
    due_at: Timestamp,
) -> Fact<PaymentsEvent> {
    let id = finding.kind.id(book.id, &finding.key);
    let studio = finding.ours.map(|ours| ours.studio.to_string());
    let found = pb::DifferenceFound {
        difference_id: id.to_string(),
        account: Some(account(book)),
        day: day.to_string(),
        r#type: pb::DifferenceType::from(finding.kind).into(),
        studio_id: studio.unwrap_or_default(),
        owner_role: finding.kind.terms().owner.word().to_owned(),
        due_at: Some(to_proto_time(due_at)),
    };
    fact(id, 1, Payload::DifferenceFound(found))
}

/// Of a difference as it stood, and the state that it came to.
pub fn difference_resolved(before: &Difference, state: &State) -> Result<Fact<PaymentsEvent>, Error> {
    let resolution = match state {
        State::Resolved { resolution } => pb::Resolution::from(*resolution),
        State::Open | State::Proposed { .. } => pb::Resolution::Unspecified,
    };
    let resolved = pb::DifferenceResolved {
        difference_id: before.id.to_string(),
        account: Some(account(&before.book()?)),
        day: before.day.to_string(),
        r#type: pb::DifferenceType::from(before.kind()?).into(),
        resolution: resolution.into(),
    };
    Ok(fact(
        before.id,
        before.version + 1,
        Payload::DifferenceResolved(resolved),
    ))
}

fn entity(app: &App, bank: &Book) -> String {
    let bank = app.config.banks.get(&bank.account);
    bank.map(|bank| bank.legal_entity_id.to_string())
        .unwrap_or_default()
}

fn money(minor: i64) -> Money {
    Money {
        minor,
        currency: kernel::CURRENCY.to_owned(),
    }
}

pub fn settlement_seen(app: &App, id: Uuid, bank: &Book, payout: &Leg, arrival: &Leg) -> Fact<PaymentsEvent> {
    let seen = pb::SettlementSeen {
        settlement_id: id.to_string(),
        bank: Some(account(bank)),
        legal_entity_id: entity(app, bank),
        paid_out: Some(money(payout.minor)),
        received: Some(money(arrival.minor)),
        day: arrival.day.to_string(),
    };
    fact(id, 1, Payload::SettlementSeen(seen))
}

pub fn bank_balance_seen(
    app: &App,
    statement: Uuid,
    bank: &Book,
    balance_minor: i64,
    at: Timestamp,
) -> Fact<PaymentsEvent> {
    let seen = pb::BankBalanceSeen {
        statement_id: statement.to_string(),
        bank: Some(account(bank)),
        legal_entity_id: entity(app, bank),
        balance_minor,
        at: Some(to_proto_time(at)),
    };
    fact(statement, 1, Payload::BankBalanceSeen(seen))
}

pub fn day_closed(
    book: &Book,
    day: NaiveDate,
    signed_by: Option<PersonId>,
    closed_by: PersonId,
) -> Fact<PaymentsEvent> {
    let closed = pb::ReconciliationDayClosed {
        account: Some(account(book)),
        day: day.to_string(),
        signed_by: signed_by.map(|person| person.to_string()).unwrap_or_default(),
        closed_by: closed_by.to_string(),
    };
    fact(book.day_id(day), 1, Payload::ReconciliationDayClosed(closed))
}
