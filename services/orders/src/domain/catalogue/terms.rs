use kernel::{Amount, NodeId, PersonId, ProductId, Timestamp};

use crate::domain::words;

words! {
    /// What is sold.
    Kind {
        AnnualCard = "annual_card",
        TermCard = "term_card",
        ClassPack = "class_pack",
    }
    /// From which event the validity of a card counts.
    ValidityStart {
        Payment = "payment",
        Activation = "activation",
        FirstVisit = "first_visit",
    }
    /// What has to happen before benefits can be used.
    Activation {
        AtOnce = "at_once",
        ByIdentity = "by_identity",
    }
    /// Where a benefit can be used.
    Scope {
        Studio = "studio",
        LegalEntity = "legal_entity",
        Region = "region",
        Operator = "operator",
    }
}

/// One thing that a product gives.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Benefit {
    pub code: String,
    pub name: String,
    pub scope: Scope,
    /// 0 is without limit.
    pub uses: i32,
}

/// Everything that a version of a product promises.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    pub product: ProductId,
    pub code: String,
    pub name: String,
    pub kind: Kind,
    pub price: Amount,
    pub valid_days: i32,
    pub validity_start: ValidityStart,
    pub start_within_days: i32,
    pub activation: Activation,
    pub benefits: Vec<Benefit>,
}

/// A version of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// From 1.
    pub number: i32,
    pub terms: Terms,
    pub effective_from: Timestamp,
    /// Nodes below which it is sold; none is everywhere.
    pub sold_at: Vec<NodeId>,
    pub created_at: Timestamp,
    pub created_by: PersonId,
}

/// The version that counts at a time: of those in effect, the one that took
/// effect last, and of two at the same time the later one.
pub fn in_force(versions: &[Version], at: Timestamp) -> Option<&Version> {
    versions
        .iter()
        .filter(|v| v.effective_from <= at)
        .max_by_key(|v| (v.effective_from, v.number))
}
