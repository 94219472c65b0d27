use kernel::{BadField, Invalid, LegalEntityId, PersonId, from_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::domain::credential::{Credential, Kind, State};
use crate::{App, store};

/// Enters a credential.
#[tracing::instrument(name = "payments.register_credential", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RegisterCredentialRequest,
) -> Result<pb::RegisterCredentialResponse, Error> {
    let credential = read(app, &request)?;
    app.organisation()
        .node(credential.legal_entity.0.into())
        .ok_or_else(|| Error::not_found("legal entity"))?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    store::credential::insert(&mut tx, &credential).await?;
    let credential = super::shown(app, &mut tx, &credential).await?;
    tx.commit(pb::RegisterCredentialResponse {
        credential: Some(credential),
    })
    .await
}

fn read(app: &App, request: &pb::RegisterCredentialRequest) -> Result<Credential, Error> {
    let mut bad = Vec::new();
    let kind = Kind::asked(request.kind());
    if kind.is_none() {
        bad.push(BadField::new("kind", "must be a kind"));
    }
    let account = word("account", &request.account, &mut bad);
    let name = word("name", &request.name, &mut bad);
    let rotated_at =
        super::renewed(from_proto_time(request.rotated_at.as_ref())).map_err(|field| bad.push(field));
    if rotated_at.is_ok_and(|at| at > app.clock.now()) {
        bad.push(BadField::new("rotated_at", "must not be in the future"));
    }
    let (Some(kind), Ok(rotated_at), true) = (kind, rotated_at, bad.is_empty()) else {
        return Err(Invalid(bad).into());
    };
    Ok(Credential {
        id: kernel::fresh_uuid(),
        legal_entity: LegalEntityId::parse("legal_entity_id", &request.legal_entity_id)?,
        kind,
        account,
        name,
        holder: PersonId::parse("holder_id", &request.holder_id)?,
        every_days: request.rotate_every_days,
        rotated_at,
        handed_over_at: None,
        state: State::Active,
        version: 1,
    })
}

/// Blanks are no name.
fn word(field: &str, text: &str, bad: &mut Vec<BadField>) -> String {
    let word = text.trim();
    if word.is_empty() {
        bad.push(BadField::new(field, "must not be blank"));
    }
    word.to_owned()
}
