//! What waits inside the services, and their business time.

use comfy_table::Table;
use proto::Call;
use proto::studio::operations::v1::{
    GetClockRequest, GetClockResponse, GetFeedStatusRequest, GetFeedStatusResponse, ListParkedRequest,
    ListParkedResponse, ListTasksRequest, ListTasksResponse, ReleaseParkedRequest, RetryTaskRequest,
    SetClockRequest, TaskState,
};
use serde_json::{Map, Value, json};

use super::Desk;
use crate::addresses::Service;
use crate::cli::Clock;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{filled, json as as_json, table, time, word};

const ROLE: &str = "operations";

/// Asks every service the same; one that is away is part of the answer.
async fn everywhere<C: Call>(house: &House, request: C) -> Vec<(Service, Result<C::Reply, Failure>)> {
    let mut answers = Vec::new();
    for service in Service::ALL {
        answers.push((service, house.ask_at(service, request.clone()).await));
    }
    answers
}

fn print<C: Call>(
    desk: &Desk,
    answers: &[(Service, Result<C::Reply, Failure>)],
    table: Table,
    row: impl Fn(&mut Table, &str, &C::Reply),
) -> Result<(), Failure> {
    let (value, table) = both::<C>(answers, table, row)?;
    desk.output.value(&value, || filled(&table));
    Ok(())
}

/// What all services answered, for scripts and for people.
fn both<C: Call>(
    answers: &[(Service, Result<C::Reply, Failure>)],
    mut table: Table,
    row: impl Fn(&mut Table, &str, &C::Reply),
) -> Result<(Value, Table), Failure> {
    let mut value = Map::new();
    for (service, answer) in answers {
        match answer {
            Ok(reply) => {
                row(&mut table, service.name(), reply);
                value.insert(service.name().to_owned(), as_json::<C>(reply)?);
            }
            Err(failure) => {
                table.add_row([service.name().to_owned(), failure.to_string().replace('\n', "; ")]);
                value.insert(service.name().to_owned(), json!({ "error": failure.to_string() }));
            }
        }
    }
    Ok((Value::Object(value), table))
}

/// Parked tasks and facts of every service.
pub async fn stuck(desk: &Desk) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    let parked = ListTasksRequest {
        state: TaskState::Parked.into(),
        page_size: 200,
        ..Default::default()
    };
    let tasks = everywhere(&house, parked).await;
    let heading = table(["service", "task", "kind", "for", "tries", "last error"]);
    let (tasks, task_rows) = both::<ListTasksRequest>(&tasks, heading, parked_tasks)?;
    let facts = everywhere(
        &house,
        ListParkedRequest {
            page_size: 200,
            ..Default::default()
        },
    )
    .await;
    let heading = table(["service", "source", "seq", "fact", "of", "error"]);
    let (facts, fact_rows) = both::<ListParkedRequest>(&facts, heading, parked_facts)?;
    desk.output.value(&json!({ "tasks": tasks, "facts": facts }), || {
        format!(
            "tasks
{}
facts
{}",
            filled(&task_rows),
            filled(&fact_rows)
        )
    });
    Ok(())
}

fn parked_tasks(table: &mut Table, service: &str, reply: &ListTasksResponse) {
    for task in &reply.tasks {
        let tries = task.attempts.to_string();
        table.add_row([
            service,
            &task.task_id,
            &task.kind,
            &task.aggregate,
            &tries,
            &task.last_error,
        ]);
    }
}

fn parked_facts(table: &mut Table, service: &str, reply: &ListParkedResponse) {
    for fact in &reply.events {
        let seq = fact.seq.to_string();
        table.add_row([
            service,
            &fact.source,
            &seq,
            &fact.r#type,
            &fact.aggregate,
            &fact.error,
        ]);
    }
}

pub async fn retry(desk: &Desk, service: Service, task_id: String) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    house
        .ask_at(
            service,
            RetryTaskRequest {
                request_id: request_id(),
                task_id,
            },
        )
        .await?;
    eprintln!("{} tries it again at once", service.name());
    Ok(())
}

pub async fn release(
    desk: &Desk,
    service: Service,
    source: String,
    aggregate: String,
) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    let request = ReleaseParkedRequest {
        request_id: request_id(),
        source,
        aggregate,
    };
    let released = house.ask_at(service, request).await?.released;
    eprintln!("{} applied {released} facts", service.name());
    Ok(())
}

/// How far each service's facts are numbered and the others' applied.
pub async fn feed(desk: &Desk) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    let answers = everywhere(&house, GetFeedStatusRequest {}).await;
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
    print::<GetFeedStatusRequest>(desk, &answers, heading, |table, service, reply| {
        for row in rows(service, reply, &heads) {
            table.add_row(row);
        }
    })
}

fn rows(service: &str, reply: &GetFeedStatusResponse, heads: &[(&str, i64)]) -> Vec<[String; 8]> {
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

pub async fn clock(desk: &Desk, command: Clock) -> Result<(), Failure> {
    let house = desk.enter_as(ROLE).await?;
    if let Clock::Set { offset } = command {
        let offset_ms = offset_ms(&offset)?;
        for service in Service::ALL {
            house
                .ask_at(
                    service,
                    SetClockRequest {
                        request_id: request_id(),
                        offset_ms,
                    },
                )
                .await?;
        }
    }
    let answers = everywhere(&house, GetClockRequest {}).await;
    print::<GetClockRequest>(
        desk,
        &answers,
        table(["service", "business time", "ahead", "movable"]),
        show_clock,
    )
}

fn show_clock(table: &mut Table, service: &str, reply: &GetClockResponse) {
    if let Some(clock) = &reply.clock {
        let ahead = format!("{} s", clock.offset_ms / 1000);
        let movable = if clock.movable { "yes" } else { "no" };
        table.add_row([
            service.to_owned(),
            time(clock.now.as_ref()),
            ahead,
            movable.to_owned(),
        ]);
    }
}

/// `+30d`, `2h`, `-15m`, `10s`, `0`.
fn offset_ms(text: &str) -> Result<i64, Failure> {
    let bad = || Failure::new(format!("{text} is no offset")).hint("write +30d, +2h, -15m, 10s or 0");
    let unit = text.chars().last().ok_or_else(bad)?;
    let (number, factor) = match unit {
        'd' => (&text[..text.len() - 1], 86_400_000),
        'h' => (&text[..text.len() - 1], 3_600_000),
        'm' => (&text[..text.len() - 1], 60_000),
        's' => (&text[..text.len() - 1], 1_000),
        _ => (text, 1_000),
    };
    let number: i64 = number.trim_start_matches('+').parse().map_err(|_| bad())?;
    number.checked_mul(factor).ok_or_else(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_has_a_sign_and_a_unit() {
        assert_eq!(offset_ms("+30d").unwrap(), 2_592_000_000);
        assert_eq!(offset_ms("-15m").unwrap(), -900_000);
        assert_eq!(offset_ms("0").unwrap(), 0);
        for text in ["", "d", "soon", "99999999999999999d", "天"] {
            assert!(offset_ms(text).is_err(), "{text}");
        }
    }
}
