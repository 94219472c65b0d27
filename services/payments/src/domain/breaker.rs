//! When a channel that does not answer is left alone. Only calls that start money
//! are weighed; whatever asks, closes or sends back is never held up.

use std::time::{Duration, Instant};

#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// So many calls without an answer, one after the other, open it.
    pub failures: u32,
    /// It then stays open for this long.
    pub pause: Duration,
    /// How long one call is waited for that tries whether the channel answers.
    pub patience: Duration,
}

/// Told to whoever comes while another tries.
const SOON: Duration = Duration::from_secs(1);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// The channel answers, but for the last `failures` calls.
    Closed { failures: u32 },
    /// It is left alone until then; the first call after that tries it.
    Open { until: Instant },
    /// One call tries it.
    HalfOpen { since: Instant },
}

/// What a call was let through for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    Usual,
    /// It tries whether the channel answers again.
    Probe,
}

impl Default for State {
    fn default() -> Self {
        Self::Closed { failures: 0 }
    }
}

impl State {
    /// For how long a call has to wait; none when it would be let through.
    pub fn wait(self, terms: &Terms, now: Instant) -> Option<Duration> {
        match self {
            Self::Closed { .. } => None,
            Self::Open { until } => until.checked_duration_since(now).filter(|left| !left.is_zero()),
            // whoever tried may have died with the answer
            Self::HalfOpen { since } => (now < since + terms.patience).then_some(SOON),
        }
    }

    /// Lets a call through, or tells it to wait.
    pub fn enter(self, terms: &Terms, now: Instant) -> Result<(Self, Pass), Duration> {
        match (self, self.wait(terms, now)) {
            (_, Some(wait)) => Err(wait),
            (Self::Closed { .. }, None) => Ok((self, Pass::Usual)),
            (Self::Open { .. } | Self::HalfOpen { .. }, None) => {
                Ok((Self::HalfOpen { since: now }, Pass::Probe))
            }
        }
    }

    /// A call that was let through has ended, with an answer or without.
    #[must_use]
    pub fn heard(self, pass: Pass, answered: bool, terms: &Terms, now: Instant) -> Self {
        let open = Self::Open {
            until: now + terms.pause,
        };
        match (self, pass, answered) {
            (Self::HalfOpen { .. }, Pass::Probe, true) | (Self::Closed { .. }, _, true) => Self::default(),
            (Self::HalfOpen { .. }, Pass::Probe, false) => open,
            (Self::Closed { failures }, _, false) if failures + 1 >= terms.failures => open,
            (Self::Closed { failures }, _, false) => Self::Closed {
                failures: failures + 1,
            },
            // a call from before it opened, or whose turn another took over
            (Self::Open { .. }, ..) | (Self::HalfOpen { .. }, Pass::Usual, _) => self,
        }
    }

    /// A call that was let through was not made.
    #[must_use]
    pub fn unused(self, pass: Pass, now: Instant) -> Self {
        match (self, pass) {
            (Self::HalfOpen { .. }, Pass::Probe) => Self::Open { until: now },
            _ => self,
        }
    }

    pub fn is_closed(self) -> bool {
        matches!(self, Self::Closed { .. })
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const TERMS: Terms = Terms {
        failures: 3,
        pause: Duration::from_secs(30),
        patience: Duration::from_secs(10),
    };

    /// What happens, one after the other: a second passes with each.
    #[derive(Debug, Clone, Copy)]
    enum Does {
        /// A call, answered or not.
        Call(bool),
        /// A call begins that stays without end.
        Begins,
        /// A call is let through and not made.
        Unused,
        /// A call from before, answered or not.
        Late(bool),
        Passes(u64),
    }
    use Does::{Begins, Call, Late, Passes, Unused};

    #[derive(Debug, PartialEq, Eq)]
    enum Ends {
        Lets,
        Waits(u64),
    }
    use Ends::{Lets, Waits};

    #[rstest]
    #[case::at_first(&[], Lets)]
    #[case::below_the_number(&[Call(false), Call(false)], Lets)]
    #[case::at_the_number(&[Call(false), Call(false), Call(false)], Waits(29))]
    #[case::an_answer_between(&[Call(false), Call(false), Call(true), Call(false), Call(false)], Lets)]
    #[case::just_short_of_the_pause(&[Call(false), Call(false), Call(false), Passes(28)], Waits(1))]
    #[case::after_the_pause(&[Call(false), Call(false), Call(false), Passes(29)], Lets)]
    #[case::while_one_tries(&[Call(false), Call(false), Call(false), Passes(29), Begins], Waits(1))]
    #[case::who_tried_never_came_back(&[Call(false), Call(false), Call(false), Passes(29), Begins, Passes(9)], Lets)]
    #[case::who_tried_heard(&[Call(false), Call(false), Call(false), Passes(29), Call(true), Call(false), Call(false)], Lets)]
    #[case::who_tried_heard_nothing(&[Call(false), Call(false), Call(false), Passes(29), Call(false)], Waits(29))]
    #[case::who_would_try_did_not(&[Call(false), Call(false), Call(false), Passes(29), Unused], Lets)]
    #[case::unused_counts_for_nothing(&[Unused, Call(false), Unused, Call(false), Unused], Lets)]
    #[case::a_late_yes_closes_nothing(&[Call(false), Call(false), Call(false), Late(true)], Waits(28))]
    #[case::a_late_no_opens_nothing_longer(&[Call(false), Call(false), Call(false), Late(false)], Waits(28))]
    #[case::a_late_yes_is_no_probe(&[Call(false), Call(false), Call(false), Passes(29), Begins, Late(true)], Waits(1))]
    fn a_channel_without_answers_is_left_alone_and_tried_by_one_call(
        #[case] does: &[Does],
        #[case] ends: Ends,
    ) {
        let (mut now, mut state) = (Instant::now(), State::default());
        let second = Duration::from_secs(1);
        for step in does {
            let enter = || state.enter(&TERMS, now).expect("it is let through");
            state = match step {
                Call(answered) => {
                    let (entered, pass) = enter();
                    entered.heard(pass, *answered, &TERMS, now)
                }
                Begins => enter().0,
                Unused => {
                    let (entered, pass) = enter();
                    entered.unused(pass, now)
                }
                Late(answered) => state.heard(Pass::Usual, *answered, &TERMS, now),
                Passes(seconds) => {
                    now += second * u32::try_from(*seconds).unwrap();
                    continue;
                }
            };
            now += second;
        }
        let found = state.wait(&TERMS, now).map_or(Lets, |wait| Waits(wait.as_secs()));
        assert_eq!(found, ends);
        assert_eq!(state.enter(&TERMS, now).is_ok(), ends == Lets);
    }

    #[test]
    fn of_many_calls_after_the_pause_one_tries() {
        let now = Instant::now();
        let open = State::Open { until: now };
        let (half, pass) = open.enter(&TERMS, now).unwrap();
        assert_eq!(pass, Pass::Probe);
        assert_eq!(half.enter(&TERMS, now), Err(SOON));
    }
}
