use comfy_table::Table;
use proto::studio::operations::v1 as pb;
use serde_json::Value;

use super::Desk;
use super::operations::{ROLE, both, everywhere};
use crate::addresses::Service;
use crate::cli::Parked;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{facts, filled, table, time};

pub async fn run(desk: &Desk, command: Parked) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    match command {
        Parked::List { at } => {
            let (value, rows) = list(&house, at).await?;
            desk.output.value(&value, || filled(&rows));
            Ok(())
        }
        Parked::Show {
            service,
            source,
            event_id,
        } => show(desk, &house, service, pb::GetParkedRequest { source, event_id }).await,
        Parked::Release {
            service,
            source,
            aggregate,
        } => {
            let request = pb::ReleaseParkedRequest {
                request_id: request_id(),
                source,
                aggregate,
            };
            let released = house.ask_at(service, request).await?.released;
            eprintln!("{} applied {released} facts", service.name());
            Ok(())
        }
    }
}

/// The parked facts of one service, or of all.
pub async fn list(house: &House, at: Option<Service>) -> Result<(Value, Table), Failure> {
    let request = pb::ListParkedRequest {
        page_size: 200,
        ..Default::default()
    };
    let answers = match at {
        Some(service) => vec![(service, house.ask_at(service, request).await)],
        None => everywhere(house, request).await,
    };
    let heading = table(["service", "source", "seq", "fact", "event", "of", "error"]);
    both::<pb::ListParkedRequest>(&answers, heading, |table, service, reply| {
        for fact in &reply.events {
            table.add_row([
                service,
                &fact.source,
                &fact.seq.to_string(),
                &fact.r#type,
                &fact.event_id,
                &fact.aggregate,
                &fact.error,
            ]);
        }
    })
}

async fn show(
    desk: &Desk,
    house: &House,
    service: Service,
    request: pb::GetParkedRequest,
) -> Result<(), Failure> {
    let reply = house.ask_at(service, request).await?;
    desk.output.reply::<pb::GetParkedRequest>(&reply, |reply| {
        let event = reply.event.clone().unwrap_or_default();
        facts([
            ("source", event.source),
            ("seq", event.seq.to_string()),
            ("event", event.event_id),
            ("fact", event.r#type),
            ("of", event.aggregate),
            ("version", reply.version.to_string()),
            ("happened", time(reply.occurred_at.as_ref())),
            ("parked", time(event.parked_at.as_ref())),
            ("error", event.error),
            ("behind it", reply.behind.to_string()),
            (
                "trace",
                reply.traceparent.split('-').nth(1).unwrap_or_default().to_owned(),
            ),
            ("says", reply.fact_json.clone()),
        ])
    })
}
