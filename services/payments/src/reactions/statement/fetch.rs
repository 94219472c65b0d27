use platform::{BoxFuture, Error, Settled, SystemTx, Task};

use super::{Wanted, follow_up, take};
use crate::channel::{Bill, BillKind, Outcome};
use crate::domain::reconciliation::Book;
use crate::domain::statement::{Kind, figures};
use crate::reactions::kinds;
use crate::{App, meters, store};

/// A channel keeps its bills for three months; before that somebody must have
/// looked.
pub(super) const KEPT_DAYS: i64 = 85;

/// Fetches one bill, as often as it takes. Only a bill that is here ends it, or
/// a channel that has none for this account.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let wanted: Wanted = task.payload()?;
        let (book, kind) = (wanted.book()?, wanted.kind()?);
        let mut tx = task.begin(app).await?;
        if store::statement::taken(&mut tx, &book, kind, wanted.day)
            .await?
            .is_some()
        {
            return tx.done(task).await;
        }
        drop(tx);
        let merchant = app.merchants.by_name(&book.account);
        let Some(channel) = merchant.and_then(|m| m.channel_called(book.party.word())) else {
            tracing::error!(
                account = book.account,
                "a bill is wanted of an account that is no longer configured"
            );
            return task.begin(app).await?.done(task).await;
        };
        let fetching = Fetching {
            app,
            task,
            wanted: &wanted,
            book: &book,
            kind,
        };
        let bill = async { Ok(channel.bill(wanted.day, bill_kind(kind)).await) };
        match task.hold_while(app, bill).await? {
            Outcome::Succeeded(bill) => take::run(&fetching, &bill).await,
            Outcome::NotFound => fetching.nothing().await,
            Outcome::Failed(failure) if failure.code == "NOT_OFFERED" => {
                task.begin(app).await?.done(task).await
            }
            Outcome::Failed(failure) => fetching.later(&failure.code).await,
            Outcome::Pending => fetching.later("it is still being made").await,
            Outcome::Unknown(why) | Outcome::NeedsPerson(why) => fetching.later(&why).await,
        }
    })
}

fn bill_kind(kind: Kind) -> BillKind {
    match kind {
        Kind::Trades => BillKind::Trades,
        Kind::Funds | Kind::Bank => BillKind::Funds,
    }
}

/// One bill on its way to us.
pub struct Fetching<'a> {
    pub app: &'a App,
    pub task: &'a Task,
    pub wanted: &'a Wanted,
    pub book: &'a Book,
    pub kind: Kind,
}

impl Fetching<'_> {
    /// The channel has no bill. When we had money that day it is not there yet;
    /// else the day was empty.
    async fn nothing(&self) -> Result<Settled, Error> {
        let day = self.wanted.day;
        let mut tx = self.task.begin(self.app).await?;
        let (from, before) = (figures::start(day), figures::start(day + chrono::Days::new(1)));
        if store::statement::has_money(&mut tx, self.book, from, before).await? {
            drop(tx);
            return self
                .later("the channel has none, and we had money that day")
                .await;
        }
        let empty = Bill {
            bytes: Vec::new(),
            stated_digest: String::new(),
        };
        let (statement, _) = take::arrive(self, &mut tx, &empty).await?;
        self.taken(tx, statement.id).await
    }

    /// The bill is whole, and counts.
    pub async fn taken(&self, mut tx: SystemTx, id: uuid::Uuid) -> Result<Settled, Error> {
        store::statement::end(&mut tx, id, store::statement::State::Taken, "").await?;
        tx.task(follow_up(kinds::MATCH_DAY, self.book, self.wanted.day))
            .await?;
        tx.done(self.task).await
    }

    /// It is asked for again; late, that is an alarm each time.
    pub async fn later(&self, why: &str) -> Result<Settled, Error> {
        let (now, terms) = (self.app.clock.now(), &self.app.config.statements);
        let (party, account, day) = (self.book.party.word(), &self.book.account, self.wanted.day);
        let since = now - terms.fetched_at(day);
        let tx = self.task.begin(self.app).await?;
        if since > chrono::Duration::days(KEPT_DAYS) {
            tracing::error!(party, account, %day, why, "a bill never came, and the channel keeps it no longer");
            meters::bill_missing(party);
            return tx.done(self.task).await;
        }
        if since > terms.missing_after() {
            tracing::error!(party, account, %day, kind = self.kind.word(), why, "a bill is missing");
            meters::bill_missing(party);
        }
        tx.again(self.task, terms.ask_again()).await
    }
}
