//! Finds by questions to the source what its history and the inbox here have
//! in common: a search over the applied positions, a few hundred a question.

use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::feed::v1::{CheckPositionsRequest, CheckPositionsResponse, Position, PositionState};
use uuid::Uuid;

use super::follow::{Place, Stretch, kind_of};
use crate::{Error, Peer, Platform, inconsistent};

/// How many positions one question names.
const ASKED: i64 = 256;

/// What a comparison found.
pub(super) struct Found {
    /// `diverged`, or `pruned` when the source forgot what came next.
    pub kind: &'static str,
    pub common: Place,
    /// Facts that were applied here and that the source has no more.
    pub orphans: Vec<Uuid>,
}

pub(super) struct Compare<'a> {
    platform: &'a Platform,
    source: &'a str,
    feed: FeedServiceClient<Peer>,
    /// The divergence that is open: its orphans are compared again.
    open: Option<Uuid>,
}

struct Applied {
    seq: i64,
    event_id: Uuid,
}

impl Applied {
    fn place(&self) -> Place {
        Place {
            seq: self.seq,
            event_id: self.event_id.to_string(),
        }
    }
}

impl<'a> Compare<'a> {
    pub(super) fn new(platform: &'a Platform, source: &'a str, open: Option<Uuid>) -> Result<Self, Error> {
        Ok(Self {
            platform,
            source,
            feed: FeedServiceClient::new(platform.peer(source)?),
            open,
        })
    }

    /// Compares what was applied up to `place`.
    pub(super) async fn with(&self, place: &Place) -> Result<Found, Error> {
        // The place itself first: a source that got its history back has it,
        // and the inbox may have forgotten what lies so far back.
        let (state, pruned_seq) = self.state_of(place).await?;
        let common = match state {
            // Pruned: nobody can tell, and the source may have had it.
            PositionState::Same | PositionState::Pruned => place.clone(),
            _ => self.last_common(place.seq).await?,
        };
        Ok(Found {
            kind: kind_of(&common, pruned_seq),
            orphans: self.lost_after(common.seq).await?,
            common,
        })
    }

    /// What the source has of the fact at a place, and up to where it is pruned.
    async fn state_of(&self, place: &Place) -> Result<(PositionState, i64), Error> {
        if place.seq == 0 {
            return Ok((PositionState::Same, 0)); // before the first fact all histories agree
        }
        let fact = Applied {
            seq: place.seq,
            event_id: super::place::uuid(&place.event_id, "event_id")?,
        };
        let reply = self.positions(&[fact]).await?;
        Ok((reply.states().next().unwrap_or_default(), reply.pruned_seq))
    }

    /// The last position that both have: each answer leaves the stretch between
    /// two samples.
    async fn last_common(&self, upto: i64) -> Result<Place, Error> {
        let mut stretch = Stretch::upto(upto);
        loop {
            let samples = self.sample(stretch.after, stretch.upto).await?;
            if samples.is_empty() {
                return Ok(stretch.common);
            }
            let states = self.ask(&samples).await?;
            let samples: Vec<Place> = samples.iter().map(Applied::place).collect();
            stretch = stretch.narrow(&samples, &states);
        }
    }

    /// The first applied fact of each of some equal parts of a stretch.
    async fn sample(&self, after: i64, upto: i64) -> Result<Vec<Applied>, Error> {
        let step = ((upto - after) / ASKED + 1).max(1);
        let mut tx = self.platform.begin_system().await?;
        let rows = sqlx::query_as!(
            Applied,
            r#"
            select i.seq as "seq!", i.event_id as "event_id!"
            from generate_series($2::bigint + 1, $3::bigint, $4::bigint) as part(start)
            cross join lateral (
                select seq, event_id from inbox
                where source = $1 and seq >= part.start and seq < part.start + $4 and seq <= $3
                  and (divergence_id is null or divergence_id = $5)
                order by seq
                limit 1
            ) i
            order by i.seq
            "#,
            self.source,
            after,
            upto,
            step,
            self.open,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }

    /// Facts that were applied after `common` and that the source has nowhere.
    /// What is parked was not applied.
    async fn lost_after(&self, common: i64) -> Result<Vec<Uuid>, Error> {
        let mut lost = Vec::new();
        let mut after = (-1, Uuid::nil());
        loop {
            let page = self.applied_after(common, after).await?;
            let Some(end) = page.last() else { return Ok(lost) };
            after = (end.seq, end.event_id);
            let states = self.ask(&page).await?;
            let gone = page.iter().zip(states).filter(|(_, s)| *s == PositionState::Gone);
            lost.extend(gone.map(|(fact, _)| fact.event_id));
        }
    }

    async fn applied_after(&self, common: i64, after: (i64, Uuid)) -> Result<Vec<Applied>, Error> {
        let mut tx = self.platform.begin_system().await?;
        let rows = sqlx::query_as!(
            Applied,
            r#"
            select seq, event_id from inbox i
            where source = $1 and (seq > $2 or seq = 0) and (seq, event_id) > ($3, $4)
              and (divergence_id is null or divergence_id = $5)
              and not exists (select from parked_events p where p.source = i.source and p.event_id = i.event_id)
            order by seq, event_id
            limit $6
            "#,
            self.source,
            common,
            after.0,
            after.1,
            self.open,
            ASKED,
        )
        .fetch_all(&mut *tx)
        .await?;
        Ok(rows)
    }

    async fn ask(&self, facts: &[Applied]) -> Result<Vec<PositionState>, Error> {
        Ok(self.positions(facts).await?.states().collect())
    }

    async fn positions(&self, facts: &[Applied]) -> Result<CheckPositionsResponse, Error> {
        let positions = facts.iter().map(|fact| Position {
            seq: fact.seq.max(1), // one without a number is asked for by its id alone
            event_id: fact.event_id.to_string(),
        });
        let request = CheckPositionsRequest {
            positions: positions.collect(),
        };
        let reply = self.feed.clone().check_positions(crate::request(request)).await?;
        let reply = reply.into_inner();
        if reply.states.len() == facts.len() {
            Ok(reply)
        } else {
            Err(inconsistent(
                "feed",
                format!("{} answers fewer positions", self.source),
            ))
        }
    }
}
