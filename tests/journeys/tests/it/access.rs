//! Who may make which call, and on what: every call of the contracts × every
//! kind of caller × where the thing is, against the rows in `access/`.

mod actors;
mod ask;
mod places;
mod policies;
mod table;

use std::collections::BTreeMap;

use platform::access::Rules;
use prost_reflect::MethodDescriptor;
use sqlx::AssertSqlSafe;
use testkit::messages;

use crate::world::{Service, World};
pub use actors::{SERVICES, roles};
use ask::Asked;
use places::Places;
use table::Table;

/// What platform serves in every service.
const PLATFORMS: [&str; 2] = ["studio.feed.v1", "studio.operations.v1"];

/// The calls that a service answers: its own, or platform's.
fn calls(service: &str, platforms: bool) -> Vec<MethodDescriptor> {
    let served = Rules::of_house().unwrap().served_by(service);
    let of_platform = |package: &str| PLATFORMS.contains(&package);
    messages::methods()
        .into_iter()
        .filter(|method| served.contains(&method.parent_service().full_name()))
        .filter(|method| of_platform(method.parent_service().package_name()) == platforms)
        .collect()
}

/// The rows of some calls of one service as they are; reads come first, so
/// that they find what was prepared.
async fn rows(service: &Service, calls: Vec<MethodDescriptor>, places: &Places) -> (Table, Vec<String>) {
    let rules = Rules::of_house().unwrap();
    let actors = actors::all(places);
    let mut calls: Vec<Asked> = calls
        .into_iter()
        .map(|method| {
            let rule = &rules.get(&messages::path(&method)).unwrap().rule;
            Asked::new(method, rule)
        })
        .collect();
    calls.sort_by_key(|call| (call.rule.writes, call.name.clone()));
    let (mut rows, mut findings) = (BTreeMap::new(), Vec::new());
    for call in &calls {
        let mut answers = Vec::new();
        for actor in &actors {
            answers.push(ask::cell(service, call, actor, places, &mut findings).await);
        }
        answers.push(ask::spoiled_persons(service, call, places).await);
        answers.push(ask::spoiled_services(service, call, places).await);
        rows.insert(call.name.clone(), answers);
    }
    let mut columns: Vec<String> = actors.into_iter().map(|actor| actor.code).collect();
    columns.extend(["person".to_owned(), "service".to_owned()]);
    (Table { columns, rows }, findings)
}

async fn of_service(service: &Service, places: &Places) -> Vec<String> {
    let (own, mut findings) = rows(service, calls(service.name, false), places).await;
    findings.extend(own.compare(service.name));
    let (platforms, more) = rows(service, calls(service.name, true), places).await;
    findings.extend(more);
    // Seven services answer platform's calls alike; one of them writes the rows.
    if service.name == "members" || !table::update() {
        findings.extend(platforms.compare("platform"));
    }
    findings
        .into_iter()
        .map(|line| format!("{}: {line}", service.name))
        .collect()
}

/// A statement that breaks a guard before anything is asked, as
/// `ACCESS_SABOTAGE="wallet: alter table recharges disable row level security"`:
/// the suite must then fail.
#[expect(clippy::disallowed_methods, reason = "a guard is removed from outside")]
async fn sabotage(services: &[Service]) {
    let Ok(told) = std::env::var("ACCESS_SABOTAGE") else {
        return;
    };
    let (name, statement) = told.split_once(':').expect("service: statement");
    let service = services.iter().find(|service| service.name == name).unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
        .execute(&service.pool)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_call_answers_every_caller_as_its_row_says() {
    let world = World::open().await;
    let services = world.services();
    let places = places::furnish(&world).await;
    sabotage(&services).await;
    let mut findings = policies::findings(&services, &places).await;
    let asked = services.iter().map(|service| of_service(service, &places));
    for found in futures::future::join_all(asked).await {
        findings.extend(found);
    }
    assert!(
        findings.is_empty(),
        "{} cells are not as reviewed (UPDATE_ACCESS=1 writes them for review):\n{}",
        findings.len(),
        findings.join("\n")
    );
}
