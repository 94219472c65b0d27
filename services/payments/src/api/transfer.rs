//! The calls of `TransferService`, one line each.

mod attach;
mod proofs;
mod refunded;
mod request;

use platform::answer;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::transfer_service_server::TransferService;
use tonic::{Request, Response, Status};

use super::Api;

/// The column of the vault that holds slips.
const SLIP: &str = "transfer_proofs.bytes";

#[tonic::async_trait]
impl TransferService for Api {
    async fn request_transfer(
        &self,
        r: Request<pb::RequestTransferRequest>,
    ) -> Result<Response<pb::RequestTransferResponse>, Status> {
        answer(&self.0, r, request::handle).await
    }
    async fn attach_proof(
        &self,
        r: Request<pb::AttachProofRequest>,
    ) -> Result<Response<pb::AttachProofResponse>, Status> {
        answer(&self.0, r, attach::handle).await
    }
    async fn get_proofs(
        &self,
        r: Request<pb::GetProofsRequest>,
    ) -> Result<Response<pb::GetProofsResponse>, Status> {
        answer(&self.0, r, proofs::handle).await
    }
    async fn record_transfer_refund(
        &self,
        r: Request<pb::RecordTransferRefundRequest>,
    ) -> Result<Response<pb::RecordTransferRefundResponse>, Status> {
        answer(&self.0, r, refunded::handle).await
    }
}
