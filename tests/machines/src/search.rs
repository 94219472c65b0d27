//! A breadth first search over all states of a machine. States are known again
//! by a hash of what matters of them, so that only those not yet left are held.

use std::collections::hash_map::{DefaultHasher, Entry};
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::hash::{Hash, Hasher as _};

/// A name for a step: what happens, and to which of several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label(pub &'static str, pub usize);

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            0 => f.write_str(self.0),
            which => write!(f, "{} [{which}]", self.0),
        }
    }
}

/// Where a step leads, or what it breaks.
pub type Step<S> = (Label, Result<S, String>);

/// Services, what they keep, and the network between them.
pub trait Machine {
    type State: Clone + fmt::Debug;

    fn begin(&self) -> Self::State;

    /// Everything that may happen next.
    fn steps(&self, state: &Self::State) -> Vec<Step<Self::State>>;

    /// What tells two states apart: all that decides about the future.
    fn key(&self, state: &Self::State, key: &mut DefaultHasher);

    /// What does not hold in a state.
    fn broken(&self, state: &Self::State) -> Option<String>;

    /// All work is done.
    fn settled(&self, state: &Self::State) -> bool;
}

/// A whole space without a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    pub states: usize,
    pub steps: usize,
    pub settled: usize,
    /// The longest of the shortest ways.
    pub depth: usize,
}

/// What is wrong, and the shortest way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub what: String,
    pub way: Vec<String>,
    pub state: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.what)?;
        for (at, step) in self.way.iter().enumerate() {
            writeln!(f, "{:4}. {step}", at + 1)?;
        }
        write!(f, "{}", self.state)
    }
}

/// A state that was reached: from which, and by what.
struct Reached {
    from: usize,
    by: Label,
    depth: usize,
}

struct Search<'a, M: Machine> {
    machine: &'a M,
    known: HashMap<u64, usize>,
    reached: Vec<Reached>,
    /// States that were reached and not left, by their number.
    open: VecDeque<(usize, M::State)>,
    /// For each state from which others it is reached.
    back: Vec<Vec<u32>>,
    settled: Vec<usize>,
    steps: usize,
}

/// Visits every state of a machine. Fails with the shortest way to a state that
/// is broken, or from which no settled one can be reached any more.
pub fn search<M: Machine>(machine: &M) -> Result<Space, Fault> {
    let mut search = Search {
        machine,
        known: HashMap::new(),
        reached: Vec::new(),
        open: VecDeque::new(),
        back: Vec::new(),
        settled: Vec::new(),
        steps: 0,
    };
    search.reach(0, Label("begin", 0), machine.begin())?;
    while let Some((at, state)) = search.open.pop_front() {
        for (by, next) in machine.steps(&state) {
            search.steps += 1;
            match next {
                Ok(next) => search.reach(at, by, next)?,
                Err(what) => return Err(search.fault(what, Some(at), Some(by), &state)),
            }
        }
    }
    search.all_can_settle()?;
    Ok(Space {
        states: search.reached.len(),
        steps: search.steps,
        settled: search.settled.len(),
        depth: search.reached.iter().map(|r| r.depth).max().unwrap_or_default(),
    })
}

impl<M: Machine> Search<'_, M> {
    fn reach(&mut self, from: usize, by: Label, state: M::State) -> Result<(), Fault> {
        let number = self.reached.len();
        let mut hasher = DefaultHasher::new();
        self.machine.key(&state, &mut hasher);
        match self.known.entry(hasher.finish()) {
            Entry::Occupied(known) => {
                let known = *known.get();
                if known != from {
                    self.back[known].push(small(from));
                }
                return Ok(());
            }
            Entry::Vacant(new) => _ = new.insert(number),
        }
        let depth = self.reached.get(from).map_or(0, |r| r.depth + 1);
        self.reached.push(Reached { from, by, depth });
        self.back.push(vec![small(from)]);
        if let Some(what) = self.machine.broken(&state) {
            return Err(self.fault(what, Some(number), None, &state));
        }
        if self.machine.settled(&state) {
            self.settled.push(number);
        }
        self.open.push_back((number, state));
        Ok(())
    }

    /// Walks backwards from the settled states: whoever is not met is stuck.
    fn all_can_settle(&self) -> Result<(), Fault> {
        let mut can = vec![false; self.reached.len()];
        let mut walk = self.settled.clone();
        for at in &walk {
            can[*at] = true;
        }
        while let Some(at) = walk.pop() {
            for from in &self.back[at] {
                let from = usize::try_from(*from).unwrap_or(usize::MAX);
                if !can[from] {
                    can[from] = true;
                    walk.push(from);
                }
            }
        }
        match can.iter().position(|can| !can) {
            Some(stuck) => {
                let state = self.replay(stuck);
                Err(self.fault(
                    "no end can be reached any more".to_owned(),
                    Some(stuck),
                    None,
                    &state,
                ))
            }
            None => Ok(()),
        }
    }

    fn way(&self, mut at: usize) -> Vec<Label> {
        let mut way = Vec::new();
        while at != 0 {
            way.push(self.reached[at].by);
            at = self.reached[at].from;
        }
        way.reverse();
        way
    }

    /// The state again, since it is not held any more.
    fn replay(&self, at: usize) -> M::State {
        let mut numbers = vec![at];
        while let Some(last) = numbers.last().copied().filter(|last| *last != 0) {
            numbers.push(self.reached[last].from);
        }
        let mut state = self.machine.begin();
        for number in numbers.iter().rev().skip(1) {
            let wanted = |next: &M::State| {
                let mut hasher = DefaultHasher::new();
                self.machine.key(next, &mut hasher);
                self.known.get(&hasher.finish()) == Some(number)
            };
            let next = self.machine.steps(&state).into_iter();
            if let Some(next) = next.filter_map(|(_, next)| next.ok()).find(wanted) {
                state = next;
            }
        }
        state
    }

    fn fault(&self, what: String, at: Option<usize>, by: Option<Label>, state: &M::State) -> Fault {
        let way = at.map(|at| self.way(at)).unwrap_or_default();
        Fault {
            what,
            way: way.into_iter().chain(by).map(|label| label.to_string()).collect(),
            state: format!("{state:#?}"),
        }
    }
}

/// Numbers of states fit, or the search would not.
fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Adds something to a key.
pub fn add(key: &mut DefaultHasher, what: &impl Hash) {
    what.hash(key);
}
