//! One person's stored value: two accounts, the lots in them, and whether
//! value may leave.

use kernel::{
    AccountId, Amount, Balance, LegalEntityId, LotId, PaymentId, PersonId, RechargeId, StudioId, Timestamp,
    WalletId,
};
use platform::vault::Sealed;

use super::Refusal;

/// Whether value may leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Open,
    Frozen {
        by: PersonId,
        since: Timestamp,
        /// In the words of who froze it, sealed for the owner.
        why: Sealed,
    },
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Frozen { .. } => "frozen",
        }
    }
}

/// Paid in, or given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purse {
    Principal,
    Gift,
}

/// One of a wallet's two accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub balance: Balance,
    /// Reserved and not yet taken.
    pub held: Balance,
}

impl Account {
    /// What may be spent.
    pub fn available(&self) -> Balance {
        self.held
            .as_amount()
            .map_or(self.balance, |held| self.balance.minus(held).unwrap_or_default())
    }
}

/// Where a lot's value came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Recharge {
        recharge: RechargeId,
        payment: PaymentId,
    },
    Gift,
}

/// Value that came in at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lot {
    pub id: LotId,
    pub purse: Purse,
    pub origin: Origin,
    /// Who holds the money.
    pub legal_entity: LegalEntityId,
    pub amount: Amount,
    pub remaining: Balance,
    pub opened_at: Timestamp,
}

/// A part of a lot that pays for something, and what its account holds
/// afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    pub lot: LotId,
    pub account: AccountId,
    pub legal_entity: LegalEntityId,
    pub amount: Amount,
    pub balance_after: Balance,
}

/// The stored value of one person. Lots are in order of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wallet {
    pub id: WalletId,
    pub person: PersonId,
    pub home_studio: StudioId,
    pub state: State,
    pub principal: Account,
    pub gift: Account,
    pub lots: Vec<Lot>,
    pub version: i64,
}

impl Wallet {
    /// The wallet of a person, as it is before anything came in. Its id follows
    /// from the person's, so that two who open it open the same.
    pub fn new(person: PersonId, home_studio: StudioId) -> Self {
        let id = WalletId::derived(person, "wallet");
        let account = |purse: &str| Account {
            id: AccountId::derived(id, purse),
            balance: Balance::ZERO,
            held: Balance::ZERO,
        };
        Self {
            id,
            person,
            home_studio,
            state: State::Open,
            principal: account("principal"),
            gift: account("gift"),
            lots: Vec::new(),
            version: 1,
        }
    }

    pub fn purse(&self, purse: Purse) -> &Account {
        match purse {
            Purse::Principal => &self.principal,
            Purse::Gift => &self.gift,
        }
    }

    pub(super) fn purse_mut(&mut self, purse: Purse) -> &mut Account {
        match purse {
            Purse::Principal => &mut self.principal,
            Purse::Gift => &mut self.gift,
        }
    }

    /// What may be spent now.
    pub fn spendable(&self) -> Balance {
        let gift = self.gift.available();
        let principal = self.principal.available();
        gift.as_amount()
            .map_or(principal, |gift| principal.plus(gift).unwrap_or(principal))
    }

    /// Takes an amount out, the oldest lots first.
    pub fn spend(mut self, amount: Amount) -> Result<(Self, Vec<Use>), Refusal> {
        if let State::Frozen { .. } = self.state {
            return Err(Refusal::Frozen);
        }
        let spendable = self.spendable();
        let mut left = amount.minor();
        let mut uses = Vec::new();
        for at_lot in 0..self.lots.len() {
            let (purse, remaining) = (self.lots[at_lot].purse, self.lots[at_lot].remaining);
            let take = left
                .min(remaining.minor())
                .min(self.purse(purse).available().minor());
            let Some(take) = Amount::from_minor(take) else {
                continue;
            };
            uses.push(self.take(at_lot, take).ok_or(Refusal::OutOfBounds)?);
            left -= take.minor();
        }
        if left > 0 {
            return Err(Refusal::InsufficientFunds { spendable });
        }
        self.touch();
        Ok((self, uses))
    }

    fn take(&mut self, at_lot: usize, amount: Amount) -> Option<Use> {
        let lot = &mut self.lots[at_lot];
        lot.remaining = lot.remaining.minus(amount)?;
        let (id, purse, legal_entity) = (lot.id, lot.purse, lot.legal_entity);
        let account = self.purse_mut(purse);
        account.balance = account.balance.minus(amount)?;
        Some(Use {
            lot: id,
            account: account.id,
            legal_entity,
            amount,
            balance_after: account.balance,
        })
    }

    /// Puts a new lot in. Money already taken from the member is never turned
    /// away, so a frozen wallet still accepts it.
    pub fn credit(mut self, lot: Lot) -> Result<(Self, Use), Refusal> {
        let account = self.purse_mut(lot.purse);
        account.balance = account.balance.plus(lot.amount).ok_or(Refusal::OutOfBounds)?;
        let credited = Use {
            lot: lot.id,
            account: account.id,
            legal_entity: lot.legal_entity,
            amount: lot.amount,
            balance_after: account.balance,
        };
        self.lots.push(lot);
        self.touch();
        Ok((self, credited))
    }

    pub fn freeze(mut self, by: PersonId, why: Sealed, at: Timestamp) -> Result<Self, Refusal> {
        if let State::Frozen { .. } = self.state {
            return Err(Refusal::Frozen);
        }
        self.state = State::Frozen { by, since: at, why };
        self.touch();
        Ok(self)
    }

    /// Another person than who froze it, and not the owner, lets it go again.
    pub fn unfreeze(mut self, by: PersonId) -> Result<Self, Refusal> {
        match self.state {
            State::Open => Err(Refusal::WrongState {
                what: "wallet",
                state: "open",
            }),
            State::Frozen { by: maker, .. } if maker == by || self.person == by => Err(Refusal::SamePerson),
            State::Frozen { .. } => {
                self.state = State::Open;
                self.touch();
                Ok(self)
            }
        }
    }

    pub(super) fn touch(&mut self) {
        self.version += 1;
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use kernel::Clock;
    use proptest::prelude::*;

    pub fn lot(minor: i64, purse: Purse) -> Lot {
        let amount = Amount::from_minor(minor).unwrap();
        Lot {
            id: LotId::fresh(),
            purse,
            origin: Origin::Gift,
            legal_entity: LegalEntityId::fresh(),
            amount,
            remaining: amount.into(),
            opened_at: Clock::real(),
        }
    }

    pub fn filled(lots: &[i64]) -> Wallet {
        lots.iter().fold(
            Wallet::new(PersonId::fresh(), StudioId::fresh()),
            |wallet, minor| wallet.credit(lot(*minor, Purse::Principal)).unwrap().0,
        )
    }

    fn yuan(minor: i64) -> Amount {
        Amount::from_minor(minor).unwrap()
    }

    #[test]
    fn the_oldest_lot_is_used_first_and_a_use_of_two_lots_is_two_rows() {
        let wallet = filled(&[300, 500]);
        let (oldest, next) = (wallet.lots[0].id, wallet.lots[1].id);
        let (wallet, uses) = wallet.spend(yuan(400)).unwrap();
        let seen: Vec<_> = uses
            .iter()
            .map(|u| (u.lot, u.amount.minor(), u.balance_after.minor()))
            .collect();
        assert_eq!(seen, vec![(oldest, 300, 500), (next, 100, 400)]);
        assert_eq!(wallet.spendable().minor(), 400);
    }

    #[test]
    fn what_is_held_cannot_be_spent() {
        let mut wallet = filled(&[1_000]);
        wallet.principal.held = Balance::from_minor(700).unwrap();
        let refused = wallet.clone().spend(yuan(301)).unwrap_err();
        assert_eq!(
            refused,
            Refusal::InsufficientFunds {
                spendable: Balance::from_minor(300).unwrap()
            }
        );
        assert!(wallet.spend(yuan(300)).is_ok());
    }

    #[test]
    fn a_frozen_wallet_spends_nothing_and_still_takes_money_in() {
        let wallet = filled(&[1_000])
            .freeze(PersonId::fresh(), Sealed::nothing(), Clock::real())
            .unwrap();
        assert_eq!(wallet.clone().spend(yuan(1)).unwrap_err(), Refusal::Frozen);
        let (wallet, _) = wallet.credit(lot(500, Purse::Principal)).unwrap();
        assert_eq!(wallet.spendable().minor(), 1_500);
    }

    #[test]
    fn neither_who_froze_a_wallet_nor_its_owner_unfreezes_it() {
        let maker = PersonId::fresh();
        let wallet = filled(&[])
            .freeze(maker, Sealed::nothing(), Clock::real())
            .unwrap();
        let owner = wallet.person;
        assert_eq!(wallet.clone().unfreeze(maker).unwrap_err(), Refusal::SamePerson);
        assert_eq!(wallet.clone().unfreeze(owner).unwrap_err(), Refusal::SamePerson);
        assert!(wallet.unfreeze(PersonId::fresh()).is_ok());
    }

    #[test]
    fn gift_and_principal_are_counted_apart() {
        let wallet = filled(&[200]);
        let (wallet, _) = wallet.credit(lot(100, Purse::Gift)).unwrap();
        let (wallet, uses) = wallet.spend(yuan(250)).unwrap();
        assert_eq!(
            (wallet.principal.balance.minor(), wallet.gift.balance.minor()),
            (0, 50)
        );
        assert_eq!(uses.len(), 2);
    }

    proptest! {
        #[test]
        fn balances_always_equal_what_is_left_in_the_lots(lots in prop::collection::vec(1i64..10_000, 0..8), spends in prop::collection::vec(1i64..8_000, 0..12)) {
            let mut wallet = filled(&lots);
            for minor in spends {
                let before = wallet.spendable().minor();
                match wallet.clone().spend(yuan(minor)) {
                    Ok((after, uses)) => {
                        prop_assert_eq!(uses.iter().map(|u| u.amount.minor()).sum::<i64>(), minor);
                        prop_assert_eq!(after.spendable().minor(), before - minor);
                        wallet = after;
                    }
                    Err(refused) => {
                        prop_assert!(minor > before);
                        prop_assert_eq!(refused, Refusal::InsufficientFunds { spendable: wallet.spendable() });
                    }
                }
                let left: i64 = wallet.lots.iter().map(|l| l.remaining.minor()).sum();
                prop_assert_eq!(left, wallet.principal.balance.minor());
            }
        }
    }
}
