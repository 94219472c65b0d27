//! Recomputes a service's chain from its entries and holds it against the
//! heads that others witnessed. Needs no secret and no database.

use std::collections::{BTreeMap, BTreeSet};

use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::audit_field::Content;
use serde::Serialize;

use super::encoding::{Column, Place, START, digest_of, entry_hash};
use super::seal::Keys;
use super::{reseal, witness};

/// Most entries of which each is named when many are gone at once.
const NAMED: i64 = 100;

/// Everything there is about one service's chain.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    pub service: String,
    /// In the order of their positions.
    pub entries: Vec<pb::AuditEntry>,
    pub strays: Vec<pb::AuditStray>,
    /// What the service itself says it signed.
    pub own: Vec<pb::AuditHead>,
    /// What others hold of it, each with the name of who does.
    pub witnessed: Vec<(String, pb::WitnessedHead)>,
}

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The row is not what was chained.
    Changed,
    /// The row, its entry or both are gone.
    Removed,
    /// A row that nobody chained.
    Inserted,
    /// The row or its entry stands in another's place.
    Reordered,
    /// The end of the chain is gone.
    Truncated,
    /// The chain was hashed anew from here.
    Forged,
    /// A witness holds heads that cannot both be true.
    Contradicted,
    /// A head that its service did not sign.
    Unsigned,
}

/// A record that was touched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    pub what: What,
    /// Its position in the chain; 0 for a row that has none.
    pub seq: i64,
    /// Its table and number; empty and 0 when nothing of it is left.
    pub source: String,
    pub row_id: i64,
    pub says: String,
}

/// A loss that a person declared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reseal {
    pub seq: i64,
    pub common_seq: i64,
    pub lost_until: i64,
    pub person_id: String,
    pub reason: String,
}

/// What the evidence of a service says.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    pub service: String,
    pub entries: usize,
    pub head_seq: i64,
    /// The highest position that a witness other than the service holds.
    pub witnessed_until: i64,
    pub witnesses: BTreeSet<String>,
    pub findings: Vec<Finding>,
    pub reseals: Vec<Reseal>,
}

/// Finds every record that was touched. Without keys, heads are taken as their
/// witnesses took them: those checked the signatures when they came.
pub fn verify(evidence: &Evidence, keys: Option<&Keys>) -> Report {
    let mut walk = Walk::over(evidence);
    walk.contents();
    walk.order();
    walk.strays();
    walk.heads(keys);
    let last = evidence.entries.last();
    Report {
        service: evidence.service.clone(),
        entries: evidence.entries.len(),
        head_seq: last.map_or(0, |entry| entry.seq),
        witnessed_until: walk.witnessed_until,
        witnesses: evidence.witnessed.iter().map(|(who, _)| who.clone()).collect(),
        findings: walk.findings,
        reseals: walk.reseals,
    }
}

struct Walk<'a> {
    evidence: &'a Evidence,
    at: BTreeMap<i64, &'a pb::AuditEntry>,
    /// Positions of entries that do not hold what they should.
    bad: BTreeSet<i64>,
    findings: Vec<Finding>,
    reseals: Vec<Reseal>,
    witnessed_until: i64,
}

impl<'a> Walk<'a> {
    fn over(evidence: &'a Evidence) -> Self {
        Self {
            evidence,
            at: evidence.entries.iter().map(|entry| (entry.seq, entry)).collect(),
            bad: BTreeSet::new(),
            findings: Vec::new(),
            reseals: Vec::new(),
            witnessed_until: 0,
        }
    }

    fn find(&mut self, what: What, entry: &pb::AuditEntry, says: impl Into<String>) {
        self.bad.insert(entry.seq);
        self.findings.push(Finding {
            what,
            seq: entry.seq,
            source: entry.source.clone(),
            row_id: entry.row_id,
            says: says.into(),
        });
    }

    fn gone(&mut self, what: What, from: i64, upto: i64, says: &str) {
        for seq in from..=upto.min(from.saturating_add(NAMED)) {
            self.findings.push(Finding {
                what,
                seq,
                source: String::new(),
                row_id: 0,
                says: says.to_owned(),
            });
        }
    }

    /// Every row is what was chained.
    fn contents(&mut self) {
        let service = &self.evidence.service;
        let wrong: Vec<&pb::AuditEntry> = self
            .evidence
            .entries
            .iter()
            .filter(|entry| entry.row_missing || hash_of(service, entry, entry.seq, entry) != entry.hash)
            .collect();
        for entry in &wrong {
            let next = self.at.get(&(entry.seq + 1));
            if entry.row_missing {
                self.find(What::Removed, entry, "the row is gone");
            } else if let Some(other) = swapped(service, entry, &wrong) {
                self.find(
                    What::Reordered,
                    entry,
                    format!("changed places with entry {other}"),
                );
            } else if next.is_some_and(|next| hash_of(service, entry, entry.seq, entry) == next.prev_hash) {
                self.find(
                    What::Changed,
                    entry,
                    "the entry's hash is not the one that was chained",
                );
            } else {
                self.find(What::Changed, entry, "the row is not the one that was chained");
            }
        }
    }

    /// Every entry continues the one before, and none is missing.
    fn order(&mut self) {
        let (mut last, mut hash) = (0, START.to_vec());
        for entry in &self.evidence.entries {
            let declared = (!self.bad.contains(&entry.seq))
                .then(|| reseal_of(entry))
                .flatten();
            let dense = entry.seq == last + 1;
            let explained = declared
                .as_ref()
                .is_some_and(|reseal| entry.seq == reseal.lost_until.max(last) + 1);
            if !dense && !explained {
                self.gone(What::Removed, last + 1, entry.seq - 1, "the entry is gone");
            } else if entry.prev_hash != hash && !self.bad.contains(&entry.seq) && !self.bad.contains(&last) {
                self.broken(last, entry);
            }
            self.reseals.extend(declared);
            (last, hash) = (entry.seq, entry.hash.clone());
        }
    }

    /// Both entries are sound and do not fit: the earlier one was hashed anew.
    fn broken(&mut self, last: i64, entry: &pb::AuditEntry) {
        let says = "hashed anew: the next entry continues another";
        match self.at.get(&last) {
            Some(before) => self.find(What::Forged, before, says),
            None => self.find(What::Forged, entry, "the chain does not begin here"),
        }
    }

    fn strays(&mut self) {
        for stray in &self.evidence.strays {
            self.findings.push(Finding {
                what: What::Inserted,
                seq: 0,
                source: stray.source.clone(),
                row_id: stray.row_id,
                says: "the row has no place in the chain".to_owned(),
            });
        }
    }

    /// A person declared it lost.
    fn excused(&self, seq: i64) -> bool {
        let lost = |reseal: &Reseal| reseal.common_seq < seq && seq <= reseal.lost_until;
        self.reseals.iter().any(lost)
    }

    /// The chain is the one of which witnesses hold heads.
    fn heads(&mut self, keys: Option<&Keys>) {
        let evidence = self.evidence;
        let mut heads: Vec<(&str, &pb::AuditHead)> = Vec::new();
        for (who, seen) in &evidence.witnessed {
            let Some(head) = &seen.head else { continue };
            if !seen.conflict.is_empty() {
                self.contradicted(who, head, &seen.conflict);
            } else if self.signed(who, head, keys) {
                self.witnessed_until = self.witnessed_until.max(head.seq);
                heads.push((who, head));
            }
        }
        for head in &evidence.own {
            if self.signed(&evidence.service, head, keys) {
                heads.push((&evidence.service, head));
            }
        }
        heads.sort_by_key(|(_, head)| head.seq);
        self.truncated(&heads);
        let forged = heads
            .iter()
            .filter_map(|(who, head)| Some((self.parted(head)?, *who)));
        if let Some((seq, who)) = forged.min()
            && let Some(entry) = self.at.get(&seq).copied()
        {
            self.find(What::Forged, entry, format!("not the entry that {who} witnessed"));
        }
    }

    fn contradicted(&mut self, who: &str, head: &pb::AuditHead, why: &str) {
        if !self.excused(head.seq) {
            self.gone(What::Contradicted, head.seq, head.seq, &format!("{who}: {why}"));
        }
    }

    fn signed(&mut self, who: &str, head: &pb::AuditHead, keys: Option<&Keys>) -> bool {
        let good = head.service == self.evidence.service && keys.is_none_or(|keys| keys.signed(head));
        if !good {
            let says = format!("the head that {who} holds is not signed by its service");
            self.gone(What::Unsigned, head.seq, head.seq, &says);
        }
        good
    }

    fn truncated(&mut self, heads: &[(&str, &pb::AuditHead)]) {
        let end = self.evidence.entries.last().map_or(0, |entry| entry.seq);
        let beyond = |head: &pb::AuditHead| head.seq > end && !self.excused(head.seq);
        if let Some((who, head)) = heads.iter().rev().find(|(_, head)| beyond(head)) {
            let says = format!("{who} witnessed it");
            self.gone(What::Truncated, end + 1, head.seq, &says);
        }
    }

    /// The first sound entry that is not the one that the head speaks of.
    fn parted(&self, head: &pb::AuditHead) -> Option<i64> {
        let spoken = self.at.range(head.from_seq..=head.seq);
        let differs = |entry: &pb::AuditEntry| {
            let whole = entry.seq != head.seq || entry.hash == head.hash;
            !whole || witness::link(head, entry.seq).is_some_and(|link| !entry.hash.starts_with(link))
        };
        spoken
            .filter(|(seq, _)| !self.bad.contains(seq) && !self.excused(**seq))
            .find(|(_, entry)| differs(entry))
            .map(|(seq, _)| *seq)
    }
}

/// The hash of `entry` if it stood at `seq` and bound the row of `row`.
fn hash_of(service: &str, entry: &pb::AuditEntry, seq: i64, row: &pb::AuditEntry) -> Vec<u8> {
    let place = Place {
        service,
        seq,
        source: &entry.source,
        row_id: entry.row_id,
        layout: entry.layout,
    };
    let columns: Vec<Column<'_>> = row
        .fields
        .iter()
        .map(|field| {
            let digest = match &field.content {
                None => None,
                Some(Content::Text(text)) => Some(digest_of(text)),
                Some(Content::Digest(digest)) => Some(digest.as_slice().try_into().unwrap_or(START)),
            };
            (field.name.as_str(), digest)
        })
        .collect();
    entry_hash(place, &entry.prev_hash, &columns).to_vec()
}

/// With which of the wrong entries this one changed places or rows.
fn swapped(service: &str, entry: &pb::AuditEntry, wrong: &[&pb::AuditEntry]) -> Option<i64> {
    let others = wrong.iter().filter(|other| other.seq != entry.seq).take(1_000);
    let fits = |other: &pb::AuditEntry| {
        let place = hash_of(service, entry, other.seq, entry) == entry.hash;
        let row = entry.source == other.source && hash_of(service, entry, entry.seq, other) == entry.hash;
        place || row
    };
    others.copied().find(|other| fits(other)).map(|other| other.seq)
}

/// What a reseal's row declares.
fn reseal_of(entry: &pb::AuditEntry) -> Option<Reseal> {
    let text = |name: &str| {
        let field = entry.fields.iter().find(|field| field.name == name)?;
        match &field.content {
            Some(Content::Text(text)) => Some(text.as_str()),
            _ => None,
        }
    };
    if entry.source != reseal::SOURCE {
        return None;
    }
    Some(Reseal {
        seq: entry.seq,
        common_seq: text("common_seq")?.parse().ok()?,
        lost_until: text("lost_until")?.parse().ok()?,
        person_id: text("person_id")?.to_owned(),
        reason: text("reason")?.to_owned(),
    })
}
