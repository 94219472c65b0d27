use std::collections::HashSet;

use chrono::SubsecRound as _;
use kernel::Timestamp;
use platform::Error;

use super::told::Told;
use super::{Answer, Job, in_reach};
use crate::domain::{Books, Refusal, Spent};
use crate::store::journal::{Kept, Written};
use crate::{App, store};

/// Spends in one transaction. Answers each, and none of those that ask for the
/// same as another of them; nothing was done when a twin came in between, or
/// when anything but the rules stands in the way.
pub(super) async fn spend(app: &App, jobs: &[Job]) -> Result<Option<Vec<Option<Answer>>>, Error> {
    let people: Vec<_> = jobs.iter().map(|job| job.ask.person).collect();
    let dues: Vec<_> = jobs.iter().map(|job| job.ask.due).collect();
    let asked: Vec<_> = jobs.iter().map(|job| &job.asked).collect();

    let mut tx = app.begin_together().await?;
    let wallets = store::wallets::lock_all(&mut tx, &people, &[]).await?;
    let earlier = tx.earlier(&asked).await?;
    let mut books = Books::new(wallets, store::spends::paid(&mut tx, &dues).await?);

    // As exactly as the database keeps it: a reply is told again from the row.
    let at = app.clock.now().trunc_subsecs(6);
    let (mut spent, mut keys, mut answers) = (Vec::new(), HashSet::new(), Vec::new());
    for (job, earlier) in jobs.iter().zip(earlier) {
        let fresh = earlier.is_none() && keys.insert(job.asked.key());
        answers.push(match fresh.then(|| decide(app, &mut books, job, at)) {
            None => earlier,
            Some(Err(refused)) => Some(Err(refused)),
            Some(Ok(decided)) => {
                let answer = Told::of(&decided).reply();
                spent.push((job, decided));
                Some(Ok(answer))
            }
        });
    }
    if spent.is_empty() {
        return Ok(Some(answers));
    }

    let rows: Vec<_> = spent
        .iter()
        .map(|(job, spent)| (spent, kept(job, spent)))
        .collect();
    match store::spends::write_all(&mut tx, &rows, &books.changes(), at).await? {
        Written::Twin => return Ok(None),
        Written::All => {}
    }
    let done: Vec<_> = spent.iter().map(|(job, _)| &job.asked).collect();
    tx.commit(&done).await?;
    Ok(Some(answers))
}

fn kept<'a>(job: &'a Job, spent: &Spent) -> Kept<'a> {
    Kept {
        fingerprint: job.asked.fingerprint(),
        traceparent: job.asked.traceparent(),
        version: spent.version,
        spendable: spent.spendable,
    }
}

fn decide(app: &App, books: &mut Books, job: &Job, at: Timestamp) -> Result<Spent, Error> {
    if job.asked.is_late() {
        return Err(Error::deadline());
    }
    let studio = app
        .organisation()
        .studio(job.ask.studio)
        .ok_or(Refusal::StudioUnknown)?;
    let wallet = books.wallet(job.ask.person).ok_or(Refusal::UnknownWallet)?;
    in_reach(job.asked.caller(), &job.ask, wallet.home_studio)?;
    Ok(books.spend(&job.ask, studio.legal_entity, at)?)
}
