//! What has to stand before anything is sold: a refund policy in force.

use proto::studio::money::v1::Money;
use proto::studio::refunds::v1 as pb;
use tonic::Code;

use super::Story;
use crate::failure::Failure;
use crate::house::{House, request_id};

pub async fn run(story: &mut Story) -> Result<(), Failure> {
    story.part("The house's rules");
    let supervisor = story.staff("finance-supervisor").await?;
    story
        .step("refunds", "a refund policy is in force", policy(&supervisor))
        .await
}

async fn policy(supervisor: &House) -> Result<((), String), Failure> {
    let found = supervisor.ask(pb::GetPolicyRequest::default()).await;
    match found {
        Ok(reply) => {
            let policy = reply.policy.unwrap_or_default();
            return Ok(((), format!("{} (version {})", policy.title, policy.number)));
        }
        Err(failure) if matches!(failure.code(), Some(Code::NotFound | Code::FailedPrecondition)) => {}
        Err(failure) => return Err(failure),
    }
    let published = supervisor.ask(publish()).await?;
    Ok(((), format!("version {} published", published.number)))
}

fn publish() -> pb::PublishPolicyRequest {
    let rule =
        |code: &str, within_days, usage: pb::Usage, base: pb::RefundBase, ratio: &str| pb::PolicyRule {
            code: code.to_owned(),
            reasons: Vec::new(),
            within_days,
            usage: usage.into(),
            base: base.into(),
            ratio: ratio.to_owned(),
            fee: Some(Money {
                minor: 0,
                currency: kernel::CURRENCY.to_owned(),
            }),
        };
    pb::PublishPolicyRequest {
        request_id: request_id(),
        legal_entity_id: String::new(),
        title: "会员退费政策".to_owned(),
        window_days: 365,
        rules: vec![
            rule("cooling-off", 7, pb::Usage::None, pb::RefundBase::Paid, "1"),
            rule("unused", 0, pb::Usage::Any, pb::RefundBase::Unused, "0.9"),
        ],
        methods: vec![pb::RefundMethod::Origin.into()],
        effective_from: None,
    }
}
