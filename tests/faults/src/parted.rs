//! A source that lost its last facts, seen from those who follow it: what they
//! had applied and is true no more, that they stop, and how persons let them
//! go on.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use kernel::{PersonId, fresh_uuid};
use proto::Call;
use proto::studio::access::v1::Role;
use proto::studio::operations::v1 as pb;
use sqlx::PgPool;
use testkit::{At, Identity};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use crate::house::House;
use crate::patience::{asked, until, until_so};
use crate::streams::streams;

/// Facts by their ids.
pub type Facts = BTreeSet<Uuid>;

/// Who follows a source.
pub fn followers(source: &str) -> Vec<&'static str> {
    let all = streams().into_iter();
    all.filter(|(_, sources)| sources.contains(&source))
        .map(|(service, _)| service)
        .collect()
}

/// Every fact that a service has written, with a number or not.
pub async fn written(pool: &PgPool) -> Result<Facts> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select event_id from facts")
        .fetch_all(pool)
        .await?;
    Ok(ids.into_iter().collect())
}

/// Every fact of a source that a service has applied.
pub async fn applied(house: &House, service: &str, source: &str) -> Result<Facts> {
    let ids: Vec<Uuid> = sqlx::query_scalar("select event_id from inbox where source = $1")
        .bind(source)
        .fetch_all(house.pool(service)?)
        .await?;
    Ok(ids.into_iter().collect())
}

/// The highest number of a source's feed.
pub async fn head(pool: &PgPool) -> Result<i64> {
    let head = sqlx::query_scalar("select coalesce(max(seq), 0) from feed");
    Ok(head.fetch_one(pool).await?)
}

/// What all followers of `source` had applied of it, at some moment.
pub struct Before {
    source: &'static str,
    applied: BTreeMap<&'static str, Facts>,
}

/// A follower that had applied what its source has no more.
#[derive(Debug)]
pub struct Stopped {
    pub service: &'static str,
    pub divergence: pb::Divergence,
    pub orphans: Vec<pb::Orphan>,
}

impl Before {
    /// To be looked at while the source is away: nobody learns of it then, and
    /// what they have in hand is applied once nothing changes any more.
    pub async fn of(house: &House, source: &'static str) -> Result<Self> {
        let look = async || {
            let mut seen = BTreeMap::new();
            for service in followers(source) {
                seen.insert(service, applied(house, service, source).await?);
            }
            anyhow::Ok(seen)
        };
        let mut seen = BTreeMap::new();
        let applied = until("what was read is applied", async || {
            let before = std::mem::replace(&mut seen, look().await?);
            sleep(Duration::from_secs(1)).await;
            Ok((before == seen).then(|| seen.clone()))
        })
        .await?;
        Ok(Self { source, applied })
    }

    /// Waits until everybody has stopped who is ahead of the source, and the
    /// source has new facts that they could have taken. Returns them with what
    /// is wrong: a fact that is lost and not named, or named and not lost, or
    /// one of the new history that was applied.
    pub async fn stop(&self, house: &House) -> Result<(Vec<Stopped>, Vec<String>)> {
        let (mut stopped, mut wrong) = (Vec::new(), Vec::new());
        self.find_stopped(house, &mut stopped).await?;
        self.source_goes_on(house, &stopped).await?;
        // One that stood still may have had facts in hand.
        self.find_stopped(house, &mut stopped).await?;
        for found in &stopped {
            wrong.extend(self.misnamed(house, found).await?);
            wrong.extend(self.applied_of_the_new(house, found.service).await?);
        }
        Ok((stopped, wrong))
    }

    /// Waits for everybody who has applied facts that are in no history any
    /// more, by a look into the databases alone. What was applied is read
    /// first: who goes on by right applies what is written meanwhile.
    async fn find_stopped(&self, house: &House, stopped: &mut Vec<Stopped>) -> Result<()> {
        for service in followers(self.source) {
            if stopped.iter().any(|found| found.service == service) {
                continue;
            }
            let applied = applied(house, service, self.source).await?;
            if !applied.is_subset(&written(house.pool(self.source)?).await?) {
                stopped.push(self.stopped(house, service).await?);
            }
        }
        Ok(())
    }

    async fn misnamed(&self, house: &House, found: &Stopped) -> Result<Option<String>> {
        let named = found.orphans.iter().filter_map(|o| o.event_id.parse().ok());
        let named: Facts = named.collect();
        let lost = applied(house, found.service, self.source).await?;
        let written = written(house.pool(self.source)?).await?;
        let lost: Facts = lost.difference(&written).copied().collect();
        let text = || {
            format!(
                "{} names {} facts as lost, {} are",
                found.service,
                named.len(),
                lost.len()
            )
        };
        Ok((named != lost).then(text))
    }

    async fn stopped(&self, house: &House, service: &'static str) -> Result<Stopped> {
        let stops = format!("{service} stops to follow {}, which lost facts", self.source);
        let found = async || open_divergence(house, service, self.source).await;
        let divergence = until(&stops, found).await?;
        let orphans = orphans(house, service, &divergence.divergence_id).await?;
        Ok(Stopped {
            service,
            divergence,
            orphans,
        })
    }

    /// Waits until the source has facts that the stopped could have applied,
    /// and a little longer than they need to ask for them.
    async fn source_goes_on(&self, house: &House, stopped: &[Stopped]) -> Result<()> {
        let common = stopped.iter().map(|s| s.divergence.common_seq).max();
        let further = common.unwrap_or_default() + 1;
        until_so("the source has new facts", async || {
            Ok(head(house.pool(self.source)?).await? > further)
        })
        .await?;
        sleep(Duration::from_secs(1)).await;
        Ok(())
    }

    async fn applied_of_the_new(&self, house: &House, service: &str) -> Result<Vec<String>> {
        let before = self.applied.get(service).context("a follower")?;
        let now = applied(house, service, self.source).await?;
        let written = written(house.pool(self.source)?).await?;
        let new = now
            .iter()
            .filter(|id| written.contains(id) && !before.contains(id));
        Ok(new
            .map(|id| {
                format!(
                    "{service} applied {id} of {} before anybody resumed it",
                    self.source
                )
            })
            .collect())
    }
}

/// Waits until every follower has taken all of the source's facts.
pub async fn all_follow(house: &House, source: &str, patience: Duration) -> Result<()> {
    let until = Instant::now() + patience;
    let mut behind = Vec::new();
    while Instant::now() < until {
        let head = head(house.pool(source)?).await?;
        behind.clear();
        for service in followers(source) {
            let cursor: Option<(i64, String)> =
                sqlx::query_as("select seq, state from cursors where source = $1")
                    .bind(source)
                    .fetch_optional(house.pool(service)?)
                    .await?;
            if cursor
                .as_ref()
                .is_none_or(|(seq, state)| *seq < head || state != "running")
            {
                behind.push((service, cursor));
            }
        }
        if behind.is_empty() {
            return Ok(());
        }
        sleep(Duration::from_millis(100)).await;
    }
    bail!("{behind:?} do not follow {source}")
}

async fn ask<C: Call>(house: &House, service: &str, who: &Identity, request: C) -> Result<C::Reply> {
    Ok(asked(house, service, who, request).await??)
}

/// Somebody who may look and resume, by number: another number, another person.
fn operator(number: u128) -> Identity {
    let person = PersonId(Uuid::from_u128(number));
    Identity::posts(person, &[(Role::Operations, At::Everywhere)])
}

async fn open_divergence(house: &House, service: &str, source: &str) -> Result<Option<pb::Divergence>> {
    let request = pb::ListDivergencesRequest {
        source: source.to_owned(),
        open_only: true,
        ..pb::ListDivergencesRequest::default()
    };
    let listed = ask(house, service, &operator(1), request).await?;
    Ok(listed.divergences.into_iter().next())
}

async fn orphans(house: &House, service: &str, divergence_id: &str) -> Result<Vec<pb::Orphan>> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::GetDivergenceRequest {
            divergence_id: divergence_id.to_owned(),
            page_size: 200,
            page_token,
        };
        let page = ask(house, service, &operator(1), request).await?;
        all.extend(page.orphans);
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return Ok(all);
        }
    }
}

/// One person proposes to follow the source again, may not confirm that, and
/// another one does: as `studioctl feeds propose` and `resume` do it.
pub async fn resume(house: &House, stopped: &Stopped) -> Result<()> {
    let (one, other) = (operator(1), operator(2));
    let id = &stopped.divergence.divergence_id;
    for _ in 0..10 {
        let Some(seen) = open_divergence(house, stopped.service, &stopped.divergence.source).await? else {
            bail!("{} was resumed by nobody", stopped.service);
        };
        let propose = pb::ProposeResumptionRequest {
            request_id: fresh_uuid().to_string(),
            divergence_id: id.clone(),
            version: seen.version,
            reason: "looked at everything that is lost".to_owned(),
        };
        let Ok(proposed) = ask(house, stopped.service, &one, propose).await else {
            continue; // it was compared anew meanwhile: look again
        };
        let version = proposed.divergence.context("a divergence")?.version;
        let confirm = || pb::ResumeFeedRequest {
            request_id: fresh_uuid().to_string(),
            divergence_id: id.clone(),
            version,
        };
        if ask(house, stopped.service, &one, confirm()).await.is_ok() {
            bail!("one person alone resumed {}", stopped.service);
        }
        if ask(house, stopped.service, &other, confirm()).await.is_ok() {
            return Ok(());
        }
    }
    bail!("{} cannot be resumed", stopped.service)
}
