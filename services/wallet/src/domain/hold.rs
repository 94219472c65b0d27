//! Value of a wallet that is reserved to pay one due. What is held counts
//! against what may be spent; which lots will pay is decided when it is
//! captured.

use kernel::{
    Amount, Balance, DueId, HoldId, LegalEntityId, OrderId, PersonId, StudioId, Timestamp, WalletId,
};

use super::wallet::{Purse, State as WalletState};
use super::{Refusal, Wallet};

/// What is reserved in each purse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reserved {
    pub principal: Balance,
    pub gift: Balance,
}

impl Reserved {
    pub fn of(self, purse: Purse) -> Balance {
        match purse {
            Purse::Principal => self.principal,
            Purse::Gift => self.gift,
        }
    }

    fn of_mut(&mut self, purse: Purse) -> &mut Balance {
        match purse {
            Purse::Principal => &mut self.principal,
            Purse::Gift => &mut self.gift,
        }
    }
}

/// What became of a hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Active,
    Captured { amount: Amount, end: End },
    Released(End),
    Expired(End),
}

/// When a hold ended, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End {
    pub at: Timestamp,
    /// As transfers name their callers.
    pub by: String,
}

impl State {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Captured { .. } => "captured",
            Self::Released(_) => "released",
            Self::Expired(_) => "expired",
        }
    }

    pub const fn end(&self) -> Option<&End> {
        match self {
            Self::Active => None,
            Self::Captured { end, .. } | Self::Released(end) | Self::Expired(end) => Some(end),
        }
    }

    pub const fn captured(&self) -> Option<Amount> {
        match self {
            Self::Captured { amount, .. } => Some(*amount),
            _ => None,
        }
    }
}

/// A reservation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    pub id: HoldId,
    pub wallet: WalletId,
    pub person: PersonId,
    pub studio: StudioId,
    /// The studio's company.
    pub seller: LegalEntityId,
    pub due: DueId,
    pub order: Option<OrderId>,
    /// Who acts.
    pub acting: PersonId,
    pub amount: Amount,
    pub reserved: Reserved,
    pub placed_at: Timestamp,
    pub expire_at: Timestamp,
    pub state: State,
    pub version: i64,
}

impl Hold {
    /// Pays from what is held: the hold as it ends. What of the wallet pays is
    /// decided by [`super::Books::capture`].
    pub fn capture(self, amount: Amount, end: End) -> Result<Self, Refusal> {
        self.active()?;
        if end.at >= self.expire_at {
            return Err(Refusal::HoldExpired);
        }
        if amount > self.amount {
            return Err(Refusal::CaptureExceedsHold { held: self.amount });
        }
        Ok(self.ended(State::Captured { amount, end }))
    }

    /// Gives it up, also after its time.
    pub fn release(self, wallet: Wallet, end: End) -> Result<(Self, Wallet), Refusal> {
        self.active()?;
        let wallet = wallet.release(self.reserved)?;
        Ok((self.ended(State::Released(end)), wallet))
    }

    /// Nobody captured it in time. Nothing when it has ended otherwise, or its time is not over.
    pub fn run_out(self, wallet: Wallet, end: End) -> Result<Option<(Self, Wallet)>, Refusal> {
        if self.state != State::Active || end.at < self.expire_at {
            return Ok(None);
        }
        let wallet = wallet.release(self.reserved)?;
        Ok(Some((self.ended(State::Expired(end)), wallet)))
    }

    fn active(&self) -> Result<(), Refusal> {
        match self.state {
            State::Active => Ok(()),
            _ => Err(Refusal::WrongState {
                what: "hold",
                state: self.state.name(),
            }),
        }
    }

    fn ended(self, state: State) -> Self {
        Self {
            state,
            version: self.version + 1,
            ..self
        }
    }
}

impl Wallet {
    /// Reserves an amount, from the purses that the oldest lots are in.
    pub fn hold(mut self, amount: Amount) -> Result<(Self, Reserved), Refusal> {
        if let WalletState::Frozen { .. } = self.state {
            return Err(Refusal::Frozen);
        }
        let spendable = self.spendable();
        let mut left = amount.minor();
        let mut reserved = Reserved::default();
        for at_lot in 0..self.lots.len() {
            let (purse, remaining) = (self.lots[at_lot].purse, self.lots[at_lot].remaining);
            let account = self.purse_mut(purse);
            let free = left.min(remaining.minor()).min(account.available().minor());
            let Some(free) = Amount::from_minor(free) else {
                continue;
            };
            account.held = account.held.plus(free).ok_or(Refusal::OutOfBounds)?;
            let part = reserved.of_mut(purse);
            *part = part.plus(free).ok_or(Refusal::OutOfBounds)?;
            left -= free.minor();
        }
        if left > 0 {
            return Err(Refusal::InsufficientFunds { spendable });
        }
        self.touch();
        Ok((self, reserved))
    }

    /// What was reserved may be spent again.
    pub fn release(mut self, reserved: Reserved) -> Result<Self, Refusal> {
        for purse in [Purse::Principal, Purse::Gift] {
            if let Some(part) = reserved.of(purse).as_amount() {
                let account = self.purse_mut(purse);
                account.held = account.held.minus(part).ok_or(Refusal::OutOfBounds)?;
            }
        }
        self.touch();
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use kernel::Clock;
    use platform::vault::Sealed;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::wallet::tests::filled;

    fn fen(minor: i64) -> Amount {
        Amount::from_minor(minor).unwrap()
    }

    fn end(at: Timestamp) -> End {
        End {
            at,
            by: "service:orders".to_owned(),
        }
    }

    fn held(wallet: Wallet, minor: i64) -> (Hold, Wallet) {
        let (wallet, reserved) = wallet.hold(fen(minor)).unwrap();
        let at = Clock::real();
        let hold = Hold {
            id: HoldId::fresh(),
            wallet: wallet.id,
            person: wallet.person,
            studio: StudioId::fresh(),
            seller: LegalEntityId::fresh(),
            due: DueId::fresh(),
            order: None,
            acting: wallet.person,
            amount: fen(minor),
            reserved,
            placed_at: at,
            expire_at: at + TimeDelta::hours(1),
            state: State::Active,
            version: 1,
        };
        (hold, wallet)
    }

    #[test]
    fn what_is_held_is_not_spent_and_is_free_after_the_release() {
        let (hold, wallet) = held(filled(&[300, 200]), 400);
        assert_eq!(wallet.spendable().minor(), 100);
        let refused = wallet.clone().spend(fen(101)).unwrap_err();
        assert_eq!(
            refused,
            Refusal::InsufficientFunds {
                spendable: wallet.spendable()
            }
        );
        let at = hold.placed_at;
        let (hold, wallet) = hold.release(wallet, end(at)).unwrap();
        assert_eq!(wallet.spendable().minor(), 500);
        let again = hold.release(wallet, end(at)).unwrap_err();
        assert_eq!(
            again,
            Refusal::WrongState {
                what: "hold",
                state: "released"
            }
        );
    }

    #[test]
    fn a_hold_is_captured_before_its_time_is_over_and_runs_out_after_it() {
        let (hold, wallet) = held(filled(&[500]), 400);
        let (before, over) = (hold.expire_at - TimeDelta::milliseconds(1), hold.expire_at);
        assert!(hold.clone().capture(fen(400), end(before)).is_ok());
        assert_eq!(
            hold.clone().capture(fen(400), end(over)).unwrap_err(),
            Refusal::HoldExpired
        );
        assert_eq!(hold.clone().run_out(wallet.clone(), end(before)).unwrap(), None);
        let (hold, wallet) = hold.run_out(wallet, end(over)).unwrap().unwrap();
        assert_eq!((hold.state.name(), wallet.spendable().minor()), ("expired", 500));
        assert_eq!(hold.run_out(wallet, end(over)).unwrap(), None);
    }

    #[test]
    fn more_than_is_held_is_not_captured() {
        let (hold, _) = held(filled(&[500]), 400);
        let at = hold.placed_at;
        let refused = hold.capture(fen(401), end(at)).unwrap_err();
        assert_eq!(refused, Refusal::CaptureExceedsHold { held: fen(400) });
    }

    #[test]
    fn a_frozen_wallet_holds_nothing_more_and_lets_go() {
        let (hold, wallet) = held(filled(&[500]), 400);
        let at = hold.placed_at;
        let wallet = wallet.freeze(PersonId::fresh(), Sealed::nothing(), at).unwrap();
        assert_eq!(wallet.clone().hold(fen(1)).unwrap_err(), Refusal::Frozen);
        assert!(hold.release(wallet, end(at)).is_ok());
    }

    proptest! {
        #[test]
        fn holds_and_spends_never_take_more_than_there_is(lots in prop::collection::vec(1i64..1_000, 1..5), asks in prop::collection::vec((any::<bool>(), 1i64..900), 0..24)) {
            let total: i64 = lots.iter().sum();
            let mut wallet = filled(&lots);
            let (mut reserved, mut spent) = (Vec::new(), 0);
            for (hold, minor) in asks {
                if hold {
                    match wallet.clone().hold(fen(minor)) {
                        Ok((after, part)) => { wallet = after; reserved.push((minor, part)); }
                        Err(_) => prop_assert!(minor > wallet.spendable().minor()),
                    }
                } else {
                    match wallet.clone().spend(fen(minor)) {
                        Ok((after, _)) => { wallet = after; spent += minor; }
                        Err(_) => prop_assert!(minor > wallet.spendable().minor()),
                    }
                }
                let held: i64 = reserved.iter().map(|(minor, _)| minor).sum();
                prop_assert_eq!(wallet.spendable().minor(), total - spent - held);
            }
            for (minor, part) in reserved {
                prop_assert_eq!(part.principal.minor() + part.gift.minor(), minor);
                wallet = wallet.release(part).unwrap();
            }
            prop_assert_eq!(wallet.spendable().minor(), total - spent);
        }
    }
}
