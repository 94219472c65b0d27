//! What those who run the platform see and move inside one service: its
//! clock, its tasks, the facts that are parked, how far its feed has come.

mod clock;
mod consumers;
mod divergences;
mod facts;
mod tasks;

use std::ops::Deref;
use std::sync::Arc;

use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::operations_service_server::OperationsService;
use tonic::{Request, Response, Status};

use crate::door::answer;
use crate::{Platform, Service};

pub(crate) use clock::follow_clock;

/// The app of a service with what its configuration permits.
pub(crate) struct Ground<S> {
    app: Arc<S>,
    movable: bool,
}

impl<S: Service> Deref for Ground<S> {
    type Target = Platform;
    fn deref(&self) -> &Platform {
        &self.app
    }
}

/// Serves the operations of the service `S`.
pub(crate) struct Operations<S>(Arc<Ground<S>>);

impl<S> Operations<S> {
    pub(crate) fn new(app: Arc<S>, movable: bool) -> Self {
        Self(Arc::new(Ground { app, movable }))
    }
}

#[tonic::async_trait]
impl<S: Service> OperationsService for Operations<S> {
    async fn get_clock(
        &self,
        r: Request<pb::GetClockRequest>,
    ) -> Result<Response<pb::GetClockResponse>, Status> {
        answer(&self.0, r, clock::get).await
    }

    async fn set_clock(
        &self,
        r: Request<pb::SetClockRequest>,
    ) -> Result<Response<pb::SetClockResponse>, Status> {
        answer(&self.0, r, clock::set).await
    }

    async fn list_tasks(
        &self,
        r: Request<pb::ListTasksRequest>,
    ) -> Result<Response<pb::ListTasksResponse>, Status> {
        answer(&self.0, r, tasks::list).await
    }

    async fn retry_task(
        &self,
        r: Request<pb::RetryTaskRequest>,
    ) -> Result<Response<pb::RetryTaskResponse>, Status> {
        answer(&self.0, r, tasks::retry).await
    }

    async fn list_parked(
        &self,
        r: Request<pb::ListParkedRequest>,
    ) -> Result<Response<pb::ListParkedResponse>, Status> {
        answer(&self.0, r, facts::list).await
    }

    async fn get_parked(
        &self,
        r: Request<pb::GetParkedRequest>,
    ) -> Result<Response<pb::GetParkedResponse>, Status> {
        answer(&self.0, r, facts::get).await
    }

    async fn release_parked(
        &self,
        r: Request<pb::ReleaseParkedRequest>,
    ) -> Result<Response<pb::ReleaseParkedResponse>, Status> {
        answer(&self.0, r, facts::release).await
    }

    async fn get_feed_status(
        &self,
        r: Request<pb::GetFeedStatusRequest>,
    ) -> Result<Response<pb::GetFeedStatusResponse>, Status> {
        answer(&self.0, r, facts::status).await
    }

    async fn list_divergences(
        &self,
        r: Request<pb::ListDivergencesRequest>,
    ) -> Result<Response<pb::ListDivergencesResponse>, Status> {
        answer(&self.0, r, divergences::list).await
    }

    async fn get_divergence(
        &self,
        r: Request<pb::GetDivergenceRequest>,
    ) -> Result<Response<pb::GetDivergenceResponse>, Status> {
        answer(&self.0, r, divergences::get).await
    }

    async fn propose_resumption(
        &self,
        r: Request<pb::ProposeResumptionRequest>,
    ) -> Result<Response<pb::ProposeResumptionResponse>, Status> {
        answer(&self.0, r, divergences::propose).await
    }

    async fn resume_feed(
        &self,
        r: Request<pb::ResumeFeedRequest>,
    ) -> Result<Response<pb::ResumeFeedResponse>, Status> {
        answer(&self.0, r, divergences::resume).await
    }

    async fn forget_consumer(
        &self,
        r: Request<pb::ForgetConsumerRequest>,
    ) -> Result<Response<pb::ForgetConsumerResponse>, Status> {
        answer(&self.0, r, consumers::forget).await
    }
}
