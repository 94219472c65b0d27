//! Payers who pay just before or after something that the merchant does.

use std::sync::Arc;
use std::time::Duration;

use super::answer::Answer;
use super::calls::Call;
use crate::wechat::script::{Moment, Operation};
use crate::wechat::{Inner, lock};

/// How long the answer waits for a callback that shall come before it.
const PATIENCE: Duration = Duration::from_secs(3);

impl Inner {
    /// Carries a call out, and what payers do about it.
    pub(super) async fn acted_upon(self: &Arc<Self>, call: &Call<'_>, number: &str) -> Answer {
        if call.operation == Operation::Close {
            self.pays(Moment::BeforeTheClose, number);
        }
        let answer = self.carry_out(call);
        match call.operation {
            Operation::Create if self.pays(Moment::BeforeTheAnswer, number) => self.told(number).await,
            Operation::Close => drop(self.pays(Moment::AfterTheClose, number)),
            _ => {}
        }
        answer
    }

    /// Whether a payer paid now.
    fn pays(self: &Arc<Self>, when: Moment, number: &str) -> bool {
        let now = lock(&self.truth)
            .order(number)
            .is_ok_and(|order| order.script.pays == when);
        now && self
            .pay(number, "o-test-payer", when == Moment::AfterTheClose)
            .is_ok()
    }

    async fn told(&self, number: &str) {
        let is_told = async {
            while !lock(&self.sent).iter().any(|sent| sent.out_trade_no == number) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        if tokio::time::timeout(PATIENCE, is_told).await.is_err() {
            tracing::info!(out_trade_no = number, "the answer goes out before any callback");
        }
    }
}
