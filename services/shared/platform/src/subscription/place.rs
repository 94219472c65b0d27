//! How far each source was applied, and which facts of it were: the rows that
//! move together with the effect of a fact.

use proto::studio::feed::v1::Event as Envelope;
use sqlx::PgConnection;
use uuid::Uuid;

use super::follow;
pub(super) use super::follow::{Place, Standing};
use crate::{Error, Platform, inconsistent};

impl Standing {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Diverged => "diverged",
            Self::Exporting => "exporting",
        }
    }

    fn read(word: &str) -> Result<Self, Error> {
        [Self::Running, Self::Diverged, Self::Exporting]
            .into_iter()
            .find(|standing| standing.word() == word)
            .ok_or_else(|| inconsistent("cursors", "state"))
    }
}

pub(super) async fn cursor(platform: &Platform, source: &str) -> Result<(Place, Standing), Error> {
    let mut tx = platform.begin_system().await?;
    let row = sqlx::query!(
        "select seq, event_id, state from cursors where source = $1",
        source
    )
    .fetch_optional(&mut *tx)
    .await?;
    row.map_or(Ok((Place::default(), Standing::Running)), |row| {
        let place = Place {
            seq: row.seq,
            event_id: row.event_id,
        };
        Ok((place, Standing::read(&row.state)?))
    })
}

/// Moves the cursor from one place to the next, if it is still there and the
/// source is still followed. Whoever moves it holds it until the commit: a
/// second process, or one that still holds facts of a history that was given
/// up meanwhile, finds it elsewhere and applies nothing.
pub(super) async fn advance(
    tx: &mut PgConnection,
    source: &str,
    standing: Standing,
    from: &Place,
    to: &Place,
) -> Result<bool, Error> {
    if from.seq == 0 && standing == Standing::Running {
        sqlx::query!(
            "insert into cursors (source) values ($1) on conflict do nothing",
            source
        )
        .execute(&mut *tx)
        .await?;
    }
    let moved = sqlx::query!(
        r#"
        update cursors set seq = $5, event_id = $6
        where source = $1 and state = $2 and seq = $3 and event_id = $4
        "#,
        source,
        standing.word(),
        from.seq,
        from.event_id,
        to.seq,
        to.event_id,
    )
    .execute(tx)
    .await?;
    Ok(moved.rows_affected() == 1)
}

/// Moves the cursor forward from wherever it is.
pub(super) async fn move_on(tx: &mut PgConnection, source: &str, envelope: &Envelope) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into cursors (source, seq, event_id) values ($1, $2, $3)
        on conflict (source) do update set seq = excluded.seq, event_id = excluded.event_id
        where cursors.seq < excluded.seq
        "#,
        source,
        envelope.seq,
        envelope.event_id,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Claims a fact. False when it was applied before: then it only learns its
/// number anew, if a divergence took that away, and is an orphan no more.
pub(super) async fn claim(tx: &mut PgConnection, source: &str, envelope: &Envelope) -> Result<bool, Error> {
    let event_id = uuid(&envelope.event_id, "event_id")?;
    let inserted = sqlx::query!(
        r#"
        insert into inbox (source, event_id, seq, type, aggregate) values ($1, $2, $3, $4, $5)
        on conflict do nothing
        "#,
        source,
        event_id,
        envelope.seq,
        envelope.r#type,
        uuid(&envelope.aggregate, "aggregate")?,
    )
    .execute(&mut *tx)
    .await?;
    if inserted.rows_affected() == 1 {
        return Ok(true);
    }
    sqlx::query!(
        r#"
        update inbox set seq = $3, divergence_id = null
        where source = $1 and event_id = $2 and (seq = 0 or divergence_id is not null)
        "#,
        source,
        event_id,
        envelope.seq,
    )
    .execute(tx)
    .await?;
    Ok(false)
}

/// What contradicts the inbox among facts that come after the cursor: one that
/// was applied at another place, or a place where another was applied. Answers
/// with the last place before, and what it is.
pub(super) async fn contradiction(
    platform: &Platform,
    source: &str,
    place: &Place,
    events: &[Envelope],
) -> Result<Option<(Place, String)>, Error> {
    let seqs: Vec<i64> = events.iter().map(|e| e.seq).collect();
    let ids = events
        .iter()
        .map(|e| uuid(&e.event_id, "event_id"))
        .collect::<Result<Vec<_>, _>>()?;
    let mut tx = platform.begin_system().await?;
    let known = sqlx::query!(
        r#"
        select seq, event_id from inbox
        where source = $1 and divergence_id is null and seq > 0 and (seq = any($2) or event_id = any($3))
        order by seq
        "#,
        source,
        &seqs,
        &ids,
    )
    .fetch_all(&mut *tx)
    .await?;
    let known: Vec<_> = known.iter().map(|row| (row.seq, row.event_id)).collect();
    let told: Vec<_> = seqs.iter().copied().zip(ids.iter().copied()).collect();
    let Some((seq, event_id)) = follow::contradiction(&known, &told) else {
        return Ok(None);
    };
    let why = format!("the fact {event_id} was applied at {seq}");
    let before = sqlx::query!(
        r#"
        select seq, event_id from inbox
        where source = $1 and divergence_id is null and seq > 0 and seq < $2
        order by seq desc limit 1
        "#,
        source,
        seq.min(place.seq + 1),
    );
    let before = before.fetch_optional(&mut *tx).await?;
    let before = before.map_or_else(Place::default, |row| Place {
        seq: row.seq,
        event_id: row.event_id.to_string(),
    });
    Ok(Some((before, why)))
}

/// Applies nothing of the source any more, and goes back to the last place
/// that may be common, if the cursor still stands at `place`.
pub(super) async fn quarantine(
    platform: &Platform,
    source: &str,
    place: &Place,
    back: &Place,
    why: &str,
) -> Result<(), Error> {
    let mut tx = platform.begin_system().await?;
    let stopped = sqlx::query!(
        r#"
        update cursors set state = 'diverged', seq = $4, event_id = $5, why = $6
        where source = $1 and seq = $2 and event_id = $3 and state <> 'diverged'
        "#,
        source,
        place.seq,
        place.event_id,
        back.seq,
        back.event_id,
        why,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    if stopped.rows_affected() == 1 {
        tracing::error!(
            feed.source = source,
            feed.seq = place.seq,
            why,
            "the stream is quarantined: its history parted from what was applied"
        );
    }
    Ok(())
}

pub(super) fn uuid(text: &str, field: &str) -> Result<Uuid, Error> {
    text.parse().map_err(|_| inconsistent("feed", field))
}
