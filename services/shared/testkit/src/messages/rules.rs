use prost_reflect::{
    DynamicMessage, ExtensionDescriptor, FieldDescriptor, Kind, OneofDescriptor, ReflectMessage as _, Value,
};

use super::pool;

/// What the rules say of a field that is not given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Absent {
    #[default]
    Free,
    Checked,
    Required,
}

/// The rules of one field, as far as the contracts of the house use them.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    absent: Absent,
    pub uuid: bool,
    pub pattern: Option<String>,
    /// In characters, or bytes where the field holds bytes.
    pub min_len: u64,
    pub max_len: Option<u64>,
    pub min_items: u64,
    pub max_items: Option<u64>,
    pub unique: bool,
    /// Nothing else, unless it is empty.
    pub only: Vec<i32>,
    pub not_in: Vec<i32>,
    least: Option<i64>,
    most: Option<i64>,
    items: Option<Box<Rules>>,
}

impl Rules {
    pub(super) fn of(field: &FieldDescriptor) -> Self {
        extension("buf.validate.field", &field.options())
            .map_or_else(Self::default, |rules| Self::read(&rules))
    }

    /// Of the entries of a list.
    pub(super) fn items(&self) -> Self {
        self.items.as_deref().cloned().unwrap_or_default()
    }

    /// Whether the rules refuse the field when it is not given, as far as can
    /// be told without trying.
    pub(super) fn binds_when_absent(&self, field: &FieldDescriptor) -> bool {
        let message = matches!(field.kind(), Kind::Message(_)) && !field.is_list();
        match self.absent {
            Absent::Free => false,
            Absent::Checked => !message && !field.supports_presence() && self.refuses_nothing(&field.kind()),
            Absent::Required => true,
        }
    }

    /// Whether nothing, as an empty text or a zero, breaks a rule.
    fn refuses_nothing(&self, kind: &Kind) -> bool {
        let (least, most) = self.range(kind);
        let number = self.least.is_some() || self.most.is_some();
        self.uuid
            || self.pattern.is_some()
            || self.min_len > 0
            || self.min_items > 0
            || self.not_in.contains(&0)
            || (number && !(least..=most).contains(&0))
    }

    pub(super) fn required(&self) -> bool {
        self.absent == Absent::Required
    }

    pub(super) fn range(&self, kind: &Kind) -> (i64, i64) {
        let (least, most) = match kind {
            Kind::Int64 | Kind::Sint64 | Kind::Sfixed64 => (i64::MIN, i64::MAX),
            Kind::Uint32 | Kind::Fixed32 => (0, i64::from(u32::MAX)),
            Kind::Uint64 | Kind::Fixed64 => (0, i64::MAX),
            _ => (i64::from(i32::MIN), i64::from(i32::MAX)),
        };
        let least = self.least.unwrap_or(least.max(0));
        (least, self.most.unwrap_or(most).max(least))
    }

    fn read(message: &DynamicMessage) -> Self {
        let absent = if truth(message, "required") {
            Absent::Required
        } else if given(message, "ignore").is_some_and(|v| v != Value::EnumNumber(0)) {
            Absent::Free
        } else {
            Absent::Checked
        };
        let mut rules = Self {
            absent,
            ..Self::default()
        };
        for (field, value) in message.fields() {
            if let Value::Message(of_kind) = value {
                rules.read_kind(field.name(), of_kind);
            }
        }
        rules
    }

    fn read_kind(&mut self, kind: &str, message: &DynamicMessage) {
        self.uuid |= truth(message, "uuid");
        self.unique |= truth(message, "unique");
        if let Some(Value::String(pattern)) = given(message, "pattern")
            && !pattern.is_empty()
        {
            self.pattern = Some(pattern);
        }
        self.min_len = number(message, "min_len").unwrap_or_default();
        self.max_len = number(message, "max_len");
        if let Some(exactly) = number(message, "len") {
            (self.min_len, self.max_len) = (exactly, Some(exactly));
        }
        self.min_items = number(message, "min_items").unwrap_or_default();
        self.max_items = number(message, "max_items");
        if kind.starts_with("int") || kind.starts_with("uint") {
            self.least = whole(message, "gte").or_else(|| whole(message, "gt").map(|n| n + 1));
            self.most = whole(message, "lte").or_else(|| whole(message, "lt").map(|n| n - 1));
        }
        let listed = |name: &str| match given(message, name) {
            Some(Value::List(numbers)) => numbers.iter().filter_map(Value::as_i32).collect(),
            _ => Vec::new(),
        };
        self.only = listed("in");
        self.not_in = listed("not_in");
        if let Some(Value::Message(items)) = given(message, "items") {
            self.items = Some(Box::new(Self::read(&items)));
        }
    }
}

pub(super) fn oneof_required(choice: &OneofDescriptor) -> bool {
    extension("buf.validate.oneof", &choice.options()).is_some_and(|rules| truth(&rules, "required"))
}

fn extension(name: &str, options: &DynamicMessage) -> Option<DynamicMessage> {
    let extension: ExtensionDescriptor = pool().get_extension_by_name(name)?;
    if !options.has_extension(&extension) {
        return None;
    }
    options.get_extension(&extension).as_message().cloned()
}

fn given(message: &DynamicMessage, name: &str) -> Option<Value> {
    let field = message.descriptor().get_field_by_name(name)?;
    message
        .has_field(&field)
        .then(|| message.get_field(&field).into_owned())
}

fn truth(message: &DynamicMessage, name: &str) -> bool {
    given(message, name) == Some(Value::Bool(true))
}

fn number(message: &DynamicMessage, name: &str) -> Option<u64> {
    given(message, name)?.as_u64()
}

fn whole(message: &DynamicMessage, name: &str) -> Option<i64> {
    match given(message, name)? {
        Value::I32(n) => Some(i64::from(n)),
        Value::I64(n) => Some(n),
        Value::U32(n) => Some(i64::from(n)),
        Value::U64(n) => i64::try_from(n).ok(),
        _ => None,
    }
}
