use kernel::{BadField, Invalid};

use super::order::State;

/// Why the rules say no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the order is {}", .state.as_str())]
    WrongState { state: State },
    #[error("maker and checker are one person")]
    SamePerson,
    #[error("the order changed meanwhile")]
    VersionConflict,
    #[error("fields are missing: {0}")]
    Incomplete(Invalid),
    #[error("the file cannot be read: {0}")]
    UnreadableFile(String),
    #[error("the product is not sold at this studio at present")]
    NotForSale,
    #[error("the person has another open application for this product")]
    DuplicateApplication,
    #[error("another quote stands than the one named")]
    QuoteDiffers,
    #[error("the quote is no longer valid")]
    QuoteExpired,
    #[error("the time for accepting has passed")]
    AcceptanceExpired,
    #[error("the quote names other terms")]
    TermsDiffer,
    #[error("a payment is under way and its outcome is not known yet")]
    PaymentUnderWay,
    #[error("only the member can pay from the wallet")]
    MemberMustPay,
    #[error("the order is paid")]
    AlreadyPaid,
    #[error("the time for paying has passed")]
    PaymentExpired,
    #[error("more than what can still go back")]
    RefundExceedsPayment { refundable_minor: i64 },
    #[error("this refund case was recorded differently")]
    RefundDiffers,
}

impl From<BadField> for Refusal {
    fn from(field: BadField) -> Self {
        Self::Incomplete(field.into())
    }
}
