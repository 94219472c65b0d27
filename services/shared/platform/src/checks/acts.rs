//! What became of requests, by the claims and the audit.

use aws_lc_rs::digest::{SHA256, digest};
use proto::studio::operations::v1 as pb;
use uuid::Uuid;

use crate::{Error, Platform};

impl Platform {
    /// Reads all claims, since their key begins with the caller: this is for
    /// proofs after the fact, not for answering anybody.
    pub(super) async fn find_acts(&self, ids: &[Uuid]) -> Result<Vec<pb::Act>, Error> {
        let mut tx = self.begin_system().await?;
        sqlx::query(super::LONGEST).execute(&mut *tx).await?;
        let rows = sqlx::query!(
            r#"
            select c.request_id as "request_id!", c.rpc as "rpc!", c.outcome = 'refused' as "refused!", c.reply, c.body,
                   case when c.body is not null then 1 else
                       (select count(*) from audit a
                        where a.request_id = c.request_id and a.rpc = c.rpc and a.fingerprint = c.fingerprint)
                   end as "audited!"
            from (
                select request_id, rpc, fingerprint, outcome, reply, null::jsonb as body from claims
                where outcome <> 'open'
                union all
                -- such a row is its own audit entry
                select request_id, rpc, fingerprint, 'done', null, body from own_acts
            ) c
            where c.request_id = any($1)
            order by c.request_id
            "#,
            ids,
        )
        .fetch_all(&mut *tx)
        .await?;
        rows.into_iter()
            .map(|row| {
                let reply = match row.body {
                    Some(body) => Some(self.own_reply(&row.rpc, body)?),
                    None => row.reply,
                };
                Ok(pb::Act {
                    request_id: row.request_id.to_string(),
                    rpc: row.rpc,
                    refused: row.refused,
                    audited: row.audited,
                    reply_digest: reply
                        .map(|reply| hex::encode(digest(&SHA256, &reply)))
                        .unwrap_or_default(),
                })
            })
            .collect()
    }
}
