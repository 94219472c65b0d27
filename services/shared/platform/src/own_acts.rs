//! Acts that a service keeps in rows of its own, each of which is the claim, the
//! audit entry and the fact at once: the views `facts` and `own_acts` tell of
//! them, and the service puts what they tell into words.

use serde_json::Value;

use crate::{Error, Platform, inconsistent};

/// How a service tells of such rows.
#[derive(Clone, Copy)]
pub struct OwnActs {
    /// The reply to the call, as kept bytes of the message; takes its method and
    /// the view's `body`.
    pub reply: Told,
    /// The fact's payload; takes its type and the view's `body`.
    pub payload: Told,
}

/// None when the body is not of that kind.
pub type Told = fn(&str, Value) -> Option<Vec<u8>>;

impl OwnActs {
    /// Of a service that has none.
    pub const NONE: Self = Self {
        reply: |_, _| None,
        payload: |_, _| None,
    };
}

impl Platform {
    /// What was replied, of a row of the service's own.
    pub(crate) fn own_reply(&self, method: &str, body: Value) -> Result<Vec<u8>, Error> {
        (self.inner.own_acts.reply)(method, body).ok_or_else(|| inconsistent("own_acts", method))
    }

    /// A fact's payload, whoever keeps it.
    pub(crate) fn payload(
        &self,
        kind: &str,
        kept: Option<Vec<u8>>,
        body: Option<Value>,
    ) -> Result<Vec<u8>, Error> {
        let payload = match (kept, body) {
            (Some(payload), _) => Some(payload),
            (None, Some(body)) => (self.inner.own_acts.payload)(kind, body),
            (None, None) => None,
        };
        payload.ok_or_else(|| inconsistent("facts", kind))
    }
}
