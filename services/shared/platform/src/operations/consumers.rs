use kernel::to_proto_time;
use proto::studio::operations::v1 as pb;
use sqlx::PgConnection;

use super::Ground;
use crate::audit::{Entry, audit};
use crate::{Caller, Claim, Error, Service};

/// Who pulls this service's facts, the slowest first.
pub(super) async fn all(tx: &mut PgConnection) -> Result<Vec<pb::FeedConsumer>, Error> {
    let rows =
        sqlx::query!("select service, after_seq, pulled_at from feed_consumers order by after_seq, service");
    let show = rows.fetch_all(tx).await?.into_iter().map(|row| pb::FeedConsumer {
        service: row.service,
        after_seq: row.after_seq,
        pulled_at: Some(to_proto_time(row.pulled_at)),
    });
    Ok(show.collect())
}

/// Lets facts be pruned past a service that pulls no more.
pub(super) async fn forget<S: Service>(
    ground: &Ground<S>,
    caller: &Caller,
    request: pb::ForgetConsumerRequest,
) -> Result<pb::ForgetConsumerResponse, Error> {
    let mut tx = match ground.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let gone = sqlx::query!(
        "delete from feed_consumers where service = $1 returning after_seq",
        request.service
    )
    .fetch_optional(&mut *tx)
    .await?
    .ok_or_else(|| Error::not_found("consumer"))?;
    let why = format!(
        "{} forgotten at {}: {}",
        request.service, gone.after_seq, request.reason
    );
    let (at, actor) = (ground.clock.now(), caller.actor());
    let entry = Entry::now(&actor, caller.method, "overridden", &why);
    audit(&mut tx, at, &[entry]).await?;
    tx.commit(pb::ForgetConsumerResponse {}).await
}
