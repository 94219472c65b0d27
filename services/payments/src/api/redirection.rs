//! The calls of `RedirectionService`, one line each.

mod decide;
mod list;
mod propose;

use platform::answer;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::redirection_service_server::RedirectionService;
use tonic::{Request, Response, Status};

use super::Api;

/// The columns of the vault that hold a card.
pub(crate) const NUMBER: &str = "redirections.number";
pub(crate) const HOLDER: &str = "redirections.holder";

#[tonic::async_trait]
impl RedirectionService for Api {
    async fn propose_redirection(
        &self,
        r: Request<pb::ProposeRedirectionRequest>,
    ) -> Result<Response<pb::ProposeRedirectionResponse>, Status> {
        answer(&self.0, r, propose::handle).await
    }
    async fn decide_redirection(
        &self,
        r: Request<pb::DecideRedirectionRequest>,
    ) -> Result<Response<pb::DecideRedirectionResponse>, Status> {
        answer(&self.0, r, decide::handle).await
    }
    async fn list_redirections(
        &self,
        r: Request<pb::ListRedirectionsRequest>,
    ) -> Result<Response<pb::ListRedirectionsResponse>, Status> {
        answer(&self.0, r, list::handle).await
    }
}
