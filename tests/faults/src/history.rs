//! What callers did and saw: one line of JSON for each invocation and each end.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anyhow::Result;
use checker::{Call, Outcome};
use serde::Serialize;

/// How a try ended, as far as its caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    Invoked,
    Ok,
    /// Refused: it took no effect.
    Fail,
    /// It took effect or it did not.
    Unknown,
}

#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    pub at_ms: u128,
    pub journey: u32,
    pub step: &'static str,
    pub method: &'static str,
    pub request_id: String,
    pub end: End,
    /// Of a yes: the SHA-256 of the reply, in hex. Of anything else: code,
    /// reason and message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// Kept in memory for the checks, and in a file for people.
pub struct History {
    began: Instant,
    kept: Mutex<(Vec<Entry>, BufWriter<File>)>,
}

impl History {
    pub fn new(path: &Path) -> Result<Self> {
        Ok(Self {
            began: Instant::now(),
            kept: Mutex::new((Vec::new(), BufWriter::new(File::create(path)?))),
        })
    }

    pub fn note(
        &self,
        journey: u32,
        step: &'static str,
        method: &'static str,
        id: &str,
        end: End,
        said: Option<String>,
    ) {
        let entry = Entry {
            at_ms: self.at_ms(),
            journey,
            step,
            method,
            request_id: id.to_owned(),
            end,
            said,
        };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let line = serde_json::to_string(&entry).unwrap_or_default();
        if let Err(error) = writeln!(kept.1, "{line}") {
            eprintln!("the history has a hole: {error}");
        }
        kept.0.push(entry);
    }

    /// The time as entries tell it.
    pub fn at_ms(&self) -> u128 {
        self.began.elapsed().as_millis()
    }

    /// Everything so far; what is in the file is whole.
    pub fn entries(&self) -> Vec<Entry> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = kept.1.flush() {
            eprintln!("the history has a hole: {error}");
        }
        kept.0.clone()
    }

    /// How many tries ended so.
    pub fn count(&self, end: End) -> usize {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.0.iter().filter(|e| e.end == end).count()
    }

    /// As the checker reads it: one call for all tries under one request id.
    pub fn calls(&self) -> checker::History {
        calls(&self.entries())
    }
}

/// As [`History::calls`], of some of the entries.
pub fn calls<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> checker::History {
    let mut calls: BTreeMap<&str, Call> = BTreeMap::new();
    for entry in entries.into_iter().filter(|e| !e.request_id.is_empty()) {
        let call = calls.entry(&entry.request_id).or_insert_with(|| Call {
            service: entry.method.split('.').nth(1).unwrap_or_default().to_owned(),
            rpc: entry.method.to_owned(),
            request_id: entry.request_id.clone(),
            outcome: Outcome::Unknown,
        });
        match entry.end {
            End::Ok => {
                call.outcome = Outcome::Acknowledged {
                    reply_digest: entry.said.clone().unwrap_or_default(),
                };
            }
            End::Fail => call.outcome = Outcome::Refused,
            End::Invoked | End::Unknown => {}
        }
    }
    checker::History {
        calls: calls.into_values().collect(),
    }
}
