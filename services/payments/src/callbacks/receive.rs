use http::HeaderMap;
use kernel::{CallbackId, Clock};
use opentelemetry::KeyValue;
use platform::{Error, NewTask, SystemTx, telemetry};
use tracing::{Instrument as _, Span};

use super::keep::{Kept, keep};
use super::refused::keep_refused;
use crate::channel::{Channel, ChannelNumber, Notice, NoticeContent, NoticeRefusal, Paid};
use crate::domain::attempt::Attempt;
use crate::domain::evidence::Evidence;
use crate::evidence::{Applied, apply_channel_evidence};
use crate::merchants::Merchant;
use crate::reactions::callback::leave_to_match;
use crate::reactions::kinds;
use crate::store::callback::{Source, State};
use crate::{App, meters, store};

/// What the channel is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It is durable here; with the body that says so to this channel.
    Acknowledged(&'static str),
    /// Nothing of it is believed.
    Refused(&'static str),
    NoSuchMerchant,
    /// Nothing of ours has its number yet; the channel shall repeat it.
    TooEarly,
}

/// From whom a callback is and where it came in.
#[derive(Clone, Copy)]
pub struct Origin<'a> {
    /// As in the address.
    pub channel: &'a str,
    pub merchant: &'a Merchant,
}

/// What the audit calls this door.
pub const DOOR: &str = "callbacks";

impl Origin<'_> {
    /// Who knocks, for the audit.
    pub fn actor(&self) -> String {
        format!("channel:{} for {}", self.channel, self.merchant.name)
    }
}

/// Takes one callback in, from its raw bytes to its commit.
pub async fn receive(
    app: &App,
    channel_word: &str,
    merchant: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Answer, Error> {
    let Some(merchant) = app.merchants.by_name(merchant) else {
        return Ok(Answer::NoSuchMerchant);
    };
    let Some(channel) = merchant.channel_called(channel_word) else {
        return Ok(Answer::NoSuchMerchant);
    };
    let origin = Origin {
        channel: channel_word,
        merchant,
    };
    match read(app, channel.as_ref(), headers, body).await {
        Ok(notice) => {
            if believe(app, origin, &notice, body).await? {
                Ok(Answer::Acknowledged(channel.acknowledgement()))
            } else {
                Ok(Answer::TooEarly)
            }
        }
        Err(why) => {
            // counted by reason: a probe is the channel's own test and no reason to worry
            count(channel_word, why.label());
            let bytes = body.len();
            tracing::warn!(
                why = why.label(),
                merchant = merchant.name,
                bytes,
                "a callback was refused: {why}"
            );
            keep_refused(app, origin, why, headers, body).await?;
            Ok(Answer::Refused(why.label()))
        }
    }
}

/// Reads a callback. One that is signed with a key not held may be signed with a
/// newer one: that is fetched and the callback read once more. The channel's
/// keyring asks once for all who wait, and then not for a while; who finds too many
/// waiting is refused, and the channel comes again.
async fn read(
    app: &App,
    channel: &dyn Channel,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Notice, NoticeRefusal> {
    match channel.read_notice(headers, body, Clock::real()) {
        Err(NoticeRefusal::UnknownKey) => {
            let Ok(_place) = app.renewals.try_acquire() else {
                return Err(NoticeRefusal::UnknownKey);
            };
            let renewed = channel.renew_keys().await;
            tracing::info!(?renewed, "looked for the key of a callback");
            channel.read_notice(headers, body, Clock::real())
        }
        read => read,
    }
}

/// What the channel says by a proved callback, in the attempt's trace. False
/// when it is to be repeated.
async fn believe(app: &App, origin: Origin<'_>, notice: &Notice, body: &[u8]) -> Result<bool, Error> {
    let attempt = match &notice.content {
        NoticeContent::Paid(paid) => find(app, origin, &paid.number).await?,
        NoticeContent::Refund(_) | NoticeContent::News | NoticeContent::Other => None,
    };
    let span = span(notice, attempt.as_ref());
    let done = record(app, origin, notice, body, attempt.as_ref())
        .instrument(span)
        .await?;
    count(origin.channel, if done { "acknowledged" } else { "unmatched" });
    Ok(done)
}

/// Counts callbacks by what became of them.
fn count(channel: &str, outcome: &'static str) {
    let meter = opentelemetry::global::meter("studio");
    let counter = meter
        .u64_counter("studio_callbacks")
        .with_description("callbacks, by channel and outcome")
        .build();
    counter.add(
        1,
        &[
            KeyValue::new("channel", channel.to_owned()),
            KeyValue::new("outcome", outcome),
        ],
    );
}

/// The callback goes on in the trace in which the attempt was started, and
/// links to it, since the channel stood between.
fn span(notice: &Notice, attempt: Option<&Attempt>) -> Span {
    let span = tracing::info_span!(
        "payments.callback",
        notice.kind = notice.kind,
        attempt.id = tracing::field::Empty
    );
    if let Some(attempt) = attempt {
        telemetry::continue_trace(&span, &attempt.traceparent);
        telemetry::link_trace(&span, &attempt.traceparent);
        span.record("attempt.id", tracing::field::display(attempt.id));
    }
    span
}

async fn find(app: &App, origin: Origin<'_>, number: &ChannelNumber) -> Result<Option<Attempt>, Error> {
    let mut tx = app.begin_beside(DOOR, &origin.actor()).await?;
    store::attempt::of_number(&mut tx, &origin.merchant.name, number).await
}

/// One transaction: keep it, apply it, and only then is it acknowledged. False
/// when nothing of ours has its number yet.
async fn record(
    app: &App,
    origin: Origin<'_>,
    notice: &Notice,
    body: &[u8],
    attempt: Option<&Attempt>,
) -> Result<bool, Error> {
    let mut tx = app.begin_beside(DOOR, &origin.actor()).await?;
    let (id, first) = match keep(app, &mut tx, origin, notice, body, attempt).await? {
        Kept::First(id) => (id, true),
        Kept::AgainUnmatched(id) => (id, false),
        Kept::Again => {
            tx.commit().await?;
            return Ok(true);
        }
    };
    let state = match &notice.content {
        NoticeContent::Paid(paid) => match attempt {
            Some(attempt) => apply(app, &mut tx, attempt, paid).await?,
            None => unmatched(&mut tx, origin, id, paid, first).await?,
        },
        NoticeContent::Refund(number) => hint(&mut tx, id, number).await?,
        NoticeContent::News => State::WithoutEffect,
        NoticeContent::Other => {
            tracing::error!(
                kind = notice.kind,
                "a kind of callback that nobody here knows was kept"
            );
            State::WithoutEffect
        }
    };
    store::callback::save_state(&mut tx, id, state).await?;
    tx.commit().await?;
    Ok(state != State::Unmatched)
}

/// The channel repeats it for a day; a task looks again for longer.
async fn unmatched(
    tx: &mut SystemTx,
    origin: Origin<'_>,
    id: CallbackId,
    paid: &Paid,
    first: bool,
) -> Result<State, Error> {
    tracing::error!(number = %paid.number, "a callback tells of a payment that nobody asked for");
    if first {
        meters::callback_unmatched();
        leave_to_match(tx, id, &origin.merchant.name, paid).await?;
    }
    Ok(State::Unmatched)
}

/// Applies a payment that a callback stated, and tells what became of it.
pub async fn apply(app: &App, tx: &mut SystemTx, attempt: &Attempt, paid: &Paid) -> Result<State, Error> {
    let evidence = Evidence::Paid(paid.clone());
    Ok(
        match apply_channel_evidence(app, tx, attempt.id, &evidence, Source::Callback).await? {
            Applied::Changed => State::Applied,
            Applied::NoEffect => State::WithoutEffect,
            Applied::Quarantined(_) => State::Quarantined,
        },
    )
}

/// News of a refund are a reason to ask, not to believe. The lane is each
/// callback's own: behind an earlier hint that waits for its next look it would
/// wait for hours.
async fn hint(tx: &mut SystemTx, callback: CallbackId, number: &ChannelNumber) -> Result<State, Error> {
    if let Some(refund) = store::refund::of_number(tx, number).await? {
        let lane = format!("{refund} {callback}");
        tx.task(NewTask::now(kinds::SEND_REFUND, refund, &()).lane(lane))
            .await?;
        return Ok(State::Applied);
    }
    if let Some(money) = store::isolated::of_number(tx, number).await? {
        let lane = format!("{money} {callback}");
        tx.task(NewTask::now(kinds::RETURN_ISOLATED, money, &()).lane(lane))
            .await?;
        return Ok(State::Applied);
    }
    tracing::error!(%number, "a callback tells of a refund that nobody asked for");
    Ok(State::WithoutEffect)
}
