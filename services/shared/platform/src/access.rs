//! Who may make which call and how far they see, decided before a handler runs
//! from the rule that the contract gives each call.

mod decide;
mod rules;

use std::sync::Arc;

use http::HeaderMap;

use crate::caller::Trail;
use crate::organisation::Organisation;
use crate::token::{BadToken, PERSON_HEADER, PersonToken, SERVICE_HEADER, Verifier};
use crate::{Caller, Error};

pub use rules::{BadContract, CallRule, Rules};

/// Checks tokens and decides by rules.
#[derive(Clone)]
pub struct Access {
    verifier: Arc<Verifier>,
    organisation: Organisation,
}

impl Access {
    pub fn new(verifier: Arc<Verifier>, organisation: Organisation) -> Self {
        Self {
            verifier,
            organisation,
        }
    }

    /// The caller behind a request, if the call's rule lets them pass. A token
    /// that is worth nothing is refused even where none is needed.
    pub(crate) fn admit(&self, call: &'static CallRule, headers: &HeaderMap) -> Result<Caller, Error> {
        let bearer = bearer(headers, PERSON_HEADER)?;
        let person = bearer
            .map(|token| self.verifier.person(token))
            .transpose()
            .map_err(|bad| refuse(&bad))?;
        let service = bearer_of_service(headers)?
            .map(|token| self.verifier.service(token))
            .transpose()
            .map_err(|bad| refuse(&bad))?;
        self.decide(call, person.as_ref(), service, bearer)
    }

    fn decide(
        &self,
        call: &'static CallRule,
        person: Option<&PersonToken>,
        service: Option<String>,
        bearer: Option<&str>,
    ) -> Result<Caller, Error> {
        let admitted = decide::admit(call, person, service.as_deref())?;
        decide::wide_enough(call, admitted, person, &self.organisation)?;
        let (studios, own) = decide::reach(call, admitted, person, &self.organisation);
        Ok(Caller {
            service,
            person: person.map(decide::identity),
            studios,
            own,
            bearer: bearer.map(str::to_owned),
            method: call.path,
            trail: Trail::default(),
        })
    }
}

fn refuse(bad: &BadToken) -> Error {
    Error::unauthenticated(&bad.to_string())
}

fn bearer<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, Error> {
    let Some(value) = headers.get(name) else {
        return Ok(None);
    };
    let token = value.to_str().ok().and_then(|text| {
        text.strip_prefix("Bearer ")
            .or_else(|| text.strip_prefix("bearer "))
    });
    token.map(Some).ok_or_else(|| refuse(&BadToken::Malformed))
}

fn bearer_of_service(headers: &HeaderMap) -> Result<Option<&str>, Error> {
    bearer(headers, SERVICE_HEADER)
}
