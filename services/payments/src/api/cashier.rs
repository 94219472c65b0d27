//! What may be started at cashiers.

mod close;
mod list_blocked;
mod list_closures;
mod list_limits;
mod place;
mod reopen;
mod set_limit;

use platform::answer;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::cashier_service_server::CashierService;
use tonic::{Request, Response, Status};

use super::Api;

#[tonic::async_trait]
impl CashierService for Api {
    async fn set_limit(
        &self,
        r: Request<pb::SetLimitRequest>,
    ) -> Result<Response<pb::SetLimitResponse>, Status> {
        answer(&self.0, r, set_limit::handle).await
    }
    async fn list_limits(
        &self,
        r: Request<pb::ListLimitsRequest>,
    ) -> Result<Response<pb::ListLimitsResponse>, Status> {
        answer(&self.0, r, list_limits::handle).await
    }
    async fn list_blocked_starts(
        &self,
        r: Request<pb::ListBlockedStartsRequest>,
    ) -> Result<Response<pb::ListBlockedStartsResponse>, Status> {
        answer(&self.0, r, list_blocked::handle).await
    }
    async fn close_cashier(
        &self,
        r: Request<pb::CloseCashierRequest>,
    ) -> Result<Response<pb::CloseCashierResponse>, Status> {
        answer(&self.0, r, close::handle).await
    }
    async fn reopen_cashier(
        &self,
        r: Request<pb::ReopenCashierRequest>,
    ) -> Result<Response<pb::ReopenCashierResponse>, Status> {
        answer(&self.0, r, reopen::handle).await
    }
    async fn list_closures(
        &self,
        r: Request<pb::ListClosuresRequest>,
    ) -> Result<Response<pb::ListClosuresResponse>, Status> {
        answer(&self.0, r, list_closures::handle).await
    }
}
