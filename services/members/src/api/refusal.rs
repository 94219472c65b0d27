use chrono::Duration;
use platform::{Error, Refused};
use proto::studio::members::v1::ErrorReason as Reason;
use tonic::Code;

use crate::domain::Refusal;

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let (code, reason) = match &refusal {
            Refusal::OwnGrant | Refusal::OwnCard => return Self::same_person(),
            Refusal::TooManyCodes { retry_after } => {
                return later(Reason::TooManyCodes, &refusal, *retry_after);
            }
            Refusal::LockedOut { retry_after } => return later(Reason::LockedOut, &refusal, *retry_after),
            Refusal::FileUnreadable { column, .. } => {
                let refused =
                    Refused::new(Code::InvalidArgument, Reason::FileUnreadable, refusal.to_string());
                return refused.with("column", column).into();
            }
            Refusal::AlreadyRegistered => (Code::AlreadyExists, Reason::PersonAlreadyRegistered),
            Refusal::GrantExists => (Code::AlreadyExists, Reason::GrantExists),
            Refusal::OrderMismatch => (Code::AlreadyExists, Reason::OrderMismatch),
            Refusal::IdTokenRejected => (Code::Unauthenticated, Reason::IdTokenRejected),
            Refusal::UnknownAccount => (Code::PermissionDenied, Reason::AccountUnknown),
            Refusal::CodeRejected => (Code::PermissionDenied, Reason::CodeRejected),
            Refusal::ActivationRejected => (Code::PermissionDenied, Reason::ActivationRejected),
            Refusal::IdentityMismatch => (Code::PermissionDenied, Reason::IdentityMismatch),
            Refusal::RoleNotGrantable => (Code::InvalidArgument, Reason::RoleNotGrantable),
            other => (Code::FailedPrecondition, state(other)),
        };
        Refused::new(code, reason, refusal.to_string()).into()
    }
}

/// Refusals because of how things stand.
fn state(refusal: &Refusal) -> Reason {
    match refusal {
        Refusal::PersonErased => Reason::PersonErased,
        Refusal::UnknownStudio => Reason::StudioUnknown,
        Refusal::UnknownNode => Reason::NodeUnknown,
        Refusal::GrantRevoked => Reason::GrantRevoked,
        Refusal::LastAdmin => Reason::LastAdmin,
        Refusal::DevIssuerDisabled => Reason::DevIssuerDisabled,
        Refusal::CodeExpired => Reason::CodeExpired,
        Refusal::CodeGone => Reason::CodeGone,
        Refusal::AlreadyActivated => Reason::CardAlreadyActivated,
        Refusal::CardEnded => Reason::CardEnded,
        Refusal::Exhausted => Reason::BenefitExhausted,
        Refusal::OutOfScope => Reason::BenefitOutOfScope,
        Refusal::NotValid => Reason::BenefitNotValid,
        Refusal::BenefitEnded => Reason::BenefitEnded,
        Refusal::HoldSettled => Reason::HoldSettled,
        Refusal::RevocationTooLarge => Reason::RevocationTooLarge,
        _ => Reason::Unspecified,
    }
}

fn later(reason: Reason, refusal: &Refusal, delay: Duration) -> Error {
    let delay = delay.to_std().unwrap_or_default();
    Refused::new(Code::ResourceExhausted, reason, refusal.to_string())
        .retry_after(delay)
        .into()
}
