//! People and their personal data.

pub(super) mod get_person;
pub(super) mod list_people;
pub(super) mod look_up_person;
pub(super) mod record_consent;
pub(super) mod register_person;
pub(super) mod resolve_contact;
pub(super) mod resolve_name;
pub(super) mod reveal_personal_data;

use kernel::to_proto_time;
use platform::{Caller, Error, ReadTx};
use proto::studio::members::v1 as pb;

use crate::domain::people::{Consent, Document, Language, Person, PersonState};
use crate::{App, store};

/// A person with every personal value masked.
async fn masked(app: &App, tx: &mut ReadTx, person: &Person) -> Result<pb::Person, Error> {
    let values = store::people::open(tx, app.vault(), person.id).await?;
    Ok(pb::Person {
        person_id: person.id.to_string(),
        home_studio_id: person.home.map(|home| home.to_string()).unwrap_or_default(),
        masked_name: values.name.map(|name| name.masked()).unwrap_or_default(),
        masked_phone: values.phone.map(|phone| phone.masked()).unwrap_or_default(),
        masked_id_number: values.id_number.map(|number| number.masked()).unwrap_or_default(),
        masked_email: values.email.map(|email| email.masked()).unwrap_or_default(),
        state: match person.state {
            PersonState::Registered => pb::PersonState::Registered,
            PersonState::Erased => pb::PersonState::Erased,
        }
        .into(),
        language: language_view(person.language).into(),
        registered_at: Some(to_proto_time(person.registered_at)),
        version: person.version,
    })
}

fn language_view(language: Language) -> pb::Language {
    match language {
        Language::Chinese => pb::Language::ZhCn,
        Language::English => pb::Language::En,
    }
}

fn consent(said: &pb::Consent) -> Result<Consent, Error> {
    let document = match said.document() {
        pb::ConsentDocument::Terms => Document::Terms,
        pb::ConsentDocument::Privacy => Document::Privacy,
        pb::ConsentDocument::Marketing => Document::Marketing,
        pb::ConsentDocument::Unspecified => {
            return Err(kernel::BadField::new("document", "is required").into());
        }
    };
    Ok(Consent {
        document,
        version: said.document_version.clone(),
        given: said.given,
    })
}

/// A look at one thing by its exact id: a member's within what is theirs,
/// others' in operator scope and audited.
pub(crate) async fn look(app: &App, caller: &Caller, what: &str) -> Result<ReadTx, Error> {
    if caller.is_member() {
        app.begin(caller).await
    } else {
        app.begin_wide(caller, what).await
    }
}
