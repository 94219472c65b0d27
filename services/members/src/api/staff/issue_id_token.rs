use kernel::{BadField, PersonId, to_proto_time};
use platform::personal::{Email, Phone};
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::issue_id_token_request::Subject;

use crate::domain::Refusal;
use crate::identity::Identity;
use crate::{App, store};

/// Lets a developer be anybody, where that was switched on.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::IssueIdTokenRequest,
) -> Result<pb::IssueIdTokenResponse, Error> {
    let issuer = app.issuers.dev().ok_or(Refusal::DevIssuerDisabled)?;
    let subject = request
        .subject
        .ok_or_else(|| BadField::new("subject", "is required"))?;

    let identity = match subject {
        Subject::Account(text) => {
            Identity::Account(known_account(app, caller, Email::parse("account", &text)?).await?)
        }
        Subject::PersonId(text) => Identity::Member(PersonId::parse("person_id", &text)?),
        Subject::Phone(text) => {
            let phone = Phone::parse("phone", &text)?;
            let mut tx = app
                .begin_wide(caller, "the development issuer by a phone number")
                .await?;
            let person = store::people::find_by_phone(&mut tx, app.vault(), &phone).await?;
            Identity::Member(person.ok_or(Refusal::UnknownAccount)?.id)
        }
    };

    let (id_token, expire_at) = issuer.issue(&identity)?;
    Ok(pb::IssueIdTokenResponse {
        id_token,
        expire_at: Some(to_proto_time(expire_at)),
    })
}

async fn known_account(app: &App, caller: &Caller, account: Email) -> Result<Email, Error> {
    let mut tx = app
        .begin_wide(caller, "the development issuer by an account")
        .await?;
    let known = store::staff::find_account(&mut tx, app.vault(), &account)
        .await?
        .is_some();
    if known || app.settings.is_first_admin(&account) {
        Ok(account)
    } else {
        Err(Refusal::UnknownAccount.into())
    }
}
