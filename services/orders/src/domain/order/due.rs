use chrono::Duration;
use kernel::{
    Amount, AttemptId, Balance, DueId, IntentId, LegalEntityId, OrderId, PaymentId, PersonId, Timestamp,
};
use uuid::Uuid;

use super::{Now, Order, Paying, State};
use crate::domain::{Refusal, words};

/// A payment started later than this before the deadline could not be made.
const LEAST_TIME: Duration = Duration::minutes(2);

words! {
    /// Where a due stands.
    DueState {
        Open = "open",
        Paying = "paying",
        Paid = "paid",
        Cancelled = "cancelled",
    }
    /// How a due is paid.
    Method {
        WechatNative = "wechat_native",
        WechatCodepay = "wechat_codepay",
        WechatJsapi = "wechat_jsapi",
        AlipayQr = "alipay_qr",
        AlipayBarcode = "alipay_barcode",
        Cash = "cash",
        CardTerminal = "card_terminal",
        BankTransfer = "bank_transfer",
        Wallet = "wallet",
    }
}

impl Method {
    /// Who pays brings a code, cash or a card, or is known inside WeChat. Only
    /// payments learns of that, so the attempt is started there by whoever has it.
    pub const fn is_started_at_payments(self) -> bool {
        match self {
            Self::WechatCodepay
            | Self::WechatJsapi
            | Self::AlipayBarcode
            | Self::Cash
            | Self::CardTerminal
            | Self::BankTransfer => true,
            Self::WechatNative | Self::AlipayQr | Self::Wallet => false,
        }
    }
}

/// What one payment pays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub id: DueId,
    pub order: OrderId,
    /// From 1 within the order.
    pub number: i32,
    pub legal_entity: LegalEntityId,
    pub amount: Amount,
    pub state: DueState,
    pub method: Option<Method>,
    pub pay_by: Timestamp,
    /// The request that started the payment under way.
    pub start: Option<Uuid>,
    pub intent: Option<IntentId>,
    pub attempt: Option<AttemptId>,
    /// The request that got `attempt`.
    pub attempt_start: Option<Uuid>,
    pub payment: Option<PaymentId>,
    pub paid_at: Option<Timestamp>,
    pub refunded: Balance,
    /// Why the last payment was refused.
    pub refusal: String,
    /// Money that the order could not use.
    pub surplus: bool,
    pub version: i64,
}

/// What has to be done to start a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// Have payments show a QR, or make ready for an attempt that is started there.
    ShowQr,
    /// Take it out of the wallet.
    Spend,
    /// Take the QR back, then out of the wallet.
    TakeBackAndSpend,
    /// Nothing: the same is under way already.
    Wait,
}

impl Due {
    /// A further due of an order.
    pub fn new(order: &Order, number: i32, amount: Amount, pay_by: Timestamp) -> Self {
        Self {
            id: DueId::derived(order.id, &format!("due {number}")),
            order: order.id,
            number,
            legal_entity: order.legal_entity,
            amount,
            state: DueState::Open,
            method: None,
            pay_by,
            start: None,
            intent: None,
            attempt: None,
            attempt_start: None,
            payment: None,
            paid_at: None,
            refunded: Balance::ZERO,
            refusal: String::new(),
            surplus: false,
            version: 1,
        }
    }

    /// Money may still arrive for it without anybody doing anything.
    pub fn under_way(&self) -> bool {
        match self.state {
            DueState::Paying => true,
            DueState::Open => self.intent.is_some(),
            DueState::Paid | DueState::Cancelled => false,
        }
    }

    /// It waits for the outcome of this start, and of no later one.
    pub fn waits_for(&self, paying: Paying, method: Method) -> bool {
        self.id == paying.due
            && self.state == DueState::Paying
            && self.method == Some(method)
            && self.start == Some(paying.start)
    }

    /// It waits for what payments does at this start, and by what method.
    pub fn waits_for_qr(&self, paying: Paying) -> Option<Method> {
        self.method
            .filter(|method| *method != Method::Wallet && self.waits_for(paying, *method))
    }

    /// Somebody tried to pay it another way, in vain.
    pub fn tried_by_another(&self, method: Method) -> bool {
        self.state == DueState::Open && self.method.is_some_and(|before| before != method)
    }

    /// Another due in the place of this one; `dues` are all of the order's.
    #[must_use]
    pub fn further(&self, order: &Order, dues: &[Self]) -> Self {
        let number = dues.iter().map(|d| d.number).max().unwrap_or_default() + 1;
        Self::new(order, number, self.amount, self.pay_by)
    }

    /// It still has to be paid.
    pub fn is_owed(&self) -> bool {
        matches!(self.state, DueState::Open | DueState::Paying)
    }

    /// Decides how to start a payment of this due of a confirmed order.
    pub fn plan(&self, order: &Order, method: Method, by: PersonId, now: Now) -> Result<Start, Refusal> {
        match order.state {
            State::Confirmed => {}
            State::Paid | State::Fulfilled | State::Unfulfillable => return Err(Refusal::AlreadyPaid),
            state => return Err(Refusal::WrongState { state }),
        }
        if method == Method::Wallet && by != order.person {
            return Err(Refusal::MemberMustPay);
        }
        if self.pay_by - now.at < LEAST_TIME {
            return Err(Refusal::PaymentExpired);
        }
        match (self.state, self.method, method) {
            (DueState::Paying, Some(Method::Wallet), Method::Wallet) => Ok(Start::Wait),
            (DueState::Paying, Some(Method::Wallet), _) => Err(Refusal::PaymentUnderWay),
            (DueState::Paid, ..) => Err(Refusal::AlreadyPaid),
            (DueState::Cancelled, ..) => Err(Refusal::PaymentExpired),
            (DueState::Open | DueState::Paying, _, Method::Wallet) if self.under_way() => {
                Ok(Start::TakeBackAndSpend)
            }
            (DueState::Open | DueState::Paying, _, Method::Wallet) => Ok(Start::Spend),
            (DueState::Open | DueState::Paying, ..) => Ok(Start::ShowQr),
        }
    }

    #[must_use]
    pub fn paying(mut self, method: Method, start: Uuid) -> Self {
        self.state = DueState::Paying;
        self.method = Some(method);
        self.start = Some(start);
        self.refusal = String::new();
        self.version += 1;
        self
    }

    /// Payments named an intent and, when it could, an attempt.
    #[must_use]
    pub fn shown(mut self, intent: IntentId, attempt: Option<(AttemptId, Uuid)>) -> Self {
        self.intent = Some(intent);
        if let Some((attempt, start)) = attempt {
            self.attempt = Some(attempt);
            self.attempt_start = Some(start);
        }
        self.version += 1;
        self
    }

    /// The payment was refused for certain.
    #[must_use]
    pub fn refused(mut self, why: &str) -> Self {
        self.state = DueState::Open;
        self.start = None;
        why.clone_into(&mut self.refusal);
        self.version += 1;
        self
    }

    /// It need not be paid any more.
    #[must_use]
    pub fn cancelled(mut self) -> Self {
        self.state = DueState::Cancelled;
        self.start = None;
        self.version += 1;
        self
    }
}
