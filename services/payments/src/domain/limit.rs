//! How many attempts, and of how much in all, may be started within a window.
//! Windows stand side by side in China's time and each begins anew, so that a
//! count is one number and a limit says when to come back.

use chrono::{DateTime, Duration, TimeDelta};
use kernel::{Amount, IntentId, LegalEntityId, LimitId, PersonId, StudioId, Timestamp};
use uuid::Uuid;

use super::Refusal;
use super::intent::Claim;
use crate::words::kept_words;

kept_words! {
    /// Whose attempts are counted.
    Subject { Member = "member", Device = "device", Studio = "studio" }
}

/// China's time is so far ahead.
const AHEAD_S: i64 = 8 * 3600;

/// For which studios a limit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// All: it is configured, and counts across studios.
    Everywhere,
    LegalEntity(LegalEntityId),
    Studio(StudioId),
}

impl Place {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::LegalEntity(_) => "legal_entity",
            Self::Studio(_) => "studio",
        }
    }

    pub fn from_word(word: &str, id: Uuid) -> Option<Self> {
        match word {
            "everywhere" => Some(Self::Everywhere),
            "legal_entity" => Some(Self::LegalEntity(LegalEntityId(id))),
            "studio" => Some(Self::Studio(StudioId(id))),
            _ => None,
        }
    }

    pub fn id(self) -> Uuid {
        match self {
            Self::Everywhere => Uuid::nil(),
            Self::LegalEntity(entity) => entity.0,
            Self::Studio(studio) => studio.0,
        }
    }
}

/// What a limit says. Without either figure it says that there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub subject: Subject,
    pub window_s: i32,
    pub most_starts: Option<i32>,
    pub most: Option<Amount>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// None for a configured one.
    pub id: Option<LimitId>,
    pub place: Place,
    pub terms: Terms,
}

/// A limit as a person set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub limit: Limit,
    pub note: String,
    pub effective_from: Timestamp,
    pub set_by: PersonId,
    pub set_at: Timestamp,
}

impl Set {
    /// In force from now on or later, and after the one for the same.
    pub fn following(self, before: Option<Timestamp>) -> Result<Self, Refusal> {
        let too_early = before.is_some_and(|before| self.effective_from <= before);
        if too_early || self.effective_from < self.set_at {
            return Err(Refusal::LimitBackDated);
        }
        Ok(self)
    }
}

/// An attempt that somebody wants to start.
#[derive(Debug, Clone, Copy)]
pub struct Start<'a> {
    pub intent: IntentId,
    pub claim: &'a Claim,
    /// Empty when nobody named it.
    pub device: &'a str,
    pub at: Timestamp,
}

/// Where what a limit counts stands. In the order in which counts are locked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub place: Place,
    pub subject: &'static str,
    pub counted: String,
    pub window_s: i32,
    pub began_at: Timestamp,
}

/// What was started in a window, this attempt among it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    pub starts: i32,
    pub minor: i64,
}

/// A limit is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    pub limit: Limit,
    /// Without the attempt that is blocked.
    pub before: Counted,
    /// None when no window has room for it.
    pub retry_at: Option<Timestamp>,
}

impl Terms {
    fn says_none(&self) -> bool {
        self.most_starts.is_none() && self.most.is_none()
    }

    /// When the window around a time began, and when the next does.
    fn window(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let length = i64::from(self.window_s.max(1));
        let into = (at.timestamp() + AHEAD_S).rem_euclid(length);
        let began = DateTime::from_timestamp(at.timestamp() - into, 0).unwrap_or(at);
        (began, began + TimeDelta::seconds(length))
    }
}

impl Limit {
    /// What it counts of an attempt; none of one whose device nobody named.
    fn key(&self, start: &Start<'_>) -> Option<Key> {
        let claim = start.claim;
        let counted = match self.terms.subject {
            Subject::Member => claim.person_id.to_string(),
            Subject::Studio => claim.studio_id.to_string(),
            Subject::Device if start.device.is_empty() => return None,
            // studios name their devices by themselves
            Subject::Device => format!("{} {}", claim.studio_id, start.device),
        };
        Some(Key {
            place: self.place,
            subject: self.terms.subject.word(),
            counted,
            window_s: self.terms.window_s,
            began_at: self.terms.window(start.at).0,
        })
    }

    /// Whether so much may be started, `found` with the attempt itself.
    pub fn weigh(&self, start: &Start<'_>, found: Counted) -> Result<(), Block> {
        let amount = start.claim.amount;
        let too_many = self.terms.most_starts.is_some_and(|most| found.starts > most);
        let too_much = self.terms.most.is_some_and(|most| found.minor > most.minor());
        if !too_many && !too_much {
            return Ok(());
        }
        let never = self.terms.most.is_some_and(|most| amount > most);
        Err(Block {
            limit: *self,
            before: Counted {
                starts: found.starts - 1,
                minor: found.minor - amount.minor(),
            },
            retry_at: (!never).then(|| self.terms.window(start.at).1),
        })
    }
}

impl Block {
    /// Of two limits that are reached the one that lets start later.
    #[must_use]
    pub fn later(self, other: Self) -> Self {
        match (self.retry_at, other.retry_at) {
            (None, _) => self,
            (Some(one), Some(another)) if one >= another => self,
            _ => other,
        }
    }

    pub fn refusal(&self, now: Timestamp) -> Refusal {
        Refusal::LimitReached {
            subject: self.limit.terms.subject.word(),
            window_s: self.limit.terms.window_s,
            retry_after: self.retry_at.map(|at| (at - now).max(Duration::seconds(1))),
        }
    }
}

/// The limits that hold for an attempt, with what each counts, in the order in
/// which counts are locked. `set` are those in force at its studio and at its
/// legal entity. The nearest counts, also when it says that there is none.
pub fn holding(configured: &[Limit], set: Vec<Limit>, start: &Start<'_>) -> Vec<(Key, Limit)> {
    let mut nearest: Vec<Limit> = Vec::new();
    let mut all: Vec<Limit> = configured.iter().copied().chain(set).collect();
    all.sort_by_key(|limit| std::cmp::Reverse(limit.place));
    for limit in all {
        let same = |held: &Limit| {
            (held.terms.subject, held.terms.window_s) == (limit.terms.subject, limit.terms.window_s)
        };
        if !nearest.iter().any(same) {
            nearest.push(limit);
        }
    }
    let mut holding: Vec<(Key, Limit)> = nearest
        .into_iter()
        .filter(|limit| !limit.terms.says_none())
        .filter_map(|limit| limit.key(start).map(|key| (key, limit)))
        .collect();
    holding.sort_by(|(one, _), (other, _)| one.cmp(other));
    holding
}

#[cfg(test)]
mod tests;
