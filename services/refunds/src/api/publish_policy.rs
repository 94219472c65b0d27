use kernel::{BadField, Balance, LegalEntityId, NodeId, PolicyId, Timestamp, from_proto_time, to_proto_time};
use platform::organisation::NodeKind;
use platform::{Caller, Claim, Error};
use proto::studio::refunds::v1 as pb;
use rust_decimal::Decimal;

use super::words;
use crate::domain::Policy;
use crate::domain::policy::Rule;
use crate::{App, facts, store};

/// Adds a version of the policy.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::PublishPolicyRequest,
) -> Result<pb::PublishPolicyResponse, Error> {
    let draft = draft(app, caller, &request)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let last = store::policies::last(&mut tx, draft.legal_entity).await?;
    draft.publishable(last.map(|(_, from)| from))?;
    let policy = Policy {
        number: last.map_or(1, |(number, _)| number + 1),
        ..draft
    };
    store::policies::insert(&mut tx, &policy).await?;
    tx.publish(facts::policy_published(&policy)).await?;
    tx.commit(pb::PublishPolicyResponse {
        policy_id: policy.id.to_string(),
        number: policy.number,
        effective_from: Some(to_proto_time(policy.effective_from)),
    })
    .await
}

fn draft(app: &App, caller: &Caller, request: &pb::PublishPolicyRequest) -> Result<Policy, Error> {
    let now = app.clock.now();
    let law = i32::from(app.config.statutory_cooling_off_days);
    if request.window_days < law {
        return Err(BadField::new("window_days", format!("must be at least the statutory {law}")).into());
    }
    Ok(Policy {
        id: PolicyId::fresh(),
        legal_entity: legal_entity(app, &request.legal_entity_id)?,
        number: 1,
        title: request.title.clone(),
        window_days: request.window_days,
        rules: request.rules.iter().map(rule).collect::<Result<_, _>>()?,
        methods: request.methods().map(words::method).collect::<Result<_, _>>()?,
        effective_from: effective_from(request, now)?,
        published_by: caller.require_person()?,
        published_at: now,
    })
}

fn effective_from(request: &pb::PublishPolicyRequest, now: Timestamp) -> Result<Timestamp, BadField> {
    match &request.effective_from {
        None => Ok(now),
        given => {
            from_proto_time(given.as_ref()).ok_or_else(|| BadField::new("effective_from", "must be a time"))
        }
    }
}

fn legal_entity(app: &App, text: &str) -> Result<Option<LegalEntityId>, BadField> {
    if text.is_empty() {
        return Ok(None);
    }
    let id = LegalEntityId::parse("legal_entity_id", text)?;
    let node = app
        .organisation()
        .node(NodeId(id.0))
        .filter(|node| node.kind == NodeKind::LegalEntity);
    node.map(|_| Some(id))
        .ok_or_else(|| BadField::new("legal_entity_id", "must be a legal entity of the operator"))
}

fn rule(rule: &pb::PolicyRule) -> Result<Rule, BadField> {
    let fee = rule
        .fee
        .as_ref()
        .map_or(Ok(Balance::ZERO), |fee| Balance::parse("rules.fee", Some(fee)))?;
    let ratio: Decimal = rule
        .ratio
        .parse()
        .map_err(|_| BadField::new("rules.ratio", "must be a decimal from 0 to 1"))?;
    Ok(Rule {
        code: rule.code.clone(),
        reasons: rule.reasons().map(words::reason).collect::<Result<_, _>>()?,
        within_days: rule.within_days,
        usage: words::usage(rule.usage())?,
        base: words::base(rule.base())?,
        ratio,
        fee_minor: fee.minor(),
    })
}
