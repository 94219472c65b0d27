//! What people write about a case: sealed for the member, opened for who reads
//! the case, gone with the member.

use kernel::PersonId;
use platform::Error;
use platform::vault::Sealed;
use proto::studio::refunds::v1 as pb;
use sqlx::PgConnection;

use crate::App;
use crate::domain::Case;

const EXPLANATION: &str = "cases.explanation";
const NOTE: &str = "cases.decision_note";

pub async fn explanation(
    app: &App,
    tx: &mut PgConnection,
    person: PersonId,
    words: &str,
) -> Result<Sealed, Error> {
    app.vault().seal_words(tx, person, EXPLANATION, words).await
}

pub async fn note(app: &App, tx: &mut PgConnection, case: &Case, words: &str) -> Result<Sealed, Error> {
    app.vault().seal_words(tx, case.person, NOTE, words).await
}

/// Adds to a case as it is shown what was written about it.
pub async fn open(
    app: &App,
    tx: &mut PgConnection,
    case: &Case,
    shown: pb::RefundCase,
) -> Result<pb::RefundCase, Error> {
    let vault = app.vault();
    let explanation = vault
        .open_words(tx, case.person, EXPLANATION, &case.explanation)
        .await?;
    let decision_note = match case.state.decision() {
        Some(decision) => vault.open_words(tx, case.person, NOTE, &decision.note).await?,
        None => String::new(),
    };
    Ok(pb::RefundCase {
        explanation,
        decision_note,
        ..shown
    })
}
