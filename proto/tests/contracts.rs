//! What every contract keeps to, read from the compiled descriptors, so that a
//! new call or message cannot stay outside.

use std::collections::BTreeSet;

use prost_reflect::{
    DescriptorPool, DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, MessageDescriptor,
    MethodDescriptor, Value,
};

const SERVICES: [&str; 7] = [
    "members",
    "orders",
    "payments",
    "wallet",
    "refunds",
    "notifications",
    "oversight",
];
/// Lists that one order or the program itself bounds, so that a page says nothing.
const BOUNDED: [&str; 4] = ["ListTemplates", "ListSteps", "ListQuotes", "ListContactLogs"];
/// Served to processes of the house or by every service; their calls are not of the journey.
const HOUSEHOLD: [&str; 2] = ["studio.feed.v1", "studio.operations.v1"];

fn pool() -> DescriptorPool {
    DescriptorPool::decode(proto::DESCRIPTORS).unwrap()
}

fn calls(pool: &DescriptorPool) -> Vec<MethodDescriptor> {
    pool.services()
        .filter(|s| s.full_name().starts_with("studio."))
        .flat_map(|s| s.methods().collect::<Vec<_>>())
        .collect()
}

fn messages(pool: &DescriptorPool) -> Vec<MessageDescriptor> {
    pool.all_messages()
        .filter(|m| m.full_name().starts_with("studio.") && !m.is_map_entry())
        .collect()
}

fn rule_extension(pool: &DescriptorPool) -> ExtensionDescriptor {
    pool.get_extension_by_name("studio.access.v1.rule").unwrap()
}

struct Rule(DynamicMessage);

impl Rule {
    fn of(call: &MethodDescriptor) -> Self {
        let rule = call
            .options()
            .get_extension(&rule_extension(call.parent_pool()))
            .into_owned();
        Self(rule.as_message().unwrap().clone())
    }
    fn flag(&self, name: &str) -> bool {
        self.0.get_field_by_name(name).unwrap().as_bool().unwrap()
    }
    fn number(&self, name: &str) -> i32 {
        self.0.get_field_by_name(name).unwrap().as_enum_number().unwrap()
    }
    fn count(&self, name: &str) -> usize {
        self.0.get_field_by_name(name).unwrap().as_list().unwrap().len()
    }
    fn services(&self) -> Vec<String> {
        let field = self.0.get_field_by_name("services").unwrap().into_owned();
        field
            .as_list()
            .unwrap()
            .iter()
            .map(|v| v.as_str().unwrap().to_owned())
            .collect()
    }
}

/// The rules of a field as `name -> value` of its type, as `string -> {uuid: true}`.
fn field_rules(field: &FieldDescriptor) -> DynamicMessage {
    let extension = field
        .parent_pool()
        .get_extension_by_name("buf.validate.field")
        .unwrap();
    field
        .options()
        .get_extension(&extension)
        .as_message()
        .unwrap()
        .clone()
}

fn is_checked_uuid(field: &FieldDescriptor) -> bool {
    let rules = field_rules(field);
    let text = rules.get_field_by_name("string").unwrap().into_owned();
    matches!(text, Value::Message(m) if m.has_field_by_name("uuid"))
}

fn refuse(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn fields_below(message: &MessageDescriptor, seen: &mut BTreeSet<String>) -> Vec<FieldDescriptor> {
    if !seen.insert(message.full_name().to_owned()) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for field in message.fields() {
        if let Kind::Message(inner) = field.kind() {
            all.extend(fields_below(&inner, seen));
        }
        all.push(field);
    }
    all
}

#[test]
fn every_call_has_a_rule_that_names_who_may_call_and_how_far_they_see() {
    let pool = pool();
    let wrong: Vec<String> = calls(&pool)
        .iter()
        .filter(|call| {
            let rule = Rule::of(call);
            rule.number("reach") == 0 || rule.count("roles") + rule.count("services") == 0
        })
        .map(|call| call.full_name().to_owned())
        .collect();
    refuse(&wrong);
}

#[test]
fn a_rule_names_only_services_that_exist() {
    let pool = pool();
    let mut wrong = Vec::new();
    for call in calls(&pool) {
        for service in Rule::of(&call).services() {
            if !SERVICES.contains(&service.as_str()) {
                wrong.push(format!("{}: {service}", call.full_name()));
            }
        }
    }
    refuse(&wrong);
}

#[test]
fn a_call_that_writes_carries_a_request_id_and_no_other_call_does() {
    let pool = pool();
    let mut wrong = Vec::new();
    for call in calls(&pool) {
        let id = call.input().get_field_by_name("request_id");
        let writes = Rule::of(&call).flag("writes");
        if writes != id.as_ref().is_some_and(is_checked_uuid) {
            wrong.push(format!(
                "{}: writes = {writes}, request_id = {}",
                call.full_name(),
                id.is_some()
            ));
        }
    }
    refuse(&wrong);
}

#[test]
fn four_eyes_are_those_of_persons_on_calls_that_write() {
    let pool = pool();
    let wrong: Vec<String> = calls(&pool)
        .iter()
        .filter(|call| {
            let rule = Rule::of(call);
            rule.flag("four_eyes") && !(rule.flag("writes") && rule.flag("person_must_act"))
        })
        .map(|call| call.full_name().to_owned())
        .collect();
    refuse(&wrong);
}

#[test]
fn a_call_that_a_person_must_make_is_open_to_no_service_alone() {
    let pool = pool();
    let wrong: Vec<String> = calls(&pool)
        .iter()
        .filter(|call| Rule::of(call).flag("person_must_act") && Rule::of(call).count("services") > 0)
        .map(|call| call.full_name().to_owned())
        .collect();
    refuse(&wrong);
}

#[test]
fn every_call_has_a_request_and_a_response_of_its_own() {
    let pool = pool();
    let wrong: Vec<String> = calls(&pool)
        .iter()
        .filter(|call| {
            call.input().name() != format!("{}Request", call.name())
                || call.output().name() != format!("{}Response", call.name())
        })
        .map(|call| call.full_name().to_owned())
        .collect();
    refuse(&wrong);
}

#[test]
fn every_list_is_paged_and_every_page_bounded() {
    let pool = pool();
    let mut wrong = Vec::new();
    for call in calls(&pool)
        .iter()
        .filter(|c| c.name().starts_with("List") && !BOUNDED.contains(&c.name()))
    {
        let (input, output) = (call.input(), call.output());
        let bounded = input.get_field_by_name("page_size").is_some_and(|field| {
            let rules = field_rules(&field);
            let numbers = rules.get_field_by_name("int32").unwrap().into_owned();
            matches!(numbers, Value::Message(m) if m.has_field_by_name("gte") && m.has_field_by_name("lte"))
        });
        let paged = input.get_field_by_name("page_token").is_some()
            && output.get_field_by_name("next_page_token").is_some();
        if !(bounded && paged) {
            wrong.push(call.full_name().to_owned());
        }
    }
    refuse(&wrong);
}

#[test]
fn every_id_in_a_request_is_checked_to_be_one() {
    let pool = pool();
    let mut wrong = Vec::new();
    for call in calls(&pool) {
        if HOUSEHOLD.contains(&call.parent_service().parent_file().package_name()) {
            continue;
        }
        for field in fields_below(&call.input(), &mut BTreeSet::new()) {
            // What stands in a oneof is checked by the handler: generated rules cannot look inside.
            let id = field.containing_oneof().is_none()
                && field.name().ends_with("_id")
                && field.kind() == Kind::String
                && !field.is_list();
            if id && !is_checked_uuid(&field) {
                wrong.push(field.full_name().to_owned());
            }
        }
    }
    refuse(&wrong);
}

#[test]
fn facts_and_replies_of_writes_hold_no_personal_data() {
    let pool = pool();
    let personal = [
        "phone",
        "id_number",
        "email",
        "full_name",
        "person_name",
        "address",
        "code",
        "message_text",
    ];
    let facts = messages(&pool)
        .into_iter()
        .filter(|m| m.name().ends_with("Event") && m.oneofs().any(|o| o.name() == "fact"));
    let replies = calls(&pool)
        .into_iter()
        .filter(|c| Rule::of(c).flag("writes"))
        .map(|c| c.output());
    let mut wrong = Vec::new();
    for message in facts.chain(replies) {
        for field in fields_below(&message, &mut BTreeSet::new()) {
            // The code of a node or product is its public name.
            let public = field.name() == "code" && !field.full_name().contains("Challenge");
            if personal.contains(&field.name()) && !public {
                wrong.push(format!("{} in {}", field.full_name(), message.full_name()));
            }
        }
    }
    refuse(&wrong);
}

#[test]
fn money_is_never_a_float() {
    let pool = pool();
    let wrong: Vec<String> = messages(&pool)
        .iter()
        .flat_map(|m| m.fields().collect::<Vec<_>>())
        .filter(|f| matches!(f.kind(), Kind::Float | Kind::Double))
        .map(|f| f.full_name().to_owned())
        .collect();
    refuse(&wrong);
}

#[test]
fn every_service_states_its_facts_and_its_reasons() {
    let pool = pool();
    let mut wrong = Vec::new();
    for service in SERVICES {
        let package = format!("studio.{service}.v1");
        let facts = messages(&pool).into_iter().filter(|m| {
            m.package_name() == package
                && m.name().ends_with("Event")
                && m.oneofs().any(|o| o.name() == "fact")
        });
        if facts.count() != 1 {
            wrong.push(format!("{package} has not exactly one message of facts"));
        }
        match pool.get_enum_by_name(&format!("{package}.ErrorReason")) {
            Some(reasons) if reasons.values().all(|v| v.name().starts_with("ERROR_REASON_")) => {}
            _ => wrong.push(format!("{package}.ErrorReason")),
        }
    }
    refuse(&wrong);
}

#[test]
fn an_enum_begins_with_what_is_unspecified() {
    let pool = pool();
    let wrong: Vec<String> = pool
        .all_enums()
        .filter(|e| e.full_name().starts_with("studio."))
        .filter(|e| !e.get_value(0).is_some_and(|v| v.name().ends_with("_UNSPECIFIED")))
        .map(|e| e.full_name().to_owned())
        .collect();
    refuse(&wrong);
}
