//! A complaint that only the member can close.

use proto::studio::oversight::v1 as pb;

use super::Story;
use super::people::Member;
use crate::commands::{held, tickets};
use crate::failure::Failure;
use crate::house::{House, request_id};

pub async fn run(story: &mut Story, member: &Member) -> Result<(), Failure> {
    story.part("A complaint");
    let me = story.with_token(&member.token);
    let director = story.staff("studio-director").await?;
    let what = "the member complains; a supervisor answers for it";
    let id = story.step("oversight", what, opened(&me, member)).await?;
    let what = "the supervisor investigates and proposes";
    story
        .step("oversight", what, proposed(&director, &id, "赠送一次体验课"))
        .await?;
    let what = "the member declines: back to negotiation";
    story.step("oversight", what, declined(&me, &id)).await?;
    let what = "the supervisor proposes something better";
    story
        .step("oversight", what, proposed(&director, &id, "道歉并延长年卡七天"))
        .await?;
    let what = "the member accepts, which alone closes it";
    story.step("oversight", what, closed(&me, &id)).await
}

async fn opened(me: &House, member: &Member) -> Result<(String, String), Failure> {
    let text = "上周团课临时取消，没有提前通知。".to_owned();
    let ticket = tickets::open(
        me,
        member.studio_id.clone(),
        text,
        pb::TicketTopic::Service,
        String::new(),
    )
    .await?;
    let told = format!(
        "{} answered by {}",
        ticket.ticket_number, ticket.assignee_person_id
    );
    Ok((ticket.ticket_id, told))
}

async fn proposed(director: &House, ticket_id: &str, text: &str) -> Result<((), String), Failure> {
    let progress = pb::RecordProgressRequest {
        request_id: request_id(),
        ticket_id: ticket_id.to_owned(),
        text: "已与教练核实情况".to_owned(),
    };
    director.ask(progress).await?;
    let request = pb::ProposeResolutionRequest {
        request_id: request_id(),
        ticket_id: ticket_id.to_owned(),
        text: text.to_owned(),
    };
    director.ask(request).await?;
    Ok(((), text.to_owned()))
}

async fn declined(me: &House, ticket_id: &str) -> Result<((), String), Failure> {
    let request = pb::DeclineResolutionRequest {
        request_id: request_id(),
        ticket_id: ticket_id.to_owned(),
        text: "希望有更实际的补偿".to_owned(),
    };
    let ticket = held(me.ask(request).await?.ticket, "ticket")?;
    Ok(((), format!("declined {} time", ticket.declines)))
}

async fn closed(me: &House, ticket_id: &str) -> Result<((), String), Failure> {
    let ticket = tickets::accept(me, ticket_id.to_owned()).await?;
    Ok((
        (),
        format!(
            "{} accepted by {}",
            ticket.ticket_number, ticket.accepted_by_person_id
        ),
    ))
}
