//! The contracts of the platform, compiled: messages, clients, servers, field
//! rules, and what platform has to know about each call and fact.

#[allow(clippy::all, clippy::pedantic)]
mod modules {
    include!(concat!(env!("OUT_DIR"), "/modules.rs"));
}
pub use modules::*;

#[allow(clippy::all, clippy::pedantic)]
mod rules {
    use crate::*;
    include!(concat!(env!("OUT_DIR"), "/validate_impl.rs"));
}

#[allow(clippy::all, clippy::pedantic)]
mod calls {
    include!(concat!(env!("OUT_DIR"), "/calls.rs"));
}

/// Every contract as an encoded `google.protobuf.FileDescriptorSet`, with
/// options and comments, for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.binpb"));

/// As [`DESCRIPTORS`] without comments, for reading access rules and messages.
pub const CONTRACTS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/contracts.binpb"));

/// The request of one call.
pub trait Call: prost::Message + Default + Clone + 'static {
    /// What the call answers.
    type Reply: prost::Message + Default + Clone + 'static;
    /// `/package.Service/Method`.
    const METHOD: &'static str;
    /// Every field that breaks a rule declared in the contract.
    fn check(&self) -> Vec<BadField>;
}

/// The request of a call that writes.
pub trait Command: Call {
    /// The caller's key for this one act: a UUID.
    fn request_id(&self) -> &str;
}

/// Every field of an encoded request that breaks a rule of the call `method`,
/// as `/studio.wallet.v1.WalletService/Spend`. None where there is no such call.
pub fn check(method: &str, request: &[u8]) -> Option<Result<Vec<BadField>, prost::DecodeError>> {
    calls::check(method, request)
}

/// A service's facts, one `oneof` per service.
pub trait Event: prost::Message + Default + Clone + 'static {
    /// The service that publishes them.
    const STREAM: &'static str;
    /// The fact's name in snake case, as `payment_captured`.
    fn kind(&self) -> &'static str;
}

/// The machine-readable reasons of one contract: its enum `ErrorReason`.
pub trait ErrorReason: Copy {
    /// The name in the contract, as `ERROR_REASON_NOT_FOUND`.
    fn name(self) -> &'static str;
}

/// A field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadField {
    /// Path in the request, as `amount.currency`.
    pub field: String,
    /// What the rule wants.
    pub description: String,
}

fn violations(result: Result<(), prost_protovalidate::ValidationError>) -> Vec<BadField> {
    result.err().map_or_else(Vec::new, |error| {
        error
            .violations()
            .iter()
            .map(|v| BadField {
                field: v.field_path(),
                description: wanted(v.rule_id(), v.message()),
            })
            .collect()
    })
}

/// What a rule wants, for a person. The rules themselves have ids and no words.
fn wanted(rule: &str, message: &str) -> String {
    let text = match rule {
        _ if !message.is_empty() => message,
        "required" | "string.uuid_empty" => "is required",
        "string.uuid" => "must be a UUID",
        "string.min_len" | "bytes.min_len" => "is too short",
        "string.max_len" | "bytes.max_len" => "is too long",
        "string.pattern" => "does not have the form that the contract wants",
        "enum.defined_only" => "must be one of the values of the contract",
        "enum.not_in" => "must be given",
        "repeated.min_items" => "has too few entries",
        "repeated.max_items" => "has too many entries",
        "repeated.unique" => "must not repeat an entry",
        _ if rule.contains(".gt") || rule.contains(".lt") => "is out of range",
        _ => return format!("breaks the rule {rule}"),
    };
    text.to_owned()
}
