use std::time::Duration;

use kernel::OrderId;
use platform::{Caller, Claim, Error, inconsistent};
use proto::studio::orders::v1 as pb;
use uuid::Uuid;

use super::show;
use crate::domain::order::{Due, DueState, Method, News, Order, decide, owed};
use crate::{App, store};

/// How often the answer of payments or wallet is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Begins to pay a confirmed order: leaves the remote step as a task, and waits
/// a while for its outcome.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::StartPaymentRequest,
) -> Result<pb::StartPaymentResponse, Error> {
    let by = caller.require_person()?;
    let start = kernel::RequestId::parse("request_id", &request.request_id)?.0;
    let method = match request.method() {
        pb::PaymentMethod::WechatNative => Method::WechatNative,
        pb::PaymentMethod::WechatCodepay => Method::WechatCodepay,
        pb::PaymentMethod::WechatJsapi => Method::WechatJsapi,
        pb::PaymentMethod::AlipayQr => Method::AlipayQr,
        pb::PaymentMethod::AlipayBarcode => Method::AlipayBarcode,
        pb::PaymentMethod::Cash => Method::Cash,
        pb::PaymentMethod::CardTerminal => Method::CardTerminal,
        pb::PaymentMethod::BankTransfer => Method::BankTransfer,
        pb::PaymentMethod::Wallet => Method::Wallet,
        pb::PaymentMethod::Unspecified => return Err(inconsistent("requests", "method")),
    };

    let order_id = OrderId::parse("order_id", &request.order_id)?;
    if let Claim::Fresh(mut tx) = app.claim(caller, &request).await? {
        let order = super::lock(&mut tx, &request.order_id).await?;
        let dues = store::due::of_order(&mut tx, order.id).await?;
        let decided = decide(order, &dues, News::Start { method, by, start }, app.now())?;
        super::carry_out(&mut tx, caller, &decided).await?;
        let dues = decided.dues_after(&dues);
        let reply = reply(&decided.order, owed(&decided.order, &dues)?);
        tx.commit(reply).await?;
    }
    wait(app, caller, order_id, (method, start)).await
}

/// Looks for the outcome of this start for as long as the configuration says;
/// what is not known then is shown as it stands.
async fn wait(
    app: &App,
    caller: &Caller,
    order_id: OrderId,
    (method, start): (Method, Uuid),
) -> Result<pb::StartPaymentResponse, Error> {
    let mut looks = Duration::from_millis(app.config.payment_wait_ms).as_millis() / LOOK_EVERY.as_millis();
    loop {
        let mut tx = app.begin(caller).await?;
        let order = store::order::find(&mut tx, order_id)
            .await?
            .ok_or_else(|| Error::not_found("order"))?;
        let dues = store::due::of_order(&mut tx, order_id).await?;
        drop(tx);
        let due = dues
            .iter()
            .rfind(|d| !d.surplus && d.state != DueState::Cancelled);
        let due = due
            .or_else(|| dues.last())
            .ok_or_else(|| inconsistent("dues", "none"))?;
        let known = match (due.state, method) {
            (DueState::Paying, Method::Wallet) => false,
            (DueState::Paying, method) if method.is_started_at_payments() => due.intent.is_some(),
            (DueState::Paying, _) => due.attempt_start == Some(start),
            (DueState::Open, _) => !due.refusal.is_empty(),
            (DueState::Paid | DueState::Cancelled, _) => true,
        };
        if known || looks == 0 {
            return Ok(reply(&order, due));
        }
        looks -= 1;
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn reply(order: &Order, due: &Due) -> pb::StartPaymentResponse {
    pb::StartPaymentResponse {
        due: Some(show::due(due)),
        state: show::state(order.state).into(),
    }
}
