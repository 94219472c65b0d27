//! Days and differences as the contract writes them.

use chrono::NaiveDate;
use kernel::{BadField, to_proto_time};
use platform::Error;
use proto::studio::money::v1::Money;
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use super::mirrored;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::day::State as DayState;
use crate::domain::reconciliation::difference::{Resolution, State, Type};
use crate::domain::statement::{Party, figures};
use crate::store::reconciliation::days::{Listed, Reported};
use crate::store::reconciliation::differences::Difference;

mirrored!(Party, Party { Wechat, Alipay, Bank });
mirrored!(
    DayState,
    DayState {
        Matched,
        Judged,
        Closed
    }
);
mirrored!(
    Resolution,
    Resolution {
        Repaired,
        Explained,
        CorrectedHere,
        Claimed,
        SentBack,
        WrittenOff
    }
);
mirrored!(
    Type,
    DifferenceType {
        PaidMissingHere,
        PaidUnknownHere,
        MissingAtChannel,
        Amount,
        DueAmount,
        State,
        Transaction,
        RefundMissingHere,
        RefundMissingAtChannel,
        RefundAmount,
        RefundState,
        FeeOffRate,
        FeeTaken,
        DuplicateLine,
        UnknownBusiness,
        WrongMerchant,
        MissingInFunds,
        FundsAmount,
        FundsUnexplained,
        SettlementShort,
        SettlementOver,
        SettlementMissing,
        BankUnexplained,
        ChangedFile,
    }
);

impl From<&State> for pb::DifferenceState {
    fn from(state: &State) -> Self {
        match state {
            State::Open => Self::Open,
            State::Proposed { .. } => Self::Proposed,
            State::Resolved { .. } => Self::Resolved,
        }
    }
}

pub fn account(book: &Book) -> pb::Account {
    pb::Account {
        party: pb::Party::from(book.party).into(),
        name: book.account.clone(),
    }
}

/// The account of a request.
pub fn book(field: &str, account: Option<&pb::Account>) -> Result<Book, BadField> {
    let account = account.ok_or_else(|| BadField::new(field, "is required"))?;
    let party = Party::asked(account.party())
        .ok_or_else(|| BadField::new(format!("{field}.party"), "must be a party"))?;
    Ok(Book::of(party, &account.name))
}

/// The day of a request.
pub fn date(field: &str, text: &str) -> Result<NaiveDate, BadField> {
    text.parse()
        .map_err(|_| BadField::new(field, "must be a day, as 2026-11-21"))
}

fn named(id: Option<Uuid>) -> String {
    id.filter(|id| !id.is_nil())
        .map(|id| id.to_string())
        .unwrap_or_default()
}

pub(super) fn money(minor: i64) -> Money {
    Money {
        minor,
        currency: kernel::CURRENCY.to_owned(),
    }
}

pub fn day(listed: &Listed) -> Result<pb::ReconciliationDay, Error> {
    let broken = || platform::inconsistent("reconciliation_days", "a word that nobody knows");
    let party = Party::from_word(&listed.party).ok_or_else(broken)?;
    let state = DayState::from_word(&listed.state).ok_or_else(broken)?;
    Ok(pb::ReconciliationDay {
        account: Some(account(&Book::of(party, &listed.account))),
        day: listed.day.to_string(),
        state: pb::DayState::from(state).into(),
        differences: listed.differences,
        open: listed.open,
        signed_by: named(listed.signed_by.map(|person| person.0)),
        signed_at: listed.signed_at.map(to_proto_time),
        signed_note: listed.signed_note.clone(),
        closed_by: named(listed.closed_by.map(|person| person.0)),
        closed_at: listed.closed_at.map(to_proto_time),
        version: listed.version,
    })
}

pub fn total(reported: &Reported) -> pb::DayTotal {
    pb::DayTotal {
        studio_id: named(Some(reported.studio)),
        legal_entity_id: named(Some(reported.legal_entity)),
        payments: reported.payments,
        paid: Some(money(reported.paid_minor)),
        refunds: reported.refunds,
        refunded: Some(money(reported.refunded_minor)),
        fees: figures::yuan_of_thousandths(reported.fee_thousandths),
        agreed: reported.agreed,
    }
}

pub fn difference(kept: &Difference) -> Result<pb::Difference, Error> {
    let kind = kept.kind()?;
    let resolution = kept
        .resolution()?
        .map_or(pb::Resolution::Unspecified, pb::Resolution::from);
    Ok(pb::Difference {
        difference_id: kept.id.to_string(),
        account: Some(account(&kept.book()?)),
        day: kept.day.to_string(),
        r#type: pb::DifferenceType::from(kind).into(),
        key: kept.key.clone(),
        subject_id: named(kept.subject),
        studio_id: named(kept.studio),
        legal_entity_id: named(kept.legal_entity),
        ours_minor: kept.ours_minor,
        theirs_minor: kept.theirs_minor,
        owner_role: kept.owner_role.clone(),
        remedy: kind.terms().remedy.to_owned(),
        due_at: Some(to_proto_time(kept.due_at)),
        state: pb::DifferenceState::from(&kept.state()?).into(),
        resolution: resolution.into(),
        note: kept.note.clone(),
        maker: named(kept.maker.map(|person| person.0)),
        checker: named(kept.checker.map(|person| person.0)),
        found_at: Some(to_proto_time(kept.found_at)),
        resolved_at: kept.resolved_at.map(to_proto_time),
        version: kept.version,
    })
}
