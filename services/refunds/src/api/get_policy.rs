use kernel::{LegalEntityId, PolicyId, from_proto_time};
use platform::{Caller, Error};
use proto::studio::refunds::v1 as pb;

use super::view;
use crate::domain::Refusal;
use crate::{App, store};

/// One version of the policy, or the one in force.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetPolicyRequest,
) -> Result<pb::GetPolicyResponse, Error> {
    let at = from_proto_time(request.at.as_ref()).unwrap_or_else(|| app.clock.now());
    let legal_entity = match request.legal_entity_id.as_str() {
        "" => None,
        id => Some(LegalEntityId::parse("legal_entity_id", id)?),
    };

    let mut tx = app.begin(caller).await?;
    let policy = match request.policy_id.as_str() {
        "" => store::policies::in_force(&mut tx, legal_entity, at).await?,
        id => store::policies::find(&mut tx, PolicyId::parse("policy_id", id)?).await?,
    };
    let policy = policy.ok_or(Refusal::UnknownPolicy)?;
    Ok(pb::GetPolicyResponse {
        policy: Some(view::policy(&policy)),
    })
}
