//! What others ask of payments: the order of its handlers, over the same
//! decisions. An error is the reason of a definite no.

use kernel::{Amount, AttemptId, DueId, IntentId, PaymentId, RefundLegId, Timestamp};
use payments::domain::attempt::{Attempt, Life, Why};
use payments::domain::intent::{Claim, Intent};
use payments::domain::refund::{Refund, State as RefundState};
use payments::domain::{Method, Purpose, Refusal};
use uuid::Uuid;

use super::{AtChannel, LIFE, Slot, Till, entity, person, studio};

/// The reason of a refusal, as the wire carries it.
pub fn reason(refusal: Refusal) -> String {
    platform::Error::from(refusal).reason().unwrap_or_default()
}

/// A no of the other side, or a fault of this model's services.
#[derive(Debug)]
pub enum Answer<T> {
    Yes(T),
    No(String),
}

impl Till {
    pub fn create_intent(
        &mut self,
        purpose: Purpose,
        due: DueId,
        amount: Amount,
        until: Timestamp,
    ) -> Answer<IntentId> {
        let asked = Claim {
            purpose,
            due_id: due,
            person_id: person(),
            studio_id: studio(),
            legal_entity_id: entity(),
            amount,
            description: String::new(),
            expire_at: until,
        };
        if let Some(intent) = self.intents.iter().find(|intent| intent.claim.due_id == due) {
            return match intent.same_as(&asked) {
                Ok(()) => Answer::Yes(intent.id),
                Err(refusal) => Answer::No(reason(refusal)),
            };
        }
        match asked.open(IntentId::derived(due, "intent"), self.now) {
            Ok(intent) => {
                let id = intent.id;
                self.expiring.push(id);
                self.intents.push(intent);
                Answer::Yes(id)
            }
            Err(refusal) => Answer::No(reason(refusal)),
        }
    }

    pub fn start_attempt(&mut self, intent: IntentId, start: Uuid) -> Result<Answer<AttemptId>, String> {
        if let Some((_, attempt)) = self.starts.iter().find(|(request, _)| *request == start) {
            return Ok(Answer::Yes(*attempt));
        }
        let intent = self.intent(intent)?.clone();
        Ok(match self.attempt_for(&intent) {
            Ok(attempt) => {
                self.starts.push((start, attempt));
                self.starts.sort_unstable();
                Answer::Yes(attempt)
            }
            Err(refusal) => Answer::No(reason(refusal)),
        })
    }

    fn attempt_for(&mut self, intent: &Intent) -> Result<AttemptId, Refusal> {
        let expire_at = intent.attempt_until(self.now, LIFE)?;
        let under_way = self.live(intent.id).map(|at| self.slots[at].attempt.clone());
        if let Some(open) = Intent::attempt_under_way(under_way)? {
            return Ok(open.id);
        }
        let id = AttemptId::derived(intent.id, &format!("attempt {}", self.slots.len()));
        let life = Life {
            expire_at,
            channel_expire_at: expire_at,
        };
        let attempt = Attempt::start(id, intent, Method::WechatNative, "house", life, self.now);
        self.slots.push(Slot {
            attempt,
            opening: true,
            pollers: 1,
            at_channel: AtChannel::Unknown,
            opened: None,
            found: None,
            asked_to_close: false,
        });
        Ok(id)
    }

    pub fn live(&self, intent: IntentId) -> Option<usize> {
        let live = |slot: &Slot| slot.attempt.intent_id == intent && slot.attempt.state.is_live();
        self.slots.iter().position(live)
    }

    pub fn cancel_intent(&mut self, intent: IntentId) -> Result<Answer<()>, String> {
        let intent = self.intent(intent)?.clone();
        let cancelled = match intent.cancel() {
            Ok(None) => return Ok(Answer::Yes(())),
            Ok(Some(cancelled)) => cancelled,
            Err(refusal) => return Ok(Answer::No(reason(refusal))),
        };
        self.end_intent(cancelled)?;
        if let Some(at) = self.live(intent.id) {
            let closing = self.slots[at].attempt.begin_closing(Why::Cancelled);
            if let Some(closing) = closing.map_err(|e| e.to_string())? {
                self.save_attempt(at, closing)?;
            }
            self.slots[at].pollers += 1;
        }
        Ok(Answer::Yes(()))
    }

    /// Reserves a part of a payment for a leg. The condition of the update that
    /// reserves stands here as it stands in SQL.
    pub fn refund(
        &mut self,
        payment: PaymentId,
        leg: RefundLegId,
        amount: Amount,
        guarded: bool,
    ) -> Answer<RefundState> {
        let known = self.refunds.iter().find(|r| r.id == Refund::id_of(leg));
        if let Some(refund) = known {
            return match refund.same_as(payment, amount) {
                Ok(()) => Answer::Yes(refund.state.clone()),
                Err(refusal) => Answer::No(reason(refusal)),
            };
        }
        let now = self.now;
        let Some(row) = self.payments.iter_mut().find(|p| p.id == payment) else {
            return Answer::No("NOT_FOUND".to_owned());
        };
        let may = row.may_refund(amount, now, chrono::Duration::days(365));
        if let (Err(refusal), true) = (may, guarded) {
            return Answer::No(reason(refusal));
        }
        let refund = Refund::reserve(row, leg, amount, "", now);
        row.refund_reserved = row.refund_reserved.plus(amount).unwrap_or_default();
        self.refunds.push(refund);
        Answer::Yes(RefundState::Reserved)
    }
}
