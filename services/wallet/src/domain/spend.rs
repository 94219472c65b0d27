//! A due that was paid from a wallet, and what came back of it.

use kernel::{
    AccountId, Amount, Balance, DueId, JournalId, LegalEntityId, LotId, OrderId, PersonId, StudioId,
    Timestamp, TransferId, WalletId,
};

use super::wallet::Purse;
use super::{Refusal, Wallet};

/// A part of a lot that paid a part of a due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpentPart {
    pub use_no: i16,
    pub lot: LotId,
    pub transfer: TransferId,
    pub amount: Amount,
    pub returned: Balance,
}

/// A due that was paid from a wallet, once for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    pub due: DueId,
    pub wallet: WalletId,
    pub person: PersonId,
    pub studio: StudioId,
    /// The studio's company.
    pub seller: LegalEntityId,
    pub order: Option<OrderId>,
    /// Who acted.
    pub acting: PersonId,
    pub amount: Amount,
    pub returned: Balance,
    pub at: Timestamp,
    /// In the order in which the lots were used.
    pub parts: Vec<SpentPart>,
}

/// A part of a spend on its way back into its lot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Back {
    pub use_no: i16,
    pub lot: LotId,
    pub account: AccountId,
    pub legal_entity: LegalEntityId,
    pub amount: Amount,
    pub balance_after: Balance,
    pub reverses: TransferId,
}

impl Spend {
    /// The journal of what pays a due: one, so that it is paid once.
    pub fn journal(due: DueId) -> JournalId {
        JournalId::derived(due, "spend")
    }

    /// What can still come back.
    pub fn left(&self) -> Balance {
        Balance::from_minor(self.amount.minor() - self.returned.minor()).unwrap_or_default()
    }

    /// Gives a part back into the lots that it came from, the last used first.
    /// The wallet must hold those lots. A frozen wallet accepts it.
    pub fn give_back(
        mut self,
        mut wallet: Wallet,
        amount: Amount,
    ) -> Result<(Self, Wallet, Vec<Back>), Refusal> {
        if amount.minor() > self.left().minor() {
            return Err(Refusal::ReturnExceedsSpend { left: self.left() });
        }
        let mut left = amount.minor();
        let mut backs = Vec::new();
        for part in self.parts.iter_mut().rev() {
            let take = left.min(part.amount.minor() - part.returned.minor());
            let Some(take) = Amount::from_minor(take) else {
                continue;
            };
            let (account, legal_entity, balance_after) =
                wallet.refill(part.lot, take).ok_or(Refusal::OutOfBounds)?;
            part.returned = part.returned.plus(take).ok_or(Refusal::OutOfBounds)?;
            left -= take.minor();
            backs.push(Back {
                use_no: part.use_no,
                lot: part.lot,
                account,
                legal_entity,
                amount: take,
                balance_after,
                reverses: part.transfer,
            });
        }
        if left > 0 {
            return Err(Refusal::OutOfBounds);
        }
        self.returned = self.returned.plus(amount).ok_or(Refusal::OutOfBounds)?;
        wallet.touch();
        Ok((self, wallet, backs))
    }
}

impl Wallet {
    fn refill(&mut self, lot: LotId, amount: Amount) -> Option<(AccountId, LegalEntityId, Balance)> {
        let lot = self.lots.iter_mut().find(|l| l.id == lot)?;
        lot.remaining = lot
            .remaining
            .plus(amount)
            .filter(|remaining| remaining.minor() <= lot.amount.minor())?;
        let (purse, legal_entity): (Purse, _) = (lot.purse, lot.legal_entity);
        let account = self.purse_mut(purse);
        account.balance = account.balance.plus(amount)?;
        Some((account.id, legal_entity, account.balance))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::wallet::tests::filled;
    use kernel::Clock;
    use proptest::prelude::*;

    fn fen(minor: i64) -> Amount {
        Amount::from_minor(minor).unwrap()
    }

    fn spent(lots: &[i64], minor: i64) -> (Wallet, Spend) {
        let (wallet, uses) = filled(lots).spend(fen(minor)).unwrap();
        let parts = uses.iter().zip(0i16..).map(|(used, use_no)| SpentPart {
            use_no,
            lot: used.lot,
            transfer: TransferId::fresh(),
            amount: used.amount,
            returned: Balance::ZERO,
        });
        let spend = Spend {
            due: DueId::fresh(),
            wallet: wallet.id,
            person: wallet.person,
            studio: StudioId::fresh(),
            seller: LegalEntityId::fresh(),
            order: None,
            acting: wallet.person,
            amount: fen(minor),
            returned: Balance::ZERO,
            at: Clock::real(),
            parts: parts.collect(),
        };
        (wallet, spend)
    }

    #[test]
    fn what_comes_back_goes_into_the_lots_it_came_from_the_last_used_first() {
        let (wallet, spend) = spent(&[300, 500], 400);
        let (spend, wallet, backs) = spend.give_back(wallet, fen(150)).unwrap();
        assert_eq!(
            backs
                .iter()
                .map(|b| (b.use_no, b.amount.minor()))
                .collect::<Vec<_>>(),
            vec![(1, 100), (0, 50)]
        );
        assert_eq!(
            wallet
                .lots
                .iter()
                .map(|l| l.remaining.minor())
                .collect::<Vec<_>>(),
            vec![50, 500]
        );
        assert_eq!(spend.left().minor(), 250);
    }

    #[test]
    fn a_return_beyond_what_was_spent_says_what_is_left() {
        let (wallet, spend) = spent(&[500], 400);
        let (spend, wallet, _) = spend.give_back(wallet, fen(300)).unwrap();
        let refused = spend.give_back(wallet, fen(101)).unwrap_err();
        assert_eq!(
            refused,
            Refusal::ReturnExceedsSpend {
                left: Balance::from_minor(100).unwrap()
            }
        );
    }

    proptest! {
        #[test]
        fn returns_never_pass_the_spend_and_all_of_it_can_come_back(lots in prop::collection::vec(1i64..1_000, 1..6), asks in prop::collection::vec(1i64..700, 0..20)) {
            let total: i64 = lots.iter().sum();
            let (mut wallet, mut spend) = spent(&lots, total);
            for ask in asks {
                if let Ok((s, w, _)) = spend.clone().give_back(wallet.clone(), fen(ask)) {
                    (spend, wallet) = (s, w);
                }
                prop_assert_eq!(wallet.spendable().minor() + spend.left().minor(), total);
            }
            if let Some(rest) = spend.left().as_amount() {
                (_, wallet, _) = spend.give_back(wallet, rest).unwrap();
            }
            prop_assert_eq!(wallet.spendable().minor(), total);
        }
    }
}
