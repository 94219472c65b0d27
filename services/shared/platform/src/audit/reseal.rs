//! Going on after a restore: what witnesses hold beyond the restored chain is
//! declared lost by a person, and the declaration is an entry.

use proto::studio::operations::v1 as pb;
use sqlx::PgConnection;

use super::witness::link;
use crate::{Caller, Claim, Error, Platform};

/// The table whose rows are reseals.
pub(super) const SOURCE: &str = "audit_reseals";

/// What is lost: the positions behind `common`, up to `until`.
struct Lost {
    common: i64,
    until: i64,
}

pub(super) async fn handle(
    platform: &Platform,
    caller: &Caller,
    request: pb::ResealRequest,
) -> Result<pb::ResealResponse, Error> {
    let person = caller.require_person()?;
    let ours =
        |head: &pb::AuditHead| head.service == platform.name() && platform.inner.head_keys.signed(head);
    if !request.evidence.iter().all(ours) {
        return Err(kernel::BadField::new("evidence", "must be heads that this service signed").into());
    }
    let mut tx = match platform.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    // Nobody chains meanwhile, so what is compared is what is gone on from.
    sqlx::query!("select one from chain_head for no key update")
        .fetch_one(&mut *tx)
        .await?;
    let Some(lost) = lost(&mut tx, &request.evidence).await? else {
        return Err(Error::wrong_state("chain", "whole"));
    };
    sqlx::query!(
        "insert into audit_reseals (common_seq, lost_until, person_id, reason, at) values ($1, $2, $3, $4, $5)",
        lost.common,
        lost.until,
        person.0,
        request.reason,
        platform.clock.now(),
    )
    .execute(&mut *tx)
    .await?;
    let reply = pb::ResealResponse {
        common_seq: lost.common,
        lost_until: lost.until,
    };
    tracing::error!(
        lost.common,
        lost.until,
        "the audit chain is resealed after a loss"
    );
    tx.commit(reply).await
}

/// What the evidence holds and the chain does not.
async fn lost(tx: &mut PgConnection, evidence: &[pb::AuditHead]) -> Result<Option<Lost>, Error> {
    let until = evidence.iter().map(|head| head.seq).max().unwrap_or_default();
    let from = evidence.iter().map(|head| head.from_seq).min().unwrap_or(1);
    let chain = sqlx::query!(
        r#"select seq as "seq!", hash as "hash!" from chain_after($1 - 1::bigint, null) order by seq"#,
        from
    )
    .fetch_all(&mut *tx)
    .await?;
    let parted = chain.iter().find(|entry| {
        evidence.iter().any(|head| {
            let differs = link(head, entry.seq).is_some_and(|link| !entry.hash.starts_with(link));
            differs || (head.seq == entry.seq && head.hash != entry.hash)
        })
    });
    let (last, _) = super::chain::head(tx).await?;
    let common = parted.map_or(last, |entry| entry.seq - 1);
    Ok((common < until).then_some(Lost { common, until }))
}
