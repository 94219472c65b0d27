//! How a recharge ends when others tell, or nobody does.

use uuid::Uuid;

use super::{Recharge, State};
use crate::domain::Refusal;

/// How a try to send money back ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayBack {
    Returned,
    Stuck(String),
}

impl Recharge {
    /// How the try with this leg ended. `None` when it was told before, or of an
    /// older try.
    pub fn way_back_ended(self, leg: Uuid, outcome: WayBack) -> Result<Option<Self>, Refusal> {
        match (&self.state, outcome) {
            (State::Returning(sent) | State::ReturnStuck { sent, .. }, WayBack::Returned)
                if sent.leg == leg =>
            {
                self.returned().map(Some)
            }
            (State::Returning(sent), WayBack::Stuck(why)) if sent.leg == leg => self.stuck(why).map(Some),
            _ => Ok(None),
        }
    }

    /// Nobody paid it, and nobody can any more. `None` when it ended before, by
    /// being given up or paid.
    pub fn unpaid_for_good(self) -> Result<Option<Self>, Refusal> {
        if self.unpaid() {
            self.expire().map(Some)
        } else {
            Ok(None)
        }
    }

    /// Its time is over. With an intent it is payments that knows whether money
    /// may still come, and tells.
    pub fn run_out(self) -> Result<Option<Self>, Refusal> {
        if self.intent.is_none() {
            self.unpaid_for_good()
        } else {
            Ok(None)
        }
    }
}
