//! The work on attempts, and what the channel does with them.

use payments::channel::{Failure, Outcome, Paid};
use payments::domain::attempt::{Look, Prompt, State};
use payments::domain::evidence::{Evidence, Verdict};

use super::{AtChannel, Decide, Till, Told, us};
use crate::search::{Label, Step};

impl Till {
    /// Applies what the channel stated, in one transaction.
    pub(super) fn apply(mut self, at: usize, evidence: &Evidence, decide: Decide) -> Result<Self, String> {
        let attempt = self.slots[at].attempt.clone();
        let intent = self.intent(attempt.intent_id)?.clone();
        let verdict = decide(&intent, &attempt, &us(), evidence, self.now);
        match verdict.map_err(|e| e.to_string())? {
            Verdict::NoEffect => {}
            Verdict::Contradicts(mismatch) => {
                return Err(format!("the channel is not believed: {mismatch:?}"));
            }
            Verdict::Opened(attempt) | Verdict::Declined(attempt) => self.save_attempt(at, attempt)?,
            Verdict::Ended { attempt, expired } => {
                self.save_attempt(at, attempt)?;
                if let Some(expired) = expired {
                    self.end_intent(expired)?;
                }
            }
            Verdict::Captured {
                attempt,
                intent,
                payment,
            } => {
                self.save_attempt(at, attempt)?;
                self.save_intent(intent)?;
                self.feed.push(Told::Captured(payment.id));
                self.payments.push(payment);
            }
            Verdict::Isolated { attempt, money } => {
                self.save_attempt(at, attempt)?;
                self.isolated.push(money);
            }
        }
        Ok(self)
    }

    /// What a query answers.
    fn query(&self, at: usize) -> Outcome<Paid> {
        match self.slots[at].at_channel {
            AtChannel::Unknown => Outcome::NotFound,
            AtChannel::Open => Outcome::Pending,
            AtChannel::Paid => Outcome::Succeeded(self.paid(at)),
            AtChannel::Closed => Outcome::Failed(Failure::for_good("CLOSED")),
        }
    }

    /// The task that asks the channel for the QR.
    pub(super) fn open(&self, at: usize, decide: Decide, steps: &mut Vec<Step<Self>>) {
        let slot = &self.slots[at];
        if !slot.opening {
            return;
        }
        if let Some(evidence) = &slot.opened {
            let mut next = self.clone();
            next.slots[at].opened = None;
            next.slots[at].opening = false;
            steps.push((
                Label("the QR's answer is applied", at),
                next.apply(at, evidence, decide),
            ));
            return;
        }
        let mut next = self.clone();
        if slot.attempt.state != State::Creating || slot.attempt.expire_at <= self.now {
            next.slots[at].opening = false;
            steps.push((Label("no QR is needed any more", at), Ok(next)));
            return;
        }
        let prompt = Prompt::Qr("weixin://".to_owned());
        let answer = match slot.at_channel {
            AtChannel::Unknown | AtChannel::Open => Some(Evidence::Opened { prompt }),
            AtChannel::Paid | AtChannel::Closed => {
                Evidence::of_query_after_open(Some("NO".to_owned()), self.query(at))
            }
        };
        if slot.at_channel == AtChannel::Unknown {
            next.slots[at].at_channel = AtChannel::Open;
            steps.push((
                Label("the channel opens, its answer is lost", at),
                Ok(next.clone()),
            ));
            self.refuse_or_delay(at, steps);
        }
        next.slots[at].opened = answer;
        steps.push((Label("the channel answers with a QR", at), Ok(next)));
    }

    fn refuse_or_delay(&self, at: usize, steps: &mut Vec<Step<Self>>) {
        if self.left.refusals > 0 {
            let mut next = self.clone();
            next.left.refusals -= 1;
            next.slots[at].opened = Evidence::of_query_after_open(Some("NO".to_owned()), self.query(at));
            steps.push((Label("the channel refuses for good", at), Ok(next)));
        }
        if self.left.late > 0 && self.late_open.is_none() {
            let mut next = self.clone();
            next.left.late -= 1;
            next.late_open = Some(at);
            steps.push((Label("the request to open is delayed", at), Ok(next)));
        }
    }

    /// A task that asks what became of an attempt.
    pub(super) fn resolve(&self, at: usize, decide: Decide, steps: &mut Vec<Step<Self>>) {
        let slot = &self.slots[at];
        if slot.pollers == 0 {
            return;
        }
        let mut next = self.clone();
        if let Some(evidence) = &slot.found {
            (next.slots[at].found, next.slots[at].asked_to_close) = (None, false);
            next.slots[at].pollers -= 1;
            steps.push((
                Label("what was found is applied", at),
                next.apply(at, evidence, decide),
            ));
            return;
        }
        let look = match slot.attempt.look(self.now) {
            Ok(look) => look,
            Err(error) => return steps.push((Label("looks at an attempt", at), Err(error.to_string()))),
        };
        match look {
            Look::Over => {
                next.slots[at].asked_to_close = false;
                next.slots[at].pollers -= 1;
                steps.push((Label("nothing is left to ask", at), Ok(next)));
            }
            Look::BeginClosing(closing) => {
                let saved = next.save_attempt(at, closing).map(|()| next);
                steps.push((Label("its time is over", at), saved));
            }
            Look::Ask => self.asked(at, Evidence::of_query(self.query(at)), steps),
            Look::Close if slot.asked_to_close => {
                let age = self.now - slot.attempt.created_at;
                let found = Evidence::of_query_after_close(self.query(at), age);
                self.asked(at, found, steps);
            }
            Look::Close => {
                self.asked(at, Evidence::of_query(self.query(at)), steps);
                next.slots[at].asked_to_close = true;
                if slot.at_channel == AtChannel::Open {
                    next.slots[at].at_channel = AtChannel::Closed;
                }
                steps.push((Label("the channel is asked to close", at), Ok(next)));
            }
        }
    }

    fn asked(&self, at: usize, found: Option<Evidence>, steps: &mut Vec<Step<Self>>) {
        let mut next = self.clone();
        match found {
            Some(found) => next.slots[at].found = Some(found),
            None => next.slots[at].asked_to_close = false,
        }
        steps.push((Label("the channel is asked", at), Ok(next)));
    }

    /// What the channel and payers do, and its callbacks, as often as they like.
    pub(super) fn channel(&self, at: usize, decide: Decide, steps: &mut Vec<Step<Self>>) {
        let slot = &self.slots[at];
        let becomes = |state| {
            let mut next = self.clone();
            next.slots[at].at_channel = state;
            next
        };
        if self.late_open == Some(at) {
            let mut next = match slot.at_channel {
                AtChannel::Unknown => becomes(AtChannel::Open),
                _ => self.clone(),
            };
            next.late_open = None;
            steps.push((Label("the delayed request to open arrives", at), Ok(next)));
        }
        match slot.at_channel {
            AtChannel::Open => {
                steps.push((Label("the payer pays", at), Ok(becomes(AtChannel::Paid))));
                if slot.attempt.channel_expire_at <= self.now {
                    let closed = becomes(AtChannel::Closed);
                    steps.push((Label("it runs out at the channel", at), Ok(closed)));
                }
            }
            AtChannel::Paid => {
                let evidence = Evidence::Paid(self.paid(at));
                let applied = self.clone().apply(at, &evidence, decide);
                steps.push((Label("a callback tells of the payment", at), applied));
            }
            AtChannel::Unknown | AtChannel::Closed => {}
        }
    }

    /// Intents whose time is over, once no attempt of theirs lives.
    pub(super) fn expire(&self, steps: &mut Vec<Step<Self>>) {
        for (at, id) in self.expiring.iter().enumerate() {
            let Ok(intent) = self.intent(*id) else { continue };
            if intent.claim.expire_at > self.now || self.live(*id).is_some() {
                continue;
            }
            let mut next = self.clone();
            next.expiring.remove(at);
            let ended = match intent.expire() {
                Some(expired) => next.end_intent(expired),
                None => Ok(()),
            };
            steps.push((Label("an intent's time is over", at), ended.map(|()| next)));
        }
    }
}
