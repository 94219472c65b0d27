//! What is sold, and what is asked at each step: the order, its money, the
//! card, the recharge, the refund. Every request takes its id first.

use kernel::StudioId;
use proto::studio::members::v1::{
    ActivateCardRequest, Card, GetCardRequest, RequestActivationCodeRequest, get_card_request,
};
use proto::studio::money::v1::Money;
use proto::studio::orders::v1::{
    AcceptQuoteRequest, ApplyRequest, ApproveRequest, Channel, ConfirmApplicationRequest,
    ImportCatalogueRequest, Order, PassFirstReviewRequest, PaymentMethod, Quote, StartPaymentRequest,
    SubmitForApprovalRequest,
};
use proto::studio::refunds::v1::{
    ApproveCaseRequest, OpenCaseRequest, OpenCaseResponse, PolicyRule, PublishPolicyRequest, RefundBase,
    RefundMethod, RefundReason, Usage,
};
use proto::studio::wallet::v1::{
    AcceptRechargeRequest, ApplyRechargeRequest, ApplyRechargeResponse, PostRechargeRequest, Recharge,
    RechargeMethod, StartRechargePaymentRequest,
};

/// Two products: a card for a year and one that a small wallet can pay.
const CATALOGUE: &str = "\
code,name,kind,price,valid_days,validity_start,start_within_days,activation,benefits,sold_at,effective_from
YEAR,全城通年卡,annual_card,3980.00,365,activation,90,by_identity,ENTRY:入馆训练:operator:0;GUEST:携友体验:studio:2,,
PACK,十次课程,class_pack,800.00,90,payment,0,at_once,LESSON:课程:operator:10,,
";

pub fn yuan(yuan: i64) -> Money {
    Money {
        minor: yuan * 100,
        currency: "CNY".to_owned(),
    }
}

/// Fills the catalogue: for a product manager.
pub fn import_catalogue(request_id: String) -> ImportCatalogueRequest {
    ImportCatalogueRequest {
        request_id,
        content: CATALOGUE.as_bytes().to_vec(),
        trial_run: false,
    }
}

/// A refund policy by which everything that is unused comes back: for a
/// supervisor of finance.
pub fn publish_policy(request_id: String) -> PublishPolicyRequest {
    PublishPolicyRequest {
        request_id,
        legal_entity_id: String::new(),
        title: "通用退费政策".to_owned(),
        window_days: 365,
        rules: vec![PolicyRule {
            code: "unused".to_owned(),
            reasons: Vec::new(),
            within_days: 0,
            usage: Usage::Any.into(),
            base: RefundBase::Unused.into(),
            ratio: "1".to_owned(),
            fee: None,
        }],
        methods: vec![RefundMethod::Origin.into()],
        effective_from: None,
    }
}

/// A member applies for a product.
pub fn apply(request_id: String, studio: StudioId, product: &str) -> ApplyRequest {
    ApplyRequest {
        request_id,
        person_id: String::new(),
        studio_id: studio.to_string(),
        product_id: product.to_owned(),
        channel: Channel::App.into(),
        needs: "早上练习".to_owned(),
    }
}

pub fn confirm(request_id: String, draft: &Order) -> ConfirmApplicationRequest {
    ConfirmApplicationRequest {
        request_id,
        order_id: draft.order_id.clone(),
        version: draft.version,
    }
}

/// Customer service has checked the facts.
pub fn pass_first_review(request_id: String, order_id: &str) -> PassFirstReviewRequest {
    PassFirstReviewRequest {
        request_id,
        order_id: order_id.to_owned(),
        note: "齐全".to_owned(),
    }
}

pub fn submit(request_id: String, order_id: &str) -> SubmitForApprovalRequest {
    SubmitForApprovalRequest {
        request_id,
        order_id: order_id.to_owned(),
    }
}

/// The review department says yes to exactly this quote.
pub fn approve(request_id: String, order_id: &str, quote: &Quote) -> ApproveRequest {
    ApproveRequest {
        request_id,
        order_id: order_id.to_owned(),
        quote_hash: quote.hash.clone(),
        policy_version: "2026-1".to_owned(),
        reason: "价格与服务合理".to_owned(),
    }
}

/// The member accepts the quote and its terms.
pub fn accept(request_id: String, order_id: &str, quote: &Quote) -> AcceptQuoteRequest {
    AcceptQuoteRequest {
        request_id,
        order_id: order_id.to_owned(),
        quote_hash: quote.hash.clone(),
        terms_version: quote.terms_version.clone(),
        proof: "app".to_owned(),
    }
}

pub fn start_payment(request_id: String, order_id: &str, method: PaymentMethod) -> StartPaymentRequest {
    StartPaymentRequest {
        request_id,
        order_id: order_id.to_owned(),
        method: method.into(),
    }
}

pub fn card_of_order(order_id: &str) -> GetCardRequest {
    GetCardRequest {
        key: Some(get_card_request::Key::OrderId(order_id.to_owned())),
    }
}

pub fn activation_code(
    request_id: String,
    card: &Card,
    phone: &str,
    id_number: &str,
) -> RequestActivationCodeRequest {
    RequestActivationCodeRequest {
        request_id,
        card_id: card.card_id.clone(),
        phone: phone.to_owned(),
        id_number: id_number.to_owned(),
    }
}

/// Answers the code that came by mail.
pub fn activate(
    asked: RequestActivationCodeRequest,
    request_id: String,
    challenge_id: String,
    code: String,
) -> ActivateCardRequest {
    ActivateCardRequest {
        request_id,
        card_id: asked.card_id,
        challenge_id,
        phone: asked.phone,
        id_number: asked.id_number,
        code,
    }
}

/// A member wants money in the wallet.
pub fn apply_recharge(
    request_id: String,
    person: &str,
    studio: StudioId,
    amount: Money,
) -> ApplyRechargeRequest {
    ApplyRechargeRequest {
        request_id,
        person_id: person.to_owned(),
        studio_id: studio.to_string(),
        amount: Some(amount),
        method: RechargeMethod::WechatNative.into(),
    }
}

/// A recharge specialist takes it on.
pub fn accept_recharge(request_id: String, applied: &ApplyRechargeResponse) -> AcceptRechargeRequest {
    AcceptRechargeRequest {
        request_id,
        recharge_id: applied.recharge_id.clone(),
        version: applied.version,
    }
}

pub fn start_recharge_payment(request_id: String, recharge_id: &str) -> StartRechargePaymentRequest {
    StartRechargePaymentRequest {
        request_id,
        recharge_id: recharge_id.to_owned(),
    }
}

/// A finance auditor lets what was received be spent.
pub fn post_recharge(request_id: String, recharge: &Recharge) -> PostRechargeRequest {
    PostRechargeRequest {
        request_id,
        recharge_id: recharge.recharge_id.clone(),
        version: recharge.version,
        amount: recharge.received_amount.clone(),
        consultation: String::new(),
    }
}

/// A refund clerk opens the case of a member who wants part of an order back.
pub fn open_case(request_id: String, order_id: &str, amount: Money) -> OpenCaseRequest {
    OpenCaseRequest {
        request_id,
        order_id: order_id.to_owned(),
        reason: RefundReason::Personal.into(),
        explanation: "搬家".to_owned(),
        due_id: String::new(),
        requested_amount: Some(amount),
    }
}

/// Another person approves exactly what was opened.
pub fn approve_case(request_id: String, opened: &OpenCaseResponse) -> ApproveCaseRequest {
    ApproveCaseRequest {
        request_id,
        case_id: opened.case_id.clone(),
        version: opened.version,
        subject_hash: opened.subject_hash.clone(),
        note: String::new(),
    }
}
