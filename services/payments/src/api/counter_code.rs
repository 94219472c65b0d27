//! The calls of `CounterCodeService`, one line each, and what they share.

mod check;
mod list;
mod put_up;
mod take_down;

use platform::{Error, WriteTx, answer};
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::counter_code_service_server::CounterCodeService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Api;
use crate::domain::counter_code::CounterCode;
use crate::store;

#[tonic::async_trait]
impl CounterCodeService for Api {
    async fn put_up_code(
        &self,
        r: Request<pb::PutUpCodeRequest>,
    ) -> Result<Response<pb::PutUpCodeResponse>, Status> {
        answer(&self.0, r, put_up::handle).await
    }
    async fn check_code(
        &self,
        r: Request<pb::CheckCodeRequest>,
    ) -> Result<Response<pb::CheckCodeResponse>, Status> {
        answer(&self.0, r, check::handle).await
    }
    async fn take_down_code(
        &self,
        r: Request<pb::TakeDownCodeRequest>,
    ) -> Result<Response<pb::TakeDownCodeResponse>, Status> {
        answer(&self.0, r, take_down::handle).await
    }
    async fn list_codes(
        &self,
        r: Request<pb::ListCodesRequest>,
    ) -> Result<Response<pb::ListCodesResponse>, Status> {
        answer(&self.0, r, list::handle).await
    }
}

/// The code, with its row held.
async fn held(tx: &mut WriteTx, id: Uuid) -> Result<CounterCode, Error> {
    store::counter_code::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("counter code"))
}
