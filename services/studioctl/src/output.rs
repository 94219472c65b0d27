//! Prints replies: tables for people, the contract's own JSON for scripts.

use std::io::Write as _;
use std::sync::OnceLock;

use clap::ValueEnum;
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table, TableComponent};
use kernel::from_proto_time;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, SerializeOptions};
use proto::Call;
use proto::studio::money::v1::Money;
use serde_json::Value;

use crate::failure::Failure;

/// For whom to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// People.
    Table,
    /// Scripts.
    Json,
}

impl Output {
    /// Prints a reply: as JSON whole, or as the table that `table` makes of it.
    pub fn reply<C: Call>(
        self,
        reply: &C::Reply,
        table: impl FnOnce(&C::Reply) -> Table,
    ) -> Result<(), Failure> {
        match self {
            Self::Table => line(&filled(&table(reply))),
            Self::Json => line(&pretty(&json::<C>(reply)?)),
        }
        Ok(())
    }

    /// Prints what is no reply of one call.
    pub fn value(self, value: &Value, text: impl FnOnce() -> String) {
        match self {
            Self::Table => line(&text()),
            Self::Json => line(&pretty(value)),
        }
    }
}

/// Prints a line. Whoever reads may go away before the end, as `head` does.
pub fn line(text: &str) {
    if writeln!(std::io::stdout(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// A table, or a word that it is empty.
pub fn filled(table: &Table) -> String {
    if table.is_empty() {
        "none".to_owned()
    } else {
        table.to_string()
    }
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A reply as the JSON of its contract.
pub fn json<C: Call>(reply: &C::Reply) -> Result<Value, Failure> {
    static POOL: OnceLock<Result<DescriptorPool, String>> = OnceLock::new();
    let pool = POOL.get_or_init(|| DescriptorPool::decode(proto::CONTRACTS).map_err(|e| e.to_string()));
    let pool = pool.as_ref().map_err(Failure::new)?;
    let (service, method) = C::METHOD
        .trim_start_matches('/')
        .split_once('/')
        .unwrap_or_default();
    let output = pool
        .get_service_by_name(service)
        .and_then(|s| s.methods().find(|m| m.name() == method))
        .map(|m| m.output())
        .ok_or_else(|| Failure::new(format!("no contract has {}", C::METHOD)))?;
    let message = DynamicMessage::decode(output, reply.encode_to_vec().as_slice())
        .map_err(|e| Failure::new(e.to_string()))?;
    let options = SerializeOptions::new()
        .use_proto_field_name(true)
        .stringify_64_bit_integers(false);
    message
        .serialize_with_options(serde_json::value::Serializer, &options)
        .map_err(|e| Failure::new(e.to_string()))
}

/// A table with a heading.
pub fn table<const N: usize>(heading: [&str; N]) -> Table {
    let mut table = plain();
    table.set_header(heading);
    table
}

/// Two columns: what, and its value.
pub fn facts<const N: usize>(facts: [(&str, String); N]) -> Table {
    let mut table = plain();
    for (what, value) in facts.into_iter().filter(|(_, value)| !value.is_empty()) {
        table.add_row([what.to_owned(), value]);
    }
    table
}

/// Lines above and below and under the heading, none between rows.
fn plain() -> Table {
    let mut table = Table::new();
    table
        .load_preset(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    for between in [
        TableComponent::HorizontalLines,
        TableComponent::MiddleIntersections,
        TableComponent::LeftBorderIntersections,
        TableComponent::RightBorderIntersections,
    ] {
        table.remove_style(between);
    }
    table
}

/// A sum for people.
pub fn yuan(money: Option<&Money>) -> String {
    money
        .map(|m| format!("¥{}", kernel::yuan_text(m.minor)))
        .unwrap_or_default()
}

/// A moment in the zone of the chain.
pub fn time(at: Option<&prost_types::Timestamp>) -> String {
    let zone = chrono::FixedOffset::east_opt(8 * 3600);
    match (from_proto_time(at), zone) {
        (Some(at), Some(zone)) => at.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string(),
        _ => String::new(),
    }
}

/// An enum's value for people: `ORDER_STATE_IN_REVIEW` as `in review`.
pub fn word(name: &str, prefix: &str) -> String {
    name.trim_start_matches(prefix).to_lowercase().replace('_', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::studio::oversight::v1::{ListTicketsRequest, ListTicketsResponse, Ticket, TicketState};

    #[test]
    fn a_reply_is_printed_as_the_json_of_its_contract() {
        let ticket = Ticket {
            ticket_id: "1".to_owned(),
            state: TicketState::Closed.into(),
            version: 3,
            ..Default::default()
        };
        let reply = ListTicketsResponse {
            tickets: vec![ticket],
            next_page_token: String::new(),
        };
        let json = json::<ListTicketsRequest>(&reply).unwrap();
        assert_eq!(json["tickets"][0]["state"], "TICKET_STATE_CLOSED");
        assert_eq!(json["tickets"][0]["version"], 3);
    }

    #[test]
    fn words_sums_and_times_are_for_people() {
        assert_eq!(word("ORDER_STATE_IN_REVIEW", "ORDER_STATE_"), "in review");
        assert_eq!(
            yuan(Some(&Money {
                minor: 398_000,
                currency: "CNY".to_owned()
            })),
            "¥3980.00"
        );
        assert_eq!(
            time(Some(&prost_types::Timestamp { seconds: 0, nanos: 0 })),
            "1970-01-01 08:00:00"
        );
    }
}
