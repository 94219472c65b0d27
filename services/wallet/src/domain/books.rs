//! Wallets in the hand of one who decides: several spends, in the order in which
//! they came, each on what the one before left.

use std::collections::{HashMap, HashSet};

use kernel::{Amount, Balance, DueId, LegalEntityId, OrderId, PersonId, StudioId, Timestamp, WalletId};
use uuid::Uuid;

use super::hold::Reserved;
use super::journal::{self, Cause, Leg, Origin};
use super::spend::SpentPart;
use super::wallet::Use;
use super::{Refusal, Spend, Wallet};

/// A due to be paid from a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    pub person: PersonId,
    pub due: DueId,
    pub amount: Amount,
    pub studio: StudioId,
    pub order: Option<OrderId>,
    /// Who acts.
    pub acting: PersonId,
    /// The caller as the transfers keep it, and its key for this act.
    pub caller: String,
    pub request: Uuid,
}

/// The wallets as they are held, and which of the dues were paid before.
#[derive(Debug, Default)]
pub struct Books {
    wallets: HashMap<PersonId, Held>,
    paid: HashSet<DueId>,
}

#[derive(Debug)]
struct Held {
    before: Wallet,
    now: Wallet,
}

/// A spend that was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    pub spend: Spend,
    pub origin: Origin,
    pub legs: Vec<Leg>,
    pub wallet: WalletId,
    /// Of the wallet, with this spend.
    pub version: i64,
    /// What may be spent afterwards.
    pub spendable: Balance,
}

impl Books {
    pub fn new(wallets: impl IntoIterator<Item = Wallet>, paid: HashSet<DueId>) -> Self {
        let held = |wallet: Wallet| {
            let (person, before) = (wallet.person, wallet.clone());
            (person, Held { before, now: wallet })
        };
        Self {
            wallets: wallets.into_iter().map(held).collect(),
            paid,
        }
    }

    /// The wallet of a person as it is by now.
    pub fn wallet(&self, person: PersonId) -> Option<&Wallet> {
        self.wallets.get(&person).map(|held| &held.now)
    }

    /// Pays a due, or leaves everything as it was. `seller` is the studio's company.
    pub fn spend(&mut self, ask: &Ask, seller: LegalEntityId, at: Timestamp) -> Result<Spent, Refusal> {
        let held = self.wallets.get_mut(&ask.person).ok_or(Refusal::UnknownWallet)?;
        if self.paid.contains(&ask.due) {
            return Err(Refusal::DueAlreadyPaid);
        }
        let (wallet, uses) = held.now.clone().spend(ask.amount)?;
        let legs = journal::spent(&uses, seller, ask.studio);
        let row = ask.spend(&wallet, seller, parts(&uses, &legs), at);
        let spent = Spent {
            origin: ask.origin(&row),
            spend: row,
            legs,
            wallet: wallet.id,
            version: wallet.version,
            spendable: wallet.spendable(),
        };
        held.now = wallet;
        self.paid.insert(ask.due);
        Ok(spent)
    }

    /// Pays a due from what was reserved for it, or leaves everything as it was. What
    /// of it is not taken is free again.
    pub fn capture(
        &mut self,
        ask: &Ask,
        reserved: Reserved,
        seller: LegalEntityId,
        at: Timestamp,
    ) -> Result<Spent, Refusal> {
        let held = self.wallets.get_mut(&ask.person).ok_or(Refusal::UnknownWallet)?;
        let released = held.now.clone().release(reserved)?;
        let reserving = std::mem::replace(&mut held.now, released);
        let spent = self.spend(ask, seller, at);
        if spent.is_err()
            && let Some(held) = self.wallets.get_mut(&ask.person)
        {
            held.now = reserving;
        }
        spent
    }

    /// Wallets that moved: as they were, and as they are.
    pub fn changes(&self) -> Vec<(&Wallet, &Wallet)> {
        let all = self.wallets.values().map(|held| (&held.before, &held.now));
        all.filter(|(was, is)| was.version != is.version).collect()
    }
}

impl Ask {
    fn spend(&self, wallet: &Wallet, seller: LegalEntityId, parts: Vec<SpentPart>, at: Timestamp) -> Spend {
        Spend {
            due: self.due,
            wallet: wallet.id,
            person: self.person,
            studio: self.studio,
            seller,
            order: self.order,
            acting: self.acting,
            amount: self.amount,
            returned: Balance::ZERO,
            at,
            parts,
        }
    }

    fn origin(&self, spend: &Spend) -> Origin {
        Origin {
            journal: Spend::journal(spend.due),
            cause: Cause::Spend,
            cause_id: spend.due.0,
            wallet: spend.wallet,
            person: spend.person,
            studio: spend.studio,
            order: spend.order,
            acting: Some(spend.acting).filter(|acting| *acting != spend.person),
            caller: self.caller.clone(),
            request: self.request,
            at: spend.at,
        }
    }
}

/// Each use with the one leg in which its lot paid.
fn parts(uses: &[Use], legs: &[Leg]) -> Vec<SpentPart> {
    let paying = legs.iter().filter(|leg| leg.member.is_some());
    (0i16..)
        .zip(uses.iter().zip(paying))
        .map(|(use_no, (used, leg))| SpentPart {
            use_no,
            lot: used.lot,
            transfer: leg.id,
            amount: used.amount,
            returned: Balance::ZERO,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::wallet::tests::filled;
    use kernel::Clock;
    use proptest::prelude::*;

    fn ask(person: PersonId, minor: i64) -> Ask {
        Ask {
            person,
            due: DueId::fresh(),
            amount: Amount::from_minor(minor).unwrap(),
            studio: StudioId::fresh(),
            order: None,
            acting: person,
            caller: "service:orders".to_owned(),
            request: Uuid::nil(),
        }
    }

    fn books(wallet: &Wallet) -> Books {
        Books::new([wallet.clone()], HashSet::new())
    }

    #[test]
    fn the_second_of_two_spends_sees_what_the_first_left() {
        let wallet = filled(&[500]);
        let mut books = books(&wallet);
        let seller = LegalEntityId::fresh();
        let first = books
            .spend(&ask(wallet.person, 400), seller, Clock::real())
            .unwrap();
        let second = books.spend(&ask(wallet.person, 101), seller, Clock::real());
        assert_eq!(
            (first.spendable.minor(), first.version),
            (100, wallet.version + 1)
        );
        let spendable = first.spendable;
        assert_eq!(second, Err(Refusal::InsufficientFunds { spendable }));
        let third = books
            .spend(&ask(wallet.person, 100), seller, Clock::real())
            .unwrap();
        assert_eq!((third.spendable.minor(), third.version), (0, wallet.version + 2));
    }

    #[test]
    fn one_due_is_paid_once_also_among_those_that_come_together() {
        let wallet = filled(&[500]);
        let (mut books, seller) = (books(&wallet), LegalEntityId::fresh());
        let ask = ask(wallet.person, 100);
        assert!(books.spend(&ask, seller, Clock::real()).is_ok());
        let again = books.spend(&ask, seller, Clock::real());
        assert_eq!(again, Err(Refusal::DueAlreadyPaid));
        assert_eq!(books.wallet(wallet.person).unwrap().spendable().minor(), 400);
    }

    #[test]
    fn a_capture_that_is_refused_leaves_what_is_held() {
        let (wallet, reserved) = filled(&[500]).hold(Amount::from_minor(400).unwrap()).unwrap();
        let (mut books, seller) = (books(&wallet), LegalEntityId::fresh());
        let more = books.capture(&ask(wallet.person, 501), reserved, seller, Clock::real());
        assert!(matches!(more, Err(Refusal::InsufficientFunds { .. })));
        assert_eq!(books.changes(), vec![]);
        let part = books
            .capture(&ask(wallet.person, 300), reserved, seller, Clock::real())
            .unwrap();
        assert_eq!(part.spendable.minor(), 200);
        assert_eq!(books.wallet(wallet.person).unwrap().principal.held, Balance::ZERO);
    }

    #[test]
    fn a_person_without_a_wallet_is_told_so_and_only_what_moved_is_written() {
        let wallet = filled(&[500]);
        let (mut books, seller) = (books(&wallet), LegalEntityId::fresh());
        let stranger = books.spend(&ask(PersonId::fresh(), 100), seller, Clock::real());
        assert_eq!(stranger, Err(Refusal::UnknownWallet));
        assert_eq!(books.changes(), vec![]);
        books
            .spend(&ask(wallet.person, 500), seller, Clock::real())
            .unwrap();
        assert_eq!(books.changes().len(), 1);
    }

    proptest! {
        #[test]
        fn what_is_decided_together_is_what_is_decided_one_by_one(lots in prop::collection::vec(1i64..1_000, 1..5), amounts in prop::collection::vec(1i64..900, 1..12)) {
            let wallet = filled(&lots);
            let (mut together, seller, at) = (books(&wallet), LegalEntityId::fresh(), Clock::real());
            let mut alone = wallet.clone();
            for minor in amounts {
                let ask = ask(wallet.person, minor);
                let spent = together.spend(&ask, seller, at);
                match alone.clone().spend(ask.amount) {
                    Ok((after, uses)) => {
                        let spent = spent.unwrap();
                        prop_assert_eq!(spent.spendable, after.spendable());
                        prop_assert_eq!(spent.version, after.version);
                        prop_assert_eq!(spent.spend.parts.len(), uses.len());
                        alone = after;
                    }
                    Err(refusal) => prop_assert_eq!(spent.unwrap_err(), refusal),
                }
            }
            prop_assert_eq!(together.wallet(wallet.person).unwrap(), &alone);
        }
    }
}
