//! The calls of `VerificationService`, one line each.

mod list;
mod report;
mod verify;

use platform::answer;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::verification_service_server::VerificationService;
use tonic::{Request, Response, Status};

use super::Api;

#[tonic::async_trait]
impl VerificationService for Api {
    async fn list_verifications(
        &self,
        r: Request<pb::ListVerificationsRequest>,
    ) -> Result<Response<pb::ListVerificationsResponse>, Status> {
        answer(&self.0, r, list::handle).await
    }
    async fn verify_payment(
        &self,
        r: Request<pb::VerifyPaymentRequest>,
    ) -> Result<Response<pb::VerifyPaymentResponse>, Status> {
        answer(&self.0, r, verify::handle).await
    }
    async fn report_anomaly(
        &self,
        r: Request<pb::ReportAnomalyRequest>,
    ) -> Result<Response<pb::ReportAnomalyResponse>, Status> {
        answer(&self.0, r, report::handle).await
    }
}
