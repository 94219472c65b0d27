use comfy_table::Table;
use proto::studio::operations::v1 as pb;

use super::operations::{ROLE, everywhere, print};
use super::{Desk, held};
use crate::addresses::Service;
use crate::cli::Feeds;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{facts, table, time, word};

pub async fn run(desk: &Desk, command: Feeds) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    match command {
        Feeds::Status => status(desk, &house).await,
        Feeds::Consumers => consumers(desk, &house).await,
        Feeds::Divergences { all } => divergences(desk, &house, !all).await,
        Feeds::Show {
            service,
            divergence_id,
        } => show(desk, &house, service, divergence_id).await,
        Feeds::Propose {
            service,
            divergence_id,
            reason,
        } => {
            let request = pb::ProposeResumptionRequest {
                request_id: request_id(),
                version: get(&house, service, &divergence_id).await?.version,
                divergence_id: divergence_id.clone(),
                reason,
            };
            house.ask_at(service, request).await?;
            eprintln!("another person has to confirm it: `studioctl feeds resume`");
            show(desk, &house, service, divergence_id).await
        }
        Feeds::Resume {
            service,
            divergence_id,
        } => {
            let request = pb::ResumeFeedRequest {
                request_id: request_id(),
                version: get(&house, service, &divergence_id).await?.version,
                divergence_id: divergence_id.clone(),
            };
            house.ask_at(service, request).await?;
            show(desk, &house, service, divergence_id).await
        }
        Feeds::Forget {
            service,
            consumer,
            reason,
        } => {
            let request = pb::ForgetConsumerRequest {
                request_id: request_id(),
                service: consumer.clone(),
                reason,
            };
            house.ask_at(service, request).await?;
            eprintln!("{} waits for {consumer} no more", service.name());
            Ok(())
        }
    }
}

/// How far each service's facts are numbered and the others' applied.
async fn status(desk: &Desk, house: &House) -> Result<(), Failure> {
    let answers = everywhere(house, pb::GetFeedStatusRequest {}).await;
    let heads: Vec<(&str, i64)> = answers
        .iter()
        .filter_map(|(s, a)| a.as_ref().ok().map(|a| (s.name(), a.head_seq)))
        .collect();
    let heading = table([
        "service",
        "own facts",
        "unnumbered",
        "follows",
        "applied",
        "behind",
        "state",
        "parked",
    ]);
    print::<pb::GetFeedStatusRequest>(desk, &answers, heading, |table, service, reply| {
        for row in rows(service, reply, &heads) {
            table.add_row(row);
        }
    })
}

fn rows(service: &str, reply: &pb::GetFeedStatusResponse, heads: &[(&str, i64)]) -> Vec<[String; 8]> {
    let own = [
        service.to_owned(),
        reply.head_seq.to_string(),
        reply.unnumbered.to_string(),
    ];
    let blank = || String::new();
    if reply.cursors.is_empty() {
        let [a, b, c] = own;
        return vec![[a, b, c, blank(), blank(), blank(), blank(), blank()]];
    }
    let mut rows = Vec::new();
    for cursor in &reply.cursors {
        let [a, b, c] = if rows.is_empty() {
            own.clone()
        } else {
            [blank(), blank(), blank()]
        };
        let head = heads
            .iter()
            .find(|(name, _)| *name == cursor.source)
            .map(|(_, head)| head - cursor.seq);
        rows.push([
            a,
            b,
            c,
            cursor.source.clone(),
            cursor.seq.to_string(),
            head.map(|behind| behind.max(0).to_string()).unwrap_or_default(),
            word(cursor.state().as_str_name(), "CURSOR_STATE_"),
            cursor.parked.to_string(),
        ]);
    }
    rows
}

async fn consumers(desk: &Desk, house: &House) -> Result<(), Failure> {
    let answers = everywhere(house, pb::GetFeedStatusRequest {}).await;
    let heading = table(["service", "head", "pruned to", "pulled by", "up to", "last seen"]);
    print::<pb::GetFeedStatusRequest>(desk, &answers, heading, |table, service, reply| {
        for consumer in &reply.consumers {
            table.add_row([
                service.to_owned(),
                reply.head_seq.to_string(),
                reply.pruned_seq.to_string(),
                consumer.service.clone(),
                consumer.after_seq.to_string(),
                time(consumer.pulled_at.as_ref()),
            ]);
        }
    })
}

async fn divergences(desk: &Desk, house: &House, open_only: bool) -> Result<(), Failure> {
    let request = pb::ListDivergencesRequest {
        open_only,
        page_size: 200,
        ..Default::default()
    };
    let answers = everywhere(house, request).await;
    let heading = table([
        "service",
        "divergence",
        "source",
        "kind",
        "state",
        "applied",
        "common",
        "lost",
        "parked",
        "found",
    ]);
    print::<pb::ListDivergencesRequest>(desk, &answers, heading, |table, service, reply| {
        for it in &reply.divergences {
            table.add_row([
                service.to_owned(),
                it.divergence_id.clone(),
                it.source.clone(),
                kind(it),
                state(it),
                it.cursor_seq.to_string(),
                it.common_seq.to_string(),
                it.orphans.to_string(),
                it.parked.to_string(),
                time(it.found_at.as_ref()),
            ]);
        }
    })
}

async fn get(house: &House, service: Service, divergence_id: &str) -> Result<pb::Divergence, Failure> {
    let request = pb::GetDivergenceRequest {
        divergence_id: divergence_id.to_owned(),
        ..Default::default()
    };
    held(house.ask_at(service, request).await?.divergence, "divergence")
}

async fn show(desk: &Desk, house: &House, service: Service, divergence_id: String) -> Result<(), Failure> {
    let request = pb::GetDivergenceRequest {
        divergence_id,
        page_size: 200,
        ..Default::default()
    };
    let reply = house.ask_at(service, request).await?;
    desk.output.reply::<pb::GetDivergenceRequest>(&reply, |reply| {
        let mut shown = about(&reply.divergence.clone().unwrap_or_default());
        for lost in &reply.orphans {
            shown.add_row([
                format!("lost {}", lost.seq),
                format!("{} of {} ({})", lost.r#type, lost.aggregate, lost.event_id),
            ]);
        }
        if !reply.next_page_token.is_empty() {
            shown.add_row(["lost", "…"]);
        }
        shown
    })
}

fn about(it: &pb::Divergence) -> Table {
    facts([
        ("divergence", it.divergence_id.clone()),
        ("source", it.source.clone()),
        ("kind", kind(it)),
        ("state", state(it)),
        ("why", it.why.clone()),
        ("applied up to", it.cursor_seq.to_string()),
        ("common up to", it.common_seq.to_string()),
        ("lost", it.orphans.to_string()),
        ("parked, dropped", it.parked.to_string()),
        ("owner", it.owner_person_id.clone()),
        ("proposed by", it.proposed_by_person_id.clone()),
        ("reason", it.reason.clone()),
        ("confirmed by", it.confirmed_by_person_id.clone()),
        ("found", time(it.found_at.as_ref())),
        ("over", time(it.closed_at.as_ref())),
    ])
}

fn kind(it: &pb::Divergence) -> String {
    word(it.kind().as_str_name(), "DIVERGENCE_KIND_")
}

fn state(it: &pb::Divergence) -> String {
    word(it.state().as_str_name(), "DIVERGENCE_STATE_")
}
