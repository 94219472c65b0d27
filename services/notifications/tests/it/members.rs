//! members as these tests need it: addresses, one-time codes and one card.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use kernel::{ChallengeId, PersonId};
use proto::studio::members::v1 as pb;
use testkit::made_up::{MadeUp, Serving};
use tonic::Status;

/// What the test has members say, and what members was asked.
#[derive(Clone, Default)]
pub struct Members {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    contacts: HashMap<String, pb::ResolveContactResponse>,
    codes: HashMap<String, String>,
    sent: Vec<String>,
    card: pb::GetCardResponse,
    away: bool,
}

impl Members {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Knows an address of a person.
    pub fn knows(&self, person: PersonId, email: &str, language: pb::Language) {
        let contact = pb::ResolveContactResponse {
            name: "林晓".to_owned(),
            email: email.to_owned(),
            phone: "+8613800138000".to_owned(),
            language: language.into(),
            marketing_allowed: false,
        };
        self.state().contacts.insert(person.to_string(), contact);
    }

    pub fn forgets(&self, person: PersonId) {
        self.state().contacts.remove(&person.to_string());
    }

    pub fn challenges(&self, challenge: ChallengeId, code: &str) {
        self.state().codes.insert(challenge.to_string(), code.to_owned());
    }

    /// The challenges whose readable copies were destroyed.
    pub fn sent(&self) -> Vec<String> {
        self.state().sent.clone()
    }

    pub fn has_card(&self, card: pb::GetCardResponse) {
        self.state().card = card;
    }

    /// Cannot be reached for now, or again.
    pub fn is_away(&self, away: bool) {
        self.state().away = away;
    }

    fn here(&self) -> Result<MutexGuard<'_, State>, Status> {
        let state = self.state();
        if state.away {
            Err(Status::unavailable("members is away"))
        } else {
            Ok(state)
        }
    }

    pub async fn serve(&self) -> Serving {
        let (contacts, codes, sent, card) = (self.clone(), self.clone(), self.clone(), self.clone());
        MadeUp::new()
            .on(move |r: pb::ResolveContactRequest| {
                contacts
                    .here()?
                    .contacts
                    .get(&r.person_id)
                    .cloned()
                    .ok_or_else(|| Status::not_found("nobody"))
            })
            .on(move |r: pb::RevealChallengeCodeRequest| {
                let code = codes.here()?.codes.get(&r.challenge_id).cloned();
                let code = code.ok_or_else(|| Status::failed_precondition("gone"))?;
                Ok(pb::RevealChallengeCodeResponse {
                    code,
                    ..Default::default()
                })
            })
            .on(move |r: pb::MarkChallengeSentRequest| {
                let mut state = sent.here()?;
                state.codes.remove(&r.challenge_id);
                state.sent.push(r.challenge_id);
                Ok(pb::MarkChallengeSentResponse {})
            })
            .on(move |_: pb::GetCardRequest| Ok(card.here()?.card.clone()))
            .serve()
            .await
    }
}
