//! What is tried at a call with four eyes.

use std::time::Duration;

use bytes::Bytes;
use kernel::PersonId;
use prost_reflect::prost::Message as _;
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, ReflectMessage as _, Value};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use testkit::messages::put;
use testkit::{At, Flaw, Identity, raw};
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::guises::{self, Guise};
use super::subjects::Subject;
use crate::world::World;

/// What the house answers to somebody who may not decide this, or not here.
const BARRED: [&str; 2] = ["SAME_PERSON", "ROLE_MISSING"];
/// An edited request is refused for what was edited, not for who sends it.
const NOT_FOR_THE_EDIT: [&str; 5] = [
    "SAME_PERSON",
    "ROLE_MISSING",
    "UNAUTHENTICATED",
    "NOT_FOUND",
    "INTERNAL",
];

pub async fn ask(world: &World, subject: &Subject, who: &Identity) -> Result<Bytes, Status> {
    ask_as(world, subject, who, &kernel::fresh_uuid().to_string()).await
}

/// Asks until the answer is one about the request: a machine that is busy says
/// so first.
pub async fn ask_as(
    world: &World,
    subject: &Subject,
    who: &Identity,
    request_id: &str,
) -> Result<Bytes, Status> {
    let services = world.services();
    let service = services
        .into_iter()
        .find(|service| service.name == subject.service())
        .unwrap();
    let mut request = subject.message();
    put(&mut request, "request_id", request_id);
    let request = Bytes::from(request.encode_to_vec());
    let door = InterceptedService::new(service.channel, who.clone());
    for _ in 0..200 {
        let answer = raw::call(&door, subject.path, request.clone()).await;
        let busy = [Code::Unavailable, Code::DeadlineExceeded, Code::ResourceExhausted];
        match &answer {
            Err(status) if busy.contains(&status.code()) => {
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
            _ => return answer,
        }
    }
    panic!("{} is never answered", subject.path);
}

pub fn reason(status: &Status) -> String {
    let details = status.get_error_details();
    details
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

/// Somebody who has nothing to do with it.
pub fn another(subject: &Subject) -> Identity {
    Identity::posts(PersonId::fresh(), &[(subject.role, At::Everywhere)])
}

/// One of those who must not, under some name.
pub fn barred(world: &World, subject: &Subject, rng: &mut StdRng) -> Identity {
    let (_, person) = subject.barred.choose(rng).unwrap();
    guises::draw(world, *person, subject.role, rng).who
}

/// Everybody who is barred tries under many names, and spoiled tokens of one
/// who is not; returns how many tried.
pub async fn besieged(world: &World, subject: &Subject, rng: &mut StdRng, guises: usize) -> usize {
    for (why, person) in &subject.barred {
        for _ in 0..guises {
            let Guise { name, who, widest } = guises::draw(world, *person, subject.role, rng);
            let what = format!("{} by {why} ({name})", subject.path);
            let Err(refused) = ask(world, subject, &who).await else {
                panic!("{what} was let through");
            };
            // A role at one studio is not enough for what is about the operator.
            let reason = reason(&refused);
            assert!(BARRED.contains(&reason.as_str()), "{what}: {refused:?}");
            assert!(reason == "SAME_PERSON" || !widest, "{what}: {refused:?}");
        }
    }
    for flaw in Flaw::ALL {
        let refused = ask(world, subject, &another(subject).flawed(flaw)).await;
        let refused = refused.expect_err("a spoiled token");
        assert_eq!(reason(&refused), "UNAUTHENTICATED", "{} {flaw:?}", subject.path);
    }
    subject.barred.len() * guises + Flaw::ALL.len()
}

/// What was changed after it was looked at is not what is decided: another
/// version, hash or amount than the thing now has.
pub async fn edited(world: &World, subject: &Subject, rng: &mut StdRng) -> usize {
    let message = subject.message();
    let mut tried = 0;
    for field in message.descriptor().fields() {
        for _ in 0..3 {
            let Some(value) = another_value(&message, &field, rng) else {
                continue;
            };
            let mut changed = message.clone();
            changed.set_field(&field, value);
            let changed = subject.with(changed.encode_to_vec());
            let what = format!("{} with another {}", subject.path, field.name());
            let Err(refused) = ask(world, &changed, &another(subject)).await else {
                panic!("{what}: decided what was not looked at");
            };
            let reason = reason(&refused);
            assert!(
                !NOT_FOR_THE_EDIT.contains(&reason.as_str()),
                "{what}: {refused:?}"
            );
            tried += 1;
        }
    }
    tried
}

/// Another value of a field that says what was looked at.
fn another_value(message: &DynamicMessage, field: &FieldDescriptor, rng: &mut StdRng) -> Option<Value> {
    let value = message.get_field(field);
    match (field.name(), field.kind()) {
        ("version", _) => {
            let version = value.as_i64()?;
            let other = (1..=version + 4).filter(|other| *other != version);
            let other: Vec<i64> = other.collect();
            other.choose(rng).map(|other| Value::I64(*other))
        }
        (name, Kind::String) if name.ends_with("_hash") => {
            let hash = value.as_str()?;
            let at = rng.random_range(0..hash.len());
            let swap = |(nth, c)| match c {
                _ if nth != at => c,
                '0' => '1',
                _ => '0',
            };
            Some(Value::String(hash.chars().enumerate().map(swap).collect()))
        }
        ("amount", Kind::Message(_)) => {
            let mut money = value.as_message()?.clone();
            let minor = money.get_field_by_name("minor")?.as_i64()?;
            money.set_field_by_name("minor", Value::I64(minor + rng.random_range(1..10_000)));
            Some(Value::Message(money))
        }
        _ => None,
    }
}
