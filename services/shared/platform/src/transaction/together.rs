//! Writes of several callers in one transaction. Each was asked for by itself,
//! is claimed, audited and kept by itself, and is answered by itself; only the
//! commit is shared.

use proto::{Command, Event};
use sqlx::PgConnection;
use tokio::time::Instant;
use uuid::Uuid;

use super::Core;
use super::claims::{ClaimKey, reply_to};
use super::open::begin_by_index;
use crate::audit::audit;
use crate::door::remaining;
use crate::limits::Class;
use crate::outbox::{self, Fact};
use crate::{Caller, Error, Platform, crash_point, telemetry};

/// A write that somebody waits for. It is made where the call is served, so
/// that its caller, its trace and its deadline go with it.
pub struct Asked<C> {
    caller: Caller,
    request: C,
    claim: ClaimKey,
    trace_id: String,
    traceparent: String,
    until: Option<Instant>,
}

/// A write that was decided and carried out.
pub struct Done<'a, C: Command, E> {
    pub asked: &'a Asked<C>,
    pub reply: C::Reply,
    pub fact: Fact<E>,
}

/// One transaction for several writes, in operator scope: what each caller may
/// reach is for the decision to look at.
pub struct TogetherTx {
    pub(super) core: Core,
}

impl<C: Command> Asked<C> {
    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    pub fn request(&self) -> &C {
        &self.request
    }

    /// Nobody waits for the answer any more: what was not begun yet is not to be.
    pub fn is_late(&self) -> bool {
        self.until.is_some_and(|until| until <= Instant::now())
    }

    /// Who asks, and their key for this act: two with the same ask for the same.
    pub fn key(&self) -> (&str, Uuid) {
        (&self.claim.claimant, self.claim.request_id)
    }
}

impl Platform {
    /// Takes a write down that will be done together with others.
    pub fn ask<C: Command>(&self, caller: &Caller, request: C) -> Result<Asked<C>, Error> {
        Ok(Asked {
            claim: self.claim_key(caller, &request)?,
            caller: caller.clone(),
            request,
            trace_id: telemetry::current_trace_id(),
            traceparent: telemetry::current_traceparent(),
            until: remaining().map(|left| Instant::now() + left),
        })
    }

    /// Opens a transaction for several writes about money.
    pub async fn begin_together(&self) -> Result<TogetherTx, Error> {
        let tx = self.open_with(Class::Money, begin_by_index()).await?;
        Ok(TogetherTx {
            core: Core {
                tx,
                platform: self.clone(),
                published: false,
                tasked: false,
            },
        })
    }
}

impl TogetherTx {
    /// What those were answered who asked before, in the order of `asked`; none
    /// of those who ask for the first time. Lock first what they change: a twin
    /// that held it is done by then, and is seen.
    pub async fn earlier<C: Command>(
        &mut self,
        asked: &[&Asked<C>],
    ) -> Result<Vec<Option<Result<C::Reply, Error>>>, Error> {
        let claimants: Vec<String> = asked.iter().map(|a| a.claim.claimant.clone()).collect();
        let requests: Vec<Uuid> = asked.iter().map(|a| a.key().1).collect();
        let rows = sqlx::query!(
            r#"
            select a.place as "place!", c.rpc, c.fingerprint, c.outcome, c.reply
            from unnest($1::text[], $2::uuid[]) with ordinality a (caller, request_id, place)
            cross join lateral (
                select rpc, fingerprint, outcome, reply from claims
                where caller = a.caller and request_id = a.request_id
                limit 1
            ) c
            "#,
            &claimants,
            &requests,
        )
        .fetch_all(&mut **self)
        .await?;
        let mut earlier: Vec<_> = asked.iter().map(|_| None).collect();
        for row in rows {
            let place = usize::try_from(row.place - 1).ok();
            let Some((place, asked)) = place.and_then(|at| Some((at, asked.get(at)?))) else {
                continue;
            };
            let reply = row.reply.unwrap_or_default();
            let answer = reply_to::<C>(&asked.claim, (&row.rpc, &row.fingerprint), &row.outcome, &reply);
            asked.claim.trail.leave();
            earlier[place] = Some(answer);
        }
        Ok(earlier)
    }

    /// Claims, keeps, audits and tells of all of them, and commits. False when
    /// somebody claimed one of them since: then nothing is written.
    pub async fn commit<C: Command, E: Event>(mut self, done: &[Done<'_, C, E>]) -> Result<bool, Error> {
        let at = self.core.platform.clock.now();
        if !claim(&mut self, done).await? {
            return Ok(false);
        }
        let entries: Vec<_> = done
            .iter()
            .map(|d| d.asked.claim.entry("done", d.asked.trace_id.clone()))
            .collect();
        audit(&mut self, at, &entries).await?;
        let facts: Vec<_> = done
            .iter()
            .map(|d| (&d.fact, d.asked.traceparent.as_str()))
            .collect();
        outbox::insert(&mut self, &facts, at).await?;
        self.core.published = true;
        let method = C::METHOD;
        crash_point!("write.before_commit", "{method}");
        self.core.commit().await?;
        for d in done {
            d.asked.claim.trail.leave();
        }
        crash_point!("write.after_commit", "{method}");
        Ok(true)
    }
}

/// False when one of them is claimed already.
async fn claim<C: Command, E: Event>(tx: &mut PgConnection, done: &[Done<'_, C, E>]) -> Result<bool, Error> {
    use prost::Message as _;

    let claimants: Vec<String> = done.iter().map(|d| d.asked.claim.claimant.clone()).collect();
    let requests: Vec<Uuid> = done.iter().map(|d| d.asked.key().1).collect();
    let fingerprints: Vec<Vec<u8>> = done.iter().map(|d| d.asked.claim.fingerprint.clone()).collect();
    let replies: Vec<Vec<u8>> = done.iter().map(|d| d.reply.encode_to_vec()).collect();
    let claimed = sqlx::query!(
        r#"
        insert into claims (caller, request_id, rpc, fingerprint, outcome, reply)
        select c.caller, c.request_id, $1, c.fingerprint, 'done', c.reply
        from unnest($2::text[], $3::uuid[], $4::bytea[], $5::bytea[]) c (caller, request_id, fingerprint, reply)
        "#,
        C::METHOD,
        &claimants,
        &requests,
        &fingerprints,
        &replies,
    )
    .execute(tx)
    .await;
    match claimed {
        Ok(_) => Ok(true),
        Err(error) if error.as_database_error().and_then(|e| e.constraint()) == Some("claims_pkey") => {
            Ok(false)
        }
        Err(error) => Err(error.into()),
    }
}
