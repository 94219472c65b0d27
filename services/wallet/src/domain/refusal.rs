use kernel::{Amount, Balance};

/// Why the wallet says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the person has no wallet")]
    UnknownWallet,
    #[error("no such hold")]
    UnknownHold,
    #[error("another hold of the due is active")]
    DueAlreadyHeld,
    #[error("the time to capture the hold is over")]
    HoldExpired,
    #[error("more is asked for than is held")]
    CaptureExceedsHold { held: Amount },
    #[error("a hold ends after now and within {max_hours} hours")]
    ExpiryOutOfRange { max_hours: i64 },
    #[error("the person has no wallet here yet")]
    WalletUnknown,
    #[error("no such recharge")]
    UnknownRecharge,
    #[error("the due was not paid from a wallet")]
    UnknownSpend,
    #[error("the wallet is frozen")]
    Frozen,
    #[error("the wallet holds less than is asked for")]
    InsufficientFunds { spendable: Balance },
    #[error("the due was paid from a wallet before")]
    DueAlreadyPaid,
    #[error("more would come back than was spent")]
    ReturnExceedsSpend { left: Balance },
    #[error("the leg came back before for another due or amount")]
    LegConflict,
    #[error("the amount is outside the limits of a recharge")]
    AmountOutOfRange { min: Amount, max: Amount },
    #[error("the operator has no such studio")]
    StudioUnknown,
    #[error("the audited amount is not what was received")]
    AmountNotAsReceived { received: Amount },
    #[error("a focus review needs the consultation in words")]
    ConsultationRequired,
    #[error("another person has to decide it")]
    SamePerson,
    #[error("the {what} is {state}")]
    WrongState { what: &'static str, state: &'static str },
    #[error("the {what} changed meanwhile")]
    VersionConflict { what: &'static str },
    #[error("the amounts add up beyond what can be counted")]
    OutOfBounds,
}
