//! What orders can be asked, one line a call; what a refusal looks like outside.

mod catalogue;
mod order;

use std::sync::Arc;
use std::time::Duration;

use platform::{Error, Refused, answer};
use proto::studio::orders::v1 as pb;
use proto::studio::orders::v1::catalogue_service_server::CatalogueService;
use proto::studio::orders::v1::order_service_server::OrderService;
use tonic::{Code, Request, Response, Status};

use crate::App;
use crate::domain::Refusal;

pub use order::show;

pub struct Api(pub Arc<App>);

type Answer<T> = Result<Response<T>, Status>;

#[rustfmt::skip]
#[tonic::async_trait]
impl CatalogueService for Api {
    async fn import_catalogue(&self, r: Request<pb::ImportCatalogueRequest>) -> Answer<pb::ImportCatalogueResponse> { answer(&self.0, r, catalogue::import_catalogue::handle).await }
    async fn list_products(&self, r: Request<pb::ListProductsRequest>) -> Answer<pb::ListProductsResponse> { answer(&self.0, r, catalogue::list_products::handle).await }
    async fn get_product(&self, r: Request<pb::GetProductRequest>) -> Answer<pb::GetProductResponse> { answer(&self.0, r, catalogue::get_product::handle).await }
}

#[rustfmt::skip]
#[tonic::async_trait]
impl OrderService for Api {
    async fn apply(&self, r: Request<pb::ApplyRequest>) -> Answer<pb::ApplyResponse> { answer(&self.0, r, order::apply::handle).await }
    async fn amend_application(&self, r: Request<pb::AmendApplicationRequest>) -> Answer<pb::AmendApplicationResponse> { answer(&self.0, r, order::amend_application::handle).await }
    async fn confirm_application(&self, r: Request<pb::ConfirmApplicationRequest>) -> Answer<pb::ConfirmApplicationResponse> { answer(&self.0, r, order::confirm_application::handle).await }
    async fn get_order(&self, r: Request<pb::GetOrderRequest>) -> Answer<pb::GetOrderResponse> { answer(&self.0, r, order::get_order::handle).await }
    async fn track_order(&self, r: Request<pb::TrackOrderRequest>) -> Answer<pb::TrackOrderResponse> { answer(&self.0, r, order::track_order::handle).await }
    async fn list_orders(&self, r: Request<pb::ListOrdersRequest>) -> Answer<pb::ListOrdersResponse> { answer(&self.0, r, order::list_orders::handle).await }
    async fn list_steps(&self, r: Request<pb::ListStepsRequest>) -> Answer<pb::ListStepsResponse> { answer(&self.0, r, order::list_steps::handle).await }
    async fn list_quotes(&self, r: Request<pb::ListQuotesRequest>) -> Answer<pb::ListQuotesResponse> { answer(&self.0, r, order::list_quotes::handle).await }
    async fn get_needs(&self, r: Request<pb::GetNeedsRequest>) -> Answer<pb::GetNeedsResponse> { answer(&self.0, r, order::get_needs::handle).await }
    async fn pass_first_review(&self, r: Request<pb::PassFirstReviewRequest>) -> Answer<pb::PassFirstReviewResponse> { answer(&self.0, r, order::pass_first_review::handle).await }
    async fn request_information(&self, r: Request<pb::RequestInformationRequest>) -> Answer<pb::RequestInformationResponse> { answer(&self.0, r, order::request_information::handle).await }
    async fn provide_information(&self, r: Request<pb::ProvideInformationRequest>) -> Answer<pb::ProvideInformationResponse> { answer(&self.0, r, order::provide_information::handle).await }
    async fn add_contact_log(&self, r: Request<pb::AddContactLogRequest>) -> Answer<pb::AddContactLogResponse> { answer(&self.0, r, order::add_contact_log::handle).await }
    async fn list_contact_logs(&self, r: Request<pb::ListContactLogsRequest>) -> Answer<pb::ListContactLogsResponse> { answer(&self.0, r, order::list_contact_logs::handle).await }
    async fn submit_for_approval(&self, r: Request<pb::SubmitForApprovalRequest>) -> Answer<pb::SubmitForApprovalResponse> { answer(&self.0, r, order::submit_for_approval::handle).await }
    async fn approve(&self, r: Request<pb::ApproveRequest>) -> Answer<pb::ApproveResponse> { answer(&self.0, r, order::approve::handle).await }
    async fn reject(&self, r: Request<pb::RejectRequest>) -> Answer<pb::RejectResponse> { answer(&self.0, r, order::reject::handle).await }
    async fn send_back(&self, r: Request<pb::SendBackRequest>) -> Answer<pb::SendBackResponse> { answer(&self.0, r, order::send_back::handle).await }
    async fn accept_quote(&self, r: Request<pb::AcceptQuoteRequest>) -> Answer<pb::AcceptQuoteResponse> { answer(&self.0, r, order::accept_quote::handle).await }
    async fn decline_quote(&self, r: Request<pb::DeclineQuoteRequest>) -> Answer<pb::DeclineQuoteResponse> { answer(&self.0, r, order::decline_quote::handle).await }
    async fn start_payment(&self, r: Request<pb::StartPaymentRequest>) -> Answer<pb::StartPaymentResponse> { answer(&self.0, r, order::start_payment::handle).await }
    async fn cancel(&self, r: Request<pb::CancelRequest>) -> Answer<pb::CancelResponse> { answer(&self.0, r, order::cancel::handle).await }
    async fn record_refund(&self, r: Request<pb::RecordRefundRequest>) -> Answer<pb::RecordRefundResponse> { answer(&self.0, r, order::record_refund::handle).await }
    async fn get_process_figures(&self, r: Request<pb::GetProcessFiguresRequest>) -> Answer<pb::GetProcessFiguresResponse> { answer(&self.0, r, order::get_process_figures::handle).await }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        use pb::ErrorReason as Reason;
        let text = refusal.to_string();
        let refused = |reason| Refused::new(Code::FailedPrecondition, reason, text.clone());
        match refusal {
            Refusal::WrongState { state } => Error::wrong_state("order", state.as_str()),
            Refusal::SamePerson => Error::same_person(),
            Refusal::VersionConflict => Error::version_conflict("order"),
            Refusal::Incomplete(invalid) => invalid.into(),
            Refusal::UnreadableFile(_) => {
                Refused::new(Code::InvalidArgument, Reason::UnreadableFile, text).into()
            }
            Refusal::NotForSale => refused(Reason::NotForSale).into(),
            Refusal::DuplicateApplication => {
                Refused::new(Code::AlreadyExists, Reason::DuplicateApplication, text).into()
            }
            Refusal::QuoteDiffers => refused(Reason::QuoteDiffers).into(),
            Refusal::QuoteExpired => refused(Reason::QuoteExpired).into(),
            Refusal::AcceptanceExpired => refused(Reason::AcceptanceExpired).into(),
            Refusal::TermsDiffer => refused(Reason::TermsDiffer).into(),
            Refusal::PaymentUnderWay => refused(Reason::PaymentUnderWay)
                .retry_after(Duration::from_secs(5))
                .into(),
            Refusal::MemberMustPay => {
                Refused::new(Code::PermissionDenied, Reason::MemberMustPay, text).into()
            }
            Refusal::AlreadyPaid => refused(Reason::AlreadyPaid).into(),
            Refusal::PaymentExpired => refused(Reason::PaymentExpired).into(),
            Refusal::RefundExceedsPayment { refundable_minor } => refused(Reason::RefundExceedsPayment)
                .with("refundable_minor", refundable_minor)
                .into(),
            Refusal::RefundDiffers => refused(Reason::RefundDiffers).into(),
        }
    }
}
