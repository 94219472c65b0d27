//! The contract's words for the domain's, and back.

use kernel::BadField;
use proto::studio::refunds::v1 as pb;

use crate::domain::case::{RejectReason, State};
use crate::domain::leg::LegState;
use crate::domain::order::Route;
use crate::domain::policy::{Base, Method, Reason, Usage};
use crate::domain::quote::LineKind;

/// Both directions between an enum of the contract and one of the domain.
macro_rules! pairs {
    ($($read:ident $field:literal: $pb:ident = $domain:ident { $($word:ident = $own:ident,)+ })+) => {$(
        pub fn $read(field: pb::$pb) -> Result<$domain, BadField> {
            match field {
                $(pb::$pb::$word => Ok($domain::$own),)+
                pb::$pb::Unspecified => Err(BadField::new($field, "is required")),
            }
        }

        impl From<$domain> for pb::$pb {
            fn from(own: $domain) -> Self {
                match own {
                    $($domain::$own => Self::$word,)+
                }
            }
        }
    )+};
}

pairs! {
    reason "reason": RefundReason = Reason {
        ServiceNotAsExpected = ServiceNotAsExpected,
        Personal = Personal,
        NotDelivered = NotDelivered,
        Other = Other,
    }
    usage "rules.usage": Usage = Usage { Any = Any, None = None, Partly = Partly, }
    base "rules.base": RefundBase = Base { Paid = Paid, Unused = Unused, }
    method "methods": RefundMethod = Method { Origin = Origin, }
    reject_reason "reason": CaseRejectReason = RejectReason {
        ConditionsNotMet = ConditionsNotMet,
        NotProven = NotProven,
        Duplicate = Duplicate,
        Other = Other,
    }
}

impl From<LineKind> for pb::LineKind {
    fn from(kind: LineKind) -> Self {
        match kind {
            LineKind::Paid => Self::Paid,
            LineKind::RefundedBefore => Self::RefundedBefore,
            LineKind::Used => Self::Used,
            LineKind::Ratio => Self::Ratio,
            LineKind::Fee => Self::Fee,
            LineKind::NotRequested => Self::NotRequested,
        }
    }
}

impl From<Route> for pb::LegRoute {
    fn from(route: Route) -> Self {
        match route {
            Route::Wallet => Self::Wallet,
            Route::Channel(_) => Self::Channel,
        }
    }
}

impl From<&LegState> for pb::LegState {
    fn from(state: &LegState) -> Self {
        match state {
            LegState::Planned => Self::Planned,
            LegState::Sent => Self::Sent,
            LegState::Returned => Self::Returned,
            LegState::Bounced { .. } => Self::Bounced,
        }
    }
}

impl From<&State> for pb::CaseState {
    fn from(state: &State) -> Self {
        match state {
            State::Requested => Self::Requested,
            State::Approved(_) => Self::Approved,
            State::Returning(_) => Self::Returning,
            State::Stuck { .. } => Self::Stuck,
            State::Settling(_) => Self::Settling,
            State::Completed { .. } => Self::Completed,
            State::Rejected { .. } => Self::Rejected,
        }
    }
}

/// The word under which a state is kept; none when the filter is left empty.
pub fn state_filter(state: pb::CaseState) -> Option<&'static str> {
    match state {
        pb::CaseState::Unspecified => None,
        pb::CaseState::Requested => Some("requested"),
        pb::CaseState::Approved => Some("approved"),
        pb::CaseState::Returning => Some("returning"),
        pb::CaseState::Stuck => Some("stuck"),
        pb::CaseState::Settling => Some("settling"),
        pb::CaseState::Completed => Some("completed"),
        pb::CaseState::Rejected => Some("rejected"),
    }
}
