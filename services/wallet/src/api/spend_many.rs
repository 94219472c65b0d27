use futures::future::join_all;
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;
use tonic_types::StatusExt as _;

use super::spend;
use crate::App;

/// Pays many dues, each as [`spend`] does, at once: they gather, and are
/// committed together.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SpendManyRequest,
) -> Result<pb::SpendManyResponse, Error> {
    let all = request.spends.into_iter().map(|ask| one(app, caller, ask));
    Ok(pb::SpendManyResponse {
        outcomes: join_all(all).await,
    })
}

async fn one(app: &App, caller: &Caller, ask: pb::SpendRequest) -> pb::SpendOutcome {
    let request_id = ask.request_id.clone();
    let (done, refused) = match spend::handle(app, caller, ask).await {
        Ok(done) => (Some(done), None),
        Err(error) => (None, Some(refused(app, &error))),
    };
    pb::SpendOutcome {
        request_id,
        done,
        refused,
    }
}

fn refused(app: &App, error: &Error) -> pb::SpendRefused {
    let status = app.failed::<pb::SpendRequest>(error);
    let details = status.get_error_details();
    let info = details.error_info();
    let delay = details.retry_info().and_then(|retry| retry.retry_delay);
    pb::SpendRefused {
        code: status.code().into(),
        reason: info.map(|info| info.reason.clone()).unwrap_or_default(),
        message: status.message().to_owned(),
        metadata: info
            .map(|info| info.metadata.clone())
            .unwrap_or_default()
            .into_iter()
            .collect(),
        retry_after: delay.and_then(|delay| delay.try_into().ok()),
    }
}
