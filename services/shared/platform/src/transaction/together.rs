//! Writes of several callers in one transaction. Each was asked for by itself and
//! is answered by itself; only the commit is shared. Each leaves rows of the
//! service's own that are its claim, its audit entry and its fact: the views
//! `own_acts` and `facts` must tell of them (`own_acts.rs`). Such a claim and one
//! in `claims` do not wait for each other, so one request id that is used for
//! two different calls at the same moment may be taken by both, each done once.

use proto::Command;
use tokio::time::Instant;
use uuid::Uuid;

use super::Core;
use super::claims::{ClaimKey, reply_to};
use super::open::begin_by_index;
use crate::door::remaining;
use crate::limits::Class;
use crate::{Caller, Error, Platform, crash_point, telemetry};

/// A write that somebody waits for. It is made where the call is served, so
/// that its caller, its trace and its deadline go with it.
pub struct Asked<C> {
    caller: Caller,
    request: C,
    claim: ClaimKey,
    traceparent: String,
    until: Option<Instant>,
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

    /// Who asks, as the audit names them, and their key for this act: two with
    /// the same ask for the same.
    pub fn key(&self) -> (&str, Uuid) {
        (&self.claim.actor, self.claim.request_id)
    }

    /// What tells this request from another with the same key.
    pub fn fingerprint(&self) -> &[u8] {
        &self.claim.fingerprint
    }

    /// The trace that the act belongs to.
    pub fn traceparent(&self) -> &str {
        &self.traceparent
    }
}

impl Platform {
    /// Takes a write down that will be done together with others.
    pub fn ask<C: Command>(&self, caller: &Caller, request: C) -> Result<Asked<C>, Error> {
        Ok(Asked {
            claim: self.claim_key(caller, &request)?,
            caller: caller.clone(),
            request,
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
        let actors: Vec<String> = asked.iter().map(|a| a.claim.actor.clone()).collect();
        let requests: Vec<Uuid> = asked.iter().map(|a| a.key().1).collect();
        let rows = sqlx::query!(
            r#"
            select a.place as "place!", c.rpc as "rpc!", c.fingerprint as "fingerprint!", c.outcome as "outcome!", c.reply, c.body
            from unnest($1::text[], $2::text[], $3::uuid[]) with ordinality a (claimant, actor, request_id, place)
            cross join lateral (
                select rpc, fingerprint, outcome, reply, null::jsonb as body from claims
                where caller = a.claimant and request_id = a.request_id
                union all
                select rpc, fingerprint, 'done', null, body from own_acts
                where actor = a.actor and request_id = a.request_id
                limit 1
            ) c
            "#,
            &claimants,
            &actors,
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
            let reply = match row.body {
                Some(body) => self.core.platform.own_reply(&row.rpc, body)?,
                None => row.reply.unwrap_or_default(),
            };
            let answer = reply_to::<C>(&asked.claim, (&row.rpc, &row.fingerprint), &row.outcome, &reply);
            asked.claim.trail.leave();
            earlier[place] = Some(answer);
        }
        Ok(earlier)
    }

    /// Commits what was written for all of them, each in rows that claim it, are
    /// its audit entry and tell of it.
    pub async fn commit<C: Command>(mut self, done: &[&Asked<C>]) -> Result<(), Error> {
        self.core.published = true;
        let method = C::METHOD;
        crash_point!("write.before_commit", "{method}");
        self.core.commit().await?;
        for asked in done {
            asked.claim.trail.leave();
        }
        crash_point!("write.after_commit", "{method}");
        Ok(())
    }
}
