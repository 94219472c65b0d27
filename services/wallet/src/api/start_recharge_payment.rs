use kernel::{IntentId, RechargeId, derived_uuid, to_proto_time};
use platform::{Caller, Claim, Error, NewTask, request as to_peer};
use proto::studio::payments::v1 as payments;
use proto::studio::wallet::v1 as pb;

use crate::domain::recharge::{Method, State};
use crate::domain::{Recharge, Refusal};
use crate::reactions::cancel_intent::{self, CancelIntent};
use crate::{App, store};

/// What the payer reads in the channel's app.
const DESCRIPTION: &str = "会员充值";

/// What payments has: the intent, and until when it or its try can be paid.
struct Opened {
    intent: IntentId,
    attempt: payments::Attempt,
}

/// Opens a try to pay an accepted recharge. Payments is asked before the
/// transaction, under ids that follow from the recharge and the request, so a
/// retry finds what the first try made.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::StartRechargePaymentRequest,
) -> Result<pb::StartRechargePaymentResponse, Error> {
    let id = RechargeId::parse("recharge_id", &request.recharge_id)?;
    let opened = open_attempt(app, caller, id, &request.request_id).await?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let recharge = store::recharges::lock(&mut tx, id)
        .await?
        .ok_or(Refusal::UnknownRecharge)?;
    let Some(Opened { intent, attempt }) = opened else {
        return Err(recharge.wrong_state().into());
    };
    let recharge = match recharge.pay(intent) {
        Ok(recharge) => recharge,
        Err(refusal) => {
            // Given up while payments was asked: nobody may pay it now.
            tx.task(NewTask::now(cancel_intent::KIND, id, &CancelIntent { intent }))
                .await?;
            return Err(tx.commit_refusal(refusal).await);
        }
    };
    store::recharges::save(&mut tx, &recharge).await?;
    tx.commit(pb::StartRechargePaymentResponse {
        intent_id: intent.to_string(),
        attempt_id: attempt.attempt_id,
        code_url: attempt.code_url,
        expire_at: attempt.expire_at,
    })
    .await
}

/// None when the recharge cannot be paid. By a code that is shown, inside WeChat
/// or at a drawer, the intent is all: the try is made at payments, which alone
/// learns of the code, of who pays and of what was given.
async fn open_attempt(
    app: &App,
    caller: &Caller,
    id: RechargeId,
    request_id: &str,
) -> Result<Option<Opened>, Error> {
    let recharge = {
        let mut tx = app.begin(caller).await?;
        store::recharges::find(&mut tx, id)
            .await?
            .ok_or(Refusal::UnknownRecharge)?
    };
    if recharge.state != State::Accepted {
        return Ok(None);
    }
    let intent = app
        .intents
        .clone()
        .create_intent(to_peer(intent_of(&recharge)))
        .await?
        .into_inner()
        .intent;
    let intent = intent.ok_or_else(|| Error::Internal("payments answered no intent".to_owned()))?;
    let intent_id = IntentId::parse("intent_id", &intent.intent_id)?;
    let method = match recharge.method {
        Method::WechatNative => payments::Method::WechatNative,
        Method::AlipayQr => payments::Method::AlipayQr,
        Method::WechatCodepay
        | Method::WechatJsapi
        | Method::AlipayBarcode
        | Method::Cash
        | Method::CardTerminal
        | Method::BankTransfer => {
            return Ok(Some(Opened {
                intent: intent_id,
                attempt: payments::Attempt {
                    expire_at: intent.expire_at,
                    ..payments::Attempt::default()
                },
            }));
        }
    };
    let start = payments::StartAttemptRequest {
        request_id: derived_uuid(id.0, &format!("attempt {request_id}")).to_string(),
        intent_id: intent.intent_id,
        method: method.into(),
        ..Default::default()
    };
    let attempt = app
        .intents
        .clone()
        .start_attempt(to_peer(start))
        .await?
        .into_inner()
        .attempt;
    let attempt = attempt.ok_or_else(|| Error::Internal("payments answered no attempt".to_owned()))?;
    Ok(Some(Opened {
        intent: intent_id,
        attempt,
    }))
}

fn intent_of(recharge: &Recharge) -> payments::CreateIntentRequest {
    payments::CreateIntentRequest {
        request_id: derived_uuid(recharge.id.0, "intent").to_string(),
        purpose: payments::Purpose::Recharge.into(),
        due_id: recharge.due.to_string(),
        person_id: recharge.person.to_string(),
        studio_id: recharge.studio.to_string(),
        legal_entity_id: recharge.legal_entity.to_string(),
        amount: Some(recharge.amount.into()),
        description: DESCRIPTION.to_owned(),
        expire_at: Some(to_proto_time(recharge.expire_at)),
    }
}
