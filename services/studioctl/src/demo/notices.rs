//! Every step was told: in the inbox, by mail, and to the departments.

use std::collections::BTreeSet;

use proto::studio::notifications::v1 as pb;

use super::Story;
use super::people::Member;
use super::story::until;
use crate::failure::Failure;
use crate::house::House;
use crate::sinks;

/// What the member must have been told by now.
const TOLD: [&str; 20] = [
    "person_registered",
    "application_received",
    "quote_issued",
    "order_approved",
    "order_confirmed",
    "payment_received",
    "receipt_issued",
    "card_opened",
    "card_activated",
    "checked_in",
    "recharge_applied",
    "recharge_accepted",
    "recharge_received",
    "recharge_posted",
    "wallet_spent",
    "refund_requested",
    "refund_approved",
    "refund_completed",
    "ticket_opened",
    "ticket_closed",
];

pub async fn run(story: &mut Story, member: &Member) -> Result<(), Failure> {
    story.part("What everybody was told");
    let me = story.with_token(&member.token);
    let finance = story.staff("finance-staff").await?;
    story
        .step("notifications", "every step is in the member's inbox", inbox(&me))
        .await?;
    story
        .step("notifications", "every step left by mail", mails(&me, member))
        .await?;
    story
        .step(
            "notifications",
            "the departments heard of the payment",
            board(&finance, member),
        )
        .await
}

async fn inbox(me: &House) -> Result<((), String), Failure> {
    let count = until("every notice is in the inbox", async || {
        let request = pb::ListMessagesRequest {
            page_size: 200,
            ..Default::default()
        };
        let messages = me.ask(request).await?.messages;
        let told: BTreeSet<&str> = messages.iter().map(|m| m.template.as_str()).collect();
        Ok(TOLD
            .iter()
            .all(|template| told.contains(template))
            .then_some(messages.len()))
    })
    .await?;
    Ok(((), format!("{count} messages")))
}

async fn mails(me: &House, member: &Member) -> Result<((), String), Failure> {
    let count = until("the mails left", async || {
        let mails = sinks::mails(me.addresses(), &member.email).await?;
        Ok((mails.len() >= TOLD.len()).then_some(mails.len()))
    })
    .await?;
    Ok(((), format!("{count} mails to {}", member.email)))
}

async fn board(finance: &House, member: &Member) -> Result<((), String), Failure> {
    let told = until("the departments were told", async || {
        let request = pb::ListNoticesRequest {
            studio_id: member.studio_id.clone(),
            ..Default::default()
        };
        Ok(finance.ask(request).await?.notices.into_iter().next())
    })
    .await?;
    Ok(((), told.body))
}
