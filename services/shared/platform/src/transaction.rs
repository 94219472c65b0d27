//! The one door to SQL. A transaction carries its caller's scope from its
//! first statement; a write is claimed by its request id, leaves an audit row
//! and keeps its reply, and none of that can be forgotten.

mod claims;
mod open;
mod together;

use std::ops::{Deref, DerefMut};
use std::time::Duration;

use kernel::Timestamp;
use proto::{Command, Event};
use sqlx::{AssertSqlSafe, PgConnection};
use tokio::time::{Instant, timeout_at};

use claims::{ClaimKey, earlier_reply, insert_claim};
pub(crate) use open::Open;
pub use together::{Asked, TogetherTx};

use crate::audit::{LOOKED, audit};
use crate::hints::Hint;
use crate::limits::{Class, Shed};
use crate::outbox::{self, Fact};
use crate::run::background;
use crate::tasks::{self, NewTask};
use crate::{Caller, Error, Platform, crash_point, telemetry};

/// What a call is told that found no connection free.
const CONNECTIONS_AGAIN: Duration = Duration::from_secs(1);

/// Reads in the scope of a caller. Dropping it ends it.
pub struct ReadTx {
    tx: Open,
}

/// The one write of a claimed request, in the scope of its caller.
pub struct WriteTx {
    core: Core,
    claim: ClaimKey,
}

/// A write of the system itself: reactions and tasks.
pub struct SystemTx {
    core: Core,
}

/// What claiming a request finds.
pub enum Claim<R> {
    /// Nobody did this yet.
    Fresh(WriteTx),
    /// It was done; this was the answer.
    Repeat(R),
}

struct Core {
    tx: Open,
    platform: Platform,
    published: bool,
    tasked: bool,
}

impl Platform {
    /// Opens a transaction that reads in the caller's scope.
    pub async fn begin(&self, caller: &Caller) -> Result<ReadTx, Error> {
        let (studios, own) = (caller.studios_setting(), caller.own_setting());
        let tx = self.open(caller.class(), &studios, &own, true).await?;
        Ok(ReadTx { tx })
    }

    /// Opens a transaction that reads in operator scope, for one thing looked
    /// up by its exact id, code or number. Who looked and why is kept before
    /// anything is read, and over one connection: whoever had to wait for a
    /// second would often be refused with half of the work done.
    pub async fn begin_wide(&self, caller: &Caller, why: &str) -> Result<ReadTx, Error> {
        let mut tx = self.open(caller.class(), "", "", false).await?;
        self.write_note(&mut tx, caller, LOOKED, why).await?;
        tx.commit_and_read("all", "").await?;
        Ok(ReadTx { tx })
    }

    /// Opens the write of a request in the caller's scope, unless it was done.
    pub async fn claim<C: Command>(&self, caller: &Caller, request: &C) -> Result<Claim<C::Reply>, Error> {
        let (studios, own) = (caller.studios_setting(), caller.own_setting());
        let tx = self.open(caller.class(), &studios, &own, false).await?;
        self.claim_in(tx, caller, request).await
    }

    /// As [`Platform::claim`], in operator scope: for a command on something
    /// named by its exact id that has its home in another studio. The decision
    /// checks the caller's reach.
    pub async fn claim_wide<C: Command>(
        &self,
        caller: &Caller,
        request: &C,
    ) -> Result<Claim<C::Reply>, Error> {
        let tx = self.open(caller.class(), "all", "", false).await?;
        self.claim_in(tx, caller, request).await
    }

    async fn claim_in<C: Command>(
        &self,
        mut tx: Open,
        caller: &Caller,
        request: &C,
    ) -> Result<Claim<C::Reply>, Error> {
        let claim = self.claim_key(caller, request)?;
        if insert_claim(&mut tx, &claim).await? {
            let core = Core {
                tx,
                platform: self.clone(),
                published: false,
                tasked: false,
            };
            return Ok(Claim::Fresh(WriteTx { core, claim }));
        }
        let earlier = earlier_reply::<C>(&mut tx, &claim).await?;
        claim.trail.leave();
        Ok(Claim::Repeat(earlier))
    }

    /// The refusal of what would have to wait behind too many others.
    pub fn overloaded(&self, caller: &Caller) -> Error {
        Shed::Queue.refuse(caller.class(), CONNECTIONS_AGAIN)
    }

    fn claim_key<C: Command>(&self, caller: &Caller, request: &C) -> Result<ClaimKey, Error> {
        Ok(ClaimKey {
            claimant: caller.claimant(),
            actor: caller.actor(),
            request_id: kernel::RequestId::parse("request_id", request.request_id())?.0,
            method: C::METHOD,
            fingerprint: self.fingerprint(&request.encode_to_vec()),
            trail: caller.trail.clone(),
        })
    }

    /// Opens a write of the system in operator scope. Reactions are handed
    /// theirs; tasks open it by [`crate::tasks::Task::begin`]; handlers cannot.
    pub(crate) async fn begin_system(&self) -> Result<SystemTx, Error> {
        self.begin_background(open::begin("all", "", false)).await
    }

    /// As [`Platform::begin_system`], with plans for statements that many rows
    /// go through: see [`open::begin_by_index`].
    pub(crate) async fn begin_by_index(&self) -> Result<SystemTx, Error> {
        self.begin_background(open::begin_by_index()).await
    }

    async fn begin_background(&self, begin: String) -> Result<SystemTx, Error> {
        let tx = self.inner.background.begin_with(AssertSqlSafe(begin)).await?;
        Ok(SystemTx {
            core: Core {
                tx: Open::new(tx, None),
                platform: self.clone(),
                published: false,
                tasked: false,
            },
        })
    }

    /// BEGIN and scope in one round trip, once the class has a connection left.
    pub(crate) async fn open(
        &self,
        class: Class,
        studios: &str,
        own: &str,
        read_only: bool,
    ) -> Result<Open, Error> {
        self.open_with(class, open::begin(studios, own, read_only)).await
    }

    async fn open_with(&self, class: Class, begin: String) -> Result<Open, Error> {
        let refuse = |shed: Shed| shed.refuse(class, CONNECTIONS_AGAIN);
        let place = self.inner.connections.enter(class).await.map_err(refuse)?;
        // From here on: who waited longest for a place must not be turned away at its door.
        let until = Instant::now() + self.inner.connections.wait();
        let calls = self.inner.calls.clone();
        let opening = background(async move {
            let tx = calls.begin_with(AssertSqlSafe(begin)).await?;
            Ok(Open::new(tx, Some(place)))
        });
        match timeout_at(until, opening).await {
            Ok(Ok(opened)) => opened,
            Ok(Err(broken)) => Err(Error::Internal(crate::telemetry::chain(&broken))),
            // What was begun goes on: logging in takes longer than a call can wait.
            Err(_) => Err(refuse(Shed::Connections)),
        }
    }
}

impl WriteTx {
    /// Publishes a fact. Call it after the aggregate's row is locked or made.
    pub async fn publish<E: Event>(&mut self, fact: Fact<E>) -> Result<(), Error> {
        self.core.publish(fact).await
    }

    /// Leaves work for later or for the outside.
    pub async fn task(&mut self, task: NewTask) -> Result<(), Error> {
        self.core.task(task).await
    }

    /// Keeps the reply, writes the audit row, commits.
    pub async fn commit<R: prost::Message>(mut self, reply: R) -> Result<R, Error> {
        self.finish("done", reply.encode_to_vec()).await?;
        let method = self.claim.method;
        crash_point!("write.before_commit", "{method}");
        self.core.commit().await?;
        self.claim.trail.leave();
        crash_point!("write.after_commit", "{method}");
        Ok(reply)
    }

    /// Commits what was written together with a refusal that must last, such
    /// as a counted wrong code, and returns the refusal to be answered.
    pub async fn commit_refusal(mut self, refused: impl Into<Error>) -> Error {
        let error = refused.into();
        let domain = domain(self.core.platform.name());
        let kept = error.to_status(&domain).details().to_vec();
        match self.finish("refused", kept).await {
            Ok(()) => {}
            Err(fault) => return fault,
        }
        let method = self.claim.method;
        crash_point!("refusal.before_commit", "{method}");
        match self.core.commit().await {
            Ok(()) => {
                crash_point!("refusal.after_commit", "{method}");
                error
            }
            Err(fault) => fault,
        }
    }

    async fn finish(&mut self, outcome: &str, reply: Vec<u8>) -> Result<(), Error> {
        let claim = &self.claim;
        sqlx::query!(
            "update claims set outcome = $3, reply = $4 where caller = $1 and request_id = $2",
            claim.claimant,
            claim.request_id,
            outcome,
            reply,
        )
        .execute(&mut *self.core.tx)
        .await?;
        let at = self.core.platform.clock.now();
        let entry = claim.entry(outcome, telemetry::current_trace_id());
        audit(&mut self.core.tx, at, &[entry]).await
    }
}

impl SystemTx {
    /// As [`WriteTx::publish`].
    pub async fn publish<E: Event>(&mut self, fact: Fact<E>) -> Result<(), Error> {
        self.core.publish(fact).await
    }

    /// As [`WriteTx::task`].
    pub async fn task(&mut self, task: NewTask) -> Result<(), Error> {
        self.core.task(task).await
    }

    /// Business time.
    pub fn now(&self) -> Timestamp {
        self.core.platform.clock.now()
    }

    pub(crate) async fn commit(self) -> Result<(), Error> {
        self.core.commit().await
    }

    /// Ends a transaction that found nothing to write, and tells nobody. What is
    /// only dropped holds its locks a moment longer.
    pub(crate) async fn leave(self) -> Result<(), Error> {
        Ok(self.core.tx.commit().await?)
    }
}

impl Core {
    async fn publish<E: Event>(&mut self, fact: Fact<E>) -> Result<(), Error> {
        let at = self.platform.clock.now();
        outbox::insert(&mut self.tx, &[(&fact, &telemetry::current_traceparent())], at).await?;
        self.published = true;
        Ok(())
    }

    async fn task(&mut self, task: NewTask) -> Result<(), Error> {
        let now = self.platform.clock.now();
        tasks::insert(&mut self.tx, task, now).await?;
        self.tasked = true;
        Ok(())
    }

    async fn commit(self) -> Result<(), Error> {
        self.tx.commit().await?;
        self.platform.inner.chain_bell.notify_one();
        if self.published {
            self.platform.inner.outbox_bell.notify_one();
            self.platform.inner.hints.tell(Hint::Facts);
        }
        if self.tasked {
            self.platform.inner.task_bell.notify_one();
            self.platform.inner.hints.tell(Hint::Tasks);
        }
        Ok(())
    }
}

/// `studio.wallet`: the domain of a service's own reasons.
pub(crate) fn domain(service: &str) -> String {
    format!("studio.{service}")
}

macro_rules! connection {
    ($($tx:ty => $($field:ident).+),*) => {$(
        impl Deref for $tx {
            type Target = PgConnection;
            fn deref(&self) -> &PgConnection {
                &self.$($field).+
            }
        }
        impl DerefMut for $tx {
            fn deref_mut(&mut self) -> &mut PgConnection {
                &mut self.$($field).+
            }
        }
    )*};
}
connection!(ReadTx => tx, WriteTx => core.tx, SystemTx => core.tx, TogetherTx => core.tx);
