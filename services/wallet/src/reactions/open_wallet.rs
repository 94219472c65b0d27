use kernel::{PersonId, StudioId};
use platform::{Error, SystemTx};
use proto::studio::members::v1::PersonRegistered;

use crate::domain::Wallet;
use crate::{App, facts, store};

/// Whoever is registered has a wallet, where they belong.
pub async fn react(app: &App, tx: &mut SystemTx, fact: &PersonRegistered) -> Result<(), Error> {
    let person = PersonId::parse("person_id", &fact.person_id)?;
    let home = StudioId::parse("home_studio_id", &fact.home_studio_id)?;
    let wallet = Wallet::new(person, home);
    if store::wallets::open(tx, &wallet, app.clock.now()).await? {
        tx.publish(facts::opened(&wallet)).await?;
    }
    Ok(())
}
