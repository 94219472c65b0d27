//! The door: one line a call. How a thing is refused stands below.

mod accept_resolution;
mod assign_ticket;
mod decline_resolution;
mod get_ticket;
mod list_tickets;
mod open_ticket;
mod propose_resolution;
mod record_progress;
pub(crate) mod shown;
mod write;

use std::sync::Arc;

use platform::{Error, Refused, answer};
use proto::studio::oversight::v1 as pb;
use tonic::{Code, Request, Response, Status};

use crate::App;
use crate::domain::ticket::Refusal;

pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl pb::ticket_service_server::TicketService for Api {
    async fn open_ticket(
        &self,
        r: Request<pb::OpenTicketRequest>,
    ) -> Result<Response<pb::OpenTicketResponse>, Status> {
        answer(&self.0, r, open_ticket::handle).await
    }
    async fn get_ticket(
        &self,
        r: Request<pb::GetTicketRequest>,
    ) -> Result<Response<pb::GetTicketResponse>, Status> {
        answer(&self.0, r, get_ticket::handle).await
    }
    async fn list_tickets(
        &self,
        r: Request<pb::ListTicketsRequest>,
    ) -> Result<Response<pb::ListTicketsResponse>, Status> {
        answer(&self.0, r, list_tickets::handle).await
    }
    async fn assign_ticket(
        &self,
        r: Request<pb::AssignTicketRequest>,
    ) -> Result<Response<pb::AssignTicketResponse>, Status> {
        answer(&self.0, r, assign_ticket::handle).await
    }
    async fn record_progress(
        &self,
        r: Request<pb::RecordProgressRequest>,
    ) -> Result<Response<pb::RecordProgressResponse>, Status> {
        answer(&self.0, r, record_progress::handle).await
    }
    async fn propose_resolution(
        &self,
        r: Request<pb::ProposeResolutionRequest>,
    ) -> Result<Response<pb::ProposeResolutionResponse>, Status> {
        answer(&self.0, r, propose_resolution::handle).await
    }
    async fn accept_resolution(
        &self,
        r: Request<pb::AcceptResolutionRequest>,
    ) -> Result<Response<pb::AcceptResolutionResponse>, Status> {
        answer(&self.0, r, accept_resolution::handle).await
    }
    async fn decline_resolution(
        &self,
        r: Request<pb::DeclineResolutionRequest>,
    ) -> Result<Response<pb::DeclineResolutionResponse>, Status> {
        answer(&self.0, r, decline_resolution::handle).await
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        match refusal {
            Refusal::OutOfOrder(state) => Self::wrong_state("ticket", state.as_str()),
            Refusal::OwnTicket => Self::same_person(),
            Refusal::NotTheirs => Self::not_found("ticket"),
            Refusal::Changed => Self::version_conflict("ticket"),
            Refusal::NotAssignee => {
                Refused::new(Code::PermissionDenied, pb::ErrorReason::NotAssignee, message).into()
            }
            Refusal::NotResponsible => {
                Refused::new(Code::FailedPrecondition, pb::ErrorReason::NotResponsible, message).into()
            }
        }
    }
}
