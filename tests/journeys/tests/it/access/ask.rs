//! One caller makes one call on one thing; the answer as one letter.

use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use kernel::{Clock, to_proto_time};
use prost_reflect::prost::Message;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};
use proto::studio::access::v1::{Reach, Role, Rule};
use testkit::messages::{self, Maker};
use testkit::{Flaw, Identity, raw};
use tonic::service::interceptor::InterceptedService;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use journeys::steps::yuan;

use super::actors::{Actor, roles};
use super::places::{Place, Places};
use super::{PLATFORMS, Service};

/// Calls that want a proof which only a service itself can make, so that an
/// invalid field is as far as anybody gets.
const UNMAKEABLE: [&str; 1] = ["AuditService/Reseal"];

/// More than any call takes.
const PATIENCE: Duration = Duration::from_mins(2);

/// A call as the matrix asks it.
pub struct Asked {
    /// `CardService/GetCard`.
    pub name: String,
    path: String,
    method: MethodDescriptor,
    pub rule: Rule,
    smallest: DynamicMessage,
}

/// Fields of which a call takes one; without these it takes the other.
const INSTEAD: [(&str, &str); 11] = [
    ("ReceiptService/GetReceipt", "payment_id"),
    ("RefundService/GetRefund", "leg_id"),
    ("CatalogueService/GetProduct", "code"),
    ("CashierService/SetLimit", "legal_entity_id"),
    ("CashierService/ListLimits", "legal_entity_id"),
    ("CashierService/CloseCashier", "legal_entity_id"),
    ("CashierService/ReopenCashier", "legal_entity_id"),
    ("CashierService/ListClosures", "legal_entity_id"),
    ("PolicyService/GetPolicy", "policy_id"),
    ("RefundService/QuoteRefund", "due_id"),
    ("RefundService/OpenCase", "due_id"),
];

impl Asked {
    pub fn new(method: MethodDescriptor, rule: &Rule) -> Self {
        Self {
            name: format!("{}/{}", method.parent_service().name(), method.name()),
            path: messages::path(&method),
            smallest: Maker::new(1).smallest(&method.input()),
            rule: rule.clone(),
            method,
        }
    }

    /// A request about the things of a place, valid by the contract.
    fn about(&self, place: &Place) -> (DynamicMessage, bool) {
        let mut request = self.unfiltered();
        let mut bound = false;
        for (field, value) in &place.ids {
            if !INSTEAD.contains(&(self.name.as_str(), field)) {
                bound |= messages::put(&mut request, field, value);
            }
        }
        (request, bound)
    }

    fn unfiltered(&self) -> DynamicMessage {
        let mut request = self.smallest.clone();
        // What keeps the contract and not the house's rules would be refused
        // before anybody looks at whose it is.
        let soon = to_proto_time(Clock::real() + TimeDelta::hours(12));
        let now = to_proto_time(Clock::real());
        for (field, value) in [
            ("window_days", Value::I32(30)),
            ("at", Value::Message(dynamic("google.protobuf.Timestamp", &now))),
            (
                "expire_at",
                Value::Message(dynamic("google.protobuf.Timestamp", &soon)),
            ),
            (
                "tendered",
                Value::Message(dynamic("studio.money.v1.Money", &yuan(100))),
            ),
            ("day", Value::String("2026-11-21".to_owned())),
            ("from_day", Value::String("2026-11-21".to_owned())),
            ("to_day", Value::String("2026-11-21".to_owned())),
        ] {
            if self.method.input().get_field_by_name(field).is_some() {
                request.set_field_by_name(field, value);
            }
        }
        messages::put(&mut request, "request_id", &kernel::fresh_uuid().to_string());
        request
    }

    /// A list that may be asked without naming anything.
    fn is_open_list(&self, place: &Place) -> bool {
        let named = |field: &&str| {
            self.smallest
                .get_field_by_name(field)
                .is_some_and(|v| v.as_str() != Some(""))
        };
        self.method.input().get_field_by_name("page_size").is_some() && !place.ids.keys().any(named)
    }
}

fn dynamic(name: &str, message: &impl Message) -> DynamicMessage {
    let kind = messages::pool().get_message_by_name(name).unwrap();
    DynamicMessage::decode(kind, message.encode_to_vec().as_slice()).unwrap()
}

/// How somebody is answered: at the own studio, at a sibling, at another
/// company's, and where there is nothing; for a list also without a filter. One
/// letter where all are alike.
pub async fn cell(
    service: &Service,
    call: &Asked,
    actor: &Actor,
    places: &Places,
    findings: &mut Vec<String>,
) -> String {
    let mut letters = String::new();
    let mut hidden: Vec<(&str, Status)> = Vec::new();
    for (name, place) in places.all() {
        let (request, bound) = call.about(place);
        let answer = send(service, call, &actor.who, &request).await;
        let letter = letter(call, &answer, place);
        letters.push(letter);
        // Elsewhere, a field may be invalid because what it names is not there.
        let unmade = letter == '?' && name == "own" && !UNMAKEABLE.contains(&call.name.as_str());
        if letter == '!' || unmade {
            findings.push(format!("{} by {} at {name}: {answer:?}", call.name, actor.code));
        }
        if letter == 'h' {
            hidden.extend(
                answer
                    .err()
                    .filter(|_| name != "own")
                    .map(|status| (name, status)),
            );
        }
        if !bound {
            return letters;
        }
    }
    findings.extend(told_apart(call, actor, &hidden));
    if call.is_open_list(&places.own) {
        let answer = send(service, call, &actor.who, &call.unfiltered()).await;
        let letter = unfiltered(call, &answer, places);
        letters.push(letter);
        let bound = matches!(call.rule.reach(), Reach::Studio | Reach::Own);
        if letter == 'a' && bound && !actor.code.starts_with(['=', '*']) {
            findings.push(format!("{} by {} shows other places", call.name, actor.code));
        }
    }
    let first = letters.chars().next().unwrap_or_default();
    if letters.chars().all(|letter| letter == first) {
        first.to_string()
    } else {
        letters
    }
}

/// What is elsewhere and what is not at all must look the same.
fn told_apart(call: &Asked, actor: &Actor, hidden: &[(&str, Status)]) -> Option<String> {
    let (_, nothing) = hidden.iter().find(|(name, _)| *name == "missing")?;
    let same = |status: &Status| {
        (status.code(), status.message(), status.details())
            == (nothing.code(), nothing.message(), nothing.details())
    };
    let (name, status) = hidden.iter().find(|(_, status)| !same(status))?;
    Some(format!(
        "{} by {}: {name} is hidden otherwise than what is missing: {status:?}, {nothing:?}",
        call.name, actor.code
    ))
}

/// Tokens of a person who would pass, each with one flaw.
pub async fn spoiled_persons(service: &Service, call: &Asked, places: &Places) -> String {
    let permitted = call
        .rule
        .roles()
        .find(|role| !matches!(role, Role::Anonymous | Role::Member));
    let role = permitted.or_else(|| roles().next()).unwrap();
    let who = Identity::staff(role, places.operator);
    spoiled(service, call, places, &who).await
}

/// Tokens of a service that would pass, each with one flaw.
pub async fn spoiled_services(service: &Service, call: &Asked, places: &Places) -> String {
    let name = call.rule.services.first().map_or("orders", String::as_str);
    spoiled(service, call, places, &Identity::service(name)).await
}

async fn spoiled(service: &Service, call: &Asked, places: &Places, who: &Identity) -> String {
    let mut letters = String::new();
    for flaw in Flaw::ALL {
        let (request, _) = call.about(&places.own);
        let answer = send(service, call, &who.clone().flawed(flaw), &request).await;
        letters.push(letter(call, &answer, &places.own));
    }
    letters
}

/// Sends a request; once more to a service that was too busy to say who may.
async fn send(
    service: &Service,
    call: &Asked,
    who: &Identity,
    request: &DynamicMessage,
) -> Result<Bytes, Status> {
    for _ in 0..5 {
        match send_once(service, call, who, request).await {
            Err(busy) if matches!(busy.code(), Code::DeadlineExceeded | Code::Unavailable) => {}
            answer => return answer,
        }
    }
    send_once(service, call, who, request).await
}

async fn send_once(
    service: &Service,
    call: &Asked,
    who: &Identity,
    request: &DynamicMessage,
) -> Result<Bytes, Status> {
    let door = InterceptedService::new(service.channel.clone(), who.clone());
    let bytes = Bytes::from(request.encode_to_vec());
    let answer = async {
        if call.method.is_server_streaming() {
            raw::first(&door, &call.path, bytes).await
        } else {
            raw::call(&door, &call.path, bytes).await
        }
    };
    let late = |_| Err(Status::deadline_exceeded("the test waited long enough"));
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or_else(late)
}

fn letter(call: &Asked, answer: &Result<Bytes, Status>, place: &Place) -> char {
    let status = match answer {
        Ok(_) if call.rule.writes => return 'P',
        // Whose facts and tasks a service has by now is a matter of chance.
        Ok(_) if PLATFORMS.contains(&call.method.parent_service().package_name()) => return 'o',
        Ok(reply) if place.shows_in(reply) => return 's',
        Ok(_) => return 'o',
        Err(status) => status,
    };
    let details = status.get_error_details();
    let reason = details.error_info().map_or("", |info| info.reason.as_str());
    match (status.code(), reason) {
        (Code::Unauthenticated, "UNAUTHENTICATED") => 'u',
        (Code::PermissionDenied, "ROLE_MISSING") => '-',
        (Code::PermissionDenied, "PERSON_REQUIRED") => 'p',
        (Code::NotFound, _) => 'h',
        (_, "INVALID_FIELDS") => '?',
        (
            Code::Internal | Code::Unknown | Code::Unavailable | Code::DeadlineExceeded | Code::Unimplemented,
            _,
        )
        | (_, "") => '!',
        _ => 'P',
    }
}

/// Whose things a list without a filter shows.
fn unfiltered(call: &Asked, answer: &Result<Bytes, Status>, places: &Places) -> char {
    let Ok(reply) = answer else {
        return letter(call, answer, &places.missing);
    };
    let shows = |place: &Place| place.shows_in(reply);
    if shows(&places.sibling) || shows(&places.other) {
        'a'
    } else if shows(&places.own) {
        's'
    } else {
        'o'
    }
}
