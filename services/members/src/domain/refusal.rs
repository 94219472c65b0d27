use chrono::Duration;

/// Why members says no. `api.rs` gives each its code and reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("somebody with this phone or ID number is registered already")]
    AlreadyRegistered,
    #[error("this person's data were destroyed")]
    PersonErased,
    #[error("there is no such studio, or it has closed")]
    UnknownStudio,
    #[error("there is no such node, or it has closed")]
    UnknownNode,
    #[error("the person holds this role there already")]
    GrantExists,
    #[error("the role was taken away before")]
    GrantRevoked,
    #[error("this role is no post")]
    RoleNotGrantable,
    #[error("this is the operator's last administrator")]
    LastAdmin,
    #[error("nobody gives a role to themselves")]
    OwnGrant,
    #[error("the id token is not accepted here")]
    IdTokenRejected,
    #[error("nobody with a role has this account")]
    UnknownAccount,
    #[error("the development issuer is not switched on")]
    DevIssuerDisabled,
    #[error("phone and code do not belong together")]
    CodeRejected,
    #[error("the code has expired, was used or was tried too often")]
    CodeExpired,
    #[error("the code is no longer readable")]
    CodeGone,
    #[error("a code was asked for too often")]
    TooManyCodes { retry_after: Duration },
    #[error("too many wrong attempts")]
    LockedOut { retry_after: Duration },
    #[error("phone, ID number, code and card do not belong together")]
    ActivationRejected,
    #[error("the ID number is not the holder's")]
    IdentityMismatch,
    #[error("nobody activates a card of their own at the desk")]
    OwnCard,
    #[error("the card is activated already")]
    AlreadyActivated,
    #[error("a refund took the card back")]
    CardEnded,
    #[error("the order has a card with other terms")]
    OrderMismatch,
    #[error("no use is left")]
    Exhausted,
    #[error("the benefit cannot be used at this studio")]
    OutOfScope,
    #[error("the validity of the benefit is over")]
    NotValid,
    #[error("a refund took the benefit back")]
    BenefitEnded,
    #[error("the hold was redeemed, released or ran out")]
    HoldSettled,
    #[error("fewer uses are left than are to be taken back")]
    RevocationTooLarge,
    #[error("the file cannot be read: {what}")]
    FileUnreadable { column: String, what: String },
}
