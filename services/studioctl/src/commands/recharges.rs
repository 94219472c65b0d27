use comfy_table::Table;
use proto::studio::payments::v1 as payments;
use proto::studio::wallet::v1 as pb;

use super::charge::charge;
use super::{Desk, held, money, pay, studio};
use crate::cli::{QrOf, Recharges};
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{facts, table, time, word, yuan};

pub async fn run(desk: &Desk, command: Recharges) -> Result<(), Failure> {
    match command {
        Recharges::List { state } => list(desk, state).await,
        Recharges::Apply {
            person_id,
            studio: code,
            amount,
            method,
        } => {
            let house = desk.enter("recharge-specialist").await?;
            let studio_id = studio(&house, &code).await?;
            let method = match method {
                QrOf::Wechat => pb::RechargeMethod::WechatNative,
                QrOf::Alipay => pb::RechargeMethod::AlipayQr,
                QrOf::WechatCodepay => pb::RechargeMethod::WechatCodepay,
                QrOf::AlipayBarcode => pb::RechargeMethod::AlipayBarcode,
            };
            let id = apply(&house, person_id, studio_id, &amount, method).await?;
            show(desk, &house, &id).await
        }
        Recharges::Accept { recharge_id } => {
            let house = desk.enter("recharge-specialist").await?;
            accept(&house, &recharge_id).await?;
            show(desk, &house, &recharge_id).await
        }
        Recharges::Pay { recharge_id, code } => {
            let house = desk.enter("recharge-specialist").await?;
            collect(&house, &recharge_id, code).await?;
            show(desk, &house, &recharge_id).await
        }
        Recharges::Post {
            recharge_id,
            consultation,
        } => {
            let house = desk.enter("finance-auditor").await?;
            post(&house, &recharge_id, &consultation).await?;
            show(desk, &house, &recharge_id).await
        }
        Recharges::Reject { recharge_id, reason } => {
            let house = desk.enter("finance-auditor").await?;
            reject(&house, &recharge_id, reason).await?;
            show(desk, &house, &recharge_id).await
        }
    }
}

async fn list(desk: &Desk, state: Option<String>) -> Result<(), Failure> {
    let house = desk.enter("finance-auditor").await?;
    let state = match state {
        None => pb::RechargeState::Unspecified,
        Some(text) => named(&text)?,
    };
    let reply = house
        .ask(pb::ListRechargesRequest {
            state: state.into(),
            ..Default::default()
        })
        .await?;
    desk.output
        .reply::<pb::ListRechargesRequest>(&reply, |r| recharges(&r.recharges))
}

fn named(text: &str) -> Result<pb::RechargeState, Failure> {
    let name = format!("RECHARGE_STATE_{}", text.to_uppercase().replace(['-', ' '], "_"));
    pb::RechargeState::from_str_name(&name).ok_or_else(|| {
        Failure::new(format!("no recharge is {text}"))
            .hint("states: applied, accepted, received, posted, rejected, returning, returned")
    })
}

pub async fn get(house: &House, recharge_id: &str) -> Result<pb::Recharge, Failure> {
    held(
        house
            .ask(pb::GetRechargeRequest {
                recharge_id: recharge_id.to_owned(),
            })
            .await?
            .recharge,
        "recharge",
    )
}

pub async fn apply(
    house: &House,
    person_id: String,
    studio_id: String,
    yuan: &str,
    method: pb::RechargeMethod,
) -> Result<String, Failure> {
    let request = pb::ApplyRechargeRequest {
        request_id: request_id(),
        person_id,
        studio_id,
        amount: Some(money(yuan)?),
        method: method.into(),
    };
    Ok(house.ask(request).await?.recharge_id)
}

pub async fn accept(house: &House, recharge_id: &str) -> Result<(), Failure> {
    let version = get(house, recharge_id).await?.version;
    let request = pb::AcceptRechargeRequest {
        request_id: request_id(),
        recharge_id: recharge_id.to_owned(),
        version,
    };
    house.ask(request).await.map(drop)
}

/// Has an accepted recharge paid in the way that was applied for.
async fn collect(house: &House, recharge_id: &str, code: Option<String>) -> Result<(), Failure> {
    let method = match get(house, recharge_id).await?.method() {
        pb::RechargeMethod::WechatCodepay => payments::Method::WechatCodepay,
        pb::RechargeMethod::AlipayBarcode => payments::Method::AlipayBarcode,
        pb::RechargeMethod::WechatJsapi => {
            return Err(Failure::new("the member pays this recharge inside WeChat"));
        }
        pb::RechargeMethod::Cash | pb::RechargeMethod::CardTerminal => {
            let intent_id = start(house, recharge_id).await?.intent_id;
            return Err(Failure::new("this recharge is paid at a drawer")
                .hint(format!("studioctl drawers take DRAWER {intent_id}")));
        }
        pb::RechargeMethod::BankTransfer => {
            let intent_id = start(house, recharge_id).await?.intent_id;
            return Err(Failure::new("this recharge is paid by bank transfer")
                .hint(format!("studioctl transfers request {intent_id}")));
        }
        pb::RechargeMethod::WechatNative | pb::RechargeMethod::AlipayQr | pb::RechargeMethod::Unspecified => {
            let attempt = pay::ready(house, &start(house, recharge_id).await?.attempt_id).await?;
            pay::show(&attempt)?;
            return pay::wait(house, &attempt.attempt_id).await.map(drop);
        }
    };
    charge(house, start(house, recharge_id).await?.intent_id, method, code).await
}

/// Starts a payment and answers its intent and, by a QR, its attempt.
pub async fn start(house: &House, recharge_id: &str) -> Result<pb::StartRechargePaymentResponse, Failure> {
    let request = pb::StartRechargePaymentRequest {
        request_id: request_id(),
        recharge_id: recharge_id.to_owned(),
    };
    house.ask(request).await
}

/// Posts exactly what was received.
pub async fn post(
    house: &House,
    recharge_id: &str,
    consultation: &str,
) -> Result<pb::PostRechargeResponse, Failure> {
    let recharge = get(house, recharge_id).await?;
    let request = pb::PostRechargeRequest {
        request_id: request_id(),
        recharge_id: recharge_id.to_owned(),
        version: recharge.version,
        amount: recharge.received_amount.or(recharge.amount),
        consultation: consultation.to_owned(),
    };
    house.ask(request).await
}

async fn reject(house: &House, recharge_id: &str, explanation: String) -> Result<(), Failure> {
    let request = pb::RejectRechargeRequest {
        request_id: request_id(),
        recharge_id: recharge_id.to_owned(),
        version: get(house, recharge_id).await?.version,
        reason: pb::RejectReason::Other.into(),
        advice: pb::Advice::AskStudio.into(),
        explanation,
    };
    house.ask(request).await.map(drop)
}

async fn show(desk: &Desk, house: &House, recharge_id: &str) -> Result<(), Failure> {
    let recharge = get(house, recharge_id).await?;
    let reply = pb::GetRechargeResponse {
        recharge: Some(recharge.clone()),
    };
    desk.output.reply::<pb::GetRechargeRequest>(&reply, |_| {
        facts([
            ("recharge", recharge.recharge_id.clone()),
            ("number", recharge.number.clone()),
            ("state", state(&recharge)),
            ("amount", yuan(recharge.amount.as_ref())),
            ("received", yuan(recharge.received_amount.as_ref())),
            ("person", recharge.person_id.clone()),
            ("applied", time(recharge.applied_at.as_ref())),
            ("decision", recharge.explanation.clone()),
        ])
    })
}

fn state(recharge: &pb::Recharge) -> String {
    word(recharge.state().as_str_name(), "RECHARGE_STATE_")
}

fn recharges(recharges: &[pb::Recharge]) -> Table {
    let mut rows = table([
        "recharge", "number", "state", "amount", "received", "focus", "applied",
    ]);
    for recharge in recharges {
        let focus: Vec<String> = recharge
            .focus_reasons()
            .map(|r| word(r.as_str_name(), "FOCUS_REASON_"))
            .collect();
        rows.add_row([
            recharge.recharge_id.clone(),
            recharge.number.clone(),
            state(recharge),
            yuan(recharge.amount.as_ref()),
            yuan(recharge.received_amount.as_ref()),
            focus.join(", "),
            time(recharge.applied_at.as_ref()),
        ]);
    }
    rows
}
