//! The calls of `SuspenseService`, one line each, and what they share.

mod confirm;
mod list;
mod propose;

use kernel::IntentId;
use platform::{Error, WriteTx, answer};
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::suspense_service_server::SuspenseService;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Api;
use crate::domain::intent::Intent;
use crate::domain::suspense::Item;
use crate::store;

#[tonic::async_trait]
impl SuspenseService for Api {
    async fn list_suspense(
        &self,
        r: Request<pb::ListSuspenseRequest>,
    ) -> Result<Response<pb::ListSuspenseResponse>, Status> {
        answer(&self.0, r, list::handle).await
    }
    async fn propose_suspense_end(
        &self,
        r: Request<pb::ProposeSuspenseEndRequest>,
    ) -> Result<Response<pb::ProposeSuspenseEndResponse>, Status> {
        answer(&self.0, r, propose::handle).await
    }
    async fn confirm_suspense_end(
        &self,
        r: Request<pb::ConfirmSuspenseEndRequest>,
    ) -> Result<Response<pb::ConfirmSuspenseEndResponse>, Status> {
        answer(&self.0, r, confirm::handle).await
    }
}

/// The item, held as the caller read it.
async fn held(tx: &mut WriteTx, id: Uuid, version: i64) -> Result<Item, Error> {
    let item = store::suspense::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("suspense item"))?;
    if item.version == version {
        Ok(item)
    } else {
        Err(Error::version_conflict("suspense item"))
    }
}

/// The intent that an item is to pay, held.
async fn owed(tx: &mut WriteTx, id: IntentId) -> Result<Intent, Error> {
    store::intent::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("intent"))
}
