//! What a call, a reaction or a task may fail with, free of transport until
//! the door turns it into a status.

mod away;
mod status;

use std::time::Duration;

use kernel::{BadField, Invalid};
use proto::studio::feed::v1::ErrorReason as Shared;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The domain of the reasons that all services share.
pub const SHARED_DOMAIN: &str = "studio.platform";

/// Everything that can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules say no. Logged at info, told to the caller in full.
    #[error("refused: {0}")]
    Refused(Box<Refused>),
    /// A refusal that was kept and is answered again.
    #[error("refused before")]
    KeptRefusal(Box<Status>),
    /// Fields that cannot be used, all of them.
    #[error("bad fields: {0}")]
    Invalid(#[from] Invalid),
    /// The database failed; the outcome may be unknown.
    #[error("the database failed")]
    Database(#[source] sqlx::Error),
    /// Another service answered with an error.
    #[error("a peer answered {:?}", .0.code())]
    Peer(#[source] Box<Status>),
    /// A row that no code should have written.
    #[error("table {table} holds a row that makes no sense: {what}")]
    Inconsistent { table: &'static str, what: String },
    /// Something else inside failed.
    #[error("{0}")]
    Internal(String),
}

/// A refusal: what a program decides by (`code`, `reason`) and what a person reads.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct Refused {
    pub code: Code,
    /// Name of the reason without its prefix, as `INSUFFICIENT_FUNDS`.
    pub reason: String,
    /// `studio.wallet`; empty until the door fills the service in.
    pub domain: &'static str,
    pub message: String,
    /// Facts that a program may use, never personal data.
    pub metadata: Vec<(String, String)>,
    pub retry_after: Option<Duration>,
}

impl Refused {
    pub fn new(code: Code, reason: impl proto::ErrorReason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason: reason.name().trim_start_matches("ERROR_REASON_").to_owned(),
            domain: "",
            message: message.into(),
            metadata: Vec::new(),
            retry_after: None,
        }
    }

    fn shared(code: Code, reason: Shared, message: impl Into<String>) -> Self {
        Self {
            domain: SHARED_DOMAIN,
            ..Self::new(code, reason, message)
        }
    }

    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "callers hand in what they have, without an ampersand"
    )]
    pub fn with(mut self, key: &str, value: impl ToString) -> Self {
        self.metadata.push((key.to_owned(), value.to_string()));
        self
    }

    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(Box::new(refused))
    }
}

impl From<BadField> for Error {
    fn from(field: BadField) -> Self {
        Self::Invalid(field.into())
    }
}

/// What PostgreSQL says of text, or of text in JSON, that holds the character
/// NUL: the one character that Rust keeps and it does not.
const NUL_IN_TEXT: [&str; 2] = ["22021", "22P05"];

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error
            .as_database_error()
            .and_then(sqlx::error::DatabaseError::code)
        {
            Some(code) if NUL_IN_TEXT.contains(&code.as_ref()) => {
                BadField::new("request", "holds the character NUL, which cannot be kept").into()
            }
            _ => Self::Database(error),
        }
    }
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Peer(Box::new(status))
    }
}

impl Error {
    /// Nothing by that id within the caller's reach.
    pub fn not_found(what: &str) -> Self {
        Refused::shared(Code::NotFound, Shared::NotFound, format!("no such {what}"))
            .with("what", what)
            .into()
    }

    /// Maker and checker are one person.
    pub fn same_person() -> Self {
        Refused::shared(
            Code::PermissionDenied,
            Shared::SamePerson,
            "another person than the one who made this must decide it",
        )
        .into()
    }

    /// The thing's state does not allow the step.
    pub fn wrong_state(what: &str, state: &str) -> Self {
        Refused::shared(
            Code::FailedPrecondition,
            Shared::WrongState,
            format!("the {what} is {state}"),
        )
        .with("state", state)
        .into()
    }

    /// The thing changed since the caller read it.
    pub fn version_conflict(what: &str) -> Self {
        Refused::shared(
            Code::Aborted,
            Shared::VersionConflict,
            format!("the {what} changed meanwhile"),
        )
        .into()
    }

    /// The token is missing, expired or not for here.
    pub fn unauthenticated(message: &str) -> Self {
        Refused::shared(Code::Unauthenticated, Shared::Unauthenticated, message).into()
    }

    /// No role of the caller permits this.
    pub fn role_missing() -> Self {
        Refused::shared(
            Code::PermissionDenied,
            Shared::RoleMissing,
            "no role of the caller permits this",
        )
        .into()
    }

    /// A person has to do this.
    pub fn person_required() -> Self {
        Refused::shared(
            Code::PermissionDenied,
            Shared::PersonRequired,
            "a person has to make this call",
        )
        .into()
    }

    /// The request_id was used for another request.
    pub fn request_id_reused() -> Self {
        Refused::shared(
            Code::InvalidArgument,
            Shared::IdempotencyKeyReused,
            "this request_id was used before for another request",
        )
        .into()
    }

    /// Too much at once: of what, `limit` says.
    pub fn overloaded(retry_after: Duration, limit: &str) -> Self {
        Refused::shared(
            Code::ResourceExhausted,
            Shared::Overloaded,
            "too many calls at once",
        )
        .with("limit", limit)
        .retry_after(retry_after)
        .into()
    }

    /// The feed holds another fact at the caller's position.
    pub fn feed_diverged() -> Self {
        Refused::shared(
            Code::FailedPrecondition,
            Shared::FeedDiverged,
            "another fact stands at this position",
        )
        .into()
    }

    /// The position was pruned.
    pub fn feed_pruned() -> Self {
        Refused::shared(Code::OutOfRange, Shared::FeedPruned, "this position was pruned").into()
    }

    /// Nothing was done because there is too much to do.
    pub(crate) fn is_overload(&self) -> bool {
        match self {
            Self::Refused(refused) => refused.code == Code::ResourceExhausted,
            Self::Peer(status) => status.code() == Code::ResourceExhausted,
            _ => false,
        }
    }

    /// The reason a program decides by, as `NOT_FOUND`, when it is a refusal
    /// of this service or, in the details, of a peer.
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::Refused(refused) => Some(refused.reason.clone()),
            Self::Peer(status) | Self::KeptRefusal(status) => status
                .get_error_details()
                .error_info()
                .map(|info| info.reason.clone()),
            Self::Invalid(_) => Some("INVALID_FIELDS".to_owned()),
            _ => None,
        }
    }

    /// A no, here or from a peer, and no fault: a caller learns of it, nobody
    /// is woken for it. What it means for money that is on its way tells
    /// [`Self::definite_no`].
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Refused(_) | Self::KeptRefusal(_) | Self::Invalid(_) => true,
            Self::Peer(status) => matches!(
                status.code(),
                Code::InvalidArgument
                    | Code::NotFound
                    | Code::AlreadyExists
                    | Code::PermissionDenied
                    | Code::FailedPrecondition
                    | Code::OutOfRange
                    | Code::ResourceExhausted
                    | Code::Unimplemented
            ),
            _ => false,
        }
    }

    /// The reason of a peer's definite no about money. None for everything
    /// else: a timeout, a broken line, a wrong token, an answer that does not
    /// say why. Then the outcome is unknown, and only asking again tells.
    pub fn definite_no(&self) -> Option<String> {
        let Self::Peer(status) = self else { return None };
        let can_be_no = matches!(
            status.code(),
            Code::InvalidArgument
                | Code::NotFound
                | Code::AlreadyExists
                | Code::FailedPrecondition
                | Code::OutOfRange
        );
        self.reason()
            .filter(|reason| can_be_no && reason != "IDEMPOTENCY_KEY_REUSED" && !reason.is_empty())
    }

    /// The status that leaves through the door of `domain`, as `studio.wallet`.
    /// Causes stay inside: they may hold personal data.
    pub fn to_status(&self, domain: &str) -> Status {
        match self {
            Self::Refused(refused) => refused.to_status(domain),
            Self::Invalid(invalid) => status::invalid(invalid),
            Self::Peer(answer) => status::peer(answer),
            Self::KeptRefusal(kept) => status::copy(kept),
            Self::Database(sqlx::Error::PoolTimedOut) => {
                Self::overloaded(Duration::from_secs(1), "connections").to_status(domain)
            }
            Self::Database(error) if away::is_away(error) => Refused::shared(
                Code::Unavailable,
                Shared::PeerUnavailable,
                "the database cannot be reached; the outcome is unknown",
            )
            .retry_after(Duration::from_secs(1))
            .to_status(SHARED_DOMAIN),
            Self::Database(_) | Self::Inconsistent { .. } | Self::Internal(_) => Refused::shared(
                Code::Internal,
                Shared::Internal,
                "something inside failed; the outcome is unknown",
            )
            .to_status(domain),
        }
    }
}

/// A row that no code should have written.
pub fn inconsistent(table: &'static str, what: impl Into<String>) -> Error {
    Error::Inconsistent {
        table,
        what: what.into(),
    }
}

/// Turns the violation of the constraint called `name` into a refusal, instead
/// of asking first and racing.
pub fn on_constraint<T, R: Into<Error>>(
    result: Result<T, sqlx::Error>,
    name: &str,
    refusal: impl FnOnce() -> R,
) -> Result<T, Error> {
    result.map_err(
        |error| match error.as_database_error().and_then(|e| e.constraint()) {
            Some(constraint) if constraint == name => refusal().into(),
            _ => error.into(),
        },
    )
}

#[cfg(test)]
mod tests;
