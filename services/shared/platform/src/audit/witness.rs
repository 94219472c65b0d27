//! What this service holds of others' heads, so that none of them can be
//! rewritten or cut off unnoticed.

use kernel::from_proto_time;
use prost::Message as _;
use proto::studio::feed::v1::Event as Envelope;
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::platform_event::Fact as PlatformFact;
use sqlx::PgConnection;

use super::encoding::LINK;
use super::heads::HeadRow;
use crate::{Error, Platform, inconsistent};

/// The type of platform's own fact about a service's audit chain.
const HEAD_SIGNED: &str = "audit_head_signed";

/// What became of a head that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    /// It is recorded, now or since before.
    Recorded,
    /// It was kept, since it contradicts what was witnessed before.
    Contradicts(String),
}

/// Becomes a witness, when the fact is a head of the source's audit chain.
/// False when it is any other fact.
pub(crate) async fn learn(
    platform: &Platform,
    tx: &mut PgConnection,
    source: &str,
    envelope: &Envelope,
) -> Result<bool, Error> {
    if envelope.r#type != HEAD_SIGNED {
        return Ok(false);
    }
    let event = pb::PlatformEvent::decode(envelope.payload.as_slice())
        .map_err(|_| inconsistent("feed", format!("payload at {}", envelope.seq)))?;
    let Some(PlatformFact::AuditHeadSigned(signed)) = event.fact else {
        return Ok(true);
    };
    learn_head(platform, tx, source, &signed.head.unwrap_or_default()).await?;
    Ok(true)
}

async fn learn_head(
    platform: &Platform,
    tx: &mut PgConnection,
    source: &str,
    head: &pb::AuditHead,
) -> Result<(), Error> {
    let foreign = head.service != source || !platform.inner.head_keys.signed(head);
    // Kept rather than parked: whoever tampers must not be able to hold the feed up.
    let seen = if foreign {
        let why = format!("came from {source} and is not signed by {}", head.service);
        keep(tx, head, &why).await?;
        Seen::Contradicts(why)
    } else {
        witness(tx, head).await?
    };
    if let Seen::Contradicts(why) = seen {
        raise(head, &why);
    }
    Ok(())
}

/// The alarm: somebody changed a chain, or a restore wants a reseal.
pub(super) fn raise(head: &pb::AuditHead, why: &str) {
    tracing::error!(
        audit.service = head.service,
        audit.seq = head.seq,
        why,
        "a head of an audit chain contradicts what was witnessed"
    );
}

/// Records a head that its service signed, or keeps it as a contradiction.
pub(super) async fn witness(tx: &mut PgConnection, head: &pb::AuditHead) -> Result<Seen, Error> {
    // Two heads of one service wait for each other, so that neither misses the other.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtext('audit witness ' || $1))",
        head.service
    )
    .execute(&mut *tx)
    .await?;
    let known = near(tx, head).await?;
    let highest = highest(tx, &head.service).await?;
    let why = contradiction(head, &known, highest).unwrap_or_default();
    keep(tx, head, &why).await?;
    Ok(if why.is_empty() {
        Seen::Recorded
    } else {
        Seen::Contradicts(why)
    })
}

/// Why a head cannot be true if the known ones are.
fn contradiction(head: &pb::AuditHead, known: &[pb::AuditHead], highest: i64) -> Option<String> {
    for other in known {
        let differs = |seq: i64| {
            let ours = link(head, seq);
            let theirs = link(other, seq);
            ours.is_some() && theirs.is_some() && ours != theirs
        };
        let common = head.from_seq.max(other.from_seq)..=head.seq.min(other.seq);
        if let Some(seq) = common.into_iter().find(|seq| differs(*seq)) {
            return Some(format!("entry {seq} differs from what head {} says", other.seq));
        }
        if head.seq == other.seq && head.hash != other.hash {
            return Some(format!("another hash was witnessed at {}", head.seq));
        }
    }
    let covered = known
        .iter()
        .any(|other| other.from_seq <= head.seq && head.seq <= other.seq);
    (head.seq < highest && !covered).then(|| format!("the chain was at {highest} before"))
}

/// The first bytes of the hash that a head claims for an entry.
pub(super) fn link(head: &pb::AuditHead, seq: i64) -> Option<&[u8]> {
    let at = usize::try_from(seq.checked_sub(head.from_seq)?).ok()?;
    let from = at.checked_mul(LINK)?;
    head.links.get(from..from.checked_add(LINK)?)
}

/// Known heads that speak of the same entries.
async fn near(tx: &mut PgConnection, head: &pb::AuditHead) -> Result<Vec<pb::AuditHead>, Error> {
    let rows = sqlx::query_as!(
        HeadRow,
        r#"
        select seq, hash, from_seq, links, signed_at, key_id, signature
        from audit_witnesses
        where service = $1 and conflict = '' and seq >= $2 and from_seq <= $3
        order by seq
        limit 1000
        "#,
        head.service,
        head.from_seq,
        head.seq,
    )
    .fetch_all(tx)
    .await?;
    Ok(rows.into_iter().map(|row| row.head(&head.service)).collect())
}

async fn highest(tx: &mut PgConnection, service: &str) -> Result<i64, Error> {
    let highest = sqlx::query_scalar!(
        r#"select coalesce(max(seq), 0) as "highest!" from audit_witnesses where service = $1 and conflict = ''"#,
        service
    );
    Ok(highest.fetch_one(tx).await?)
}

async fn keep(tx: &mut PgConnection, head: &pb::AuditHead, conflict: &str) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into audit_witnesses (service, seq, hash, from_seq, links, signed_at, key_id, signature, conflict)
        values ($1, $2, $3, $4, $5, coalesce($6, to_timestamp(0)), $7, $8, $9)
        on conflict do nothing
        "#,
        head.service,
        head.seq,
        head.hash,
        head.from_seq,
        head.links,
        from_proto_time(head.signed_at.as_ref()),
        head.key_id,
        head.signature,
        conflict,
    )
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A head whose entries' links are these bytes, eight times each.
    fn head(from_seq: i64, links: &[u8]) -> pb::AuditHead {
        pb::AuditHead {
            service: "wallet".to_owned(),
            seq: from_seq + i64::try_from(links.len()).unwrap() - 1,
            hash: vec![*links.last().unwrap(); 32],
            from_seq,
            links: links.iter().flat_map(|b| [*b; LINK]).collect(),
            ..Default::default()
        }
    }

    #[test]
    fn the_next_head_the_same_head_and_a_late_one_contradict_nothing() {
        let known = [head(1, &[1, 2, 3]), head(4, &[4, 5])];
        assert_eq!(contradiction(&head(6, &[6]), &[], 5), None);
        assert_eq!(contradiction(&head(4, &[4, 5]), &known, 5), None);
        assert_eq!(contradiction(&head(1, &[1, 2]), &known, 5), None);
    }

    #[test]
    fn a_rewritten_entry_a_rewritten_end_and_a_shorter_chain_are_contradictions() {
        let known = [head(1, &[1, 2, 3]), head(4, &[4, 5])];
        let rewritten = contradiction(&head(1, &[1, 9, 8, 7, 6, 5]), &known, 5).unwrap();
        assert!(rewritten.contains("entry 2 differs"), "{rewritten}");
        let end = pb::AuditHead {
            hash: vec![0; 32],
            ..head(4, &[4, 5])
        };
        assert!(contradiction(&end, &known, 5).is_some());
        assert!(contradiction(&head(2, &[2]), &[], 5).is_some());
    }
}
