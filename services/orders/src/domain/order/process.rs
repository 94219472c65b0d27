//! The one table of states and steps.

use crate::domain::words;

words! {
    /// Where an order stands.
    State {
        Draft = "draft",
        Submitted = "submitted",
        InformationNeeded = "information_needed",
        FirstReviewPassed = "first_review_passed",
        InReview = "in_review",
        SentBack = "sent_back",
        Approved = "approved",
        Confirmed = "confirmed",
        Cancelling = "cancelling",
        Paid = "paid",
        Fulfilled = "fulfilled",
        Unfulfillable = "unfulfillable",
        Rejected = "rejected",
        Declined = "declined",
        Cancelled = "cancelled",
        Expired = "expired",
    }
    /// What happens to an order.
    Step {
        Applied = "applied",
        Amended = "amended",
        Submitted = "submitted",
        InformationRequested = "information_requested",
        InformationProvided = "information_provided",
        FirstReviewPassed = "first_review_passed",
        QuoteIssued = "quote_issued",
        SubmittedForApproval = "submitted_for_approval",
        Approved = "approved",
        Rejected = "rejected",
        SentBack = "sent_back",
        QuoteExpired = "quote_expired",
        Accepted = "accepted",
        ChangeRequested = "change_requested",
        Declined = "declined",
        PaymentStarted = "payment_started",
        PaymentRefused = "payment_refused",
        Paid = "paid",
        Cancelling = "cancelling",
        Cancelled = "cancelled",
        Expired = "expired",
        Fulfilled = "fulfilled",
        Unfulfillable = "unfulfillable",
        SurplusArrived = "surplus_arrived",
        RefundRecorded = "refund_recorded",
        ContactLogged = "contact_logged",
    }
}

/// Where a step leads; `None` when the state does not allow it.
#[expect(
    clippy::match_same_arms,
    clippy::unnested_or_patterns,
    reason = "a line a rule reads better"
)]
pub fn after(state: State, step: Step) -> Option<State> {
    use State as S;
    Some(match (state, step) {
        (S::Draft, Step::Amended) => S::Draft,
        (S::InformationNeeded, Step::Amended) => S::InformationNeeded,
        (S::Draft, Step::Submitted) | (S::InformationNeeded, Step::InformationProvided) => S::Submitted,
        (S::Submitted | S::SentBack, Step::InformationRequested) => S::InformationNeeded,
        (S::Submitted, Step::FirstReviewPassed) => S::FirstReviewPassed,
        (S::FirstReviewPassed | S::SentBack, Step::QuoteIssued) => state,
        (S::FirstReviewPassed | S::SentBack, Step::SubmittedForApproval) => S::InReview,
        (S::InReview, Step::Approved) => S::Approved,
        (S::InReview, Step::Rejected) => S::Rejected,
        (S::InReview, Step::SentBack | Step::QuoteExpired) | (S::Approved, Step::ChangeRequested) => {
            S::SentBack
        }
        (S::Approved, Step::Accepted) => S::Confirmed,
        (S::Approved, Step::Declined) => S::Declined,
        (S::Confirmed, Step::PaymentStarted | Step::PaymentRefused) => S::Confirmed,
        (S::Confirmed, Step::Cancelling) => S::Cancelling,
        (S::Confirmed | S::Cancelling, Step::Paid) => S::Paid,
        (
            S::Draft
            | S::Submitted
            | S::InformationNeeded
            | S::FirstReviewPassed
            | S::InReview
            | S::SentBack
            | S::Approved
            | S::Confirmed
            | S::Cancelling,
            Step::Cancelled,
        ) => S::Cancelled,
        (S::Draft | S::InformationNeeded | S::Approved | S::Confirmed | S::Cancelling, Step::Expired) => {
            S::Expired
        }
        (S::Paid, Step::Fulfilled) => S::Fulfilled,
        (S::Paid | S::Cancelled | S::Expired, Step::Unfulfillable) => S::Unfulfillable,
        (
            S::Confirmed
            | S::Cancelling
            | S::Paid
            | S::Fulfilled
            | S::Unfulfillable
            | S::Cancelled
            | S::Expired,
            Step::SurplusArrived,
        )
        | (
            S::Confirmed
            | S::Cancelling
            | S::Paid
            | S::Fulfilled
            | S::Unfulfillable
            | S::Cancelled
            | S::Expired,
            Step::RefundRecorded,
        )
        | (_, Step::ContactLogged) => state,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet, HashMap};

    use super::*;

    /// Every allowed pair, declared a second time.
    const ALLOWED: &str = "
        draft amended draft
        draft submitted submitted
        draft cancelled cancelled
        draft expired expired
        submitted information_requested information_needed
        submitted first_review_passed first_review_passed
        submitted cancelled cancelled
        information_needed amended information_needed
        information_needed information_provided submitted
        information_needed cancelled cancelled
        information_needed expired expired
        first_review_passed quote_issued first_review_passed
        first_review_passed submitted_for_approval in_review
        first_review_passed cancelled cancelled
        in_review approved approved
        in_review rejected rejected
        in_review sent_back sent_back
        in_review quote_expired sent_back
        in_review cancelled cancelled
        sent_back information_requested information_needed
        sent_back quote_issued sent_back
        sent_back submitted_for_approval in_review
        sent_back cancelled cancelled
        approved accepted confirmed
        approved change_requested sent_back
        approved declined declined
        approved cancelled cancelled
        approved expired expired
        confirmed payment_started confirmed
        confirmed payment_refused confirmed
        confirmed paid paid
        confirmed cancelling cancelling
        confirmed cancelled cancelled
        confirmed expired expired
        confirmed surplus_arrived confirmed
        confirmed refund_recorded confirmed
        cancelling paid paid
        cancelling cancelled cancelled
        cancelling expired expired
        cancelling surplus_arrived cancelling
        cancelling refund_recorded cancelling
        paid fulfilled fulfilled
        paid unfulfillable unfulfillable
        paid surplus_arrived paid
        paid refund_recorded paid
        fulfilled surplus_arrived fulfilled
        fulfilled refund_recorded fulfilled
        unfulfillable surplus_arrived unfulfillable
        unfulfillable refund_recorded unfulfillable
        cancelled unfulfillable unfulfillable
        cancelled surplus_arrived cancelled
        cancelled refund_recorded cancelled
        expired unfulfillable unfulfillable
        expired surplus_arrived expired
        expired refund_recorded expired";

    fn allowed() -> HashMap<(&'static str, &'static str), &'static str> {
        let lines = ALLOWED
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>());
        let mut pairs: HashMap<_, _> = lines
            .filter(|l| !l.is_empty())
            .map(|l| ((l[0], l[1]), l[2]))
            .collect();
        pairs.extend(
            State::ALL
                .iter()
                .map(|s| ((s.as_str(), "contact_logged"), s.as_str())),
        );
        pairs
    }

    #[test]
    fn every_pair_of_state_and_step_is_allowed_or_refused_as_declared() {
        let allowed = allowed();
        for state in State::ALL {
            for step in Step::ALL {
                let wanted = allowed.get(&(state.as_str(), step.as_str())).copied();
                assert_eq!(
                    after(*state, *step).map(State::as_str),
                    wanted,
                    "{state:?} {step:?}"
                );
            }
        }
        assert_eq!(State::ALL.len() * Step::ALL.len(), 16 * 26);
    }

    #[test]
    fn the_database_lets_through_the_same_moves_as_the_table() {
        let sql = include_str!("../../../migrations/20261122100100_orders.sql");
        let (_, rest) = sql.split_once("guard_transitions('orders', 'state', '").unwrap();
        let (json, _) = rest.split_once("'::jsonb").unwrap();
        let guarded: BTreeMap<String, BTreeSet<String>> = serde_json::from_str(json).unwrap();
        let mut moves: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for ((from, _), to) in allowed().into_iter().filter(|((from, _), to)| from != to) {
            moves.entry(from.to_owned()).or_default().insert(to.to_owned());
        }
        assert_eq!(guarded, moves);
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(*state));
        }
    }
}
