//! The calls, one line each, and how a refusal leaves.

mod attempt;
mod cashier;
mod counter_code;
mod credential;
mod drawer;
mod exception;
mod intent;
mod notice;
mod payment;
mod receipt;
mod reconciliation;
pub(crate) mod redirection;
mod refund;
mod suspense;
mod takings;
mod transfer;
mod verification;

use std::sync::Arc;
use std::time::Duration;

use futures::future::Either;
use kernel::{BadField, Invalid};
use platform::{Error, Refused, answer, answer_stream};
use proto::studio::payments::v1::intent_service_server::IntentService;
use proto::studio::payments::v1::notice_service_server::NoticeService;
use proto::studio::payments::v1::receipt_service_server::ReceiptService;
use proto::studio::payments::v1::reconciliation_service_server::ReconciliationService;
use proto::studio::payments::v1::refund_service_server::RefundService;
use proto::studio::payments::v1::{self as pb, ErrorReason};
use tonic::{Code, Request, Response, Status};
use uuid::Uuid;

use crate::App;
use crate::domain::{OutOfOrder, Refusal};

#[derive(Clone)]
pub struct Api(pub Arc<App>);

#[tonic::async_trait]
impl IntentService for Api {
    async fn create_intent(
        &self,
        r: Request<pb::CreateIntentRequest>,
    ) -> Result<Response<pb::CreateIntentResponse>, Status> {
        answer(&self.0, r, intent::create::handle).await
    }
    async fn get_intent(
        &self,
        r: Request<pb::GetIntentRequest>,
    ) -> Result<Response<pb::GetIntentResponse>, Status> {
        answer(&self.0, r, intent::get::handle).await
    }
    async fn cancel_intent(
        &self,
        r: Request<pb::CancelIntentRequest>,
    ) -> Result<Response<pb::CancelIntentResponse>, Status> {
        answer(&self.0, r, intent::cancel::handle).await
    }
    async fn start_attempt(
        &self,
        r: Request<pb::StartAttemptRequest>,
    ) -> Result<Response<pb::StartAttemptResponse>, Status> {
        answer(&self.0, r, attempt::start::handle).await
    }
    async fn get_attempt(
        &self,
        r: Request<pb::GetAttemptRequest>,
    ) -> Result<Response<pb::GetAttemptResponse>, Status> {
        answer(&self.0, r, attempt::get::handle).await
    }
    type WatchAttemptStream = platform::door::Answers<pb::WatchAttemptResponse>;
    async fn watch_attempt(
        &self,
        r: Request<pb::WatchAttemptRequest>,
    ) -> Result<Response<Self::WatchAttemptStream>, Status> {
        answer_stream(&self.0, r, attempt::watch::handle).await
    }
    async fn list_payments(
        &self,
        r: Request<pb::ListPaymentsRequest>,
    ) -> Result<Response<pb::ListPaymentsResponse>, Status> {
        answer(&self.0, r, payment::list::handle).await
    }
}

#[tonic::async_trait]
impl ReceiptService for Api {
    async fn get_receipt(
        &self,
        r: Request<pb::GetReceiptRequest>,
    ) -> Result<Response<pb::GetReceiptResponse>, Status> {
        answer(&self.0, r, receipt::get::handle).await
    }
    async fn get_receipt_page(
        &self,
        r: Request<pb::GetReceiptPageRequest>,
    ) -> Result<Response<pb::GetReceiptPageResponse>, Status> {
        answer(&self.0, r, receipt::page::handle).await
    }
    async fn get_invoice_data(
        &self,
        r: Request<pb::GetInvoiceDataRequest>,
    ) -> Result<Response<pb::GetInvoiceDataResponse>, Status> {
        answer(&self.0, r, receipt::invoice::handle).await
    }
    async fn list_receipts(
        &self,
        r: Request<pb::ListReceiptsRequest>,
    ) -> Result<Response<pb::ListReceiptsResponse>, Status> {
        answer(&self.0, r, receipt::list::handle).await
    }
}

#[tonic::async_trait]
impl NoticeService for Api {
    async fn publish_notice(
        &self,
        r: Request<pb::PublishNoticeRequest>,
    ) -> Result<Response<pb::PublishNoticeResponse>, Status> {
        answer(&self.0, r, notice::publish::handle).await
    }
    async fn get_notice(
        &self,
        r: Request<pb::GetNoticeRequest>,
    ) -> Result<Response<pb::GetNoticeResponse>, Status> {
        answer(&self.0, r, notice::get::handle).await
    }
    async fn list_notices(
        &self,
        r: Request<pb::ListNoticesRequest>,
    ) -> Result<Response<pb::ListNoticesResponse>, Status> {
        answer(&self.0, r, notice::list::handle).await
    }
    async fn list_method_choices(
        &self,
        r: Request<pb::ListMethodChoicesRequest>,
    ) -> Result<Response<pb::ListMethodChoicesResponse>, Status> {
        answer(&self.0, r, notice::list_choices::handle).await
    }
}

#[tonic::async_trait]
impl RefundService for Api {
    async fn refund(&self, r: Request<pb::RefundRequest>) -> Result<Response<pb::RefundResponse>, Status> {
        answer(&self.0, r, refund::send::handle).await
    }
    async fn get_refund(
        &self,
        r: Request<pb::GetRefundRequest>,
    ) -> Result<Response<pb::GetRefundResponse>, Status> {
        answer(&self.0, r, refund::get::handle).await
    }
    async fn list_refunds(
        &self,
        r: Request<pb::ListRefundsRequest>,
    ) -> Result<Response<pb::ListRefundsResponse>, Status> {
        answer(&self.0, r, refund::list::handle).await
    }
}

#[tonic::async_trait]
impl ReconciliationService for Api {
    async fn list_days(
        &self,
        r: Request<pb::ListDaysRequest>,
    ) -> Result<Response<pb::ListDaysResponse>, Status> {
        answer(&self.0, r, reconciliation::list_days::handle).await
    }
    async fn get_day_report(
        &self,
        r: Request<pb::GetDayReportRequest>,
    ) -> Result<Response<pb::GetDayReportResponse>, Status> {
        answer(&self.0, r, reconciliation::report::handle).await
    }
    type ExportDayStream = platform::door::Answers<pb::ExportDayResponse>;
    async fn export_day(
        &self,
        r: Request<pb::ExportDayRequest>,
    ) -> Result<Response<Self::ExportDayStream>, Status> {
        answer_stream(&self.0, r, reconciliation::export::handle).await
    }
    async fn list_differences(
        &self,
        r: Request<pb::ListDifferencesRequest>,
    ) -> Result<Response<pb::ListDifferencesResponse>, Status> {
        answer(&self.0, r, reconciliation::differences::handle).await
    }
    async fn resolve_difference(
        &self,
        r: Request<pb::ResolveDifferenceRequest>,
    ) -> Result<Response<pb::ResolveDifferenceResponse>, Status> {
        answer(&self.0, r, reconciliation::resolve::handle).await
    }
    async fn confirm_resolution(
        &self,
        r: Request<pb::ConfirmResolutionRequest>,
    ) -> Result<Response<pb::ConfirmResolutionResponse>, Status> {
        answer(&self.0, r, reconciliation::confirm::handle).await
    }
    async fn sign_day(
        &self,
        r: Request<pb::SignDayRequest>,
    ) -> Result<Response<pb::SignDayResponse>, Status> {
        answer(&self.0, r, reconciliation::sign_day::handle).await
    }
    async fn close_day(
        &self,
        r: Request<pb::CloseDayRequest>,
    ) -> Result<Response<pb::CloseDayResponse>, Status> {
        answer(&self.0, r, reconciliation::close_day::handle).await
    }
    async fn import_bank_statement(
        &self,
        r: Request<pb::ImportBankStatementRequest>,
    ) -> Result<Response<pb::ImportBankStatementResponse>, Status> {
        answer(&self.0, r, reconciliation::import::handle).await
    }
}

impl From<Refusal> for Error {
    #[expect(clippy::too_many_lines, reason = "a table: a line for each refusal")]
    fn from(refusal: Refusal) -> Self {
        let refused = |code, reason| Refused::new(code, reason, refusal.to_string());
        match &refusal {
            Refusal::IntentDiffers { field } => {
                refused(Code::AlreadyExists, ErrorReason::IntentDiffers).with("field", field)
            }
            Refusal::NoMerchant => refused(Code::FailedPrecondition, ErrorReason::NoMerchant),
            Refusal::ExpiresTooSoon => refused(Code::FailedPrecondition, ErrorReason::ExpiresTooSoon),
            Refusal::AlreadyPaid => refused(Code::FailedPrecondition, ErrorReason::AlreadyPaid),
            Refusal::IntentClosed { state } => {
                refused(Code::FailedPrecondition, ErrorReason::IntentClosed).with("state", state)
            }
            Refusal::AttemptClosing => refused(Code::FailedPrecondition, ErrorReason::AttemptClosing)
                .retry_after(Duration::from_secs(2)),
            Refusal::RefundExceedsPayment { refundable } => {
                refused(Code::FailedPrecondition, ErrorReason::RefundExceedsPayment)
                    .with("refundable_minor", refundable.minor())
            }
            Refusal::RefundDiffers => refused(Code::AlreadyExists, ErrorReason::RefundDiffers),
            Refusal::RefundTooLate => refused(Code::FailedPrecondition, ErrorReason::RefundTooLate),
            Refusal::TooManyRefunds => refused(Code::FailedPrecondition, ErrorReason::TooManyRefunds),
            Refusal::NoticeBackDated => refused(Code::FailedPrecondition, ErrorReason::NoticeBackDated),
            Refusal::NoticeRaced => return Self::version_conflict("notice"),
            Refusal::MethodNotSetUp { method } => {
                refused(Code::FailedPrecondition, ErrorReason::MethodNotSetUp).with("method", method)
            }
            Refusal::SamePerson => return Self::same_person(),
            Refusal::DifferenceState { state } => {
                refused(Code::FailedPrecondition, ErrorReason::DifferenceState).with("state", state)
            }
            Refusal::DayState { state } => {
                refused(Code::FailedPrecondition, ErrorReason::DayState).with("state", state)
            }
            Refusal::DayNotSigned => refused(Code::FailedPrecondition, ErrorReason::DayNotSigned),
            Refusal::DifferencesOpen { open } => {
                refused(Code::FailedPrecondition, ErrorReason::DifferencesOpen).with("open", open)
            }
            Refusal::NoBankAccount => refused(Code::NotFound, ErrorReason::NoBankAccount),
            Refusal::CredentialExists => refused(Code::AlreadyExists, ErrorReason::CredentialExists),
            Refusal::CredentialRetired => refused(Code::FailedPrecondition, ErrorReason::CredentialRetired),
            Refusal::RotationRecorded => refused(Code::FailedPrecondition, ErrorReason::RotationRecorded),
            Refusal::RotationEnded => refused(Code::FailedPrecondition, ErrorReason::RotationEnded),
            Refusal::LimitReached {
                subject,
                window_s,
                retry_after,
            } => {
                let refused = refused(Code::FailedPrecondition, ErrorReason::LimitReached)
                    .with("subject", subject)
                    .with("window_s", window_s);
                match retry_after.and_then(|delay| delay.to_std().ok()) {
                    Some(delay) => refused.retry_after(delay),
                    None => refused,
                }
            }
            Refusal::LimitBackDated => refused(Code::FailedPrecondition, ErrorReason::LimitBackDated),
            Refusal::CashierClosed { reason } => {
                refused(Code::FailedPrecondition, ErrorReason::CashierClosed).with("reason", reason)
            }
            Refusal::CashierState { state } => return Self::wrong_state("cashier", state),
            Refusal::ChannelDown { channel, retry_after } => {
                refused(Code::FailedPrecondition, ErrorReason::ChannelDown)
                    .with("channel", channel)
                    .retry_after(*retry_after)
            }
            Refusal::LimitRaced => return Self::version_conflict("limit"),
            Refusal::ExceptionState { state } => {
                refused(Code::FailedPrecondition, ErrorReason::ExceptionState).with("state", state)
            }
            Refusal::NotTakenByCaller => refused(Code::FailedPrecondition, ErrorReason::NotTakenByCaller),
            Refusal::ExceptionTooOld => refused(Code::FailedPrecondition, ErrorReason::ExceptionTooOld),
            Refusal::DrawerHeld => refused(Code::FailedPrecondition, ErrorReason::DrawerHeld),
            Refusal::NotYourDrawer => refused(Code::PermissionDenied, ErrorReason::NotYourDrawer),
            Refusal::DrawerCounted => refused(Code::FailedPrecondition, ErrorReason::DrawerCounted),
            Refusal::DrawerShort => refused(Code::FailedPrecondition, ErrorReason::DrawerShort),
            Refusal::TenderedTooLittle { missing_minor } => {
                refused(Code::FailedPrecondition, ErrorReason::TenderedTooLittle)
                    .with("missing_minor", missing_minor)
            }
            Refusal::SlipUsed => refused(Code::AlreadyExists, ErrorReason::SlipUsed),
            Refusal::CountUnexplained => refused(Code::FailedPrecondition, ErrorReason::CountUnexplained),
            Refusal::DrawersOpen { open } => {
                refused(Code::FailedPrecondition, ErrorReason::DrawersOpen).with("open", open)
            }
            Refusal::OtherStudio => refused(Code::FailedPrecondition, ErrorReason::OtherStudio),
            Refusal::RefundNotAtDrawer => refused(Code::FailedPrecondition, ErrorReason::RefundNotAtDrawer),
            Refusal::RefundNotHanging => refused(Code::FailedPrecondition, ErrorReason::RefundNotHanging),
            Refusal::RedirectionOpen => refused(Code::FailedPrecondition, ErrorReason::RedirectionOpen),
            Refusal::RedirectionState { state } => {
                refused(Code::FailedPrecondition, ErrorReason::RedirectionState).with("state", state)
            }
            Refusal::RedirectionNotOffered => {
                refused(Code::FailedPrecondition, ErrorReason::RedirectionNotOffered)
            }
            Refusal::NoSeller => refused(Code::FailedPrecondition, ErrorReason::SellerNotSetUp),
            Refusal::VerificationState { state } => {
                refused(Code::FailedPrecondition, ErrorReason::VerificationState).with("state", state)
            }
            Refusal::VerificationDiffers { field } => {
                refused(Code::FailedPrecondition, ErrorReason::VerificationDiffers).with("field", field)
            }
            Refusal::SuspenseState { state } => {
                refused(Code::FailedPrecondition, ErrorReason::SuspenseState).with("state", state)
            }
            Refusal::OtherLegalEntity => refused(Code::FailedPrecondition, ErrorReason::OtherLegalEntity),
            Refusal::TransferShort { missing_minor } => {
                refused(Code::FailedPrecondition, ErrorReason::TransferShort)
                    .with("missing_minor", missing_minor)
            }
            Refusal::TransferOver { surplus_minor } => {
                refused(Code::FailedPrecondition, ErrorReason::TransferOver)
                    .with("surplus_minor", surplus_minor)
            }
            Refusal::CodeDown => refused(Code::FailedPrecondition, ErrorReason::CodeDown),
            Refusal::CodeStands => refused(Code::AlreadyExists, ErrorReason::CodeStands),
            Refusal::NoTransfer => refused(Code::FailedPrecondition, ErrorReason::NoTransfer),
            Refusal::ProofUnreadable => refused(Code::InvalidArgument, ErrorReason::ProofUnreadable),
            Refusal::TooManyProofs => refused(Code::FailedPrecondition, ErrorReason::TooManyProofs),
            Refusal::RefundNotByTransfer => {
                refused(Code::FailedPrecondition, ErrorReason::RefundNotByTransfer)
            }
        }
        .into()
    }
}

impl From<OutOfOrder> for Error {
    /// A step out of order is a bug here: whoever asks was weighed before.
    fn from(error: OutOfOrder) -> Self {
        Self::Internal(error.to_string())
    }
}

/// A field with an id that has no type of its own.
fn uuid(field: &str, text: &str) -> Result<Uuid, BadField> {
    text.parse().map_err(|_| BadField::new(field, "must be a UUID"))
}

/// A field that may be left empty.
fn given<T>(text: &str, read: impl FnOnce(&str) -> Result<T, BadField>) -> Result<Option<T>, BadField> {
    if text.is_empty() {
        Ok(None)
    } else {
        read(text).map(Some)
    }
}

/// Words that say something.
fn said(field: &str, text: &str) -> Result<String, BadField> {
    match text.trim() {
        "" => Err(BadField::new(field, "must hold words")),
        words => Ok(words.to_owned()),
    }
}

/// Of two ways to name a thing exactly one must be given.
fn one_of<A, B>(a: (&str, Option<A>), b: (&str, Option<B>)) -> Result<Either<A, B>, Invalid> {
    match (a, b) {
        ((_, Some(a)), (_, None)) => Ok(Either::Left(a)),
        ((_, None), (_, Some(b))) => Ok(Either::Right(b)),
        ((a, _), (b, _)) => {
            let what = format!("exactly one of {a} and {b} must be given");
            Err(Invalid(vec![
                BadField::new(a, what.clone()),
                BadField::new(b, what),
            ]))
        }
    }
}
