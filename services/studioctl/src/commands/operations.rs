//! What waits inside the services, and their business time.

use comfy_table::Table;
use proto::Call;
use proto::studio::operations::v1::{
    GetClockRequest, GetClockResponse, ListTasksRequest, ListTasksResponse, RetryTaskRequest,
    SetClockRequest, TaskState,
};
use serde_json::{Map, Value, json};

use super::{Desk, parked};
use crate::addresses::Service;
use crate::cli::Clock;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{filled, json as as_json, table, time};

/// Who sees and moves what waits.
pub const ROLE: &str = "operations";

/// Asks every service the same; one that is away is part of the answer.
pub async fn everywhere<C: Call>(house: &House, request: C) -> Vec<(Service, Result<C::Reply, Failure>)> {
    let mut answers = Vec::new();
    for service in Service::ALL {
        answers.push((service, house.ask_at(service, request.clone()).await));
    }
    answers
}

/// Prints what all services answered.
pub fn print<C: Call>(
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
pub fn both<C: Call>(
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
    let (facts, fact_rows) = parked::list(&house, None).await?;
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
