//! Following a source, decided: from where the cursor stands, what the inbox
//! knows and what the source tells follows what becomes of a fact. No I/O.

use proto::studio::feed::v1::{Event as Envelope, PositionState};
use uuid::Uuid;

/// A fact at its place in a source's feed; position 0 is before the first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Place {
    pub seq: i64,
    pub event_id: String,
}

impl Place {
    pub fn of(envelope: &Envelope) -> Self {
        Self {
            seq: envelope.seq,
            event_id: envelope.event_id.clone(),
        }
    }
}

/// Whether and how a source is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    Running,
    /// Nothing is applied until the divergence is closed.
    Diverged,
    /// What was pruned there is being applied from its export.
    Exporting,
}

impl Standing {
    /// Whether a fact may come next: a feed is dense, an export is not.
    pub fn comes_next(self, after: i64, seq: i64) -> bool {
        match self {
            Self::Running => seq == after + 1,
            Self::Diverged | Self::Exporting => seq > after,
        }
    }
}

/// What becomes of one fact, in the transaction that moves the cursor past it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Take {
    /// The cursor is not where it was: what is left is another's business.
    Elsewhere,
    /// It was applied before.
    Known,
    /// It waits for a person: it failed, or an earlier one of its aggregate did.
    Park,
    Apply,
}

/// Decides about a fact. `moved`: the cursor stood before it, and moved.
/// `fresh`: the inbox did not have it. `blocked`: it cannot be applied.
pub fn take(moved: bool, fresh: bool, blocked: bool) -> Take {
    match (moved, fresh, blocked) {
        (false, ..) => Take::Elsewhere,
        (true, false, _) => Take::Known,
        (true, true, true) => Take::Park,
        (true, true, false) => Take::Apply,
    }
}

/// What to do when the source does not know where the cursor stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Nothing was applied yet: what is pruned there is exported.
    Export,
    /// Apply nothing more, and compare.
    Stop,
    /// It says something else; ask again.
    Unclear,
}

pub fn lost(reason: Option<&str>, place: &Place) -> Lost {
    match reason {
        Some("FEED_PRUNED") if place.seq == 0 => Lost::Export,
        Some("FEED_PRUNED" | "FEED_DIVERGED") => Lost::Stop,
        _ => Lost::Unclear,
    }
}

/// The first fact of the inbox that contradicts what the source tells next:
/// `known` has the same place or the same id, and `told` not both.
pub fn contradiction(known: &[(i64, Uuid)], told: &[(i64, Uuid)]) -> Option<(i64, Uuid)> {
    known.iter().find(|fact| !told.contains(fact)).copied()
}

/// What a comparison with the source means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Examined {
    /// Nothing that was applied is lost: it is followed again.
    Heal,
    /// Persons have to decide.
    Report,
    /// They had to before; what they decide about is looked at anew.
    Revise,
}

pub fn examined(kind: &str, orphans: usize, open: bool) -> Examined {
    match (kind, orphans, open) {
        ("diverged", 0, _) => Examined::Heal,
        (_, _, false) => Examined::Report,
        (_, _, true) => Examined::Revise,
    }
}

/// Whether a source that was pruned can still be followed after the common
/// position; from its beginning it is exported.
pub fn kind_of(common: &Place, pruned_seq: i64) -> &'static str {
    if common.seq > 0 && common.seq < pruned_seq {
        "pruned"
    } else {
        "diverged"
    }
}

/// The stretch of what was applied in which the last common position lies.
/// History is common up to some point and nowhere behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    pub after: i64,
    pub upto: i64,
    pub common: Place,
}

impl Stretch {
    pub fn upto(upto: i64) -> Self {
        Self {
            after: 0,
            upto,
            common: Place::default(),
        }
    }

    /// What is left of it once the source said what it has of some samples, in
    /// their order. What it pruned nobody can tell, and it may have had it.
    #[must_use]
    pub fn narrow(self, samples: &[Place], states: &[PositionState]) -> Self {
        let same = states.iter().rposition(|s| *s == PositionState::Same);
        let pruned = || states.iter().rposition(|s| *s == PositionState::Pruned);
        let found = same.or_else(pruned).and_then(|at| Some((at, samples.get(at)?)));
        let Some((at, last)) = found else {
            let upto = samples.first().map_or(self.after, |first| first.seq - 1);
            return Self { upto, ..self };
        };
        Self {
            after: last.seq,
            upto: samples.get(at + 1).map_or(self.upto, |next| next.seq - 1),
            common: if same.is_some() { last.clone() } else { self.common },
        }
    }
}
