//! Money into a wallet: application, first check, payment, audit, posting.

use proto::studio::payments::v1 as payments;
use proto::studio::wallet::v1 as pb;

use super::Story;
use super::people::Member;
use super::purchase::scanned;
use super::story::until;
use crate::commands::{pay, recharges};
use crate::failure::Failure;
use crate::house::House;
use crate::output::yuan;

const AMOUNT: &str = "2000.00";

pub async fn run(story: &mut Story, member: &Member) -> Result<(), Failure> {
    story.part("A recharge");
    let me = story.with_token(&member.token);
    let specialist = story.staff("recharge-specialist").await?;
    let auditor = story.staff("finance-auditor").await?;
    let id = story
        .step(
            "wallet",
            "the member applies for a recharge",
            applied(&me, member),
        )
        .await?;
    story
        .step(
            "wallet",
            "a specialist passes the first check",
            accepted(&specialist, &id),
        )
        .await?;
    let attempt = story
        .step("payments", "an Alipay QR is shown", started(&me, &id))
        .await?;
    story
        .step("payments", "the payer scans it and pays", scanned(&me, &attempt))
        .await?;
    story
        .step(
            "wallet",
            "received and compared, not yet spendable",
            received(&me, &id),
        )
        .await?;
    story
        .step(
            "wallet",
            "finance audits and posts it: spendable",
            posted(&auditor, &id),
        )
        .await
}

async fn applied(me: &House, member: &Member) -> Result<(String, String), Failure> {
    let (person, studio) = (member.person_id.clone(), member.studio_id.clone());
    let id = recharges::apply(me, person, studio, AMOUNT, pb::RechargeMethod::AlipayQr).await?;
    Ok((id, format!("¥{AMOUNT}")))
}

async fn accepted(specialist: &House, id: &str) -> Result<((), String), Failure> {
    recharges::accept(specialist, id).await?;
    Ok(((), String::new()))
}

async fn started(me: &House, id: &str) -> Result<(payments::Attempt, String), Failure> {
    let attempt = pay::ready(me, &recharges::start(me, id).await?.attempt_id).await?;
    let told = attempt.code_url.clone();
    Ok((attempt, told))
}

async fn received(me: &House, id: &str) -> Result<((), String), Failure> {
    let recharge = until("the recharge is received", async || {
        let recharge = recharges::get(me, id).await?;
        Ok((recharge.state() == pb::RechargeState::Received).then_some(recharge))
    })
    .await?;
    Ok(((), format!("{} waits for the audit", recharge.number)))
}

async fn posted(auditor: &House, id: &str) -> Result<((), String), Failure> {
    let posted = recharges::post(auditor, id, "application and payment agree").await?;
    Ok(((), format!("balance {}", yuan(posted.balance.as_ref()))))
}
