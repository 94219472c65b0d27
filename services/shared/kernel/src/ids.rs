use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::BadField;

/// A fresh UUIDv7: ids made later sort later, so indexes grow at one end.
#[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
pub fn fresh_uuid() -> Uuid {
    Uuid::now_v7()
}

/// An id that follows from its parent and a step, the same on every retry. It
/// carries the parent's time in front, so it lands beside it in an index.
pub fn derived_uuid(parent: Uuid, step: &str) -> Uuid {
    let mut bytes = *Uuid::new_v5(&parent, step.as_bytes()).as_bytes();
    bytes[..6].copy_from_slice(&parent.as_bytes()[..6]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70;
    Uuid::from_bytes(bytes)
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, sqlx::Type, serde::Serialize, serde::Deserialize)]
        #[sqlx(transparent)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A new id, sorted after all that were made before.
            pub fn fresh() -> Self {
                Self(fresh_uuid())
            }

            /// The id of a step of something else, the same on every retry.
            pub fn derived(parent: impl Into<Uuid>, step: &str) -> Self {
                Self(derived_uuid(parent.into(), step))
            }

            /// Reads the id in `field` of a request.
            pub fn parse(field: &str, text: &str) -> Result<Self, BadField> {
                text.parse().map_err(|_| BadField::new(field, "must be a UUID"))
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

// Alphabetical, and only added to.
ids! {
    /// An entry in a service's audit.
    AuditId,
    /// One benefit that a card gives.
    BenefitId,
    /// An attempt that a limit did not let start.
    BlockedStartId,
    /// A callback of a channel, as it came.
    CallbackId,
    /// An annual card.
    CardId,
    /// A one-time code sent to somebody.
    ChallengeId,
    /// A visit to a studio.
    CheckInId,
    /// A complaint or another ticket.
    TicketId,
    /// A time at which a cashier took no new payments.
    ClosureId,
    /// One person's cash at a studio, from opening to counting.
    DrawerId,
    /// What one payment intent pays.
    DueId,
    /// A published fact.
    EventId,
    /// A case of money that may have gone wrong.
    ExceptionId,
    /// A role held by a member of staff at a node.
    GrantId,
    /// A reservation of money or of a benefit.
    HoldId,
    /// A payment intent: one due to be paid, however often it is tried.
    IntentId,
    /// Money that arrived and that no intent can take.
    IsolatedMoneyId,
    /// The legs of one business act in the ledger.
    JournalId,
    /// A company that sells and owes.
    LegalEntityId,
    /// How many attempts may be started within a window.
    LimitId,
    /// Money or value that came into a wallet at one time from one origin.
    LotId,
    /// A notice to somebody.
    MessageId,
    /// A node of the organisation tree of any kind.
    NodeId,
    /// A version of what a studio publishes about paying there.
    NoticeId,
    /// An order.
    OrderId,
    /// One try to collect an intent through a channel.
    AttemptId,
    /// Money that was received for an intent.
    PaymentId,
    /// A person, before and after the first purchase.
    PersonId,
    /// A version of a policy.
    PolicyId,
    /// Something for sale.
    ProductId,
    /// A quotation for an order.
    QuoteId,
    /// Proof of a payment.
    ReceiptId,
    /// Putting money into a wallet.
    RechargeId,
    /// A refund case.
    RefundCaseId,
    /// A part of a payment on its way back through the channel.
    RefundId,
    /// One way back for a part of a refund.
    RefundLegId,
    /// The caller's key of one act.
    RequestId,
    /// A review of an order.
    ReviewId,
    /// One studio: a leaf of the organisation tree.
    StudioId,
    /// Work that waits for its time or for the outside.
    TaskId,
    /// A movement in the ledger.
    TransferId,
    /// An account of a wallet or of the house.
    AccountId,
    /// A member's wallet.
    WalletId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_derived_id_is_the_same_on_every_retry_and_differs_by_step() {
        let parent = RefundCaseId::fresh();
        assert_eq!(
            RefundLegId::derived(parent, "leg 1"),
            RefundLegId::derived(parent, "leg 1")
        );
        assert_ne!(
            RefundLegId::derived(parent, "leg 1"),
            RefundLegId::derived(parent, "leg 2")
        );
    }

    #[test]
    fn a_derived_id_carries_its_parents_time() {
        let parent = OrderId::fresh();
        let child = DueId::derived(parent, "whole");
        assert_eq!(parent.0.as_bytes()[..6], child.0.as_bytes()[..6]);
        assert_eq!(child.0.get_version_num(), 7);
    }

    #[test]
    fn a_bad_id_names_its_field_and_not_its_value() {
        let bad = CardId::parse("card_id", "13800000000").unwrap_err();
        assert_eq!(bad.field, "card_id");
        assert!(!bad.description.contains("138"));
    }
}
