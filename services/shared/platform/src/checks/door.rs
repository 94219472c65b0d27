use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::check_service_server::CheckService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::all;
use crate::door::answer;
use crate::page::Page;
use crate::{Caller, Error, Platform, Service};

/// Serves the checks of the service `S`.
pub(crate) struct Checks<S>(Arc<Ground<S>>);

struct Ground<S>(Arc<S>);

impl<S: Service> Deref for Ground<S> {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.0
    }
}

impl<S> Checks<S> {
    pub(crate) fn new(app: Arc<S>) -> Self {
        Self(Arc::new(Ground(app)))
    }
}

#[tonic::async_trait]
impl<S: Service> CheckService for Checks<S> {
    async fn run_checks(
        &self,
        r: Request<pb::RunChecksRequest>,
    ) -> Result<Response<pb::RunChecksResponse>, Status> {
        answer(&self.0, r, run::<S>).await
    }

    async fn list_tallies(
        &self,
        r: Request<pb::ListTalliesRequest>,
    ) -> Result<Response<pb::ListTalliesResponse>, Status> {
        answer(&self.0, r, list::<S>).await
    }

    async fn digest_facts(
        &self,
        r: Request<pb::DigestFactsRequest>,
    ) -> Result<Response<pb::DigestFactsResponse>, Status> {
        answer(&self.0, r, digest::<S>).await
    }

    async fn find_acts(
        &self,
        r: Request<pb::FindActsRequest>,
    ) -> Result<Response<pb::FindActsResponse>, Status> {
        answer(&self.0, r, find::<S>).await
    }
}

async fn run<S: Service>(
    ground: &Ground<S>,
    _: &Caller,
    request: pb::RunChecksRequest,
) -> Result<pb::RunChecksResponse, Error> {
    let patience = match u64::try_from(request.patience_s) {
        Ok(0) | Err(_) => Duration::from_mins(1),
        Ok(seconds) => Duration::from_secs(seconds),
    };
    let mut results = Vec::new();
    for check in all::<S>() {
        let found = ground.run_check(&check, patience).await?;
        let named = found.named.into_iter();
        results.push(pb::CheckResult {
            invariant: check.invariant.into(),
            check: check.name.to_owned(),
            violations: found.violations,
            off_minor: found.off_minor,
            findings: named.map(|(key, what)| pb::Finding { key, what }).collect(),
        });
    }
    let sources = S::subscriptions().into_iter().map(|s| s.source.to_owned());
    Ok(pb::RunChecksResponse {
        results,
        sources: sources.collect(),
    })
}

async fn list<S: Service>(
    ground: &Ground<S>,
    _: &Caller,
    request: pb::ListTalliesRequest,
) -> Result<pb::ListTalliesResponse, Error> {
    let page = Page::<String>::parse(request.page_size, &request.page_token)?;
    let tallies = S::tallies();
    let tally = tallies.iter().find(|t| t.kind == request.kind);
    let tally = tally.ok_or_else(|| Error::not_found("list"))?;
    let rows = ground.read_tally(tally, &page).await?;
    let (tallies, next_page_token) = page.cut(rows, |row| row.key.clone());
    Ok(pb::ListTalliesResponse {
        tallies,
        next_page_token,
    })
}

async fn digest<S: Service>(
    ground: &Ground<S>,
    _: &Caller,
    request: pb::DigestFactsRequest,
) -> Result<pb::DigestFactsResponse, Error> {
    ground.digest_facts(&request).await
}

async fn find<S: Service>(
    ground: &Ground<S>,
    _: &Caller,
    request: pb::FindActsRequest,
) -> Result<pb::FindActsResponse, Error> {
    let ids = request.request_ids.iter().map(|id| id.parse::<Uuid>());
    let ids: Vec<Uuid> = ids
        .collect::<Result<_, _>>()
        .map_err(|_| kernel::BadField::new("request_ids", "must be UUIDs"))?;
    Ok(pb::FindActsResponse {
        acts: ground.find_acts(&ids).await?,
    })
}
