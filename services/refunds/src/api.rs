//! The table of contents: one line a call.

use std::sync::Arc;

use platform::{Error, Refused, answer};
use proto::studio::refunds::v1 as pb;
use proto::studio::refunds::v1::policy_service_server::PolicyService;
use proto::studio::refunds::v1::refund_service_server::RefundService;
use tonic::{Code, Request, Response, Status};

use crate::App;
use crate::domain::Refusal;

mod approve_case;
mod assign_case;
mod get_case;
mod get_policy;
mod list_cases;
pub mod open_case;
mod publish_policy;
mod quote_refund;
mod reject_case;
mod resume_case;
pub mod said;
mod view;
mod words;

/// The door of refunds.
pub struct Api(pub Arc<App>);

type Answer<R> = Result<Response<R>, Status>;

#[tonic::async_trait]
impl PolicyService for Api {
    async fn publish_policy(
        &self,
        r: Request<pb::PublishPolicyRequest>,
    ) -> Answer<pb::PublishPolicyResponse> {
        answer(&self.0, r, publish_policy::handle).await
    }
    async fn get_policy(&self, r: Request<pb::GetPolicyRequest>) -> Answer<pb::GetPolicyResponse> {
        answer(&self.0, r, get_policy::handle).await
    }
}

#[tonic::async_trait]
impl RefundService for Api {
    async fn quote_refund(&self, r: Request<pb::QuoteRefundRequest>) -> Answer<pb::QuoteRefundResponse> {
        answer(&self.0, r, quote_refund::handle).await
    }
    async fn open_case(&self, r: Request<pb::OpenCaseRequest>) -> Answer<pb::OpenCaseResponse> {
        answer(&self.0, r, open_case::handle).await
    }
    async fn get_case(&self, r: Request<pb::GetCaseRequest>) -> Answer<pb::GetCaseResponse> {
        answer(&self.0, r, get_case::handle).await
    }
    async fn list_cases(&self, r: Request<pb::ListCasesRequest>) -> Answer<pb::ListCasesResponse> {
        answer(&self.0, r, list_cases::handle).await
    }
    async fn assign_case(&self, r: Request<pb::AssignCaseRequest>) -> Answer<pb::AssignCaseResponse> {
        answer(&self.0, r, assign_case::handle).await
    }
    async fn approve_case(&self, r: Request<pb::ApproveCaseRequest>) -> Answer<pb::ApproveCaseResponse> {
        answer(&self.0, r, approve_case::handle).await
    }
    async fn reject_case(&self, r: Request<pb::RejectCaseRequest>) -> Answer<pb::RejectCaseResponse> {
        answer(&self.0, r, reject_case::handle).await
    }
    async fn resume_case(&self, r: Request<pb::ResumeCaseRequest>) -> Answer<pb::ResumeCaseResponse> {
        answer(&self.0, r, resume_case::handle).await
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        use pb::ErrorReason as Reason;
        let text = refusal.to_string();
        let no = |reason| Refused::new(Code::FailedPrecondition, reason, &text);
        match refusal {
            Refusal::UnknownCase => Self::not_found("case"),
            Refusal::UnknownPolicy => Self::not_found("policy"),
            Refusal::SamePerson => Self::same_person(),
            Refusal::WrongState { state } => Self::wrong_state("case", state),
            Refusal::VersionConflict { what } => Self::version_conflict(what),
            Refusal::NothingPaid => no(Reason::NothingPaid).into(),
            Refusal::NoPolicy => no(Reason::NoPolicy).into(),
            Refusal::WindowClosed { since } => no(Reason::WindowClosed)
                .with("window_ends_at", since.to_rfc3339())
                .into(),
            Refusal::NotRefundable => no(Reason::NotRefundable).into(),
            Refusal::AboveRefundable {
                refundable: Some(refundable),
            } => no(Reason::AboveRefundable)
                .with("refundable_minor", refundable.minor())
                .into(),
            Refusal::AboveRefundable { refundable: None } => no(Reason::AboveRefundable).into(),
            Refusal::CaseOpen => no(Reason::CaseOpen).into(),
            Refusal::SubjectChanged => no(Reason::SubjectChanged).into(),
            Refusal::BackDated => no(Reason::BackDated).into(),
            Refusal::DuplicateRule { code } => no(Reason::DuplicateRule).with("code", code).into(),
        }
    }
}
