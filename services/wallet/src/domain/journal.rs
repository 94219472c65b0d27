//! Which accounts a business act moves value between. Each leg is one debit
//! and one credit of the same amount, so a journal balances by construction.

use kernel::{
    AccountId, Amount, Balance, JournalId, LegalEntityId, LotId, OrderId, PersonId, StudioId, Timestamp,
    TransferId, WalletId,
};
use uuid::Uuid;

use super::House;
use super::spend::Back;
use super::wallet::Use;

/// Which business act moved value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    RechargeReceived,
    RechargePosted,
    RechargeReturned,
    Spend,
    SpendReturned,
}

impl Cause {
    pub const fn name(self) -> &'static str {
        match self {
            Self::RechargeReceived => "recharge_received",
            Self::RechargePosted => "recharge_posted",
            Self::RechargeReturned => "recharge_returned",
            Self::Spend => "spend",
            Self::SpendReturned => "spend_returned",
        }
    }
}

/// One side of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Member(AccountId),
    House(House),
}

impl Side {
    pub fn id(self) -> AccountId {
        match self {
            Self::Member(id) => id,
            Self::House(house) => house.id(),
        }
    }
}

/// What a leg does to the member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    pub lot: LotId,
    /// What the member's account holds afterwards.
    pub balance_after: Balance,
}

/// One movement: value goes from the debit side to the credit side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leg {
    pub id: TransferId,
    pub debit: Side,
    pub credit: Side,
    pub amount: Amount,
    /// Absent between two accounts of the house.
    pub member: Option<Touch>,
    pub reverses: Option<TransferId>,
}

/// Who moved value, for what, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub journal: JournalId,
    pub cause: Cause,
    /// The due, recharge or refund leg that it was for.
    pub cause_id: Uuid,
    pub wallet: WalletId,
    pub person: PersonId,
    pub studio: StudioId,
    /// For which order, and who acted when it was not the member.
    pub order: Option<OrderId>,
    pub acting: Option<PersonId>,
    pub caller: String,
    pub request: Uuid,
    pub at: Timestamp,
}

/// Money came from a channel: the channel owes it to us, and we owe it to
/// somebody as soon as finance has looked.
pub fn received(legal_entity: LegalEntityId, amount: Amount) -> Vec<Leg> {
    vec![house(
        House::ChannelClearing(legal_entity),
        House::Suspense(legal_entity),
        amount,
    )]
}

/// The audit's yes: the member is owed the money, and it belongs apart.
pub fn posted(credited: &Use) -> Vec<Leg> {
    let owner = credited.legal_entity;
    vec![
        Leg {
            credit: Side::Member(credited.account),
            member: Some(Touch {
                lot: credited.lot,
                balance_after: credited.balance_after,
            }),
            ..house(House::Suspense(owner), House::Suspense(owner), credited.amount)
        },
        house(
            House::Custody(owner),
            House::ChannelClearing(owner),
            credited.amount,
        ),
    ]
}

/// The audit's no: what was received is owed to nobody any more.
pub fn sent_back(legal_entity: LegalEntityId, amount: Amount) -> Vec<Leg> {
    vec![house(
        House::Suspense(legal_entity),
        House::ChannelClearing(legal_entity),
        amount,
    )]
}

/// Lots pay a studio. When another legal entity holds a lot's money, it owes
/// the studio's from now on.
pub fn spent(uses: &[Use], seller: LegalEntityId, studio: StudioId) -> Vec<Leg> {
    let revenue = House::Revenue {
        legal_entity: seller,
        studio,
    };
    let mut legs = Vec::new();
    for used in uses {
        let holder = used.legal_entity;
        let first = if holder == seller {
            revenue
        } else {
            House::InterCompany {
                owner: holder,
                other: seller,
            }
        };
        legs.push(Leg {
            debit: Side::Member(used.account),
            member: Some(Touch {
                lot: used.lot,
                balance_after: used.balance_after,
            }),
            ..house(first, first, used.amount)
        });
        if holder != seller {
            legs.push(house(
                House::InterCompany {
                    owner: seller,
                    other: holder,
                },
                revenue,
                used.amount,
            ));
        }
    }
    legs
}

/// The way of [`spent`] backwards.
pub fn given_back(backs: &[Back], seller: LegalEntityId, studio: StudioId) -> Vec<Leg> {
    let revenue = House::Revenue {
        legal_entity: seller,
        studio,
    };
    let mut legs = Vec::new();
    for back in backs {
        let holder = back.legal_entity;
        let last = if holder == seller {
            revenue
        } else {
            House::InterCompany {
                owner: holder,
                other: seller,
            }
        };
        if holder != seller {
            legs.push(house(
                revenue,
                House::InterCompany {
                    owner: seller,
                    other: holder,
                },
                back.amount,
            ));
        }
        legs.push(Leg {
            credit: Side::Member(back.account),
            member: Some(Touch {
                lot: back.lot,
                balance_after: back.balance_after,
            }),
            reverses: Some(back.reverses),
            ..house(last, last, back.amount)
        });
    }
    legs
}

fn house(debit: House, credit: House, amount: Amount) -> Leg {
    Leg {
        id: TransferId::fresh(),
        debit: Side::House(debit),
        credit: Side::House(credit),
        amount,
        member: None,
        reverses: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(holder: LegalEntityId, minor: i64) -> Use {
        Use {
            lot: LotId::fresh(),
            account: AccountId::fresh(),
            legal_entity: holder,
            amount: Amount::from_minor(minor).unwrap(),
            balance_after: Balance::ZERO,
        }
    }

    #[test]
    fn a_spend_within_one_company_is_one_leg_a_lot() {
        let (seller, studio) = (LegalEntityId::fresh(), StudioId::fresh());
        let legs = spent(&[used(seller, 300), used(seller, 100)], seller, studio);
        let revenue = Side::House(House::Revenue {
            legal_entity: seller,
            studio,
        });
        assert_eq!(
            legs.iter()
                .map(|l| (l.credit, l.amount.minor()))
                .collect::<Vec<_>>(),
            vec![(revenue, 300), (revenue, 100)]
        );
    }

    #[test]
    fn money_held_by_another_company_is_owed_between_them() {
        let (seller, holder, studio) = (LegalEntityId::fresh(), LegalEntityId::fresh(), StudioId::fresh());
        let legs = spent(&[used(holder, 300)], seller, studio);
        assert_eq!(
            legs[0].credit,
            Side::House(House::InterCompany {
                owner: holder,
                other: seller
            })
        );
        assert_eq!(
            legs[1].debit,
            Side::House(House::InterCompany {
                owner: seller,
                other: holder
            })
        );
        assert_eq!(
            legs[1].credit,
            Side::House(House::Revenue {
                legal_entity: seller,
                studio
            })
        );
    }

    #[test]
    fn giving_back_undoes_every_side_of_the_spend() {
        let (seller, holder, studio) = (LegalEntityId::fresh(), LegalEntityId::fresh(), StudioId::fresh());
        let used = used(holder, 300);
        let back = Back {
            use_no: 0,
            lot: used.lot,
            account: used.account,
            legal_entity: holder,
            amount: used.amount,
            balance_after: used.balance_after,
            reverses: TransferId::fresh(),
        };
        let (there, here) = (
            spent(&[used], seller, studio),
            given_back(&[back], seller, studio),
        );
        let net = |legs: &[Leg], account: AccountId| -> i64 {
            let credits: i64 = legs
                .iter()
                .filter(|l| l.credit.id() == account)
                .map(|l| l.amount.minor())
                .sum();
            let debits: i64 = legs
                .iter()
                .filter(|l| l.debit.id() == account)
                .map(|l| l.amount.minor())
                .sum();
            credits - debits
        };
        for side in there.iter().flat_map(|l| [l.debit, l.credit]) {
            assert_eq!(net(&there, side.id()) + net(&here, side.id()), 0);
        }
    }
}
