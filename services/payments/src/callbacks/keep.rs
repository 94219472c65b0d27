use aws_lc_rs::digest::{SHA256, digest};
use http::HeaderMap;
use kernel::{CallbackId, PersonId};
use platform::vault::Sealed;
use platform::{Error, SystemTx};
use uuid::Uuid;

use super::receive::Origin;
use super::refused::message;
use crate::channel::{ChannelNumber, Notice, NoticeContent};
use crate::domain::attempt::Attempt;
use crate::store::callback::{self, Arrival, Contradiction, Source, State};
use crate::store::refused::{self, Refused};
use crate::{App, store};

/// Whether a callback was here before.
pub enum Kept {
    First(CallbackId),
    /// It was, when nothing had its number; perhaps now something has.
    AgainUnmatched(CallbackId),
    /// It was: nothing is left to do.
    Again,
}

/// Keeps a callback with its body sealed, and tells whether it came before. The
/// same id with another content is kept for a person and changes nothing.
pub async fn keep(
    app: &App,
    tx: &mut SystemTx,
    origin: Origin<'_>,
    notice: &Notice,
    body: &[u8],
    attempt: Option<&Attempt>,
) -> Result<Kept, Error> {
    let (said, raw) = (
        digest(&SHA256, notice.plaintext.as_bytes()),
        digest(&SHA256, body),
    );
    let sealed_for = attempt.map_or(PersonId(Uuid::nil()), |a| a.person_id);
    let arrival = Arrival {
        id: CallbackId::fresh(),
        channel: origin.channel,
        merchant: &origin.merchant.name,
        notice_id: &notice.id,
        kind: &notice.kind,
        digest: said.as_ref(),
        body_digest: raw.as_ref(),
        sealed_for,
        body: seal(app, tx, sealed_for, "callbacks.body", body).await?,
        received_at: app.clock.now(),
    };
    let Some(earlier) = callback::keep(tx, &arrival).await? else {
        return Ok(Kept::First(arrival.id));
    };
    if earlier.digest != said.as_ref() {
        let body = message(&HeaderMap::new(), body);
        let body = seal(app, tx, sealed_for, "refused_callbacks.body", &body).await?;
        refused::keep(tx, &another_content(&arrival, body)).await?;
        contradiction(app, tx, origin, notice, attempt).await?;
        return Ok(Kept::Again);
    }
    Ok(if earlier.state == State::Unmatched {
        Kept::AgainUnmatched(earlier.id)
    } else {
        Kept::Again
    })
}

/// Nothing can be sealed for somebody who was erased; then only the digests
/// are kept, and the payment counts all the same.
pub async fn seal(
    app: &App,
    tx: &mut SystemTx,
    owner: PersonId,
    column: &'static str,
    body: &[u8],
) -> Result<Sealed, Error> {
    match app.vault().seal_bytes(tx, owner, column, body).await {
        Err(error) if error.is_refusal() => Ok(Sealed::nothing()),
        sealed => sealed,
    }
}

/// The channel signed both, so no window bounds how many are kept.
fn another_content<'a>(arrival: &Arrival<'a>, body: Sealed) -> Refused<'a> {
    Refused {
        channel: arrival.channel,
        merchant: arrival.merchant,
        why: "another_content",
        notice_id: Some(arrival.notice_id),
        body_digest: arrival.body_digest,
        sealed_for: arrival.sealed_for,
        body,
        received_at: arrival.received_at,
    }
}

async fn contradiction(
    app: &App,
    tx: &mut SystemTx,
    origin: Origin<'_>,
    notice: &Notice,
    attempt: Option<&Attempt>,
) -> Result<(), Error> {
    tracing::error!(notice.id = notice.id, "one callback came with two contents");
    let (number, stated) = match &notice.content {
        NoticeContent::Paid(paid) => (paid.number.clone(), Some(paid)),
        NoticeContent::Refund(number) => (number.clone(), None),
        NoticeContent::News | NoticeContent::Other => (ChannelNumber::from_text(""), None),
    };
    let found = Contradiction {
        channel: origin.channel,
        merchant: &origin.merchant.name,
        source: Source::Callback,
        number: &number,
        attempt: attempt.map(|a| a.id),
        why: "another content",
        stated,
        noted_at: app.clock.now(),
    };
    store::callback::quarantine(tx, &found).await
}
