//! What must hold of money on its way back, in every state.

use kernel::{DueId, RefundLegId};
use refunds::domain::case::State;
use refunds::domain::leg::LegState;
use refunds::domain::{Case, Leg};

use super::World;

impl World {
    /// I3 at refunds: nothing above a ceiling, no leg twice, and a case that is
    /// completed has given back what it says.
    pub(super) fn within(&self, ceilings: bool) -> Result<(), String> {
        let above = |(_, promised, back, paid): &(DueId, i64, i64, i64)| promised + back > *paid;
        if ceilings && self.ceilings.iter().any(above) {
            return Err("more of a due is promised back than was paid".to_owned());
        }
        for leg in &self.legs {
            let back = self.given_back(leg);
            if back > leg.amount.minor() {
                return Err("one leg went back twice".to_owned());
            }
            if leg.state == LegState::Returned && back == 0 {
                return Err("a leg is told to be back and is not".to_owned());
            }
        }
        let unpaid = |case: &&Case| {
            let legs = self.legs_of(case.id);
            matches!(case.state, State::Completed { .. })
                && legs.iter().any(|leg| leg.state != LegState::Returned)
        };
        if self.cases.iter().any(|case| unpaid(&case)) {
            return Err("a case is completed with a leg that is not back".to_owned());
        }
        Ok(())
    }

    /// What truly went back for a leg, over all its tries.
    fn given_back(&self, leg: &Leg) -> i64 {
        let tries: Vec<RefundLegId> = (1..=leg.attempt)
            .map(|attempt| {
                RefundLegId(
                    Leg {
                        attempt,
                        ..leg.clone()
                    }
                    .sent_as(),
                )
            })
            .collect();
        let channel = self.till.refunds.iter().filter(|r| tries.contains(&r.leg_id));
        let sent = channel.filter_map(|refund| {
            let sent = self
                .till
                .sent_back
                .iter()
                .find(|sent| sent.number == refund.number);
            sent.and_then(|sent| sent.minor)
        });
        let wallet = self.returns.iter().filter(|leg| tries.contains(leg));
        sent.sum::<i64>() + wallet.map(|_| leg.amount.minor()).sum::<i64>()
    }
}
