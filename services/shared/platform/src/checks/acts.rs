//! What became of requests, by the claims and the audit.

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
            select c.request_id, c.rpc, c.outcome = 'refused' as "refused!",
                   (select count(*) from audit a
                    where a.request_id = c.request_id and a.rpc = c.rpc and a.fingerprint = c.fingerprint) as "audited!",
                   coalesce(encode(sha256(c.reply), 'hex'), '') as "reply_digest!"
            from claims c
            where c.request_id = any($1) and c.outcome <> 'open'
            order by c.request_id
            "#,
            ids,
        )
        .fetch_all(&mut *tx)
        .await?;
        let acts = rows.into_iter().map(|row| pb::Act {
            request_id: row.request_id.to_string(),
            rpc: row.rpc,
            refused: row.refused,
            audited: row.audited,
            reply_digest: row.reply_digest,
        });
        Ok(acts.collect())
    }
}
