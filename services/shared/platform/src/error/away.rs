use std::io;
use std::time::Duration;

use proto::studio::feed::v1::ErrorReason as Shared;
use tonic::Code;

use super::status::copy;
use super::{Error, Refused};

/// What is worth another try a little later.
impl Error {
    /// Whether the way there failed, or somebody on it, and not the work: that
    /// passes by itself, however long it takes, and needs no person.
    pub(crate) fn is_outage(&self) -> bool {
        let code = match self {
            Self::Database(error) => return is_away(error) || matches!(error, sqlx::Error::PoolTimedOut),
            Self::Peer(status) => status.code(),
            Self::Refused(refused) => refused.code,
            _ => return false,
        };
        match code {
            Code::Unavailable | Code::DeadlineExceeded => true,
            Code::ResourceExhausted => self.reason().as_deref() == Some("OVERLOADED"),
            _ => false,
        }
    }

    /// The same outage for another whose work it stopped as well; `None` when it
    /// is none, and the work may have been at fault. A time that ran out was
    /// one caller's.
    pub fn outage_for_another(&self) -> Option<Self> {
        match self {
            _ if !self.is_outage() => None,
            Self::Refused(refused) if refused.code == Code::DeadlineExceeded => None,
            Self::Refused(refused) => Some(Self::Refused(refused.clone())),
            Self::Peer(status) => Some(Self::Peer(Box::new(copy(status)))),
            Self::Database(sqlx::Error::PoolTimedOut) => Some(Self::Database(sqlx::Error::PoolTimedOut)),
            Self::Database(error) => Some(Self::Database(sqlx::Error::Io(io::Error::new(
                io::ErrorKind::ConnectionAborted,
                error.to_string(),
            )))),
            _ => None,
        }
    }

    /// Whether it contradicts what is there, so that trying again hardly helps.
    pub(crate) fn is_lasting(&self) -> bool {
        matches!(self, Self::Inconsistent { .. } | Self::Invalid(_))
    }

    /// The time ran out; the outcome is unknown.
    pub fn deadline() -> Self {
        Refused::shared(
            Code::DeadlineExceeded,
            Shared::Deadline,
            "the time for this call ran out",
        )
        .into()
    }

    /// The process has begun and does not know enough yet.
    pub fn starting() -> Self {
        Refused::shared(
            Code::Unavailable,
            Shared::PeerUnavailable,
            "the service is starting",
        )
        .retry_after(Duration::from_millis(500))
        .into()
    }
}

/// Whether the database is gone, starts or ends, as against one that answers
/// with an error.
pub(super) fn is_away(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
            true
        }
        // of connections; told to end, crashed, starting; too many connections
        sqlx::Error::Database(said) => said
            .code()
            .is_some_and(|code| code.starts_with("08") || code.starts_with("57P") || code == "53300"),
        _ => false,
    }
}
