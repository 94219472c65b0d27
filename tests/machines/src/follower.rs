//! A service that follows the feed of another, in two processes at once: the
//! feed fails over and loses its end, facts are told twice, processes die, one
//! fact cannot be applied for a while.

mod follow;

use std::collections::hash_map::DefaultHasher;

use platform::subscription::follow::{Place, Standing, Take, contradiction, take};
use uuid::Uuid;

use crate::search::{Label, Machine, Step, add};
use crate::till::id;

/// Decides about one fact: platform's own function, or one with a fault.
pub type Decide = fn(bool, bool, bool) -> Take;
/// Looks for what contradicts the inbox, likewise.
pub type Contradiction = fn(&[(i64, Uuid)], &[(i64, Uuid)]) -> Option<(i64, Uuid)>;

/// How far the search goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bounds {
    /// Facts that the source publishes.
    pub facts: u8,
    /// How often it fails over, and how much of its end it may lose then.
    pub failovers: u8,
    pub lost: u8,
    pub crashes: u8,
    /// Answers to a commit that are lost: the process takes it for a failure.
    pub doubts: u8,
    /// Processes that follow.
    pub processes: u8,
}

pub struct Following {
    pub bounds: Bounds,
    pub take: Decide,
    pub contradiction: Contradiction,
    /// A fault: the cursor commits before the effect, and not with it.
    pub cursor_first: bool,
}

/// What a process holds in its memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Hand {
    Empty,
    /// Where the cursor stood, and what the source told comes next.
    Told(Place, Vec<Fact>),
    /// The same, held against the inbox.
    Page(Place, Vec<Fact>),
    /// The source does not know where the cursor stands.
    Diverged(Place),
    /// An effect that is not committed, where only the cursor was.
    Owing(u8),
}

/// A fact under its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fact {
    pub seq: i64,
    pub event: u8,
}

/// A fact that was applied or parked. Its number is 0 while it waits for a new
/// one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Known {
    pub fact: Fact,
    pub parked: bool,
    /// The divergence in which it was found lost; 0 is none.
    pub orphan: u8,
}

#[derive(Debug, Clone)]
pub struct World {
    /// The source's feed: the fact at each number from 1.
    pub feed: Vec<u8>,
    pub published: u8,
    /// Facts that were lost at the source.
    pub gone: Vec<u8>,
    pub cursor: Place,
    pub standing: Standing,
    pub inbox: Vec<Known>,
    /// How often each fact took effect.
    pub effects: Vec<u8>,
    /// The fact that fails does so no more.
    pub mended: bool,
    /// The divergence that persons have to close; 0 is none.
    pub open: u8,
    pub divergences: u8,
    pub hands: Vec<Hand>,
    pub left: Bounds,
}

/// The fact that cannot be applied at first.
pub const POISON: u8 = 2;

/// Facts of two aggregates, in turn.
pub fn aggregate(event: u8) -> u8 {
    event % 2
}

pub fn event_id(event: u8) -> Uuid {
    id(u128::from(event) + 1_000)
}

pub fn place(fact: Fact) -> Place {
    Place {
        seq: fact.seq,
        event_id: event_id(fact.event).to_string(),
    }
}

impl Following {
    pub fn right(bounds: Bounds) -> Self {
        Self {
            bounds,
            take,
            contradiction,
            cursor_first: false,
        }
    }
}

impl Machine for Following {
    type State = World;

    fn begin(&self) -> World {
        World {
            feed: Vec::new(),
            published: 0,
            gone: Vec::new(),
            cursor: Place::default(),
            standing: Standing::Running,
            inbox: Vec::new(),
            effects: vec![0; usize::from(self.bounds.facts) + 1],
            mended: false,
            open: 0,
            divergences: 0,
            hands: vec![Hand::Empty; usize::from(self.bounds.processes)],
            left: self.bounds,
        }
    }

    fn steps(&self, world: &World) -> Vec<Step<World>> {
        let mut steps = Vec::new();
        source(world, &mut steps);
        for at in 0..world.hands.len() {
            self.process(world, at, &mut steps);
        }
        follow::persons(world, &mut steps);
        if world.left.crashes > 0 && world.hands.iter().any(|hand| *hand != Hand::Empty) {
            for at in 0..world.hands.len() {
                let mut next = world.clone();
                next.left.crashes -= 1;
                next.hands[at] = Hand::Empty;
                steps.push((Label("a process crashes", at), Ok(next)));
            }
        }
        steps
    }

    fn key(&self, world: &World, key: &mut DefaultHasher) {
        add(key, &(&world.feed, world.published, &world.gone, &world.cursor));
        add(key, &(world.standing, &world.inbox, &world.effects));
        add(
            key,
            &(
                world.mended,
                world.open,
                world.divergences,
                &world.hands,
                world.left,
            ),
        );
    }

    fn broken(&self, world: &World) -> Option<String> {
        if world.effects.iter().any(|count| *count > 1) {
            return Some("a fact took effect twice".to_owned());
        }
        world.nothing_skipped().err()
    }

    fn settled(&self, world: &World) -> bool {
        let head = i64::try_from(world.feed.len()).unwrap_or(i64::MAX);
        world.standing == Standing::Running
            && world.published == self.bounds.facts
            && world.cursor.seq == head
            && !world.inbox.iter().any(|known| known.parked)
            && world.hands.iter().all(|hand| *hand == Hand::Empty)
    }
}

/// The source publishes, or fails over to a node that lacks the end.
fn source(world: &World, steps: &mut Vec<Step<World>>) {
    if world.published < world.left.facts {
        let mut next = world.clone();
        next.published += 1;
        next.feed.push(next.published);
        steps.push((Label("the source publishes", 0), Ok(next)));
    }
    if world.left.failovers == 0 {
        return;
    }
    for lost in 1..=usize::from(world.left.lost).min(world.feed.len()) {
        let mut next = world.clone();
        next.left.failovers -= 1;
        let lost = next.feed.split_off(next.feed.len() - lost);
        next.gone.extend(lost);
        let all = next.gone.len();
        steps.push((Label("the source fails over and loses its end", all), Ok(next)));
    }
}

impl World {
    pub fn head(&self, seq: i64) -> Option<u8> {
        let at = usize::try_from(seq).ok()?.checked_sub(1)?;
        self.feed.get(at).copied()
    }

    /// While the source is followed, what lies before the cursor was applied or
    /// is parked, and what was applied took effect.
    fn nothing_skipped(&self) -> Result<(), String> {
        let known = |event: u8| self.inbox.iter().find(|known| known.fact.event == event);
        for known in &self.inbox {
            let count = self.effects[usize::from(known.fact.event)];
            let owed = self.hands.contains(&Hand::Owing(known.fact.event));
            if count + u8::from(known.parked) != 1 && !owed {
                return Err("a fact is said to be applied and is not".to_owned());
            }
        }
        let ours = self
            .head(self.cursor.seq)
            .map(|event| event_id(event).to_string());
        let follows = self.standing == Standing::Running && ours.as_ref() == Some(&self.cursor.event_id);
        if !follows {
            return Ok(());
        }
        let before = usize::try_from(self.cursor.seq).unwrap_or_default();
        match self
            .feed
            .iter()
            .take(before)
            .find(|event| known(**event).is_none())
        {
            Some(event) => Err(format!("the fact {event} was passed over")),
            None => Ok(()),
        }
    }
}
