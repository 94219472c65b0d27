//! What the processes and persons do: the order of platform's statements, over
//! the same decisions.

use platform::subscription::follow::{
    Examined, Lost, Place, Standing, Stretch, Take, examined, kind_of, lost,
};
use proto::studio::feed::v1::PositionState;
use uuid::Uuid;

use super::{Fact, Following, Hand, Known, POISON, World, aggregate, event_id, place};
use crate::search::{Label, Step};

impl Following {
    pub(super) fn process(&self, world: &World, at: usize, steps: &mut Vec<Step<World>>) {
        let mut next = world.clone();
        match &world.hands[at] {
            Hand::Empty if world.standing == Standing::Running => {
                if let Some(hand) = world.pulls() {
                    next.hands[at] = hand;
                    steps.push((Label("a process pulls", at), Ok(next)));
                }
            }
            Hand::Empty => {
                steps.push((Label("a process compares the histories", at), Ok(next.examine())));
            }
            Hand::Diverged(place) => {
                next.hands[at] = Hand::Empty;
                let stopped = match lost(Some("FEED_DIVERGED"), place) {
                    Lost::Stop => Ok(next.quarantine(place, place)),
                    other => Err(format!("a source that lost its place is followed: {other:?}")),
                };
                steps.push((Label("a process stops the stream", at), stopped));
            }
            Hand::Told(from, facts) => {
                let next = match (self.contradiction)(&world.known_of(facts), &pairs(facts)) {
                    None => {
                        next.hands[at] = Hand::Page(from.clone(), facts.clone());
                        next
                    }
                    Some((seq, _)) => {
                        next.hands[at] = Hand::Empty;
                        let back = world.before(seq.min(from.seq + 1));
                        next.quarantine(from, &back)
                    }
                };
                steps.push((Label("a process holds it against the inbox", at), Ok(next)));
            }
            Hand::Page(from, facts) => self.apply(world, at, from, facts, steps),
            Hand::Owing(event) => {
                next.effects[usize::from(*event)] += 1;
                next.hands[at] = Hand::Empty;
                steps.push((Label("the effect is committed", at), Ok(next)));
            }
        }
    }

    /// One fact in one transaction.
    fn apply(&self, world: &World, at: usize, from: &Place, facts: &[Fact], steps: &mut Vec<Step<World>>) {
        let Some((fact, rest)) = facts.split_first() else {
            return;
        };
        if !Standing::Running.comes_next(from.seq, fact.seq) {
            let what = format!("{} is told after {}", fact.seq, from.seq);
            return steps.push((Label("a process applies a fact", at), Err(what)));
        }
        let mut next = world.clone();
        let moved = world.cursor == *from && world.standing == Standing::Running;
        let behind = world.parked_before(fact.event);
        let fails = fact.event == POISON && !world.mended;
        let fresh = moved && next.claim(*fact);
        match (self.take)(moved, fresh, behind || fails) {
            Take::Elsewhere => {
                let mut next = world.clone();
                next.hands[at] = Hand::Empty;
                return steps.push((Label("a process finds the cursor elsewhere", at), Ok(next)));
            }
            Take::Known => {}
            Take::Park => next.known(fact.event, |known| known.parked = true),
            Take::Apply if self.cursor_first => {
                next.cursor = place(*fact);
                next.hands[at] = Hand::Owing(fact.event);
                return steps.push((Label("the cursor is committed", at), Ok(next)));
            }
            Take::Apply => next.effects[usize::from(fact.event)] += 1,
        }
        next.cursor = place(*fact);
        if let Some(doubts) = world.left.doubts.checked_sub(1) {
            let mut next = next.clone();
            next.left.doubts = doubts;
            steps.push((
                Label("a fact is applied, the commit's answer is lost", at),
                Ok(next),
            ));
        }
        next.hands[at] = match rest {
            [] => Hand::Empty,
            rest => Hand::Page(place(*fact), rest.to_vec()),
        };
        steps.push((Label("a process applies a fact", at), Ok(next)));
    }
}

/// Those who mend what fails, release what is parked, and decide what is lost.
pub fn persons(world: &World, steps: &mut Vec<Step<World>>) {
    if !world.mended {
        let mended = World {
            mended: true,
            ..world.clone()
        };
        steps.push((Label("the cause of the failure is mended", 0), Ok(mended)));
    }
    for first in [0, 1].into_iter().filter_map(|of| world.first_parked(of)) {
        if first != POISON || world.mended {
            let mut next = world.clone();
            next.known(first, |known| known.parked = false);
            next.effects[usize::from(first)] += 1;
            steps.push((Label("a parked fact is released", first.into()), Ok(next)));
        }
    }
    if world.open > 0 && world.standing == Standing::Diverged {
        let (common, _) = world.compared();
        let mut next = world.clone();
        next.open = 0;
        steps.push((Label("two persons resume the stream", 0), Ok(next.go_on(&common))));
    }
}

fn pairs(facts: &[Fact]) -> Vec<(i64, Uuid)> {
    facts
        .iter()
        .map(|fact| (fact.seq, event_id(fact.event)))
        .collect()
}

impl World {
    /// What a pull answers; nothing when there is nothing.
    fn pulls(&self) -> Option<Hand> {
        let stands = |event| event_id(event).to_string() == self.cursor.event_id;
        if self.cursor.seq > 0 && !self.head(self.cursor.seq).is_some_and(stands) {
            return Some(Hand::Diverged(self.cursor.clone()));
        }
        let numbered = (1i64..).zip(self.feed.iter().copied());
        let facts: Vec<Fact> = numbered
            .map(|(seq, event)| Fact { seq, event })
            .filter(|fact| fact.seq > self.cursor.seq)
            .collect();
        (!facts.is_empty()).then(|| Hand::Told(self.cursor.clone(), facts))
    }

    /// Of the inbox what has a number or an id of these.
    fn known_of(&self, facts: &[Fact]) -> Vec<(i64, Uuid)> {
        let among = |known: &&Known| {
            let same = |fact: &Fact| fact.seq == known.fact.seq || fact.event == known.fact.event;
            known.orphan == 0 && known.fact.seq > 0 && facts.iter().any(same)
        };
        let mut found: Vec<Fact> = self.inbox.iter().filter(among).map(|known| known.fact).collect();
        found.sort_by_key(|fact| fact.seq);
        pairs(&found)
    }

    /// The last place of the inbox before a number.
    fn before(&self, seq: i64) -> Place {
        let earlier = |known: &&Known| known.orphan == 0 && (1..seq).contains(&known.fact.seq);
        let last = self
            .inbox
            .iter()
            .filter(earlier)
            .max_by_key(|known| known.fact.seq);
        last.map_or_else(Place::default, |known| place(known.fact))
    }

    fn known(&mut self, event: u8, change: impl Fn(&mut Known)) {
        self.inbox
            .iter_mut()
            .filter(|known| known.fact.event == event)
            .for_each(change);
    }

    /// Claims a fact; one that is known learns its number anew.
    fn claim(&mut self, fact: Fact) -> bool {
        if !self.inbox.iter().any(|known| known.fact.event == fact.event) {
            let (parked, orphan) = (false, 0);
            self.inbox.push(Known { fact, parked, orphan });
            self.inbox.sort_by_key(|known| known.fact.event);
            return true;
        }
        self.known(fact.event, |known| {
            if known.fact.seq == 0 || known.orphan > 0 {
                (known.fact.seq, known.orphan) = (fact.seq, 0);
            }
        });
        false
    }

    fn parked_before(&self, event: u8) -> bool {
        let of = aggregate(event);
        self.first_parked(of).is_some()
    }

    fn first_parked(&self, of: u8) -> Option<u8> {
        let parked = |known: &&Known| known.parked && aggregate(known.fact.event) == of;
        let first = self
            .inbox
            .iter()
            .filter(parked)
            .min_by_key(|known| known.fact.seq);
        first.map(|known| known.fact.event)
    }

    fn quarantine(mut self, at: &Place, back: &Place) -> Self {
        if self.cursor == *at && self.standing != Standing::Diverged {
            self.standing = Standing::Diverged;
            self.cursor = back.clone();
        }
        self
    }

    fn state_of(&self, fact: Fact) -> PositionState {
        match self.head(fact.seq) {
            Some(event) if event == fact.event => PositionState::Same,
            _ if self.feed.contains(&fact.event) => PositionState::Moved,
            _ => PositionState::Gone,
        }
    }

    /// The last common position, and what was applied after it and is lost.
    fn compared(&self) -> (Place, Vec<u8>) {
        let counts = |known: &&Known| known.orphan == 0 || known.orphan == self.open;
        let stands = self
            .head(self.cursor.seq)
            .map(|event| event_id(event).to_string());
        let common = if self.cursor.seq == 0 || stands.as_ref() == Some(&self.cursor.event_id) {
            self.cursor.clone()
        } else {
            self.last_common()
        };
        let after = |known: &&Known| known.fact.seq > common.seq || known.fact.seq == 0;
        let lost = self
            .inbox
            .iter()
            .filter(counts)
            .filter(after)
            .filter(|known| !known.parked && self.state_of(known.fact) == PositionState::Gone);
        let lost = lost.map(|known| known.fact.event).collect();
        (common, lost)
    }

    fn last_common(&self) -> Place {
        let mut stretch = Stretch::upto(self.cursor.seq);
        loop {
            let within = |known: &&Known| {
                let counts = known.orphan == 0 || known.orphan == self.open;
                counts && (stretch.after + 1..=stretch.upto).contains(&known.fact.seq)
            };
            let mut facts: Vec<Fact> = self.inbox.iter().filter(within).map(|known| known.fact).collect();
            if facts.is_empty() {
                return stretch.common;
            }
            facts.sort_by_key(|fact| fact.seq);
            let states: Vec<PositionState> = facts.iter().map(|fact| self.state_of(*fact)).collect();
            let samples: Vec<Place> = facts.into_iter().map(place).collect();
            stretch = stretch.narrow(&samples, &states);
        }
    }

    fn examine(mut self) -> Self {
        let (common, orphans) = self.compared();
        let open = self.open;
        match examined(kind_of(&common, 0), orphans.len(), open > 0) {
            Examined::Heal => {
                self.unmark(open);
                self.open = 0;
                return self.go_on(&common);
            }
            Examined::Report => {
                self.divergences += 1;
                self.open = self.divergences;
            }
            Examined::Revise => self.unmark(open),
        }
        let open = self.open;
        for event in orphans {
            self.known(event, |known| known.orphan = open);
        }
        self
    }

    fn unmark(&mut self, open: u8) {
        let marked = |known: &&mut Known| open > 0 && known.orphan == open;
        self.inbox
            .iter_mut()
            .filter(marked)
            .for_each(|known| known.orphan = 0);
    }

    /// Follows the source again after the common position.
    fn go_on(mut self, common: &Place) -> Self {
        self.inbox
            .retain(|known| !(known.parked && known.fact.seq > common.seq));
        for known in &mut self.inbox {
            if known.orphan == 0 && known.fact.seq > common.seq {
                known.fact.seq = 0;
            }
        }
        self.cursor = common.clone();
        self.standing = Standing::Running;
        self
    }
}
