//! I7: what callers were answered, against what the services kept. A request's
//! claim is written with its effect, so one stands for the other; that the
//! effect itself is there once is what the other invariants say.

use std::collections::BTreeMap;

use proto::studio::operations::v1::Act;
use serde::{Deserialize, Serialize};

use crate::{Invariant, Violation};

/// How a call ended for who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was answered; the digest is SHA-256 of the reply's bytes, in hex, or
    /// empty if nobody kept it.
    Acknowledged { reply_digest: String },
    /// It was refused. A refusal may be kept, but nothing may be done.
    Refused,
    /// No answer came, or one that says nothing.
    Unknown,
}

/// One writing call, with all its retries under one request id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    pub service: String,
    /// `/studio.wallet.v1.WalletService/Spend`.
    pub rpc: String,
    pub request_id: String,
    pub outcome: Outcome,
}

/// Every writing call that somebody made. Retries of one request are one call:
/// acknowledged if any of them was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    pub calls: Vec<Call>,
}

/// What services know of requests, by (service, request id).
pub(crate) type Acts = BTreeMap<(String, String), Vec<Act>>;

impl History {
    pub(crate) fn request_ids(&self, service: &str) -> Vec<String> {
        let calls = self.calls.iter().filter(|call| call.service == service);
        calls.map(|call| call.request_id.clone()).collect()
    }
}

pub(crate) fn compare(history: &History, acts: &Acts) -> Vec<Violation> {
    let none = Vec::new();
    let judged = history.calls.iter().filter_map(|call| {
        let key = (call.service.clone(), call.request_id.clone());
        let what = wrong(call, acts.get(&key).unwrap_or(&none))?;
        let told = format!("{} {what}", call.rpc);
        Some(Violation::new(
            Invariant::RepliesHold,
            &call.service,
            &call.request_id,
            told,
        ))
    });
    judged.collect()
}

fn wrong(call: &Call, acts: &[Act]) -> Option<String> {
    let [act] = acts else {
        return match (acts.len(), &call.outcome) {
            (0, Outcome::Acknowledged { .. }) => Some("was answered and left no trace".to_owned()),
            (0, _) => None,
            (n, _) => Some(format!("took effect {n} times")),
        };
    };
    if act.rpc != call.rpc {
        return Some(format!("was kept as {}", act.rpc));
    }
    if act.audited != 1 {
        return Some(format!("has {} audit entries", act.audited));
    }
    match &call.outcome {
        Outcome::Acknowledged { .. } if act.refused => Some("was answered and kept as refused".to_owned()),
        Outcome::Acknowledged { reply_digest }
            if !reply_digest.is_empty() && *reply_digest != act.reply_digest =>
        {
            Some("was answered with another reply than is kept".to_owned())
        }
        Outcome::Refused if !act.refused => Some("was refused and took effect".to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(outcome: Outcome) -> Call {
        Call {
            service: "wallet".to_owned(),
            rpc: "/w/Spend".to_owned(),
            request_id: "r".to_owned(),
            outcome,
        }
    }

    fn act(refused: bool) -> Act {
        Act {
            request_id: "r".to_owned(),
            rpc: "/w/Spend".to_owned(),
            refused,
            audited: 1,
            reply_digest: "d".to_owned(),
        }
    }

    fn acknowledged(digest: &str) -> Outcome {
        Outcome::Acknowledged {
            reply_digest: digest.to_owned(),
        }
    }

    #[test]
    fn what_was_answered_is_there_and_what_was_not_happened_at_most_once() {
        let good = [
            (acknowledged("d"), vec![act(false)]),
            (acknowledged(""), vec![act(false)]),
            (Outcome::Unknown, vec![]),
            (Outcome::Unknown, vec![act(false)]),
            (Outcome::Refused, vec![]),
            (Outcome::Refused, vec![act(true)]),
        ];
        for (outcome, acts) in good {
            assert_eq!(wrong(&call(outcome.clone()), &acts), None, "{outcome:?}");
        }
        let unaudited = Act {
            audited: 0,
            ..act(false)
        };
        let bad = [
            (acknowledged("d"), vec![], "left no trace"),
            (acknowledged("x"), vec![act(false)], "another reply"),
            (acknowledged("d"), vec![act(true)], "kept as refused"),
            (acknowledged("d"), vec![unaudited], "0 audit entries"),
            (Outcome::Refused, vec![act(false)], "took effect"),
            (Outcome::Unknown, vec![act(false), act(false)], "2 times"),
        ];
        for (outcome, acts, says) in bad {
            let what = wrong(&call(outcome), &acts).unwrap_or_default();
            assert!(what.contains(says), "{what} does not say: {says}");
        }
    }
}
