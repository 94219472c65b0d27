//! The doors: one line a call. How a thing is refused and shown stands below.

mod get_delivery;
mod list_deliveries;
mod list_messages;
mod list_notices;
mod list_templates;
mod mark_read;
mod resend_delivery;
mod send_notice;
mod shown;

use std::sync::Arc;

use platform::{Error, Refused, answer};
use proto::studio::notifications::v1 as pb;
use tonic::{Code, Request, Response, Status};

use crate::App;
use crate::domain::message::OutOfOrder;
use crate::domain::template::CannotSay;

pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl pb::inbox_service_server::InboxService for Api {
    async fn list_messages(
        &self,
        r: Request<pb::ListMessagesRequest>,
    ) -> Result<Response<pb::ListMessagesResponse>, Status> {
        answer(&self.0, r, list_messages::handle).await
    }
    async fn mark_read(
        &self,
        r: Request<pb::MarkReadRequest>,
    ) -> Result<Response<pb::MarkReadResponse>, Status> {
        answer(&self.0, r, mark_read::handle).await
    }
}

#[tonic::async_trait]
impl pb::delivery_service_server::DeliveryService for Api {
    async fn list_deliveries(
        &self,
        r: Request<pb::ListDeliveriesRequest>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        answer(&self.0, r, list_deliveries::handle).await
    }
    async fn get_delivery(
        &self,
        r: Request<pb::GetDeliveryRequest>,
    ) -> Result<Response<pb::GetDeliveryResponse>, Status> {
        answer(&self.0, r, get_delivery::handle).await
    }
    async fn resend_delivery(
        &self,
        r: Request<pb::ResendDeliveryRequest>,
    ) -> Result<Response<pb::ResendDeliveryResponse>, Status> {
        answer(&self.0, r, resend_delivery::handle).await
    }
}

#[tonic::async_trait]
impl pb::board_service_server::BoardService for Api {
    async fn list_notices(
        &self,
        r: Request<pb::ListNoticesRequest>,
    ) -> Result<Response<pb::ListNoticesResponse>, Status> {
        answer(&self.0, r, list_notices::handle).await
    }
}

#[tonic::async_trait]
impl pb::template_service_server::TemplateService for Api {
    async fn list_templates(
        &self,
        r: Request<pb::ListTemplatesRequest>,
    ) -> Result<Response<pb::ListTemplatesResponse>, Status> {
        answer(&self.0, r, list_templates::handle).await
    }
}

#[tonic::async_trait]
impl pb::send_service_server::SendService for Api {
    async fn send_notice(
        &self,
        r: Request<pb::SendNoticeRequest>,
    ) -> Result<Response<pb::SendNoticeResponse>, Status> {
        answer(&self.0, r, send_notice::handle).await
    }
}

/// What this service refuses for reasons of its own.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("there is no template {0} for services")]
    UnknownTemplate(String),
    #[error("the template wants the value {0}")]
    ValuesMissing(String),
    #[error("a one-time code is not sent again: ask for a new one")]
    CodeOutOfDate,
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::UnknownTemplate(_) => {
                Refused::new(Code::InvalidArgument, pb::ErrorReason::UnknownTemplate, message)
            }
            Refusal::ValuesMissing(name) => {
                Refused::new(Code::InvalidArgument, pb::ErrorReason::ValuesMissing, message)
                    .with("missing", name)
            }
            Refusal::CodeOutOfDate => {
                Refused::new(Code::FailedPrecondition, pb::ErrorReason::CodeOutOfDate, message)
            }
        }
        .into()
    }
}

fn out_of_order(error: OutOfOrder) -> Error {
    Error::wrong_state("message", error.state.as_str())
}

/// A stored message that its template cannot say any more.
impl From<CannotSay> for Error {
    fn from(error: CannotSay) -> Self {
        platform::inconsistent("messages", error.to_string())
    }
}
