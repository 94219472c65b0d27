//! The hot path of the ledger. Spends that wait are decided in the order in
//! which they came and committed together; each is answered by itself. What
//! cannot be done with others is done by itself, so that one that goes wrong
//! fails nobody else. `combiner` knows nothing of wallets, `together` carries a
//! batch out and has [`Books`](crate::domain::Books) decide, and `told` is what a
//! spend's reply and its fact tell, also of the one row that it leaves.

mod combiner;
mod together;
pub mod told;

use std::num::NonZeroU8;

use futures::FutureExt as _;
use futures::stream::{self, StreamExt as _};
use kernel::{PersonId, StudioId};
use platform::{Asked, Caller, Error};
use proto::studio::wallet::v1 as pb;

use crate::App;
use crate::domain::{Ask, Refusal};
use combiner::{Combiner, NoAnswer};

/// Spends in one commit.
const MOST: usize = 256;
/// Spends that wait in one lane; more are told to come back.
const ROOM: usize = 512;
/// How often a batch is begun anew because of a twin that came in between.
const TRIES: usize = 3;
/// Spends that are done by themselves side by side, once a batch has failed.
const BESIDE: usize = 4;

/// Where spends wait for each other: lanes whose batches are under way side by
/// side, so that one commits while another decides. A wallet's spends always go
/// the same way, so that no batch waits for the wallets of another.
pub struct Spending(Vec<Combiner<Job, Answer>>);

/// A spend that somebody waits for.
struct Job {
    asked: Asked<pb::SpendRequest>,
    ask: Ask,
}

type Answer = Result<pb::SpendResponse, Error>;

impl Spending {
    pub fn new(lanes: NonZeroU8) -> Self {
        Self((0..lanes.get()).map(|_| Combiner::new(1, MOST, ROOM)).collect())
    }

    /// How many spends wait for those that are under way.
    pub fn waiting(&self) -> usize {
        self.0.iter().map(Combiner::waiting).sum()
    }

    fn lane(&self, person: PersonId) -> &Combiner<Job, Answer> {
        &self.0[usize::from(person.0.as_bytes()[15]) % self.0.len()]
    }
}

/// Pays one due from a wallet, together with others that are paid now.
pub(crate) async fn spend(app: &App, caller: &Caller, request: pb::SpendRequest, ask: Ask) -> Answer {
    let asked = app.ask(caller, request)?;
    let answered = app
        .spending
        .lane(ask.person)
        .submit(Job { asked, ask }, |jobs| carry_out(app, jobs).boxed())
        .await;
    match answered {
        Ok(answer) => answer,
        Err(NoAnswer::Full) => Err(app.overloaded(caller)),
        Err(broken) => Err(Error::Internal(broken.to_string())),
    }
}

async fn carry_out(app: &App, jobs: Vec<Job>) -> Vec<Answer> {
    let rest = match at_once(app, &jobs).await {
        Ok(answers) => answers,
        Err(error) => {
            if let [_] = jobs.as_slice() {
                return vec![Err(error)];
            }
            let refused: Option<Vec<Answer>> =
                jobs.iter().map(|_| error.outage_for_another().map(Err)).collect();
            // by themselves they would only come upon the same once more each
            if let Some(refused) = refused {
                return refused;
            }
            tracing::warn!(
                error = platform::telemetry::chain(&error),
                spends = jobs.len(),
                "a batch is split up"
            );
            jobs.iter().map(|_| None).collect()
        }
    };
    let rest = jobs
        .into_iter()
        .zip(rest)
        .map(|(job, answer)| or_by_itself(app, job, answer).boxed());
    stream::iter(rest.collect::<Vec<_>>())
        .buffered(BESIDE)
        .collect()
        .await
}

async fn or_by_itself(app: &App, job: Job, answer: Option<Answer>) -> Answer {
    if let Some(answer) = answer {
        return answer;
    }
    match at_once(app, &[job]).await?.pop().flatten() {
        Some(answer) => answer,
        None => Err(Error::Internal("a spend by itself got no answer".to_owned())),
    }
}

/// As [`together::spend`], begun anew while twins come in between.
async fn at_once(app: &App, jobs: &[Job]) -> Result<Vec<Option<Answer>>, Error> {
    for _ in 0..TRIES {
        if let Some(answers) = together::spend(app, jobs).await? {
            return Ok(answers);
        }
    }
    Err(Error::Internal(
        "twins came in between, again and again".to_owned(),
    ))
}

/// Refuses what lies beyond the caller: a wallet neither at home in their
/// studios nor their own, or a studio that is not theirs.
fn in_reach(caller: &Caller, ask: &Ask, home: StudioId) -> Result<(), Refusal> {
    if caller.reaches_own(ask.person) {
        return Ok(());
    }
    if !caller.may_reach(home) {
        return Err(Refusal::UnknownWallet);
    }
    if !caller.may_reach(ask.studio) {
        return Err(Refusal::StudioUnknown);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use kernel::{Amount, DueId};
    use platform::Studios;
    use proto::studio::access::v1::Role;

    use super::*;

    #[test]
    fn a_spend_reaches_as_far_as_its_caller() {
        let (person, home, studio, elsewhere) = (
            PersonId::fresh(),
            StudioId::fresh(),
            StudioId::fresh(),
            StudioId::fresh(),
        );
        let ask = Ask {
            person,
            due: DueId::fresh(),
            amount: Amount::from_minor(1).unwrap(),
            studio,
            order: None,
            acting: person,
            caller: String::new(),
            request: uuid::Uuid::nil(),
        };
        let staff = |studios: &[StudioId]| {
            let caller = Caller::assembled(
                PersonId::fresh(),
                &[Role::FrontDesk],
                Studios::Some(studios.to_vec()),
            );
            in_reach(&caller, &ask, home)
        };
        let own = Caller::assembled(person, &[Role::Member], Studios::Some(Vec::new()));
        assert_eq!(in_reach(&own, &ask, home), Ok(()));
        assert_eq!(staff(&[home, studio]), Ok(()));
        assert_eq!(staff(&[studio]), Err(Refusal::UnknownWallet));
        assert_eq!(staff(&[home, elsewhere]), Err(Refusal::StudioUnknown));
        let everywhere = Caller::assembled(PersonId::fresh(), &[], Studios::All);
        assert_eq!(in_reach(&everywhere, &ask, home), Ok(()));
    }
}
