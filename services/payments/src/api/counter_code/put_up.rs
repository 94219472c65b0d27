use kernel::{BadField, LegalEntityId, StudioId, fresh_uuid};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::api::said;
use crate::domain::Refusal;
use crate::domain::counter_code::{Channel, CounterCode, State, digest_of};
use crate::{App, store, wire};

/// Registers a code that stands on a counter from now on.
#[tracing::instrument(name = "payments.put_up_code", skip_all, fields(studio.id = %request.studio_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::PutUpCodeRequest,
) -> Result<pb::PutUpCodeResponse, Error> {
    let studio_id = StudioId::parse("studio_id", &request.studio_id)?;
    let channel =
        Channel::asked(request.channel()).ok_or_else(|| BadField::new("channel", "must be given"))?;
    let place = said("place", &request.place)?;
    let content = said("content", &request.content)?;
    let by = caller.require_person()?;
    let legal_entity = collecting(app, caller, studio_id, channel)?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let now = app.clock.now();
    let before = store::counter_code::latest(&mut tx, studio_id, channel, &place).await?;
    if let Some(standing) = before.as_ref().filter(|code| code.state == State::Up) {
        store::counter_code::save(&mut tx, &standing.end(State::Replaced)?).await?;
    }
    let code = CounterCode {
        id: fresh_uuid(),
        studio: studio_id,
        legal_entity,
        channel,
        place,
        number: before.map_or(1, |code| code.number + 1),
        digest: digest_of(&content),
        state: State::Up,
        put_up_by: by,
        put_up_at: now,
        checked_at: None,
        check_by: now + app.config.suspense.check_codes_every(),
        suspected_at: None,
        version: 1,
    };
    store::counter_code::insert(&mut tx, &code).await?;
    tx.commit(pb::PutUpCodeResponse {
        code: Some(wire::counter_code::code(&code, now)),
    })
    .await
}

/// The legal entity of a studio at which a channel collects.
fn collecting(app: &App, caller: &Caller, id: StudioId, channel: Channel) -> Result<LegalEntityId, Error> {
    let studio = app
        .organisation()
        .studio(id)
        .filter(|studio| !studio.closed && caller.may_reach(id))
        .ok_or_else(|| Error::not_found("studio"))?;
    let method = channel.word();
    let merchant = app.merchants.of_entity(studio.legal_entity);
    match merchant.and_then(|m| m.channel_called(method)) {
        Some(_) => Ok(studio.legal_entity),
        None => Err(Refusal::MethodNotSetUp { method }.into()),
    }
}
