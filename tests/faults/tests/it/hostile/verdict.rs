//! What an answer may be, whoever asked whatever.

use std::collections::BTreeMap;
use std::time::Duration;

use tonic::Code;

use super::wire::{Answer, Came, Sent};

/// Faults that a stranger may cause, each with its reason: code, a part of its
/// text, why. Nothing else may end in one.
const CATALOGUE: [(Code, &str, &str); 1] = [(
    Code::Cancelled,
    "Timeout expired",
    "the transport's own timer, when the machine does not wake ours in the last milliseconds of a deadline",
)];

/// What was asked, for whoever reads of a failure.
#[derive(Debug, Clone)]
pub struct Asked {
    pub call: String,
    pub who: String,
    pub how: String,
    /// Headers were spoiled: the transport itself may refuse them.
    pub head: bool,
    pub patience: Option<Duration>,
}

/// What was seen of a whole run.
#[derive(Default)]
pub struct Seen {
    pub answers: BTreeMap<String, u64>,
    pub offences: Vec<String>,
    /// Answers with how long after their deadline they came.
    pub late: Vec<(Duration, String)>,
    /// Of the valid messages of the right callers, how many there were of each call and how many came through to its handler.
    pub through: BTreeMap<String, (u64, u64)>,
}

/// The house's own deadline for who names none.
const DEFAULT: Duration = Duration::from_secs(3);

impl Seen {
    pub fn note(&mut self, asked: &Asked, came: &Came) {
        let name = match &came.what {
            Answer::Status(status) => format!("{:?}", status.code()),
            Answer::Reply(_) => "Ok".to_owned(),
            Answer::Http(code) => format!("HTTP {code}"),
            Answer::Broken(_) => "broken".to_owned(),
        };
        *self.answers.entry(name).or_default() += 1;
        if let Some(what) = offence(asked, &came.what, came.took) {
            self.offences
                .push(format!("{} by {} ({}): {what}", asked.call, asked.who, asked.how));
        }
        let over = came.took.saturating_sub(asked.patience.unwrap_or(DEFAULT));
        if over > Duration::from_millis(100) {
            self.late.push((over, format!("{} ({})", asked.call, asked.how)));
        }
    }

    /// Counts a valid message of a right caller.
    pub fn valid(&mut self, call: &str, came: &Came) {
        let stopped = match &came.what {
            Answer::Status(status) => matches!(
                status.code(),
                Code::Unauthenticated
                    | Code::PermissionDenied
                    | Code::InvalidArgument
                    | Code::ResourceExhausted
            ),
            _ => false,
        };
        let counted = self.through.entry(call.to_owned()).or_default();
        counted.0 += 1;
        counted.1 += u64::from(!stopped);
    }
}

fn offence(asked: &Asked, answer: &Answer, took: Duration) -> Option<String> {
    match answer {
        Answer::Status(status) => {
            let fault = match status.code() {
                Code::Internal | Code::Unknown | Code::DataLoss | Code::Cancelled => true,
                // Whoever has no time left has none for a peer either.
                Code::Unavailable => {
                    asked.patience.is_none_or(|p| p > Duration::from_millis(500))
                        && took < Duration::from_millis(500)
                }
                _ => false,
            };
            let known = CATALOGUE
                .iter()
                .any(|(code, part, _)| *code == status.code() && status.message().contains(part));
            (fault && !known).then(|| format!("{status:?}"))
        }
        Answer::Broken(why) => (!asked.head).then(|| why.clone()),
        Answer::Http(code) => (!asked.head || *code >= 500).then(|| format!("HTTP {code}")),
        Answer::Reply(_) => None,
    }
}

impl Asked {
    pub fn after(self, sent: &Sent) -> Self {
        Self {
            patience: sent.patience,
            ..self
        }
    }
}
