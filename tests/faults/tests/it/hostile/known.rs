//! Good messages about things that are there: what answers named is asked for
//! again, so that a message comes further than to "no such thing".

use std::collections::HashMap;

use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value};
use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use testkit::chain;
use testkit::messages::Maker;

/// What answers told: ids of things that are there, by the field that holds them.
pub struct Known {
    texts: HashMap<String, Vec<String>>,
    versions: Vec<i64>,
}

/// As many of one field are remembered.
const REMEMBERED: usize = 40;

/// Files that fit none, one or the other of the calls that take one.
const FILES: [&str; 4] = [
    "code,name,kind,price,valid_days,validity_start,start_within_days,activation,benefits,sold_at,effective_from\nPACK,十次课程,class_pack,800.00,90,payment,0,at_once,LESSON:课程:operator:10,,\n",
    "code,kind,parent,name\nOP,operator,,晴空瑜伽\nLE-BJ,legal_entity,OP,北京\n",
    "name,phone,id_number,studio\n林静,15400000001,99000019900101001X,BJ-CY\n",
    "account,name,person,role,node\nwu@studio.example,吴,E-1,front_desk,BJ-CY\n",
];

impl Known {
    pub fn of_house() -> Self {
        let chain = chain();
        let texts = [
            (
                "studio_id",
                vec![chain.chaoyang.to_string(), chain.xuhui.to_string()],
            ),
            (
                "home_studio_id",
                vec![chain.chaoyang.to_string(), chain.haidian.to_string()],
            ),
            ("legal_entity_id", vec![chain.beijing_company.to_string()]),
            (
                "node_id",
                vec![chain.beijing.to_string(), chain.operator.to_string()],
            ),
            ("template", vec!["ticket_opened".to_owned()]),
        ];
        Self {
            texts: texts.into_iter().map(|(k, v)| (k.to_owned(), v)).collect(),
            versions: vec![1],
        }
    }

    pub fn add(&mut self, field: &str, text: &str) {
        let texts = self.texts.entry(field.to_owned()).or_default();
        if text.is_empty() || texts.iter().any(|t| t == text) {
            return;
        }
        if texts.len() >= REMEMBERED {
            texts.remove(REMEMBERED / 2);
        }
        texts.push(text.to_owned());
    }

    /// Remembers what an answer names.
    pub fn learn(&mut self, reply: &DynamicMessage) {
        for (field, value) in reply.fields() {
            self.learn_value(&field, value);
        }
    }

    fn learn_value(&mut self, field: &FieldDescriptor, value: &Value) {
        const TELLING: [&str; 5] = ["_id", "hash", "_number", "_token", "phone"];
        let name = field.name();
        match value {
            Value::String(text) if TELLING.iter().any(|end| name.ends_with(end)) => {
                self.add(name.trim_start_matches("next_"), text);
            }
            Value::I64(version) if name == "version" && self.versions.len() < REMEMBERED => {
                self.versions.push(*version);
            }
            Value::Message(message) => self.learn(message),
            Value::List(list) => list.iter().take(5).for_each(|v| self.learn_value(field, v)),
            _ => {}
        }
    }

    /// A message that keeps the rules, about things that are known.
    pub fn message(&self, kind: &MessageDescriptor, chance: &mut StdRng) -> DynamicMessage {
        let mut maker = Maker::new(chance.random());
        let mut message = match chance.random_range(0..3) {
            0 => maker.smallest(kind),
            _ => maker.whole(kind),
        };
        self.dress(&mut message, chance);
        message
    }

    fn dress(&self, message: &mut DynamicMessage, chance: &mut StdRng) {
        let kind = message.descriptor();
        let fields: Vec<_> = kind
            .fields()
            .filter(|f| !f.is_list() && message.has_field(f))
            .collect();
        let file = message.descriptor().name().starts_with("Import");
        for field in fields {
            let known = self.texts.get(field.name()).and_then(|t| t.choose(chance));
            match (field.kind(), field.name()) {
                (Kind::String, "page_token") if known.is_none() || chance.random_bool(0.5) => {
                    message.clear_field(&field);
                }
                (Kind::String, name) => {
                    if let Some(known) = known.filter(|_| name != "request_id" && chance.random_bool(0.85)) {
                        message.set_field(&field, Value::String(known.clone()));
                    }
                }
                (Kind::Int64, "version") => {
                    let version = *self.versions.choose(chance).unwrap();
                    message.set_field(&field, Value::I64(version));
                }
                (Kind::Int64, "minor") => {
                    let minor = *[1, 100, 10_000, 80_000, 398_000].choose(chance).unwrap();
                    message.set_field(&field, Value::I64(minor));
                }
                (Kind::Bytes, "content") if file => {
                    let content = FILES.choose(chance).unwrap().as_bytes().to_vec();
                    message.set_field(&field, Value::Bytes(content.into()));
                }
                (Kind::Message(_), _) => {
                    if let Value::Message(inner) = message.get_field_mut(&field) {
                        self.dress(inner, chance);
                    }
                }
                _ => {}
            }
        }
    }
}
