//! The evidence of a service, and what it witnesses of others, over gRPC.

use proto::studio::feed::v1::ErrorReason;
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::audit_service_server::AuditService;
use tonic::{Code, Request, Response, Status};

use super::witness::{Seen, raise, witness};
use super::{read, reseal};
use crate::door::answer_platform;
use crate::page::Page;
use crate::{Caller, Claim, Error, Platform, Refused};

/// Serves the evidence of the service whose platform this is.
pub(crate) struct Audit(pub Platform);

#[tonic::async_trait]
impl AuditService for Audit {
    async fn list_entries(
        &self,
        r: Request<pb::ListEntriesRequest>,
    ) -> Result<Response<pb::ListEntriesResponse>, Status> {
        answer_platform(&self.0, r, list_entries).await
    }

    async fn find_strays(
        &self,
        r: Request<pb::FindStraysRequest>,
    ) -> Result<Response<pb::FindStraysResponse>, Status> {
        answer_platform(&self.0, r, find_strays).await
    }

    async fn list_heads(
        &self,
        r: Request<pb::ListHeadsRequest>,
    ) -> Result<Response<pb::ListHeadsResponse>, Status> {
        answer_platform(&self.0, r, list_heads).await
    }

    async fn list_witnessed(
        &self,
        r: Request<pb::ListWitnessedRequest>,
    ) -> Result<Response<pb::ListWitnessedResponse>, Status> {
        answer_platform(&self.0, r, list_witnessed).await
    }

    async fn record_head(
        &self,
        r: Request<pb::RecordHeadRequest>,
    ) -> Result<Response<pb::RecordHeadResponse>, Status> {
        answer_platform(&self.0, r, record_head).await
    }

    async fn reseal(&self, r: Request<pb::ResealRequest>) -> Result<Response<pb::ResealResponse>, Status> {
        answer_platform(&self.0, r, reseal::handle).await
    }
}

async fn list_entries(
    platform: &Platform,
    caller: &Caller,
    request: pb::ListEntriesRequest,
) -> Result<pb::ListEntriesResponse, Error> {
    let page = Page::<i64>::parse(request.page_size, &request.page_token)?;
    let after = page.after().copied().unwrap_or_default().max(request.after_seq);
    let mut tx = platform.begin(caller).await?;
    let rows = read::entries(&mut tx, after, page.limit()).await?;
    let (entries, next_page_token) = page.cut(rows, |entry| entry.seq);
    Ok(pb::ListEntriesResponse {
        entries,
        next_page_token,
    })
}

async fn find_strays(
    platform: &Platform,
    caller: &Caller,
    _: pb::FindStraysRequest,
) -> Result<pb::FindStraysResponse, Error> {
    let mut tx = platform.begin(caller).await?;
    let strays = read::strays(&mut tx).await?;
    Ok(pb::FindStraysResponse { strays })
}

async fn list_heads(
    platform: &Platform,
    _: &Caller,
    request: pb::ListHeadsRequest,
) -> Result<pb::ListHeadsResponse, Error> {
    let page = Page::<i64>::parse(request.page_size, &request.page_token)?;
    let after = page.after().copied().unwrap_or_default().max(request.after_seq);
    let rows = platform.signed_heads(after, page.limit()).await?;
    let (heads, next_page_token) = page.cut(rows, |head| head.seq);
    Ok(pb::ListHeadsResponse {
        heads,
        next_page_token,
    })
}

async fn list_witnessed(
    platform: &Platform,
    caller: &Caller,
    request: pb::ListWitnessedRequest,
) -> Result<pb::ListWitnessedResponse, Error> {
    let page = Page::<read::After>::parse(request.page_size, &request.page_token)?;
    let mut tx = platform.begin(caller).await?;
    let (heads, next_page_token) = read::witnessed(&mut tx, &request.service, &page).await?;
    Ok(pb::ListWitnessedResponse {
        heads,
        next_page_token,
    })
}

/// Makes this service a witness of the caller's own head.
async fn record_head(
    platform: &Platform,
    caller: &Caller,
    request: pb::RecordHeadRequest,
) -> Result<pb::RecordHeadResponse, Error> {
    let head = request.head.clone().unwrap_or_default();
    if caller.service() != Some(head.service.as_str()) {
        return Err(Error::role_missing());
    }
    if !platform.inner.head_keys.signed(&head) {
        return Err(kernel::BadField::new("head.signature", "must be the service's own").into());
    }
    let mut tx = match platform.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    match witness(&mut tx, &head).await? {
        Seen::Recorded => tx.commit(pb::RecordHeadResponse {}).await,
        Seen::Contradicts(why) => {
            raise(&head, &why);
            let refused = Refused::new(Code::FailedPrecondition, ErrorReason::HeadConflict, why);
            Err(tx.commit_refusal(refused).await)
        }
    }
}
