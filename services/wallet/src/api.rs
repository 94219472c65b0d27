//! The table of contents: one line a call.

use std::sync::Arc;

use platform::{Error, Refused, answer};
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::hold_service_server::HoldService;
use proto::studio::wallet::v1::recharge_service_server::RechargeService;
use proto::studio::wallet::v1::wallet_service_server::WalletService;
use tonic::{Code, Request, Response, Status};

use crate::App;
use crate::domain::Refusal;

mod accept_recharge;
mod apply_recharge;
mod cancel_recharge;
mod decline_recharge;
mod freeze_wallet;
mod get_balance;
mod get_recharge;
mod get_wallet;
mod hold;
mod list_recharges;
mod list_transfers;
mod post_recharge;
mod reject_recharge;
mod resume_return;
mod return_spend;
mod said;
mod spend;
mod spend_many;
mod start_recharge_payment;
mod unfreeze_wallet;
mod view;
mod words;

/// The door of the wallet.
pub struct Api(pub Arc<App>);

type Answer<R> = Result<Response<R>, Status>;

#[tonic::async_trait]
impl WalletService for Api {
    async fn get_wallet(&self, r: Request<pb::GetWalletRequest>) -> Answer<pb::GetWalletResponse> {
        answer(&self.0, r, get_wallet::handle).await
    }
    async fn get_balance(&self, r: Request<pb::GetBalanceRequest>) -> Answer<pb::GetBalanceResponse> {
        answer(&self.0, r, get_balance::handle).await
    }
    async fn list_transfers(
        &self,
        r: Request<pb::ListTransfersRequest>,
    ) -> Answer<pb::ListTransfersResponse> {
        answer(&self.0, r, list_transfers::handle).await
    }
    async fn spend(&self, r: Request<pb::SpendRequest>) -> Answer<pb::SpendResponse> {
        answer(&self.0, r, spend::handle).await
    }
    async fn spend_many(&self, r: Request<pb::SpendManyRequest>) -> Answer<pb::SpendManyResponse> {
        answer(&self.0, r, spend_many::handle).await
    }
    async fn return_spend(&self, r: Request<pb::ReturnSpendRequest>) -> Answer<pb::ReturnSpendResponse> {
        answer(&self.0, r, return_spend::handle).await
    }
    async fn freeze_wallet(&self, r: Request<pb::FreezeWalletRequest>) -> Answer<pb::FreezeWalletResponse> {
        answer(&self.0, r, freeze_wallet::handle).await
    }
    async fn unfreeze_wallet(
        &self,
        r: Request<pb::UnfreezeWalletRequest>,
    ) -> Answer<pb::UnfreezeWalletResponse> {
        answer(&self.0, r, unfreeze_wallet::handle).await
    }
}

#[tonic::async_trait]
impl HoldService for Api {
    async fn place_hold(&self, r: Request<pb::PlaceHoldRequest>) -> Answer<pb::PlaceHoldResponse> {
        answer(&self.0, r, hold::place::handle).await
    }
    async fn get_hold(&self, r: Request<pb::GetHoldRequest>) -> Answer<pb::GetHoldResponse> {
        answer(&self.0, r, hold::get::handle).await
    }
    async fn list_holds(&self, r: Request<pb::ListHoldsRequest>) -> Answer<pb::ListHoldsResponse> {
        answer(&self.0, r, hold::list::handle).await
    }
    async fn capture_hold(&self, r: Request<pb::CaptureHoldRequest>) -> Answer<pb::CaptureHoldResponse> {
        answer(&self.0, r, hold::capture::handle).await
    }
    async fn release_hold(&self, r: Request<pb::ReleaseHoldRequest>) -> Answer<pb::ReleaseHoldResponse> {
        answer(&self.0, r, hold::release::handle).await
    }
}

#[tonic::async_trait]
impl RechargeService for Api {
    async fn apply_recharge(
        &self,
        r: Request<pb::ApplyRechargeRequest>,
    ) -> Answer<pb::ApplyRechargeResponse> {
        answer(&self.0, r, apply_recharge::handle).await
    }
    async fn get_recharge(&self, r: Request<pb::GetRechargeRequest>) -> Answer<pb::GetRechargeResponse> {
        answer(&self.0, r, get_recharge::handle).await
    }
    async fn list_recharges(
        &self,
        r: Request<pb::ListRechargesRequest>,
    ) -> Answer<pb::ListRechargesResponse> {
        answer(&self.0, r, list_recharges::handle).await
    }
    async fn accept_recharge(
        &self,
        r: Request<pb::AcceptRechargeRequest>,
    ) -> Answer<pb::AcceptRechargeResponse> {
        answer(&self.0, r, accept_recharge::handle).await
    }
    async fn start_recharge_payment(
        &self,
        r: Request<pb::StartRechargePaymentRequest>,
    ) -> Answer<pb::StartRechargePaymentResponse> {
        answer(&self.0, r, start_recharge_payment::handle).await
    }
    async fn post_recharge(&self, r: Request<pb::PostRechargeRequest>) -> Answer<pb::PostRechargeResponse> {
        answer(&self.0, r, post_recharge::handle).await
    }
    async fn decline_recharge(
        &self,
        r: Request<pb::DeclineRechargeRequest>,
    ) -> Answer<pb::DeclineRechargeResponse> {
        answer(&self.0, r, decline_recharge::handle).await
    }
    async fn reject_recharge(
        &self,
        r: Request<pb::RejectRechargeRequest>,
    ) -> Answer<pb::RejectRechargeResponse> {
        answer(&self.0, r, reject_recharge::handle).await
    }
    async fn resume_return(&self, r: Request<pb::ResumeReturnRequest>) -> Answer<pb::ResumeReturnResponse> {
        answer(&self.0, r, resume_return::handle).await
    }
    async fn cancel_recharge(
        &self,
        r: Request<pb::CancelRechargeRequest>,
    ) -> Answer<pb::CancelRechargeResponse> {
        answer(&self.0, r, cancel_recharge::handle).await
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        use pb::ErrorReason as Reason;
        let text = refusal.to_string();
        let no = |reason| Refused::new(Code::FailedPrecondition, reason, &text);
        match refusal {
            Refusal::UnknownWallet => Self::not_found("wallet"),
            Refusal::UnknownRecharge => Self::not_found("recharge"),
            Refusal::UnknownSpend => Self::not_found("spend"),
            Refusal::UnknownHold => Self::not_found("hold"),
            Refusal::SamePerson => Self::same_person(),
            Refusal::WrongState { what, state } => Self::wrong_state(what, state),
            Refusal::VersionConflict { what } => Self::version_conflict(what),
            Refusal::OutOfBounds => Self::Internal(text),
            Refusal::Frozen => no(Reason::WalletFrozen).into(),
            Refusal::InsufficientFunds { spendable } => no(Reason::InsufficientFunds)
                .with("spendable_minor", spendable.minor())
                .into(),
            Refusal::DueAlreadyPaid => no(Reason::DueAlreadyPaid).into(),
            Refusal::ReturnExceedsSpend { left } => no(Reason::ReturnExceedsSpend)
                .with("left_minor", left.minor())
                .into(),
            Refusal::LegConflict => no(Reason::LegConflict).into(),
            Refusal::DueAlreadyHeld => no(Reason::DueAlreadyHeld).into(),
            Refusal::HoldExpired => no(Reason::HoldExpired).into(),
            Refusal::CaptureExceedsHold { held } => no(Reason::CaptureExceedsHold)
                .with("held_minor", held.minor())
                .into(),
            Refusal::ExpiryOutOfRange { max_hours } => {
                no(Reason::ExpiryOutOfRange).with("max_hours", max_hours).into()
            }
            Refusal::AmountOutOfRange { min, max } => no(Reason::AmountOutOfRange)
                .with("min_minor", min.minor())
                .with("max_minor", max.minor())
                .into(),
            Refusal::WalletUnknown => no(Reason::WalletUnknown)
                .retry_after(std::time::Duration::from_secs(2))
                .into(),
            Refusal::StudioUnknown => no(Reason::StudioUnknown).into(),
            Refusal::AmountNotAsReceived { received } => no(Reason::AmountNotAsReceived)
                .with("received_minor", received.minor())
                .into(),
            Refusal::ConsultationRequired => no(Reason::ConsultationRequired).into(),
        }
    }
}
