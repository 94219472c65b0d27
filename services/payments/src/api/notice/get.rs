use futures::future::Either;
use kernel::{NoticeId, StudioId, from_proto_time};
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::api::{given, one_of};
use crate::{App, store, wire};

/// Answers one version, or the one of a studio in force at a time.
#[tracing::instrument(name = "payments.get_notice", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::GetNoticeRequest,
) -> Result<pb::GetNoticeResponse, Error> {
    let notice = given(&request.notice_id, |id| NoticeId::parse("notice_id", id))?;
    let studio = given(&request.studio_id, |id| StudioId::parse("studio_id", id))?;
    let at = from_proto_time(request.at.as_ref()).unwrap_or_else(|| app.clock.now());
    let mut tx = app.begin(caller).await?;
    let found = match one_of(("notice_id", notice), ("studio_id", studio))? {
        Either::Left(id) => store::notice::find(&mut tx, id).await?,
        Either::Right(studio) => store::notice::in_force(&mut tx, studio, at).await?,
    };
    let notice = found.ok_or_else(|| Error::not_found("notice"))?;
    Ok(pb::GetNoticeResponse {
        notice: Some(wire::notice(&notice, super::is_staff(caller))),
    })
}
