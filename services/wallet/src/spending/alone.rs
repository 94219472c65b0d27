use platform::{Claim, Error};

use super::{Answer, Job, in_reach, reply};
use crate::domain::{Books, Refusal};
use crate::{App, facts, store};

/// One spend in a transaction of its own, in its caller's scope.
pub(super) async fn spend(app: &App, job: &Job) -> Answer {
    let Job { asked, ask } = job;
    if asked.is_late() {
        return Err(Error::deadline());
    }
    let mut tx = match app.claim(asked.caller(), asked.request()).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let studio = app
        .organisation()
        .studio(ask.studio)
        .ok_or(Refusal::StudioUnknown)?;
    let wallet = store::wallets::lock(&mut tx, ask.person, &[])
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    in_reach(asked.caller(), ask, wallet.home_studio)?;
    let paid = store::spends::paid(&mut tx, &[ask.due]).await?;

    let at = app.clock.now();
    let mut books = Books::new([wallet], paid);
    let spent = books.spend(ask, studio.legal_entity, at)?;

    store::spends::write(&mut tx, &[&spent], &books.changes(), at).await?;
    tx.publish(facts::spent(&spent)).await?;
    tx.commit(reply(&spent)).await
}
