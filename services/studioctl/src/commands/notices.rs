use comfy_table::Table;
use proto::studio::notifications::v1 as pb;

use super::Desk;
use crate::cli::Deliveries;
use crate::failure::Failure;
use crate::house::request_id;
use crate::output::{table, time, word};

pub async fn inbox(desk: &Desk, english: bool) -> Result<(), Failure> {
    let house = desk
        .enter("")
        .await
        .map_err(|f| f.hint("an inbox belongs to a member: --as <phone>"))?;
    let language = if english {
        pb::Language::En
    } else {
        pb::Language::ZhCn
    };
    let reply = house
        .ask(pb::ListMessagesRequest {
            language: language.into(),
            ..Default::default()
        })
        .await?;
    desk.output.reply::<pb::ListMessagesRequest>(&reply, |reply| {
        let mut rows = table(["when", "subject", "text", "read"]);
        for message in &reply.messages {
            rows.add_row([
                time(message.created_at.as_ref()),
                message.subject.clone(),
                message.body.clone(),
                time(message.read_at.as_ref()),
            ]);
        }
        rows
    })
}

pub async fn board(desk: &Desk) -> Result<(), Failure> {
    let house = desk.enter("finance-staff").await?;
    let reply = house.ask(pb::ListNoticesRequest::default()).await?;
    desk.output.reply::<pb::ListNoticesRequest>(&reply, |reply| {
        let mut rows = table(["when", "department", "text"]);
        for notice in &reply.notices {
            rows.add_row([
                time(notice.created_at.as_ref()),
                notice.department.clone(),
                notice.body.clone(),
            ]);
        }
        rows
    })
}

pub async fn deliveries(desk: &Desk, command: Deliveries) -> Result<(), Failure> {
    let house = desk.enter("customer-service").await?;
    match command {
        Deliveries::List { state } => {
            let state = match state {
                None => pb::MessageState::Unspecified,
                Some(text) => {
                    pb::MessageState::from_str_name(&format!("MESSAGE_STATE_{}", text.to_uppercase()))
                        .ok_or_else(|| {
                            Failure::new(format!("no message is {text}"))
                                .hint("states: queued, sending, sent, failed")
                        })?
                }
            };
            let reply = house
                .ask(pb::ListDeliveriesRequest {
                    state: state.into(),
                    ..Default::default()
                })
                .await?;
            desk.output
                .reply::<pb::ListDeliveriesRequest>(&reply, |r| shown(&r.deliveries))
        }
        Deliveries::Resend { message_id } => {
            house
                .ask(pb::ResendDeliveryRequest {
                    request_id: request_id(),
                    message_id,
                })
                .await?;
            eprintln!("it is sent again");
            Ok(())
        }
    }
}

fn shown(deliveries: &[pb::Delivery]) -> Table {
    let mut rows = table([
        "message", "template", "channel", "state", "tries", "failure", "written",
    ]);
    for delivery in deliveries {
        rows.add_row([
            delivery.message_id.clone(),
            delivery.template.clone(),
            word(delivery.channel().as_str_name(), "CHANNEL_"),
            word(delivery.state().as_str_name(), "MESSAGE_STATE_"),
            delivery.attempts.to_string(),
            delivery.failure.clone(),
            time(delivery.created_at.as_ref()),
        ]);
    }
    rows
}
