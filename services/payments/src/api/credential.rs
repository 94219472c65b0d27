mod change;
mod check;
mod get;
mod list;
mod record;
mod register;
mod retire;

use kernel::{BadField, Timestamp};
use platform::{Error, answer};
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::credential_service_server::CredentialService;
use sqlx::PgConnection;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use super::Api;
use crate::domain::credential::Credential;
use crate::{App, store, wire};

#[tonic::async_trait]
impl CredentialService for Api {
    async fn register_credential(
        &self,
        r: Request<pb::RegisterCredentialRequest>,
    ) -> Result<Response<pb::RegisterCredentialResponse>, Status> {
        answer(&self.0, r, register::handle).await
    }
    async fn change_credential(
        &self,
        r: Request<pb::ChangeCredentialRequest>,
    ) -> Result<Response<pb::ChangeCredentialResponse>, Status> {
        answer(&self.0, r, change::handle).await
    }
    async fn record_rotation(
        &self,
        r: Request<pb::RecordRotationRequest>,
    ) -> Result<Response<pb::RecordRotationResponse>, Status> {
        answer(&self.0, r, record::handle).await
    }
    async fn confirm_rotation(
        &self,
        r: Request<pb::ConfirmRotationRequest>,
    ) -> Result<Response<pb::ConfirmRotationResponse>, Status> {
        answer(&self.0, r, check::handle).await
    }
    async fn retire_credential(
        &self,
        r: Request<pb::RetireCredentialRequest>,
    ) -> Result<Response<pb::RetireCredentialResponse>, Status> {
        answer(&self.0, r, retire::handle).await
    }
    async fn get_credential(
        &self,
        r: Request<pb::GetCredentialRequest>,
    ) -> Result<Response<pb::GetCredentialResponse>, Status> {
        answer(&self.0, r, get::handle).await
    }
    async fn list_credentials(
        &self,
        r: Request<pb::ListCredentialsRequest>,
    ) -> Result<Response<pb::ListCredentialsResponse>, Status> {
        answer(&self.0, r, list::handle).await
    }
}

/// When it was renewed.
fn renewed(at: Option<Timestamp>) -> Result<Timestamp, BadField> {
    at.ok_or_else(|| BadField::new("rotated_at", "must be a time"))
}

/// The credential, held; `version` is what the caller read.
async fn held(tx: &mut PgConnection, id: Uuid, version: Option<i64>) -> Result<Credential, Error> {
    let kept = store::credential::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("credential"))?;
    if version.is_some_and(|read| read != kept.version) {
        return Err(Error::version_conflict("credential"));
    }
    Ok(kept)
}

/// As callers see it, with the rotation that waits.
async fn shown(app: &App, tx: &mut PgConnection, credential: &Credential) -> Result<pb::Credential, Error> {
    let recorded = store::credential::recorded(tx, &[credential.id]).await?;
    Ok(wire::credential::credential(
        credential,
        recorded.first(),
        app.clock.now(),
    ))
}
