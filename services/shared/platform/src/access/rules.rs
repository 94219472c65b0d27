use std::collections::HashMap;
use std::sync::OnceLock;

use prost_reflect::{DescriptorPool, ExtensionDescriptor, MethodDescriptor, Value};
use proto::studio::access::v1::{Reach, Role, Rule};

use crate::limits::Class;

/// A contract with which no server starts.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadContract {
    #[error("the contracts cannot be read: {0}")]
    Unreadable(String),
    #[error("{0} has no access rule")]
    NoRule(String),
    #[error("the access rule of {0} permits nobody")]
    NobodyMay(String),
    #[error("the access rule of {0} names no reach")]
    NoReach(String),
    #[error("{0} writes, and its request has no request_id")]
    WriteWithoutRequestId(String),
    #[error("the request of {0} has a request_id, and its access rule does not say that it writes")]
    ReadWithRequestId(String),
    #[error("{0} needs a person, and its access rule permits services or strangers alone")]
    PersonWithoutRole(String),
    #[error("there is no service called {0} in the contracts")]
    NoService(String),
}

/// A call and its rule.
#[derive(Debug)]
pub struct CallRule {
    /// `/studio.wallet.v1.WalletService/Spend`.
    pub path: &'static str,
    /// `studio.wallet.v1.WalletService`.
    pub service: String,
    /// `Spend`.
    pub method: String,
    /// What its span is called: `wallet.spend`.
    pub span: String,
    pub rule: Rule,
    /// The answer is a stream.
    pub streams: bool,
}

impl CallRule {
    /// What the call counts as when not all can be served.
    pub fn class(&self) -> Class {
        Class::of(&self.rule, &self.service)
    }
}

/// The rules of every call of the house.
#[derive(Debug)]
pub struct Rules {
    calls: HashMap<&'static str, CallRule>,
    bad: Vec<(String, BadContract)>,
}

impl Rules {
    /// The rules in the contracts that this program was made from.
    pub fn of_house() -> Result<&'static Self, BadContract> {
        static HOUSE: OnceLock<Result<Rules, BadContract>> = OnceLock::new();
        HOUSE
            .get_or_init(|| {
                let pool = DescriptorPool::decode(proto::CONTRACTS)
                    .map_err(|error| BadContract::Unreadable(error.to_string()))?;
                Self::read(&pool)
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// Reads the rules of every call in `studio.`.
    pub fn read(pool: &DescriptorPool) -> Result<Self, BadContract> {
        let option = pool
            .get_extension_by_name("studio.access.v1.rule")
            .ok_or_else(|| BadContract::Unreadable("no option studio.access.v1.rule".to_owned()))?;
        let mut rules = Self {
            calls: HashMap::new(),
            bad: Vec::new(),
        };
        for service in pool.services().filter(|s| s.full_name().starts_with("studio.")) {
            for method in service.methods() {
                match call_rule(&method, &option) {
                    Ok(call) => drop(rules.calls.insert(call.path, call)),
                    Err(bad) => rules.bad.push((service.full_name().to_owned(), bad)),
                }
            }
        }
        Ok(rules)
    }

    /// Refuses the start when a call of a served service has no sound rule.
    pub fn require(&self, served: &[&str]) -> Result<(), BadContract> {
        for service in served {
            if let Some((_, bad)) = self.bad.iter().find(|(of, _)| of == service) {
                return Err(bad.clone());
            }
            if !self.calls.values().any(|call| call.service == *service) {
                return Err(BadContract::NoService((*service).to_owned()));
            }
        }
        Ok(())
    }

    /// The names of the services of `studio.<name>.v1` and those that platform serves.
    pub fn served_by(&self, name: &str) -> Vec<&str> {
        let prefix = format!("studio.{name}.");
        let ours = |service: &str| {
            service.starts_with(&prefix)
                || service == "studio.feed.v1.FeedService"
                || service == "studio.operations.v1.OperationsService"
                || service == "studio.operations.v1.AuditService"
                || service == "studio.operations.v1.CheckService"
        };
        let good = self.calls.values().map(|call| call.service.as_str());
        let mut names: Vec<&str> = good
            .chain(self.bad.iter().map(|(service, _)| service.as_str()))
            .filter(|s| ours(s))
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The call at a path, unless its rule is missing or unsound.
    pub fn get(&self, path: &str) -> Option<&CallRule> {
        self.calls.get(path)
    }

    /// Every call, for tests that are made from the rules.
    pub fn calls(&self) -> impl Iterator<Item = &CallRule> {
        self.calls.values()
    }
}

fn call_rule(method: &MethodDescriptor, option: &ExtensionDescriptor) -> Result<CallRule, BadContract> {
    let name = method.full_name().to_owned();
    let options = method.options();
    if !options.has_extension(option) {
        return Err(BadContract::NoRule(name));
    }
    let Value::Message(message) = options.get_extension(option).into_owned() else {
        return Err(BadContract::NoRule(name));
    };
    let rule: Rule = message
        .transcode_to()
        .map_err(|error| BadContract::Unreadable(error.to_string()))?;
    sound(&rule, method, name)?;
    let service = method.parent_service().full_name().to_owned();
    let path: &'static str = Box::leak(format!("/{service}/{}", method.name()).into_boxed_str());
    let package = service.split('.').nth(1).unwrap_or_default();
    let span = format!("{package}.{}", snake(method.name()));
    Ok(CallRule {
        path,
        method: method.name().to_owned(),
        span,
        rule,
        streams: method.is_server_streaming(),
        service,
    })
}

fn sound(rule: &Rule, method: &MethodDescriptor, name: String) -> Result<(), BadContract> {
    let keyed = method.input().get_field_by_name("request_id").is_some();
    let people = |role: Role| role != Role::Anonymous && role != Role::Unspecified;
    if rule.roles.is_empty() && rule.services.is_empty() {
        Err(BadContract::NobodyMay(name))
    } else if rule.reach() == Reach::Unspecified {
        Err(BadContract::NoReach(name))
    } else if rule.writes && !keyed {
        Err(BadContract::WriteWithoutRequestId(name))
    } else if keyed && !rule.writes {
        Err(BadContract::ReadWithRequestId(name))
    } else if rule.person_must_act && !rule.roles().any(people) {
        Err(BadContract::PersonWithoutRole(name))
    } else {
        Ok(())
    }
}

fn snake(name: &str) -> String {
    let mut text = String::new();
    for (at, c) in name.char_indices() {
        if c.is_uppercase() && at > 0 {
            text.push('_');
        }
        text.extend(c.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use prost::Message as _;
    use prost_types::{
        DescriptorProto, FieldDescriptorProto, FileDescriptorProto, MethodDescriptorProto,
        ServiceDescriptorProto,
    };

    use super::*;

    /// A contract of one call, with a rule when one is given.
    fn contract(rule: Option<&Rule>, request_id: bool) -> Rules {
        let fields = request_id.then(|| FieldDescriptorProto {
            name: Some("request_id".to_owned()),
            number: Some(1),
            label: Some(1),
            r#type: Some(9),
            ..FieldDescriptorProto::default()
        });
        let message = |name: &str, fields: Vec<FieldDescriptorProto>| DescriptorProto {
            name: Some(name.to_owned()),
            field: fields,
            ..DescriptorProto::default()
        };
        let method = MethodDescriptorProto {
            name: Some("TurnOver".to_owned()),
            input_type: Some(".studio.test.v1.TurnOverRequest".to_owned()),
            output_type: Some(".studio.test.v1.TurnOverResponse".to_owned()),
            ..MethodDescriptorProto::default()
        };
        let file = FileDescriptorProto {
            name: Some("studio/test/v1/test.proto".to_owned()),
            package: Some("studio.test.v1".to_owned()),
            dependency: vec!["studio/access/v1/access.proto".to_owned()],
            message_type: vec![
                message("TurnOverRequest", fields.into_iter().collect()),
                message("TurnOverResponse", Vec::new()),
            ],
            service: vec![ServiceDescriptorProto {
                name: Some("TestService".to_owned()),
                method: vec![method],
                ..ServiceDescriptorProto::default()
            }],
            syntax: Some("proto3".to_owned()),
            ..FileDescriptorProto::default()
        };
        let mut encoded = file.encode_to_vec();
        if let Some(rule) = rule {
            encoded = with_rule(&encoded, rule);
        }
        let mut pool = DescriptorPool::decode(proto::CONTRACTS).unwrap();
        pool.decode_file_descriptor_proto(encoded.as_slice()).unwrap();
        Rules::read(&pool).unwrap()
    }

    /// Message types drop options that they do not know, so the rule is put
    /// into the encoded file: a dynamic message keeps it.
    fn with_rule(file: &[u8], rule: &Rule) -> Vec<u8> {
        let pool = DescriptorPool::decode(proto::CONTRACTS).unwrap();
        let kind = pool
            .get_message_by_name("google.protobuf.FileDescriptorProto")
            .unwrap();
        let mut file = prost_reflect::DynamicMessage::decode(kind, file).unwrap();
        let extension = pool.get_extension_by_name("studio.access.v1.rule").unwrap();
        let Value::List(services) = file.get_field_by_name_mut("service").unwrap() else {
            unreachable!()
        };
        let Value::Message(service) = &mut services[0] else {
            unreachable!()
        };
        let Value::List(methods) = service.get_field_by_name_mut("method").unwrap() else {
            unreachable!()
        };
        let Value::Message(method) = &mut methods[0] else {
            unreachable!()
        };
        let Value::Message(options) = method.get_field_by_name_mut("options").unwrap() else {
            unreachable!()
        };
        let mut message =
            prost_reflect::DynamicMessage::new(pool.get_message_by_name("studio.access.v1.Rule").unwrap());
        message.transcode_from(rule).unwrap();
        options.set_extension(&extension, Value::Message(message));
        file.encode_to_vec()
    }

    fn rule() -> Rule {
        let mut rule = Rule {
            writes: true,
            ..Rule::default()
        };
        rule.set_reach(Reach::Studio);
        rule.push_roles(Role::FrontDesk);
        rule
    }

    const SERVED: [&str; 1] = ["studio.test.v1.TestService"];
    const CALL: &str = "studio.test.v1.TestService.TurnOver";

    #[test]
    fn a_call_with_a_sound_rule_starts() {
        let rules = contract(Some(&rule()), true);
        assert_eq!(rules.require(&SERVED), Ok(()));
        let call = rules.get("/studio.test.v1.TestService/TurnOver").unwrap();
        assert_eq!(call.span, "test.turn_over");
        assert!(call.rule.writes);
    }

    #[test]
    fn a_call_without_a_rule_stops_the_start_by_name() {
        let rules = contract(None, true);
        assert_eq!(rules.require(&SERVED), Err(BadContract::NoRule(CALL.to_owned())));
        assert!(rules.get("/studio.test.v1.TestService/TurnOver").is_none());
    }

    #[test]
    fn a_write_without_a_request_id_stops_the_start() {
        let rules = contract(Some(&rule()), false);
        assert_eq!(
            rules.require(&SERVED),
            Err(BadContract::WriteWithoutRequestId(CALL.to_owned()))
        );
    }

    #[test]
    fn a_request_id_on_a_call_that_does_not_write_stops_the_start() {
        let rules = contract(
            Some(&Rule {
                writes: false,
                ..rule()
            }),
            true,
        );
        assert_eq!(
            rules.require(&SERVED),
            Err(BadContract::ReadWithRequestId(CALL.to_owned()))
        );
    }

    #[test]
    fn a_rule_that_permits_nobody_or_names_no_reach_stops_the_start() {
        let nobody = contract(
            Some(&Rule {
                roles: Vec::new(),
                ..rule()
            }),
            true,
        );
        assert_eq!(
            nobody.require(&SERVED),
            Err(BadContract::NobodyMay(CALL.to_owned()))
        );
        let nowhere = contract(Some(&Rule { reach: 0, ..rule() }), true);
        assert_eq!(
            nowhere.require(&SERVED),
            Err(BadContract::NoReach(CALL.to_owned()))
        );
    }

    #[test]
    fn a_call_that_needs_a_person_permits_some() {
        let alone = Rule {
            roles: Vec::new(),
            services: vec!["orders".to_owned()],
            person_must_act: true,
            ..rule()
        };
        assert_eq!(
            contract(Some(&alone), true).require(&SERVED),
            Err(BadContract::PersonWithoutRole(CALL.to_owned()))
        );
    }

    #[test]
    fn every_call_of_the_house_has_a_sound_rule() {
        assert_eq!(Rules::of_house().unwrap().bad, Vec::new());
    }
}
