//! What must hold of money and of the card, in every state.

use kernel::DueId;
use orders::domain::order::{Due, Method, State};

use super::{World, is_paid, price};

impl World {
    pub(super) fn money_is_kept(&self) -> Result<(), String> {
        let paid: Vec<&Due> = self.dues.iter().filter(|due| is_paid(due)).collect();
        let sum: i64 = paid.iter().map(|due| due.amount.minor()).sum();
        if sum != self.order.paid.minor() {
            return Err("the order's money is not that of its dues".to_owned());
        }
        paid.iter().try_for_each(|due| self.backed(due))?;
        self.told_once()?;
        self.used_rightly(&paid)
    }

    /// Each paid due has money of its own, under the id by which it goes back.
    fn backed(&self, due: &Due) -> Result<(), String> {
        if due.method == Some(Method::Wallet) {
            return if self.spends.contains(&due.id) {
                Ok(())
            } else {
                Err("a due is paid from the wallet, which knows no spend of that id".to_owned())
            };
        }
        let twice = |other: &&Due| other.payment == due.payment && other.id != due.id;
        if self
            .dues
            .iter()
            .filter(|other| is_paid(other))
            .any(|other| twice(&other))
        {
            return Err("one payment pays two dues".to_owned());
        }
        let payment = self.till.payments.iter().find(|p| Some(p.id) == due.payment);
        match payment {
            Some(payment) if payment.claim.amount == due.amount => Ok(()),
            _ => Err("a due is paid by no payment, or by another amount".to_owned()),
        }
    }

    fn told_once(&self) -> Result<(), String> {
        let told = &self.told;
        if told.paid > 1 || told.fulfilled > 1 {
            return Err("the order was paid or fulfilled twice".to_owned());
        }
        let mut unusable = told.unusable.clone();
        unusable.sort_unstable();
        unusable.dedup();
        if unusable.len() != told.unusable.len() {
            return Err("the same money goes back twice".to_owned());
        }
        Ok(())
    }

    /// I2: a paid order is for one card's price; all other money goes back.
    fn used_rightly(&self, paid: &[&Due]) -> Result<(), String> {
        let goes_back = |due: &&&Due| self.told.unusable.contains(&due.id);
        let used: Vec<DueId> = paid.iter().filter(|due| !goes_back(due)).map(|d| d.id).collect();
        let term = match self.order.state {
            State::Paid | State::Fulfilled => 1,
            _ => 0,
        };
        if used.len() != term {
            return Err(format!("{} of the dues paid for {term} terms", used.len()));
        }
        if paid.iter().any(|due| due.amount != price()) {
            return Err("a due was paid by another amount".to_owned());
        }
        let open = matches!(self.card, Some(Ok(_)));
        if self.order.state == State::Fulfilled && !open {
            return Err("the order is fulfilled without a card".to_owned());
        }
        if open && term == 0 {
            return Err("a card is open for nothing".to_owned());
        }
        Ok(())
    }

    /// All that payments and wallet took stands on a due.
    pub(super) fn money_arrived(&self) -> bool {
        let paid = || self.dues.iter().filter(|due| is_paid(due));
        let on_a_due = |payment| paid().any(|due| due.payment == Some(payment));
        self.till.payments.iter().all(|payment| on_a_due(payment.id))
            && self.spends.iter().all(|spend| paid().any(|due| due.id == *spend))
    }
}
