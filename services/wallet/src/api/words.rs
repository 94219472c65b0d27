//! The contract's words for the domain's, and back.

use proto::studio::wallet::v1 as pb;

use crate::domain::recharge::{Advice, Focus, Method, RejectReason, State};
use crate::domain::wallet;
use kernel::BadField;

pub fn method(field: pb::RechargeMethod) -> Result<Method, BadField> {
    match field {
        pb::RechargeMethod::WechatNative => Ok(Method::WechatNative),
        pb::RechargeMethod::WechatCodepay => Ok(Method::WechatCodepay),
        pb::RechargeMethod::WechatJsapi => Ok(Method::WechatJsapi),
        pb::RechargeMethod::AlipayQr => Ok(Method::AlipayQr),
        pb::RechargeMethod::AlipayBarcode => Ok(Method::AlipayBarcode),
        pb::RechargeMethod::Cash => Ok(Method::Cash),
        pb::RechargeMethod::CardTerminal => Ok(Method::CardTerminal),
        pb::RechargeMethod::BankTransfer => Ok(Method::BankTransfer),
        pb::RechargeMethod::Unspecified => Err(BadField::new("method", "is required")),
    }
}

pub fn reject_reason(field: pb::RejectReason) -> Result<RejectReason, BadField> {
    match field {
        pb::RejectReason::WrongAmount => Ok(RejectReason::WrongAmount),
        pb::RejectReason::ChannelFault => Ok(RejectReason::ChannelFault),
        pb::RejectReason::Incomplete => Ok(RejectReason::Incomplete),
        pb::RejectReason::Duplicate => Ok(RejectReason::Duplicate),
        pb::RejectReason::Suspicious => Ok(RejectReason::Suspicious),
        pb::RejectReason::Other => Ok(RejectReason::Other),
        pb::RejectReason::Unspecified => Err(BadField::new("reason", "is required")),
    }
}

pub fn advice(field: pb::Advice) -> Result<Advice, BadField> {
    match field {
        pb::Advice::ApplyAgain => Ok(Advice::ApplyAgain),
        pb::Advice::OtherMethod => Ok(Advice::OtherMethod),
        pb::Advice::AskStudio => Ok(Advice::AskStudio),
        pb::Advice::Unspecified => Err(BadField::new("advice", "is required")),
    }
}

impl From<Method> for pb::RechargeMethod {
    fn from(method: Method) -> Self {
        match method {
            Method::WechatNative => Self::WechatNative,
            Method::WechatCodepay => Self::WechatCodepay,
            Method::WechatJsapi => Self::WechatJsapi,
            Method::AlipayQr => Self::AlipayQr,
            Method::AlipayBarcode => Self::AlipayBarcode,
            Method::Cash => Self::Cash,
            Method::CardTerminal => Self::CardTerminal,
            Method::BankTransfer => Self::BankTransfer,
        }
    }
}

impl From<Focus> for pb::FocusReason {
    fn from(focus: Focus) -> Self {
        match focus {
            Focus::LargeAmount => Self::LargeAmount,
            Focus::AmountDiffers => Self::AmountDiffers,
            Focus::Late => Self::Late,
        }
    }
}

impl From<RejectReason> for pb::RejectReason {
    fn from(reason: RejectReason) -> Self {
        match reason {
            RejectReason::WrongAmount => Self::WrongAmount,
            RejectReason::ChannelFault => Self::ChannelFault,
            RejectReason::Incomplete => Self::Incomplete,
            RejectReason::Duplicate => Self::Duplicate,
            RejectReason::Suspicious => Self::Suspicious,
            RejectReason::Other => Self::Other,
        }
    }
}

impl From<Advice> for pb::Advice {
    fn from(advice: Advice) -> Self {
        match advice {
            Advice::ApplyAgain => Self::ApplyAgain,
            Advice::OtherMethod => Self::OtherMethod,
            Advice::AskStudio => Self::AskStudio,
        }
    }
}

impl From<&State> for pb::RechargeState {
    fn from(state: &State) -> Self {
        match state {
            State::Applied => Self::Applied,
            State::Accepted => Self::Accepted,
            State::Received(_) => Self::Received,
            State::Posted { .. } => Self::Posted,
            State::Rejected(_) => Self::Rejected,
            State::Returning(_) => Self::Returning,
            State::Returned(_) => Self::Returned,
            State::ReturnStuck { .. } => Self::ReturnStuck,
            State::Cancelled => Self::Cancelled,
            State::Expired => Self::Expired,
        }
    }
}

/// The word under which a state is kept; none when the filter is left empty.
pub fn state_filter(state: pb::RechargeState) -> Option<&'static str> {
    match state {
        pb::RechargeState::Unspecified => None,
        pb::RechargeState::Applied => Some("applied"),
        pb::RechargeState::Accepted => Some("accepted"),
        pb::RechargeState::Received => Some("received"),
        pb::RechargeState::Posted => Some("posted"),
        pb::RechargeState::Rejected => Some("rejected"),
        pb::RechargeState::Returning => Some("returning"),
        pb::RechargeState::Returned => Some("returned"),
        pb::RechargeState::ReturnStuck => Some("return_stuck"),
        pb::RechargeState::Cancelled => Some("cancelled"),
        pb::RechargeState::Expired => Some("expired"),
    }
}

impl From<&wallet::State> for pb::WalletState {
    fn from(state: &wallet::State) -> Self {
        match state {
            wallet::State::Open => Self::Open,
            wallet::State::Frozen { .. } => Self::Frozen,
        }
    }
}

pub fn account_kind(kind: &str) -> pb::AccountKind {
    match kind {
        "member_principal" => pb::AccountKind::MemberPrincipal,
        "member_gift" => pb::AccountKind::MemberGift,
        "custody" => pb::AccountKind::Custody,
        "suspense" => pb::AccountKind::Suspense,
        "channel_clearing" => pb::AccountKind::ChannelClearing,
        "revenue" => pb::AccountKind::Revenue,
        "inter_company" => pb::AccountKind::InterCompany,
        _ => pb::AccountKind::Unspecified,
    }
}

pub fn cause(cause: &str) -> pb::TransferCause {
    match cause {
        "recharge_received" => pb::TransferCause::RechargeReceived,
        "recharge_posted" => pb::TransferCause::RechargePosted,
        "recharge_returned" => pb::TransferCause::RechargeReturned,
        "spend" => pb::TransferCause::Spend,
        "spend_returned" => pb::TransferCause::SpendReturned,
        _ => pb::TransferCause::Unspecified,
    }
}
