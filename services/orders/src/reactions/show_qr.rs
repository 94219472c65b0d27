use std::time::Duration;

use kernel::{AttemptId, IntentId, OrderId, derived_uuid, to_proto_time};
use platform::{BoxFuture, Error, Settled, Task};
use proto::studio::payments::v1 as pay;
use tonic_types::StatusExt as _;
use uuid::Uuid;

use super::end_with;
use crate::domain::order::{Due, Method, News, No, Order, Paying, State, TakeBack};
use crate::{App, store};

pub const KIND: &str = "show_qr";

/// How long an attempt that is being closed is waited for.
const PAUSE: Duration = Duration::from_secs(2);

/// Has payments show a QR for a due, under ids that follow from the due and the
/// request, so that running it again changes nothing. By a method whose attempt
/// is started at payments the intent is all that is made here.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let paying: Paying = task.payload()?;
        let Some((order, due, method)) = current(app, task, paying).await? else {
            return task.begin(app).await?.done(task).await;
        };
        let intent = match create_intent(app, task, &order, &due).await {
            Ok(intent) => intent,
            Err(error) => return refused(app, task, (paying, method), error).await,
        };
        // The intent is known from here on, whatever becomes of the attempt.
        let Some(shows) = by(method).filter(|_| order.state == State::Confirmed) else {
            return shown(app, task, paying, intent, None).await;
        };
        match start_attempt(app, paying, intent, shows).await {
            Ok(attempt) => shown(app, task, paying, intent, Some(attempt)).await,
            Err(error) => refused(app, task, (paying, method), error).await,
        }
    })
}

/// The QR's attempt. One by another method has to end before: payments closes
/// it, answers it, and is asked again.
async fn start_attempt(
    app: &App,
    paying: Paying,
    intent: IntentId,
    method: pay::Method,
) -> Result<AttemptId, Error> {
    let ask = async |request_id: Uuid| -> Result<pay::Attempt, Error> {
        let request = pay::StartAttemptRequest {
            request_id: request_id.to_string(),
            intent_id: intent.to_string(),
            method: method.into(),
            client: "orders".to_owned(),
            ..Default::default()
        };
        let mut intents = app.intents.clone();
        let reply = intents.start_attempt(platform::request(request)).await?;
        Ok(reply.into_inner().attempt.unwrap_or_default())
    };
    let mut attempt = ask(derived_uuid(paying.start, "attempt")).await?;
    if attempt.method() != method {
        let after = format!("attempt after {}", attempt.attempt_id);
        attempt = ask(derived_uuid(paying.start, &after)).await?;
    }
    Ok(AttemptId::parse("attempt_id", &attempt.attempt_id)?)
}

/// Payments' word for a due's method, when it shows a QR.
fn by(method: Method) -> Option<pay::Method> {
    match method {
        Method::WechatNative => Some(pay::Method::WechatNative),
        Method::AlipayQr => Some(pay::Method::AlipayQr),
        Method::WechatCodepay
        | Method::WechatJsapi
        | Method::AlipayBarcode
        | Method::Cash
        | Method::CardTerminal
        | Method::BankTransfer
        | Method::Wallet => None,
    }
}

/// The order and due, when this start is still the one that counts.
async fn current(app: &App, task: &Task, paying: Paying) -> Result<Option<(Order, Due, Method)>, Error> {
    let mut tx = task.begin(app).await?;
    let id = OrderId(task.aggregate);
    let Some(order) = store::order::find(&mut tx, id).await? else {
        return Ok(None);
    };
    let due = store::due::of_order(&mut tx, id)
        .await?
        .into_iter()
        .find_map(|due| due.waits_for_qr(paying).map(|method| (due, method)));
    Ok(due.map(|(due, method)| (order, due, method)))
}

/// The intent of a due: made, or as it was made before.
pub async fn create_intent(app: &App, task: &Task, order: &Order, due: &Due) -> Result<IntentId, Error> {
    if let Some(intent) = due.intent {
        return Ok(intent);
    }
    let mut tx = task.begin(app).await?;
    let quote = store::quote::standing(&mut tx, order).await?;
    drop(tx);
    let request = pay::CreateIntentRequest {
        request_id: derived_uuid(due.id.0, "intent").to_string(),
        purpose: pay::Purpose::Order.into(),
        due_id: due.id.to_string(),
        person_id: order.person.to_string(),
        studio_id: order.studio.to_string(),
        legal_entity_id: due.legal_entity.to_string(),
        amount: Some(due.amount.into()),
        description: quote.map_or_else(|| "订单".to_owned(), |q| q.version.terms.name),
        expire_at: Some(to_proto_time(due.pay_by)),
    };
    let reply = app
        .intents
        .clone()
        .create_intent(platform::request(request))
        .await?
        .into_inner();
    Ok(IntentId::parse(
        "intent_id",
        &reply.intent.unwrap_or_default().intent_id,
    )?)
}

async fn shown(
    app: &App,
    task: &Task,
    paying: Paying,
    intent: IntentId,
    attempt: Option<AttemptId>,
) -> Result<Settled, Error> {
    let news = News::Shown {
        paying,
        intent,
        attempt,
    };
    end_with(app, task, news).await
}

/// What payments answers when it shows no QR. An attempt that is being closed
/// is waited for.
async fn refused(
    app: &App,
    task: &Task,
    (paying, method): (Paying, Method),
    error: Error,
) -> Result<Settled, Error> {
    let Some(why) = error.definite_no() else {
        return task.ask_again(app, error).await;
    };
    let (due, spend) = (paying.due, None);
    match No::to_qr(&why) {
        No::PaidAlready => task.begin(app).await?.done(task).await,
        No::NotYet => task.begin(app).await?.again(task, PAUSE).await,
        No::Over => end_with(app, task, News::Released(TakeBack { due, spend })).await,
        No::Refused => {
            let why = told(&error, why);
            end_with(app, task, News::Refused { paying, method, why }).await
        }
    }
}

/// A cashier that is closed has a reason of its own, which payers read.
fn told(error: &Error, why: String) -> String {
    let Error::Peer(status) = error else { return why };
    let details = status.get_error_details();
    match details.error_info().and_then(|info| info.metadata.get("reason")) {
        Some(words) if why == "CASHIER_CLOSED" => format!("{why}: {words}"),
        _ => why,
    }
}
