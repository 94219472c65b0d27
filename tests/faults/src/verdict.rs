//! What the checker says of a house, and what of it a loss explains.

use std::collections::BTreeMap;

use anyhow::Result;
use checker::{Call, ChannelTruth, Outcome, Terms, Violation};
use proto::studio::access::v1::Role;
use testkit::{At, Identity};

use crate::history::{End, Entry};
use crate::house::{House, SERVICES};

/// Every violation of the nine invariants, with what callers saw and with what
/// the channel knows.
pub async fn verdict(house: &House, calls: &checker::History) -> Result<Vec<Violation>> {
    let operations = Identity::staff(Role::Operations, At::Everywhere);
    let mut asked = checker::House::new();
    for service in SERVICES {
        asked = asked.with(service, house.door(service, &operations)?);
    }
    let channel = ChannelTruth::of_simulator(&house.channel.orders(), &house.channel.refunds())?;
    let terms = Terms {
        history: Some(calls),
        channel: Some(&channel),
        ..Terms::default()
    };
    Ok(checker::check(&asked, &terms).await?)
}

/// The writing calls among these entries, each with its best known end.
pub fn calls<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> checker::History {
    let mut calls: BTreeMap<&str, Call> = BTreeMap::new();
    for entry in entries.into_iter().filter(|e| !e.request_id.is_empty()) {
        let outcome = match entry.end {
            End::Ok => Outcome::Acknowledged {
                reply_digest: String::new(),
            },
            End::Fail => Outcome::Refused,
            End::Invoked | End::Unknown => Outcome::Unknown,
        };
        let call = calls.entry(&entry.request_id).or_insert_with(|| Call {
            service: service_of(entry.method),
            rpc: entry.method.to_owned(),
            request_id: entry.request_id.clone(),
            outcome: Outcome::Unknown,
        });
        if !matches!(outcome, Outcome::Unknown) {
            call.outcome = outcome;
        }
    }
    checker::History {
        calls: calls.into_values().collect(),
    }
}

/// `wallet` of `/studio.wallet.v1.WalletService/Spend`.
fn service_of(method: &str) -> String {
    method.split('.').nth(1).unwrap_or_default().to_owned()
}
