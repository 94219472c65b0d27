//! How what went wrong is told to whoever called.

use std::time::Duration;

use kernel::{BadField, Invalid};
use proto::studio::feed::v1::ErrorReason as Shared;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use super::{Refused, SHARED_DOMAIN};

/// More bad fields than this nobody reads; and they travel in headers, whose
/// length has an end.
pub(super) const MOST_FIELDS: usize = 20;

pub(super) fn invalid(invalid: &Invalid) -> Status {
    let told = Invalid(invalid.0.iter().take(MOST_FIELDS).cloned().collect());
    let violation = |b: &BadField| FieldViolation::new(&b.field, &b.description);
    let mut details = ErrorDetails::new();
    details.set_error_info("INVALID_FIELDS", SHARED_DOMAIN, std::collections::HashMap::new());
    details.set_bad_request(told.0.iter().map(violation).collect::<Vec<_>>());
    Status::with_error_details(Code::InvalidArgument, told.to_string(), details)
}

/// A peer's refusal is passed on; that it cannot be reached is ours to say.
pub(super) fn peer(status: &Status) -> Status {
    match status.code() {
        Code::Unavailable | Code::Cancelled | Code::DeadlineExceeded | Code::Unknown | Code::Internal => {
            Refused::shared(
                Code::Unavailable,
                Shared::PeerUnavailable,
                "a service behind this one cannot be reached; the outcome is unknown",
            )
            .retry_after(Duration::from_secs(1))
            .to_status(SHARED_DOMAIN)
        }
        _ => copy(status),
    }
}

/// The same status without the peer's metadata.
pub(super) fn copy(status: &Status) -> Status {
    Status::with_details(status.code(), status.message(), status.details().to_vec().into())
}

impl Refused {
    pub(crate) fn to_status(&self, domain: &str) -> Status {
        let domain = if self.domain.is_empty() {
            domain
        } else {
            self.domain
        };
        let mut details = ErrorDetails::new();
        details.set_error_info(
            &self.reason,
            domain,
            self.metadata
                .iter()
                .cloned()
                .collect::<std::collections::HashMap<_, _>>(),
        );
        if self.code == Code::FailedPrecondition {
            details.add_precondition_failure_violation(&self.reason, domain, &self.message);
        }
        if let Some(delay) = self.retry_after {
            details.set_retry_info(Some(delay));
        }
        Status::with_error_details(self.code, &self.message, details)
    }
}
