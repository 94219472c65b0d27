//! What people write about recharges and wallets: sealed for the member, opened
//! for who reads a recharge, gone with the member.

use kernel::PersonId;
use platform::Error;
use platform::vault::Sealed;
use proto::studio::wallet::v1 as pb;
use sqlx::PgConnection;

use crate::App;
use crate::domain::Recharge;
use crate::domain::recharge::{Rejection, State};

const EXPLANATION: &str = "recharges.explanation";
const CONSULTATION: &str = "recharges.consultation";
const FROZEN_WHY: &str = "wallets.frozen_why";

pub async fn explanation(
    app: &App,
    tx: &mut PgConnection,
    recharge: &Recharge,
    words: &str,
) -> Result<Sealed, Error> {
    let vault = app.vault();
    vault.seal_words(tx, recharge.person, EXPLANATION, words).await
}

/// None when nothing was said, which is not the same as nothing being kept.
pub async fn consultation(
    app: &App,
    tx: &mut PgConnection,
    recharge: &Recharge,
    words: &str,
) -> Result<Option<Sealed>, Error> {
    if words.is_empty() {
        return Ok(None);
    }
    let vault = app.vault();
    let sealed = vault.seal_words(tx, recharge.person, CONSULTATION, words);
    sealed.await.map(Some)
}

pub async fn frozen_why(
    app: &App,
    tx: &mut PgConnection,
    person: PersonId,
    words: &str,
) -> Result<Sealed, Error> {
    app.vault().seal_words(tx, person, FROZEN_WHY, words).await
}

/// Adds to a recharge as it is shown what was written about it.
pub async fn open(
    app: &App,
    tx: &mut PgConnection,
    recharge: &Recharge,
    mut shown: pb::Recharge,
) -> Result<pb::Recharge, Error> {
    let (vault, person) = (app.vault(), recharge.person);
    match &recharge.state {
        State::Posted {
            consultation: Some(words),
            ..
        } => shown.consultation = vault.open_words(tx, person, CONSULTATION, words).await?,
        State::Rejected(Rejection { explanation, .. }) => {
            shown.explanation = vault.open_words(tx, person, EXPLANATION, explanation).await?;
        }
        State::Returning(sent) | State::Returned(sent) => {
            let words = &sent.rejection.explanation;
            shown.explanation = vault.open_words(tx, person, EXPLANATION, words).await?;
        }
        _ => {}
    }
    Ok(shown)
}
