//! Money on its way back through the channel: refunds and isolated money.

use payments::channel::{Failure, Outcome, Returned};
use payments::domain::isolated::{self, IsolatedMoney};
use payments::domain::refund::{Followed, Refund, State, Step as Take};

use super::{SentBack, Till, Told};
use crate::search::{Label, Step};
use crate::tables::passes;

fn returned() -> Outcome<Returned> {
    Outcome::Succeeded(Returned {
        channel_refund: "5".to_owned(),
        returned_at: None,
    })
}

impl Till {
    /// What the channel knows by a number of ours.
    fn known(&self, number: &payments::channel::ChannelNumber) -> Option<Outcome<Returned>> {
        let sent = self.sent_back.iter().find(|sent| sent.number == *number)?;
        Some(match sent.minor {
            Some(_) => returned(),
            None => Outcome::Failed(Failure::closed("CLOSED")),
        })
    }

    fn reaches(mut self, order: &payments::channel::RefundOrder, closed: bool) -> Self {
        self.sent_back.push(SentBack {
            number: order.number.clone(),
            payment: order.payment.clone(),
            minor: (!closed).then_some(order.amount.minor()),
        });
        self
    }

    pub(super) fn send_back(&self, steps: &mut Vec<Step<Self>>) {
        for (at, money) in self.isolated.iter().enumerate() {
            if money.state == isolated::State::Returned {
                continue;
            }
            let order = money.order();
            if let Some(outcome) = self.known(&order.number) {
                let next = self.clone().return_followed(at, money, outcome);
                steps.push((Label("isolated money: the channel's answer", at), next));
                continue;
            }
            let sent = self.clone().reaches(&order, false);
            steps.push((Label("isolated money goes back", at), Ok(sent)));
            if self.left.refusals > 0 {
                let mut next = self.clone().reaches(&order, true);
                next.left.refusals -= 1;
                steps.push((
                    Label("isolated money: the channel closes the number", at),
                    Ok(next),
                ));
            }
        }
    }

    fn return_followed(
        mut self,
        at: usize,
        sent: &IsolatedMoney,
        outcome: Outcome<Returned>,
    ) -> Result<Self, String> {
        let row = &mut self.isolated[at];
        let after = match row.follow(sent, outcome, self.now) {
            isolated::Followed::Returned { money, .. } | isolated::Followed::NextTry { money, .. } => money,
            other => return Err(format!("isolated money is stuck: {other:?}")),
        };
        passes(
            "isolated_money",
            (row.state.word(), row.version),
            (after.state.word(), after.version),
        )?;
        *row = after;
        Ok(self)
    }

    pub(super) fn refund_steps(&self, steps: &mut Vec<Step<Self>>) {
        for (at, refund) in self.refunds.iter().enumerate() {
            if refund.state.is_final() {
                continue;
            }
            if refund.state == State::Reserved {
                let submitted = refund.take(Take::Submit).map_err(|e| e.to_string());
                let next = submitted.and_then(|refund| {
                    let mut next = self.clone();
                    next.save_refund(at, refund)?;
                    Ok(next)
                });
                steps.push((Label("a refund is about to be sent", at), next));
                continue;
            }
            let Some(payment) = self.payments.iter().find(|p| p.id == refund.payment_id) else {
                continue;
            };
            let order = refund.order(payment);
            match self.known(&order.number) {
                Some(outcome) => {
                    let next = self.clone().refund_followed(at, outcome);
                    steps.push((Label("a refund: the channel's answer", at), next));
                }
                None => self.refund_reaches(at, refund, &order, steps),
            }
        }
    }

    fn refund_reaches(
        &self,
        at: usize,
        refund: &Refund,
        order: &payments::channel::RefundOrder,
        steps: &mut Vec<Step<Self>>,
    ) {
        let sent = self.clone().reaches(order, false);
        steps.push((Label("a refund reaches the channel", at), Ok(sent)));
        if self.left.refusals == 0 {
            return;
        }
        let mut next = self.clone().reaches(order, true);
        next.left.refusals -= 1;
        steps.push((Label("a refund is closed by the channel", at), Ok(next.clone())));
        if refund.state == State::Submitted {
            next.sent_back.pop();
            let hangs = Outcome::NeedsPerson("ABNORMAL".to_owned());
            steps.push((
                Label("a refund hangs at the channel", at),
                next.refund_followed(at, hangs),
            ));
        }
    }

    fn refund_followed(mut self, at: usize, outcome: Outcome<Returned>) -> Result<Self, String> {
        let patience = chrono::Duration::days(1);
        let followed = self.refunds[at].follow(outcome, patience, self.now);
        let (leg, amount) = (self.refunds[at].leg_id, self.refunds[at].amount);
        let id = self.refunds[at].payment_id;
        let payment = self.payments.iter().position(|p| p.id == id);
        let payment = payment.ok_or("a refund without its payment")?;
        let reserved = self.payments[payment].refund_reserved.minus(amount);
        let reserved = reserved.ok_or("more is released than was reserved")?;
        match followed.map_err(|e| e.to_string())? {
            Followed::Over | Followed::Open | Followed::Hangs(None) => {}
            Followed::Waits(refund) | Followed::Hangs(Some(refund)) => self.save_refund(at, refund)?,
            Followed::Succeeded { refund, .. } => {
                self.save_refund(at, refund)?;
                let row = &mut self.payments[payment];
                row.refund_reserved = reserved;
                row.refunded = row.refunded.plus(amount).ok_or("out of bounds")?;
                self.feed.push(Told::RefundSucceeded(leg));
            }
            Followed::Bounced { refund, why } => {
                self.save_refund(at, refund)?;
                self.payments[payment].refund_reserved = reserved;
                self.feed.push(Told::RefundBounced(leg, why));
            }
        }
        Ok(self)
    }

    fn save_refund(&mut self, at: usize, refund: Refund) -> Result<(), String> {
        let row = &mut self.refunds[at];
        passes(
            "refunds",
            (row.state.word(), row.version),
            (refund.state.word(), refund.version),
        )?;
        *row = refund;
        Ok(())
    }
}
