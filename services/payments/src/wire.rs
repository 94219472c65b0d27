//! Domain values as the contract writes them.

mod attempt;
pub mod cashier;
pub mod counter_code;
pub mod credential;
pub mod drawer;
pub mod exception;
pub mod reconciliation;
pub mod redirection;
pub mod refund;
pub mod suspense;
pub mod takings;
pub mod verification;

use kernel::to_proto_time;
use proto::studio::payments::v1 as pb;

use crate::domain::closure::{self, Closure};
use crate::domain::evidence::Cause;
use crate::domain::intent::{Intent, State as IntentState};
use crate::domain::notice::{Notice, Offered};
use crate::domain::receipt::Receipt;
use crate::domain::{Method, Purpose};
use crate::store;

pub use attempt::{attempt, attempt_shown};

/// Pairs each variant of ours with the contract's, both ways.
macro_rules! mirrored {
    ($ours:ident, $theirs:ident { $($variant:ident),+ $(,)? }) => {
        impl From<$ours> for pb::$theirs {
            fn from(ours: $ours) -> Self {
                match ours { $($ours::$variant => Self::$variant),+ }
            }
        }

        impl $ours {
            /// Of a request; nothing when it is not specified.
            pub fn asked(theirs: pb::$theirs) -> Option<Self> {
                match theirs {
                    pb::$theirs::Unspecified => None,
                    $(pb::$theirs::$variant => Some(Self::$variant)),+
                }
            }
        }
    };
}
use mirrored;

impl From<Purpose> for pb::Purpose {
    fn from(purpose: Purpose) -> Self {
        match purpose {
            Purpose::Order => Self::Order,
            Purpose::Recharge => Self::Recharge,
        }
    }
}

impl From<Method> for pb::Method {
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

impl From<Cause> for pb::IsolationCause {
    fn from(cause: Cause) -> Self {
        match cause {
            Cause::Late => Self::Late,
            Cause::Duplicate => Self::Duplicate,
        }
    }
}

/// The purpose of a request; the field rules leave no other value in.
pub fn purpose(value: pb::Purpose) -> Option<Purpose> {
    match value {
        pb::Purpose::Order => Some(Purpose::Order),
        pb::Purpose::Recharge => Some(Purpose::Recharge),
        pb::Purpose::Unspecified => None,
    }
}

/// The method of a request; the field rules leave no other value in.
pub fn method(value: pb::Method) -> Option<Method> {
    match value {
        pb::Method::WechatNative => Some(Method::WechatNative),
        pb::Method::WechatCodepay => Some(Method::WechatCodepay),
        pb::Method::WechatJsapi => Some(Method::WechatJsapi),
        pb::Method::AlipayQr => Some(Method::AlipayQr),
        pb::Method::AlipayBarcode => Some(Method::AlipayBarcode),
        pb::Method::Cash => Some(Method::Cash),
        pb::Method::CardTerminal => Some(Method::CardTerminal),
        pb::Method::BankTransfer => Some(Method::BankTransfer),
        pb::Method::Unspecified => None,
    }
}

fn intent_state(state: IntentState) -> pb::IntentState {
    match state {
        IntentState::Open => pb::IntentState::Open,
        IntentState::Paid => pb::IntentState::Paid,
        IntentState::Expired => pb::IntentState::Expired,
        IntentState::Cancelled => pb::IntentState::Cancelled,
    }
}

fn id<T: ToString>(id: Option<T>) -> String {
    id.map(|id| id.to_string()).unwrap_or_default()
}

/// An intent just made or changed, with nothing known of attempts.
pub fn intent(intent: &Intent) -> pb::Intent {
    let claim = &intent.claim;
    pb::Intent {
        intent_id: intent.id.to_string(),
        purpose: pb::Purpose::from(claim.purpose).into(),
        due_id: claim.due_id.to_string(),
        person_id: claim.person_id.to_string(),
        studio_id: claim.studio_id.to_string(),
        legal_entity_id: claim.legal_entity_id.to_string(),
        amount: Some(claim.amount.into()),
        description: claim.description.clone(),
        state: intent_state(intent.state).into(),
        expire_at: Some(to_proto_time(claim.expire_at)),
        created_at: Some(to_proto_time(intent.created_at)),
        attempt_id: String::new(),
        payment_id: String::new(),
        version: intent.version,
    }
}

pub fn intent_view(view: &store::intent::View) -> pb::Intent {
    pb::Intent {
        attempt_id: id(view.attempt),
        payment_id: id(view.payment),
        ..intent(&view.intent)
    }
}

pub fn payment(listed: &store::payment::Listed) -> pb::Payment {
    let payment = &listed.payment;
    pb::Payment {
        payment_id: payment.id.to_string(),
        intent_id: payment.intent_id.to_string(),
        attempt_id: payment.attempt_id.to_string(),
        purpose: pb::Purpose::from(payment.claim.purpose).into(),
        due_id: payment.claim.due_id.to_string(),
        person_id: payment.claim.person_id.to_string(),
        studio_id: payment.claim.studio_id.to_string(),
        legal_entity_id: payment.claim.legal_entity_id.to_string(),
        amount: Some(payment.claim.amount.into()),
        refund_reserved: Some(payment.refund_reserved.into()),
        refunded: Some(payment.refunded.into()),
        method: pb::Method::from(payment.method).into(),
        channel_number: payment.number.to_string(),
        channel_transaction: payment.transaction.clone(),
        paid_at: Some(to_proto_time(payment.paid_at)),
        captured_at: Some(to_proto_time(payment.captured_at)),
        receipt_id: id(listed.receipt_id),
        receipt_number: listed.receipt_number.clone().unwrap_or_default(),
        masked_payer: listed.payer.masked.clone().unwrap_or_default(),
    }
}

pub fn receipt(receipt: &Receipt) -> pb::Receipt {
    pb::Receipt {
        receipt_id: receipt.id.to_string(),
        receipt_number: receipt.number.clone(),
        payment_id: receipt.payment_id.to_string(),
        person_id: receipt.person_id.to_string(),
        studio_id: receipt.studio_id.to_string(),
        legal_entity_id: receipt.legal_entity_id.to_string(),
        purpose: pb::Purpose::from(receipt.purpose).into(),
        due_id: receipt.due_id.to_string(),
        description: receipt.description.clone(),
        amount: Some(receipt.amount.into()),
        method: pb::Method::from(receipt.method).into(),
        channel_transaction: receipt.transaction.clone(),
        paid_at: Some(to_proto_time(receipt.paid_at)),
        issued_at: Some(to_proto_time(receipt.issued_at)),
    }
}

/// A way to pay of a request; the field rules leave no other value in.
pub fn offered(value: pb::OfferedMethod) -> Option<Offered> {
    match value {
        pb::OfferedMethod::WechatPay => Some(Offered::WechatPay),
        pb::OfferedMethod::Alipay => Some(Offered::Alipay),
        pb::OfferedMethod::BankTransfer => Some(Offered::BankTransfer),
        pb::OfferedMethod::Wallet => Some(Offered::Wallet),
        pb::OfferedMethod::Cash => Some(Offered::Cash),
        pb::OfferedMethod::CardTerminal => Some(Offered::CardTerminal),
        pb::OfferedMethod::Unspecified => None,
    }
}

impl From<Offered> for pb::OfferedMethod {
    fn from(offered: Offered) -> Self {
        match offered {
            Offered::WechatPay => Self::WechatPay,
            Offered::Alipay => Self::Alipay,
            Offered::BankTransfer => Self::BankTransfer,
            Offered::Wallet => Self::Wallet,
            Offered::Cash => Self::Cash,
            Offered::CardTerminal => Self::CardTerminal,
        }
    }
}

/// A notice, with the id of its publisher for staff.
pub fn notice(notice: &Notice, to_staff: bool) -> pb::Notice {
    let ways = notice.ways.iter().map(|way| pb::NoticeMethod {
        method: pb::OfferedMethod::from(way.method).into(),
        steps: way.steps.clone(),
    });
    let prices = notice.prices.iter().map(|line| pb::NoticePrice {
        name: line.name.clone(),
        price: Some(line.price.into()),
        unit: line.unit.clone(),
    });
    pb::Notice {
        notice_id: notice.id.to_string(),
        studio_id: notice.studio.to_string(),
        number: notice.number,
        methods: ways.collect(),
        prices: prices.collect(),
        refund_policy: notice.refund_policy.clone(),
        after_sales: notice.after_sales.clone(),
        effective_from: Some(to_proto_time(notice.effective_from)),
        published_by: id(to_staff.then_some(notice.published_by)),
        published_at: Some(to_proto_time(notice.published_at)),
    }
}

/// What a studio offers, with what is closed there.
pub fn choice(choice: &store::notice::Choice, closures: &[Closure]) -> pb::MethodChoice {
    let methods = choice.ways.iter();
    pb::MethodChoice {
        studio_id: choice.studio.to_string(),
        notice_id: id(choice.notice),
        methods: methods
            .map(|way| pb::OfferedMethod::from(way.method).into())
            .collect(),
        closed: choice
            .ways
            .iter()
            .filter_map(|way| {
                let closure = closure::holding(closures, way.method.channel()?)?;
                Some(pb::MethodClosed {
                    method: pb::OfferedMethod::from(way.method).into(),
                    reason: closure.reason.clone(),
                    since: Some(to_proto_time(closure.closed_at)),
                })
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Way;

    /// Lines of bills find their attempts by the beginning of the word; no bill tells
    /// of a drawer.
    #[test]
    fn every_method_of_the_contract_is_kept_under_a_word_that_begins_with_its_channel() {
        let offered: Vec<_> = (1..)
            .map_while(|number| pb::Method::try_from(number).ok())
            .collect();
        assert!(offered.len() >= 5);
        for offered in offered {
            let method = method(offered).unwrap();
            assert_eq!(pb::Method::from(method), offered);
            assert_eq!(Method::from_word(method.word()), Some(method));
            let begins = method.word().split('_').next();
            assert_eq!(begins == Some(method.channel()), method.way() != Way::Drawer);
        }
    }
}
