//! Heads: how far this service's chain has come, signed, put on its feed for
//! every subscriber, and recorded with a service that it may call.

use std::time::Duration;

use chrono::SubsecRound as _;
use kernel::{Clock, derived_uuid, to_proto_time};
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::audit_service_client::AuditServiceClient;
use proto::studio::operations::v1::platform_event::Fact as PlatformFact;
use sqlx::PgConnection;
use uuid::Uuid;

use super::encoding::LINK;
use super::witness::raise;
use crate::telemetry::meters;
use crate::{Error, Fact, Platform, inconsistent, telemetry};

/// Most entries below one head: more make another at once.
const MOST: i64 = 4_000;

/// Signing goes on until the process ends.
struct Rounds {
    every: Duration,
    /// Up to here a peer holds our heads, as far as this process knows.
    recorded: i64,
}

impl Platform {
    /// Signs a head over the entries since the last one and publishes it.
    /// None when there are none, or when this process has no key to sign with.
    pub async fn sign_head(&self) -> Result<Option<pb::AuditHead>, Error> {
        let Some(seal) = &self.inner.seal else {
            return Ok(None);
        };
        let mut tx = self.begin_system().await?;
        let lock = sqlx::query_scalar!("select one from chain_head for no key update skip locked");
        if lock.fetch_optional(&mut *tx).await?.is_none() {
            return Ok(None);
        }
        let Some(head) = next_head(&mut tx, self.name()).await? else {
            return Ok(None);
        };
        let head = seal.sign(head);
        insert(&mut tx, &head).await?;
        let fact = pb::PlatformEvent {
            fact: Some(PlatformFact::AuditHeadSigned(pb::AuditHeadSigned {
                head: Some(head.clone()),
            })),
        };
        let chain = derived_uuid(Uuid::nil(), &format!("audit chain of {}", self.name()));
        tx.publish(Fact::new(chain, head.seq, fact)).await?;
        tx.commit().await?;
        Ok(Some(head))
    }

    /// Hands the heads behind `recorded` to a service that this one may call.
    /// Returns up to where it holds them.
    pub async fn record_heads(&self, recorded: i64) -> Result<i64, Error> {
        let Some(peer) = self.inner.peers.first() else {
            return Ok(recorded);
        };
        let mut witness = AuditServiceClient::new(peer);
        let mut upto = recorded;
        for head in self.signed_heads(recorded, MOST).await? {
            let request_id = derived_uuid(
                Uuid::nil(),
                &format!("head {} {}", head.seq, hex::encode(&head.hash)),
            );
            let request = pb::RecordHeadRequest {
                request_id: request_id.to_string(),
                head: Some(head.clone()),
            };
            match witness
                .record_head(crate::request(request))
                .await
                .map_err(Error::from)
            {
                Ok(_) => {}
                // The witness keeps it as evidence, and would say the same again.
                Err(error) if error.reason().as_deref() == Some("HEAD_CONFLICT") => {
                    raise(&head, &telemetry::chain(&error));
                }
                Err(error) => return Err(error),
            }
            upto = head.seq;
        }
        Ok(upto)
    }

    /// The heads that this service signed behind a position, in order.
    pub(super) async fn signed_heads(&self, after: i64, most: i64) -> Result<Vec<pb::AuditHead>, Error> {
        let mut tx = self.begin_system().await?;
        signed_behind(&mut tx, self.name(), after, most).await
    }

    /// Signs and records as the chain grows, until the process ends.
    pub(crate) async fn run_heads(self, every: Duration) {
        if self.inner.seal.is_none() {
            tracing::warn!("no tokens.service_key: this service's audit has no signed heads");
            return;
        }
        let mut rounds = Rounds { every, recorded: 0 };
        loop {
            if let Err(error) = self.head_round(&mut rounds).await {
                tracing::warn!(
                    error = telemetry::chain(&error),
                    "the audit's head could not be signed or recorded"
                );
            }
            if let Err(error) = self.measure_audit(rounds.recorded).await {
                tracing::debug!(
                    error = telemetry::chain(&error),
                    "the audit could not be measured"
                );
            }
            tokio::time::sleep(rounds.every).await;
        }
    }

    async fn head_round(&self, rounds: &mut Rounds) -> Result<(), Error> {
        while let Some(head) = self.sign_head().await? {
            if i64::try_from(head.links.len() / LINK).unwrap_or(MOST) < MOST {
                break;
            }
        }
        rounds.recorded = self.record_heads(rounds.recorded).await?;
        Ok(())
    }

    /// How long the oldest entry has waited that no witness can hold yet, and
    /// how many contradictions were witnessed here.
    async fn measure_audit(&self, recorded: i64) -> Result<(), Error> {
        let called = self.inner.peers.first().is_some();
        let mut tx = self.begin_system().await?;
        let row = sqlx::query!(
            r#"
            select (select coalesce(extract(epoch from clock_timestamp() - c.chained_at) * 1000, 0)::bigint
                    from chain_after(
                        case when $1 then $2 else (select coalesce(max(seq), 0) from audit_heads) end, 1) c) as waiting_ms,
                   (select count(*) from audit_witnesses where conflict <> '') as "conflicts!"
            "#,
            called,
            recorded,
        )
        .fetch_one(&mut *tx)
        .await?;
        let number = |n: i64| u64::try_from(n).unwrap_or_default();
        meters()
            .audit_unwitnessed_ms
            .record(number(row.waiting_ms.unwrap_or_default()), &[]);
        meters().audit_conflicts.record(number(row.conflicts), &[]);
        Ok(())
    }
}

/// A head's columns, as every table of heads has them.
pub(super) struct HeadRow {
    pub seq: i64,
    pub hash: Vec<u8>,
    pub from_seq: i64,
    pub links: Vec<u8>,
    pub signed_at: kernel::Timestamp,
    pub key_id: String,
    pub signature: Vec<u8>,
}

impl HeadRow {
    pub(super) fn head(self, service: &str) -> pb::AuditHead {
        pb::AuditHead {
            service: service.to_owned(),
            seq: self.seq,
            hash: self.hash,
            from_seq: self.from_seq,
            links: self.links,
            signed_at: Some(to_proto_time(self.signed_at)),
            key_id: self.key_id,
            signature: self.signature,
        }
    }
}

/// Heads behind a position that stand in a service's own database.
pub(super) async fn signed_behind(
    tx: &mut PgConnection,
    service: &str,
    after: i64,
    most: i64,
) -> Result<Vec<pb::AuditHead>, Error> {
    let rows = sqlx::query_as!(
        HeadRow,
        r#"
        select seq, hash, from_seq, links, signed_at, key_id, signature
        from audit_heads where seq > $1 order by seq limit $2
        "#,
        after,
        most,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| row.head(service)).collect())
}

/// A head over the entries since the last one, as far as they are dense.
async fn next_head(tx: &mut PgConnection, service: &str) -> Result<Option<pb::AuditHead>, Error> {
    let entries = sqlx::query!(
        r#"
        select seq as "seq!", hash as "hash!"
        from chain_after((select coalesce(max(seq), 0) from audit_heads), $1)
        order by seq
        "#,
        MOST,
    )
    .fetch_all(tx)
    .await?;
    let Some(from_seq) = entries.first().map(|entry| entry.seq) else {
        return Ok(None);
    };
    let mut head = pb::AuditHead {
        service: service.to_owned(),
        from_seq,
        // As exactly as the database keeps it, since it is signed.
        signed_at: Some(to_proto_time(Clock::real().trunc_subsecs(6))),
        ..Default::default()
    };
    for (entry, seq) in entries.into_iter().zip(from_seq..) {
        if entry.seq != seq {
            break; // a reseal went on above
        }
        let link = entry
            .hash
            .get(..LINK)
            .ok_or_else(|| inconsistent("audit_chain", "hash"))?;
        head.links.extend_from_slice(link);
        (head.seq, head.hash) = (entry.seq, entry.hash);
    }
    Ok(Some(head))
}

async fn insert(tx: &mut PgConnection, head: &pb::AuditHead) -> Result<(), Error> {
    let signed_at = kernel::from_proto_time(head.signed_at.as_ref());
    sqlx::query!(
        r#"
        insert into audit_heads (seq, hash, from_seq, links, signed_at, key_id, signature)
        values ($1, $2, $3, $4, $5, $6, $7)
        "#,
        head.seq,
        head.hash,
        head.from_seq,
        head.links,
        signed_at,
        head.key_id,
        head.signature,
    )
    .execute(tx)
    .await?;
    Ok(())
}
