//! The accounts of the house. They hold no running balance.

use kernel::{AccountId, LegalEntityId, StudioId};

/// One account of a legal entity. Its id follows from what it is, so that
/// nobody has to look it up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum House {
    /// Members' money held apart (充值资金账户).
    Custody(LegalEntityId),
    /// Money that came in and is not yet audited.
    Suspense(LegalEntityId),
    /// Money that a channel has taken and not yet paid out.
    ChannelClearing(LegalEntityId),
    /// What a studio has been paid.
    Revenue {
        legal_entity: LegalEntityId,
        studio: StudioId,
    },
    /// What `owner` owes, or is owed by, `other`.
    InterCompany {
        owner: LegalEntityId,
        other: LegalEntityId,
    },
}

impl House {
    pub fn id(self) -> AccountId {
        let step = match self {
            Self::Revenue { studio, .. } => format!("revenue {studio}"),
            Self::InterCompany { other, .. } => format!("inter_company {other}"),
            Self::Custody(_) | Self::Suspense(_) | Self::ChannelClearing(_) => self.kind().to_owned(),
        };
        AccountId::derived(self.legal_entity(), &step)
    }

    pub const fn kind(self) -> &'static str {
        match self {
            Self::Custody(_) => "custody",
            Self::Suspense(_) => "suspense",
            Self::ChannelClearing(_) => "channel_clearing",
            Self::Revenue { .. } => "revenue",
            Self::InterCompany { .. } => "inter_company",
        }
    }

    pub const fn legal_entity(self) -> LegalEntityId {
        match self {
            Self::Custody(owner)
            | Self::Suspense(owner)
            | Self::ChannelClearing(owner)
            | Self::Revenue {
                legal_entity: owner, ..
            }
            | Self::InterCompany { owner, .. } => owner,
        }
    }

    pub const fn studio(self) -> Option<StudioId> {
        match self {
            Self::Revenue { studio, .. } => Some(studio),
            _ => None,
        }
    }

    pub const fn counterparty(self) -> Option<LegalEntityId> {
        match self {
            Self::InterCompany { other, .. } => Some(other),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_of_the_house_has_its_own_id_for_ever() {
        let (a, b, studio) = (LegalEntityId::fresh(), LegalEntityId::fresh(), StudioId::fresh());
        let all = [
            House::Custody(a),
            House::Custody(b),
            House::Suspense(a),
            House::ChannelClearing(a),
            House::Revenue {
                legal_entity: a,
                studio,
            },
            House::Revenue {
                legal_entity: b,
                studio,
            },
            House::InterCompany { owner: a, other: b },
            House::InterCompany { owner: b, other: a },
        ];
        let ids: std::collections::HashSet<_> = all.iter().map(|house| house.id()).collect();
        assert_eq!(ids.len(), all.len());
        assert_eq!(all[0].id(), House::Custody(a).id());
    }
}
