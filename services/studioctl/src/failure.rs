//! What went wrong, as a person wants to read it: what, why by the contract's
//! own word, which fields, and what to do next.

use std::fmt;
use std::process::ExitCode;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// A command that did not succeed.
#[derive(Debug)]
pub struct Failure {
    what: String,
    reason: String,
    fields: Vec<(String, String)>,
    hint: Option<String>,
    code: Option<Code>,
    exit: u8,
}

impl Failure {
    pub fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            reason: String::new(),
            fields: Vec::new(),
            hint: None,
            code: None,
            exit: 1,
        }
    }

    /// What a script is told, when that something failed does not say it all.
    #[must_use]
    pub fn exit(self, exit: u8) -> Self {
        Self { exit, ..self }
    }

    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit)
    }

    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// A service's refusal, with everything that its details say.
    pub fn of(service: &str, status: &Status) -> Self {
        let details = status.get_error_details();
        let reason = details
            .error_info()
            .map(|info| info.reason.clone())
            .unwrap_or_default();
        let fields = details.bad_request().map(|bad| {
            bad.field_violations
                .iter()
                .map(|v| (v.field.clone(), v.description.clone()))
                .collect()
        });
        let metadata = details.error_info().map(|info| {
            let mut known: Vec<_> = info
                .metadata
                .iter()
                .filter(|(key, _)| *key != "what")
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            known.sort();
            known
        });
        let known = metadata
            .filter(|m| !m.is_empty())
            .map(|m| format!(" ({})", m.join(", ")))
            .unwrap_or_default();
        Self {
            what: format!("{service}: {}{known}", status.message()),
            hint: hint(service, status.code(), &reason),
            reason,
            fields: fields.unwrap_or_default(),
            code: Some(status.code()),
            exit: 1,
        }
    }

    /// The contract's own word; empty when there is none.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub fn code(&self) -> Option<Code> {
        self.code
    }
}

/// What to do about it.
fn hint(service: &str, code: Code, reason: &str) -> Option<String> {
    let text = match (code, reason) {
        (Code::Unavailable, _) => {
            return Some(format!(
                "{service} cannot be reached: is the platform up? Try deploy/local/up"
            ));
        }
        (_, "UNAUTHENTICATED") => "sign in first, as `studioctl sign-in customer-service`",
        (_, "ROLE_MISSING") => "another role may do this; use --as, as `--as reviewer`",
        (_, "PERSON_REQUIRED") => "a person has to do this: sign in first",
        (_, "SAME_PERSON") => "maker and checker are two persons: use --as with somebody else",
        (_, "NOT_FOUND") => "check the id; what is beyond your studios counts as not found",
        (_, "VERSION_CONFLICT") => "it changed meanwhile: look at it again, then decide",
        (_, "WRONG_STATE") => "look at its state first",
        (_, "DEV_ISSUER_DISABLED") => {
            "this platform has no development issuer; studioctl needs one to sign in"
        }
        (_, "ACCOUNT_UNKNOWN") => "accounts of the demo are <role>@studio.example; has the demo been loaded?",
        (_, "TOO_MANY_CODES" | "LOCKED_OUT" | "OVERLOADED") => "wait a little, then try again",
        (Code::DeadlineExceeded | Code::Internal, _) => "the outcome is unknown: look before you try again",
        _ => return None,
    };
    Some(text.to_owned())
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        if !self.reason.is_empty() {
            write!(f, " [{}]", self.reason)?;
        }
        for (field, description) in &self.fields {
            write!(f, "\n  {field}: {description}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}

impl From<reqwest::Error> for Failure {
    fn from(error: reqwest::Error) -> Self {
        Self::new(platform::telemetry::chain(&error)).hint("is the platform up? Try deploy/local/up")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::ErrorDetails;

    #[test]
    fn a_refusal_is_printed_with_its_reason_its_fields_and_a_hint() {
        let mut details = ErrorDetails::new();
        details.set_error_info(
            "ROLE_MISSING",
            "studio.platform",
            std::collections::HashMap::new(),
        );
        details.add_bad_request_violation("topic", "must be given");
        let status = Status::with_error_details(Code::PermissionDenied, "no role permits the call", details);
        assert_eq!(
            Failure::of("orders", &status).to_string(),
            "error: orders: no role permits the call [ROLE_MISSING]\n  topic: must be given\nhint: another role may do this; use --as, as `--as reviewer`"
        );
    }

    #[test]
    fn a_service_that_is_away_is_named_with_what_to_try() {
        let failure = Failure::of("wallet", &Status::unavailable("tcp connect error"));
        assert!(failure.to_string().contains("deploy/local/up"));
    }
}
