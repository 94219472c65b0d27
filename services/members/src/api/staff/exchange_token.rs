use kernel::PersonId;
use platform::personal::Email;
use platform::telemetry::chain;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;
use uuid::Uuid;

use crate::api::token;
use crate::domain::Refusal;
use crate::domain::people::PersonState;
use crate::domain::staff::Grant;
use crate::identity::Identity;
use crate::{App, store};

/// What the audit calls the day's first use of a role.
const DOOR: &str = "sign-in";

/// Turns an id token of the identity provider into a platform token.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ExchangeTokenRequest,
) -> Result<pb::ExchangeTokenResponse, Error> {
    let token = match app.issuers.verify(&request.id_token)? {
        Identity::Account(account) => staff(app, caller, &account).await?,
        Identity::Member(person) => member(app, caller, person).await?,
    };
    Ok(pb::ExchangeTokenResponse { token: Some(token) })
}

async fn staff(app: &App, caller: &Caller, account: &Email) -> Result<pb::PlatformToken, Error> {
    let mut tx = app.begin_wide(caller, "a sign-in by an account").await?;
    if let Some(person) = store::staff::find_account(&mut tx, app.vault(), account).await? {
        let grants = store::staff::grants_of(&mut tx, person, app.clock.now()).await?;
        if !grants.is_empty() {
            drop(tx);
            // Nobody is kept out because the review of rights learns less.
            if let Err(error) = note_use(app, person, &grants).await {
                tracing::warn!(error = chain(&error), "the use of roles could not be noted");
            }
            return token::of_staff(app, person, &grants);
        }
    }
    // An empty operator has nobody who could import its first administrator.
    if app.settings.is_first_admin(account) && !store::staff::has_admin(&mut tx).await? {
        return token::of_first_admin(app, app.settings.first_admin_person());
    }
    Err(Refusal::UnknownAccount.into())
}

/// Writes down, once a day, that the roles are used: those that are not come
/// up in the review of rights. A token carries every role of the person, so
/// signing in uses them all. Beside the call, which claims nothing.
async fn note_use(app: &App, person: PersonId, grants: &[Grant]) -> Result<(), Error> {
    let today = app.clock.now().date_naive();
    let stale: Vec<Uuid> = grants
        .iter()
        .filter(|grant| grant.used_on.is_none_or(|day| day < today))
        .map(|grant| grant.id.0)
        .collect();
    if stale.is_empty() {
        return Ok(());
    }
    let mut tx = app.begin_beside(DOOR, &format!("staff:{person}")).await?;
    store::staff::used(&mut tx, &stale, today).await?;
    tx.commit().await
}

/// Only the development issuer names members.
async fn member(app: &App, caller: &Caller, person: PersonId) -> Result<pb::PlatformToken, Error> {
    let mut tx = app
        .begin_wide(
            caller,
            &format!("a sign-in by the development issuer of person {person}"),
        )
        .await?;
    let known = store::people::get(&mut tx, person).await?;
    if known.is_none_or(|person| person.state == PersonState::Erased) {
        return Err(Refusal::UnknownAccount.into());
    }
    token::of_member(app, person)
}
