use kernel::{Balance, Timestamp};

/// Why refunds says no.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("no such case")]
    UnknownCase,
    #[error("no such policy")]
    UnknownPolicy,
    #[error("nothing of it has been paid")]
    NothingPaid,
    #[error("no policy was in force when the order was contracted")]
    NoPolicy,
    #[error("the time for asking is over")]
    WindowClosed { since: Timestamp },
    #[error("the policy gives nothing back for this reason and use")]
    NotRefundable,
    #[error("more is asked for than can go back")]
    AboveRefundable { refundable: Option<Balance> },
    #[error("a case about this order is open")]
    CaseOpen,
    #[error("what is to be approved is not what was looked at")]
    SubjectChanged,
    #[error("a policy is never back-dated")]
    BackDated,
    #[error("two lines of the ratio table are called {code}")]
    DuplicateRule { code: String },
    #[error("another person has to decide it")]
    SamePerson,
    #[error("the case is {state}")]
    WrongState { state: &'static str },
    #[error("the {what} changed meanwhile")]
    VersionConflict { what: &'static str },
}
