//! Requests made from the descriptors that keep every field rule of their
//! contract: for tests that must ask every call there is, today's and
//! tomorrow's.

mod pattern;
mod rules;

use std::sync::OnceLock;

use prost_reflect::{
    Cardinality, DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, MethodDescriptor,
    ReflectMessage as _, Value,
};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

use rules::Rules;

/// Deeper than any request of the house, and an end to one that holds itself.
const DEEPEST: usize = 6;
/// Entries of a list beyond those that must be there.
const SPARE_ENTRIES: u64 = 2;

/// The field of `Money` that holds how much.
const AMOUNT: &str = "minor";

/// Every contract of the house.
///
/// # Panics
/// When the contracts that this program was made from cannot be read.
pub fn pool() -> &'static DescriptorPool {
    static POOL: OnceLock<DescriptorPool> = OnceLock::new();
    POOL.get_or_init(|| {
        DescriptorPool::decode(proto::CONTRACTS).unwrap_or_else(|error| panic!("the contracts: {error}"))
    })
}

/// Every call of the house's own contracts.
pub fn methods() -> Vec<MethodDescriptor> {
    let ours = pool()
        .services()
        .filter(|service| service.full_name().starts_with("studio."));
    ours.flat_map(|service| service.methods().collect::<Vec<_>>())
        .collect()
}

/// `/studio.wallet.v1.WalletService/Spend`.
pub fn path(method: &MethodDescriptor) -> String {
    format!("/{}/{}", method.parent_service().full_name(), method.name())
}

/// How much of a message is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    /// What the rules want.
    Needed,
    /// Every field.
    All,
}

/// Makes messages; the same seed makes the same ones.
pub struct Maker {
    rng: StdRng,
}

impl Maker {
    pub fn new(seed: u64) -> Self {
        Self {
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// A message with the fields that its rules want and no others.
    pub fn smallest(&mut self, kind: &MessageDescriptor) -> DynamicMessage {
        self.message(kind, Fill::Needed, 0)
    }

    /// A message with every field filled.
    pub fn whole(&mut self, kind: &MessageDescriptor) -> DynamicMessage {
        self.message(kind, Fill::All, 0)
    }

    fn message(&mut self, kind: &MessageDescriptor, fill: Fill, depth: usize) -> DynamicMessage {
        match kind.full_name() {
            "google.protobuf.Timestamp" => return self.counted(kind, 1_700_000_000, 1_900_000_000),
            "google.protobuf.Duration" => return self.counted(kind, 1, 86_400),
            _ => {}
        }
        let mut message = DynamicMessage::new(kind.clone());
        for field in kind.fields().filter(|f| f.containing_oneof().is_none()) {
            self.set(&mut message, &field, fill, depth);
        }
        for choice in kind.oneofs() {
            let needed = rules::oneof_required(&choice) || choice.is_synthetic();
            let fields: Vec<FieldDescriptor> = choice.fields().collect();
            if (needed || fill == Fill::All) && !fields.is_empty() {
                let field = &fields[self.rng.random_range(0..fields.len())];
                let value = self.value(field, &Rules::of(field), fill, depth);
                message.set_field(field, value);
            }
        }
        message
    }

    fn counted(&mut self, kind: &MessageDescriptor, from: i64, to: i64) -> DynamicMessage {
        let mut message = DynamicMessage::new(kind.clone());
        message.set_field_by_name("seconds", Value::I64(self.rng.random_range(from..=to)));
        message
    }

    fn set(&mut self, message: &mut DynamicMessage, field: &FieldDescriptor, fill: Fill, depth: usize) {
        let rules = Rules::of(field);
        // An amount of nothing keeps the contract and is refused all the same.
        let wanted = fill == Fill::All || rules.binds_when_absent(field) || field.name() == AMOUNT;
        // A message of its own kind again and again has to end somewhere.
        let endless = depth >= DEEPEST && matches!(field.kind(), Kind::Message(_)) && !rules.required();
        if wanted && !endless && !field.is_map() {
            let value = if field.cardinality() == Cardinality::Repeated {
                self.list(field, &rules, fill, depth)
            } else {
                self.value(field, &rules, fill, depth)
            };
            message.set_field(field, value);
        }
    }

    fn list(&mut self, field: &FieldDescriptor, rules: &Rules, fill: Fill, depth: usize) -> Value {
        let least = rules.min_items;
        let most = match fill {
            Fill::Needed => least,
            Fill::All => rules
                .max_items
                .unwrap_or(u64::MAX)
                .min(least.max(1) + SPARE_ENTRIES),
        };
        let items = rules.items();
        let count = self.rng.random_range(least..=most.max(least));
        let mut list: Vec<Value> = Vec::new();
        // A list whose entries differ gets fewer rather than the same twice.
        for _ in 0..count.saturating_mul(4) {
            let value = self.value(field, &items, fill, depth);
            let again = rules.unique && list.contains(&value);
            if !again && u64::try_from(list.len()).is_ok_and(|n| n < count) {
                list.push(value);
            }
        }
        Value::List(list)
    }

    fn value(&mut self, field: &FieldDescriptor, rules: &Rules, fill: Fill, depth: usize) -> Value {
        match field.kind() {
            Kind::Message(kind) => Value::Message(self.message(&kind, fill, depth + 1)),
            Kind::String => Value::String(self.text(field.name(), rules)),
            Kind::Bytes => Value::Bytes(self.bytes(rules).into()),
            Kind::Bool => Value::Bool(self.rng.random()),
            Kind::Enum(kind) => {
                let allowed: Vec<i32> = kind
                    .values()
                    .map(|v| v.number())
                    .filter(|n| !rules.not_in.contains(n))
                    .filter(|n| rules.only.is_empty() || rules.only.contains(n))
                    .collect();
                let at = if fill == Fill::Needed {
                    0
                } else {
                    self.rng.random_range(0..allowed.len())
                };
                Value::EnumNumber(allowed[at])
            }
            Kind::Double => Value::F64(1.0),
            Kind::Float => Value::F32(1.0),
            kind => self.number(&kind, rules, fill, field.name()),
        }
    }

    /// The least in size for a small message, anything in range for a whole one.
    fn number(&mut self, kind: &Kind, rules: &Rules, fill: Fill, name: &str) -> Value {
        let (least, most) = rules.range(kind);
        let least = if name == AMOUNT { least.max(1) } else { least };
        let number = match fill {
            Fill::Needed => 0.clamp(least, most),
            Fill::All => self
                .rng
                .random_range(least..=most.min(least.saturating_add(1_000_000))),
        };
        match kind {
            Kind::Int32 | Kind::Sint32 | Kind::Sfixed32 => {
                Value::I32(i32::try_from(number).unwrap_or_default())
            }
            Kind::Uint32 | Kind::Fixed32 => Value::U32(u32::try_from(number).unwrap_or_default()),
            Kind::Uint64 | Kind::Fixed64 => Value::U64(u64::try_from(number).unwrap_or_default()),
            _ => Value::I64(number),
        }
    }

    fn text(&mut self, name: &str, rules: &Rules) -> String {
        if rules.uuid {
            return uuid::Builder::from_random_bytes(self.rng.random())
                .into_uuid()
                .to_string();
        }
        if name == "currency" {
            return "CNY".to_owned();
        }
        if let Some(pattern) = &rules.pattern {
            return pattern::matching(pattern, &mut self.rng);
        }
        let known = self.known(name);
        let length = |text: &str| u64::try_from(text.chars().count()).unwrap_or_default();
        let fits = |text: &String| {
            length(text) >= rules.min_len && rules.max_len.is_none_or(|most| length(text) <= most)
        };
        known.filter(fits).unwrap_or_else(|| {
            let most = rules.max_len.unwrap_or(24).min(rules.min_len.max(8) + 16);
            let count = self
                .rng
                .random_range(rules.min_len.max(1)..=most.max(rules.min_len.max(1)));
            (0..count)
                .map(|_| char::from(self.rng.random_range(b'a'..=b'z')))
                .collect()
        })
    }

    /// What passes for such a thing beyond the contract's rules too, so that a
    /// request comes further than the first look at its form.
    fn known(&mut self, name: &str) -> Option<String> {
        match name {
            "phone" => Some(format!("138{:08}", self.rng.random_range(0..100_000_000))),
            "id_number" => Some(identity_number(self.rng.random_range(0..1000))),
            "email" => Some(format!("lin{}@example.com", self.rng.random_range(0..100_000))),
            "name" => Some("林小满".to_owned()),
            _ => None,
        }
    }

    fn bytes(&mut self, rules: &Rules) -> Vec<u8> {
        let most = rules.max_len.unwrap_or(64).min(rules.min_len + 64);
        let count = self.rng.random_range(rules.min_len..=most);
        (0..count).map(|_| self.rng.random()).collect()
    }
}

/// A resident's number of nobody, with its check digit.
fn identity_number(serial: u32) -> String {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECK: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];
    let body = format!("11010119900307{serial:03}");
    let sum: u32 = body
        .chars()
        .zip(WEIGHTS)
        .filter_map(|(digit, weight)| digit.to_digit(10).map(|d| d * weight))
        .sum();
    let check = usize::try_from(sum % 11).map_or('0', |at| CHECK[at]);
    format!("{body}{check}")
}

/// Sets every text field of that name, however deep; true when there was one.
pub fn put(message: &mut DynamicMessage, name: &str, text: &str) -> bool {
    let mut found = false;
    for field in message.descriptor().fields().collect::<Vec<_>>() {
        if field.name() == name && field.kind() == Kind::String && !field.is_list() {
            message.set_field(&field, Value::String(text.to_owned()));
            found = true;
        } else if let Kind::Message(_) = field.kind()
            && message.has_field(&field)
            && let Value::Message(inner) = message.get_field_mut(&field)
        {
            found |= put(inner, name, text);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;

    #[test]
    fn every_request_that_is_made_keeps_the_rules_of_its_contract() {
        for seed in 0..20 {
            let mut maker = Maker::new(seed);
            for method in methods() {
                for message in [maker.smallest(&method.input()), maker.whole(&method.input())] {
                    let broken = proto::check(&path(&method), &message.encode_to_vec())
                        .unwrap()
                        .unwrap();
                    assert_eq!(broken, Vec::new(), "{}: {message:?}", path(&method));
                }
            }
        }
    }

    #[test]
    fn the_same_seed_makes_the_same_request() {
        let kind = pool()
            .get_message_by_name("studio.orders.v1.ApplyRequest")
            .unwrap();
        assert_eq!(Maker::new(7).whole(&kind), Maker::new(7).whole(&kind));
        assert_ne!(Maker::new(7).whole(&kind), Maker::new(8).whole(&kind));
    }

    #[test]
    fn a_field_is_put_wherever_it_lies() {
        let kind = pool()
            .get_message_by_name("studio.payments.v1.CreateIntentRequest")
            .unwrap();
        let mut request = Maker::new(1).whole(&kind);
        assert!(put(&mut request, "currency", "EUR"));
        assert!(!put(&mut request, "colour", "green"));
        let amount = request.get_field_by_name("amount").unwrap();
        let currency = amount
            .as_message()
            .unwrap()
            .get_field_by_name("currency")
            .unwrap();
        assert_eq!(currency.as_str(), Some("EUR"));
    }
}
