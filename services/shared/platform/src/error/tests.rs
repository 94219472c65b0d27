use tonic_types::{ErrorDetails, StatusExt as _};

use super::*;

#[test]
fn a_fault_tells_the_caller_nothing_of_its_cause() {
    let status = Error::Internal("phone 13800000000".to_owned()).to_status("studio.wallet");
    assert_eq!(status.code(), Code::Internal);
    assert!(!status.message().contains("138"));
}

#[test]
fn every_bad_field_is_named_at_once() {
    let invalid = Invalid(vec![BadField::new("a", "x"), BadField::new("b", "y")]);
    let status = Error::from(invalid).to_status("studio.wallet");
    let details = status.get_error_details();
    assert_eq!(details.bad_request().map(|b| b.field_violations.len()), Some(2));
}

#[test]
fn very_many_bad_fields_fit_the_headers_of_an_answer() {
    let many = (0..5_000).map(|n| {
        BadField::new(
            format!("states[{n}]"),
            "must be one of the values of the contract",
        )
    });
    let answer = Error::from(Invalid(many.collect())).to_status("studio.wallet");
    assert!(answer.details().len() + answer.message().len() < 8_000);
    let details = answer.get_error_details();
    assert_eq!(
        details.bad_request().map(|b| b.field_violations.len()),
        Some(status::MOST_FIELDS)
    );
}

#[test]
fn only_a_peers_no_that_says_why_is_definite() {
    let answer = |code, reason: &str| {
        let mut details = ErrorDetails::new();
        details.set_error_info(reason, "studio.peer", std::collections::HashMap::new());
        Error::from(Status::with_error_details(code, "no", details)).definite_no()
    };
    let no = Code::FailedPrecondition;
    assert_eq!(answer(no, "LEG_CONFLICT").as_deref(), Some("LEG_CONFLICT"));
    assert_eq!(answer(no, ""), None);
    assert_eq!(Error::from(Status::failed_precondition("no")).definite_no(), None);
    for unclear in [
        Code::PermissionDenied,
        Code::Unimplemented,
        Code::Unavailable,
        Code::Aborted,
    ] {
        assert_eq!(answer(unclear, "LEG_CONFLICT"), None, "{unclear}");
    }
    assert_eq!(answer(Code::InvalidArgument, "IDEMPOTENCY_KEY_REUSED"), None);
    assert_eq!(Error::same_person().definite_no(), None);
}

#[test]
fn a_peers_timeout_is_unknown_and_no_refusal() {
    assert!(!Error::from(Status::deadline_exceeded("late")).is_refusal());
    assert_eq!(
        Error::from(Status::deadline_exceeded("late"))
            .to_status("x")
            .code(),
        Code::Unavailable
    );
}

#[test]
fn a_database_that_is_away_is_worth_another_try() {
    let gone = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
    for away in [
        sqlx::Error::Io(gone),
        sqlx::Error::PoolClosed,
        sqlx::Error::WorkerCrashed,
    ] {
        assert_eq!(Error::from(away).to_status("x").code(), Code::Unavailable);
    }
    assert_eq!(
        Error::from(sqlx::Error::RowNotFound).to_status("x").code(),
        Code::Internal
    );
}
