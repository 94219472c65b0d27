//! What is told when something happened elsewhere: one file for the facts of
//! each service, one for each task.

pub mod benefit_statement;
pub mod forget_code;
pub mod members;
pub mod orders;
pub mod payments;
pub mod refunds;
pub mod send_mail;
pub mod wallet;

use kernel::{BadField, Balance, PersonId, StudioId, Timestamp, from_proto_time};
use platform::{Delivery, Error, SystemTx};
use proto::studio::money::v1::Money;
use uuid::Uuid;

use crate::App;
use crate::domain::fill::Fill;
use crate::domain::message::Notice;
use crate::queue::{self, Cause};

/// Why a fact is told about: the fact itself, so that it is told once.
fn cause<'a, E: proto::Event>(app: &App, delivery: &Delivery<E>) -> Cause<'a> {
    Cause {
        source: E::STREAM,
        id: delivery.event_id,
        at: app.clock.now(),
    }
}

async fn tell<E: proto::Event>(
    app: &App,
    tx: &mut SystemTx,
    delivery: &Delivery<E>,
    notice: Option<Notice>,
) -> Result<(), Error> {
    if let Some(notice) = notice {
        queue::tell(app, tx, cause(app, delivery), &notice).await?;
    }
    Ok(())
}

/// A notice to the person of a fact about something that happened at a studio,
/// or at none when that is empty.
fn notice(
    template: &'static str,
    person: &str,
    studio: &str,
    about: &str,
    fill: Fill,
) -> Result<Notice, BadField> {
    let studio = if studio.is_empty() {
        None
    } else {
        Some(StudioId::parse("studio_id", studio)?)
    };
    Ok(Notice {
        template,
        person: PersonId::parse("person_id", person)?,
        studio,
        about: id("about_id", about)?,
        fill,
        challenge: None,
    })
}

fn id(field: &str, text: &str) -> Result<Uuid, BadField> {
    text.parse().map_err(|_| BadField::new(field, "must be a UUID"))
}

fn fen(field: &str, money: Option<&Money>) -> Result<i64, BadField> {
    Balance::parse(field, money).map(Balance::minor)
}

fn time(field: &str, at: Option<&prost_types::Timestamp>) -> Result<Timestamp, BadField> {
    from_proto_time(at).ok_or_else(|| BadField::new(field, "must be a time"))
}

/// The word for an enum's value: its name without the prefix, in small letters.
fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase()
}
