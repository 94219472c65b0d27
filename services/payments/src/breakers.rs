//! The breakers of this process: one for each merchant and method of paying, since
//! a method is one operation of one channel. They live in memory: each process
//! learns by itself whether a channel answers it, and one that is new knows
//! nothing bad. What they hold up is only that money is started.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::channel::Outcome;
use crate::domain::Method;
use crate::domain::breaker::{Pass, State, Terms};
use crate::meters;

type Key = (String, Method);

#[derive(Debug, Clone)]
pub struct Breakers {
    terms: Terms,
    states: Arc<Mutex<HashMap<Key, State>>>,
}

/// The right to make one call that starts money. Dropped unused it changes
/// nothing, and lets another try.
#[must_use]
#[derive(Debug)]
pub struct Permit {
    breakers: Breakers,
    key: Key,
    pass: Pass,
    used: bool,
}

impl Breakers {
    pub fn new(terms: Terms) -> Self {
        Self {
            terms,
            states: Arc::default(),
        }
    }

    /// For how long nothing can be started; none when something can.
    pub fn wait(&self, merchant: &str, method: Method) -> Option<Duration> {
        let states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.get(&(merchant.to_owned(), method)).copied();
        state.unwrap_or_default().wait(&self.terms, Instant::now())
    }

    /// The right to make a call, or for how long there is none.
    pub fn enter(&self, merchant: &str, method: Method) -> Result<Permit, Duration> {
        let key = (merchant.to_owned(), method);
        let pass = self.change(&key, |state| match state.enter(&self.terms, Instant::now()) {
            Ok((entered, pass)) => (entered, Ok(pass)),
            Err(wait) => (state, Err(wait)),
        })?;
        Ok(Permit {
            breakers: self.clone(),
            key,
            pass,
            used: false,
        })
    }

    fn change<T>(&self, key: &Key, step: impl FnOnce(State) -> (State, T)) -> T {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        let state = states.entry(key.clone()).or_default();
        let (before, (after, said)) = (*state, step(*state));
        *state = after;
        if before.is_closed() != after.is_closed() {
            let (merchant, method) = key;
            tracing::warn!(
                merchant,
                method = method.word(),
                closed = after.is_closed(),
                "the breaker of a channel changed"
            );
            meters::breaker(merchant, method.word(), !after.is_closed());
        }
        said
    }
}

impl Permit {
    /// The call was made: whatever the channel said is an answer, and an unknown
    /// outcome is none.
    pub fn heard<T>(mut self, outcome: &Outcome<T>) {
        self.used = true;
        let answered = !matches!(outcome, Outcome::Unknown(_));
        let (pass, terms) = (self.pass, self.breakers.terms);
        self.breakers.change(&self.key, |state| {
            (state.heard(pass, answered, &terms, Instant::now()), ())
        });
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        if !self.used {
            let pass = self.pass;
            self.breakers
                .change(&self.key, |state| (state.unused(pass, Instant::now()), ()));
        }
    }
}
