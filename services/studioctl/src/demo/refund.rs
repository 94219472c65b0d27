//! A part of the second purchase goes back to where it came from, after
//! another person's approval.

use proto::studio::refunds::v1 as pb;

use super::Story;
use super::people::Member;
use super::spend::balance;
use super::story::until;
use crate::commands::refunds;
use crate::failure::Failure;
use crate::house::House;
use crate::output::yuan;

const AMOUNT: &str = "300.00";

pub async fn run(story: &mut Story, member: &Member, order_id: &str) -> Result<(), Failure> {
    story.part("A partial refund");
    let me = story.with_token(&member.token);
    let approver = story.staff("refund-approver").await?;
    story
        .step(
            "refunds",
            "the policy says what could go back",
            quoted(&me, order_id),
        )
        .await?;
    let case_id = story
        .step(
            "refunds",
            "the member asks for a part of it",
            asked(&me, order_id),
        )
        .await?;
    story
        .step(
            "refunds",
            "another person approves",
            approved(&approver, &case_id),
        )
        .await?;
    story
        .step(
            "refunds",
            "it went back to where it came from",
            returned(&approver, &case_id),
        )
        .await?;
    story
        .step("wallet", "the wallet has it", arrived(&me, member))
        .await
}

async fn quoted(me: &House, order_id: &str) -> Result<((), String), Failure> {
    let quote = me
        .ask(refunds::quote(order_id.to_owned()))
        .await?
        .quote
        .unwrap_or_default();
    Ok((
        (),
        format!("{} by rule {}", yuan(quote.amount.as_ref()), quote.rule_code),
    ))
}

async fn asked(me: &House, order_id: &str) -> Result<(String, String), Failure> {
    let opened = refunds::open(
        me,
        order_id.to_owned(),
        Some(AMOUNT),
        "fewer classes than planned".to_owned(),
    )
    .await?;
    Ok((
        opened.case_id,
        format!("case {} over {}", opened.number, yuan(opened.amount.as_ref())),
    ))
}

async fn approved(approver: &House, case_id: &str) -> Result<((), String), Failure> {
    let decided = refunds::approve(approver, case_id, "according to policy".to_owned()).await?;
    Ok(((), yuan(decided.amount.as_ref())))
}

async fn returned(approver: &House, case_id: &str) -> Result<((), String), Failure> {
    let case = until("the refund is complete", async || {
        let case = refunds::get(approver, case_id).await?;
        match case.state() {
            pb::CaseState::Completed => Ok(Some(case)),
            pb::CaseState::Stuck => Err(Failure::new(format!("the refund is stuck: {}", case.stuck_why))),
            _ => Ok(None),
        }
    })
    .await?;
    Ok(((), format!("{} legs", case.legs.len())))
}

async fn arrived(me: &House, member: &Member) -> Result<((), String), Failure> {
    Ok(((), format!("balance {}", balance(me, &member.person_id).await?)))
}
