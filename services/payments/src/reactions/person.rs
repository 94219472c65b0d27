use kernel::PersonId;
use platform::{Error, SystemTx};
use proto::studio::members::v1::MemberErased;

use crate::App;

/// Callbacks name the payer's account at the channel; without the person's key
/// nobody can read them any more.
pub async fn erase(app: &App, tx: &mut SystemTx, erased: &MemberErased) -> Result<(), Error> {
    app.vault()
        .shred(tx, PersonId::parse("person_id", &erased.person_id)?)
        .await
}
