//! Whether the nine invariants hold in a running house.
//!
//! `house` asks the services, `compare` holds their lists against each other,
//! `feeds` their facts, `channel` what a channel knows, `history` what callers
//! were answered. Everything but `house` and `feeds` is pure.

mod channel;
mod compare;
mod feeds;
mod history;
mod house;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use tonic::service::Interceptor;

pub use channel::{ChannelPayment, ChannelRefund, ChannelTruth, Unreadable};
pub use history::{Call, History, Outcome};
pub use house::{Door, House, Unreachable};
pub use proto::studio::operations::v1::Invariant;

/// Something that no fault excuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    pub invariant: Invariant,
    /// Where it shows.
    pub service: String,
    /// The row's key: an id, a number or a position.
    pub key: String,
    pub what: String,
}

impl Violation {
    pub(crate) fn new(invariant: Invariant, service: &str, key: &str, what: impl Into<String>) -> Self {
        Self {
            invariant,
            service: service.to_owned(),
            key: key.to_owned(),
            what: what.into(),
        }
    }

    /// The row and where it shows, whatever exactly is wrong with it.
    fn place(&self) -> (i32, String, String) {
        (self.invariant.into(), self.service.clone(), self.key.clone())
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            invariant,
            service,
            key,
            what,
        } = self;
        write!(f, "{} {service} {key}: {what}", code(*invariant))
    }
}

/// `I1` to `I9`.
pub fn code(invariant: Invariant) -> String {
    format!("I{}", i32::from(invariant))
}

/// What an invariant says, in a few words.
pub fn sentence(invariant: Invariant) -> &'static str {
    match invariant {
        Invariant::Unspecified => "",
        Invariant::BooksBalance => "every balance follows from its transfers, and all sum to zero",
        Invariant::PaidIsGranted => "a paid order has exactly one card, or its money goes back",
        Invariant::RefundsWithinPaid => "no refund passes what was paid",
        Invariant::NothingStuck => "nothing that moves by itself stands still",
        Invariant::FactsOnce => "every subscriber took each fact exactly once",
        Invariant::ChannelAgrees => "channel, attempts and books agree to the fen",
        Invariant::RepliesHold => "what was answered is there, and nothing happened twice",
        Invariant::StatesLegal => "every history is a path of its transition table",
        Invariant::WritesAudited => "every write has its audit entry",
    }
}

/// All nine, in order.
pub const INVARIANTS: [Invariant; 9] = [
    Invariant::BooksBalance,
    Invariant::PaidIsGranted,
    Invariant::RefundsWithinPaid,
    Invariant::NothingStuck,
    Invariant::FactsOnce,
    Invariant::ChannelAgrees,
    Invariant::RepliesHold,
    Invariant::StatesLegal,
    Invariant::WritesAudited,
];

/// How to check.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// For how long a thing may stand still before it is stuck.
    pub patience: Duration,
    /// What callers were answered, if anybody kept it.
    pub history: Option<&'a History>,
    /// What the channel knows, if it can be asked.
    pub channel: Option<&'a ChannelTruth>,
    /// How often to look, and the pause between: a house at work differs for
    /// a moment, and only what is there every time counts.
    pub looks: u32,
    pub pause: Duration,
}

impl Default for Terms<'_> {
    fn default() -> Self {
        Self {
            patience: Duration::from_mins(1),
            history: None,
            channel: None,
            looks: 3,
            pause: Duration::from_millis(500),
        }
    }
}

/// What breaks the invariants; nothing is good. Fails when a service cannot be
/// asked, since what was not seen may be broken.
pub async fn check<I>(house: &House<I>, terms: &Terms<'_>) -> Result<Vec<Violation>, Unreachable>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    let mut found = look(house, terms).await?;
    for _ in 1..terms.looks {
        if found.is_empty() {
            break;
        }
        tokio::time::sleep(terms.pause).await;
        let before: BTreeSet<_> = found.iter().map(Violation::place).collect();
        found = look(house, terms).await?;
        found.retain(|violation| before.contains(&violation.place()));
    }
    found.sort_by_key(Violation::place);
    Ok(found)
}

async fn look<I>(house: &House<I>, terms: &Terms<'_>) -> Result<Vec<Violation>, Unreachable>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    // Heads before anything else: what is published meanwhile need not be taken yet.
    let streams = feeds::heads(house).await?;
    let (mut found, sources) = house.run_checks(terms.patience).await?;
    let lists = house.lists().await?;
    found.extend(compare::all(&lists));
    if let Some(truth) = terms.channel {
        found.extend(channel::compare(&lists, truth));
    }
    found.extend(feeds::compare(house, &streams, &sources).await?);
    if let Some(history) = terms.history {
        let acts = house.acts(history).await?;
        found.extend(history::compare(history, &acts));
    }
    Ok(found)
}
