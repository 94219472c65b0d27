use chrono::Duration;
use kernel::Timestamp;

use super::State;
use crate::domain::words;

words! {
    /// A time that can run out.
    Deadline {
        Draft = "draft",
        Information = "information",
        Quote = "quote",
        Acceptance = "acceptance",
        Payment = "payment",
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    pub draft: Duration,
    pub quote: Duration,
    pub acceptance: Duration,
    pub payment: Duration,
    pub information: Duration,
    pub first_review: Duration,
    pub submit: Duration,
    pub approval: Duration,
    pub fulfilment: Duration,
}

impl Times {
    /// How long an order may stand in a state before somebody is late.
    pub(super) fn act_within(&self, state: State) -> Option<Duration> {
        match state {
            State::Draft => Some(self.draft),
            State::Submitted => Some(self.first_review),
            State::InformationNeeded => Some(self.information),
            State::FirstReviewPassed | State::SentBack => Some(self.submit),
            State::InReview => Some(self.approval),
            State::Approved => Some(self.acceptance),
            State::Confirmed | State::Cancelling => Some(self.payment),
            State::Paid => Some(self.fulfilment),
            State::Fulfilled
            | State::Unfulfillable
            | State::Rejected
            | State::Declined
            | State::Cancelled
            | State::Expired => None,
        }
    }
}

/// The time of a decision, and how long things may take from it.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    pub at: Timestamp,
    pub times: Times,
}
