use std::time::Duration;

use indicatif::ProgressBar;
use proto::studio::orders::v1 as orders;
use proto::studio::payments::v1 as payments;
use proto::studio::payments::v1::AttemptState;
use tokio_stream::StreamExt as _;

use super::charge::charge;
use super::orders::{get, show as show_order};
use super::{Desk, held};
use crate::cli::PayBy;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{word, yuan};
use crate::qr;

/// How long a payment is looked for after it was started.
const ROUNDS: u32 = 150;
const PAUSE: Duration = Duration::from_millis(200);

/// Pays an order: by QR, shown here, by a code that the payer shows, or from the
/// member's wallet.
pub async fn run(desk: &Desk, order_id: &str, by: PayBy, code: Option<String>) -> Result<(), Failure> {
    let house = desk.enter("front-desk").await?;
    let method = match by {
        PayBy::Wechat => orders::PaymentMethod::WechatNative,
        PayBy::Alipay => orders::PaymentMethod::AlipayQr,
        PayBy::WechatCodepay => orders::PaymentMethod::WechatCodepay,
        PayBy::AlipayBarcode => orders::PaymentMethod::AlipayBarcode,
        PayBy::Cash => orders::PaymentMethod::Cash,
        PayBy::Card => orders::PaymentMethod::CardTerminal,
        PayBy::Transfer => orders::PaymentMethod::BankTransfer,
        PayBy::Wallet => orders::PaymentMethod::Wallet,
    };
    let due = start(&house, order_id, method).await?;
    match by {
        PayBy::Wallet => {}
        PayBy::Wechat | PayBy::Alipay => {
            let attempt = ready(&house, &due.attempt_id).await?;
            show(&attempt)?;
            wait(&house, &due.attempt_id).await?;
        }
        PayBy::WechatCodepay | PayBy::AlipayBarcode => {
            charge(&house, due.intent_id, code_of(by), code).await?;
        }
        PayBy::Cash | PayBy::Card => {
            eprintln!("take it with `studioctl drawers take DRAWER {}`", due.intent_id);
            return Ok(());
        }
        PayBy::Transfer => {
            eprintln!(
                "see where to with `studioctl transfers request {}`",
                due.intent_id
            );
            return Ok(());
        }
    }
    let order = settled(&house, order_id).await?;
    show_order(desk, order)
}

fn code_of(by: PayBy) -> payments::Method {
    match by {
        PayBy::AlipayBarcode => payments::Method::AlipayBarcode,
        _ => payments::Method::WechatCodepay,
    }
}

/// Whether a due that is being paid has what its method needs to go on.
fn is_ready(due: &orders::Due) -> bool {
    match due.method() {
        orders::PaymentMethod::WechatNative | orders::PaymentMethod::AlipayQr => !due.attempt_id.is_empty(),
        orders::PaymentMethod::Wallet | orders::PaymentMethod::Unspecified => false,
        orders::PaymentMethod::WechatCodepay
        | orders::PaymentMethod::AlipayBarcode
        | orders::PaymentMethod::WechatJsapi
        | orders::PaymentMethod::Cash
        | orders::PaymentMethod::CardTerminal
        | orders::PaymentMethod::BankTransfer => !due.intent_id.is_empty(),
    }
}

/// Starts a payment and waits until its due has what the method needs, or is paid.
pub async fn start(
    house: &House,
    order_id: &str,
    method: orders::PaymentMethod,
) -> Result<orders::Due, Failure> {
    let request = orders::StartPaymentRequest {
        request_id: request_id(),
        order_id: order_id.to_owned(),
        method: method.into(),
    };
    let mut due = held(house.ask(request).await?.due, "due")?;
    for _ in 0..ROUNDS {
        if due.state() != orders::DueState::Paying || is_ready(&due) {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        let dues = get(house, order_id).await?.dues;
        due = held(dues.into_iter().find(|d| d.due_id == due.due_id), "due")?;
    }
    match (due.refusal.as_str(), due.state()) {
        ("", _) | (_, orders::DueState::Paid) => Ok(due),
        (refusal, _) => Err(Failure::new(format!("the payment was refused: {refusal}"))),
    }
}

/// The attempt as soon as its QR is there.
pub async fn ready(house: &House, attempt_id: &str) -> Result<payments::Attempt, Failure> {
    for _ in 0..ROUNDS {
        let request = payments::GetAttemptRequest {
            attempt_id: attempt_id.to_owned(),
        };
        let attempt = held(house.ask(request).await?.attempt, "attempt")?;
        match attempt.state() {
            AttemptState::Creating => tokio::time::sleep(PAUSE).await,
            AttemptState::AwaitingPayment => return Ok(attempt),
            state => return Err(unpaid(state, &attempt.failure)),
        }
    }
    Err(Failure::new("the channel gave no QR in time").hint("try again; see `studioctl stuck`"))
}

pub fn show(attempt: &payments::Attempt) -> Result<(), Failure> {
    eprintln!("{}", qr::draw(&attempt.code_url)?);
    let channel = match attempt.method() {
        payments::Method::AlipayQr | payments::Method::AlipayBarcode => "Alipay",
        payments::Method::WechatNative
        | payments::Method::WechatCodepay
        | payments::Method::WechatJsapi
        | payments::Method::Cash
        | payments::Method::CardTerminal
        | payments::Method::BankTransfer
        | payments::Method::Unspecified => "WeChat",
    };
    eprintln!(
        "{} to pay by {channel}: {}",
        yuan(attempt.amount.as_ref()),
        attempt.code_url
    );
    Ok(())
}

/// Waits until an attempt is paid, showing that it waits.
pub async fn wait(house: &House, attempt_id: &str) -> Result<payments::Attempt, Failure> {
    let progress = ProgressBar::new_spinner().with_message("waiting for the payer");
    progress.enable_steady_tick(Duration::from_millis(120));
    let paid = watched(house, attempt_id).await;
    progress.finish_and_clear();
    paid
}

async fn watched(house: &House, attempt_id: &str) -> Result<payments::Attempt, Failure> {
    let mut changes = house
        .watch(payments::WatchAttemptRequest {
            attempt_id: attempt_id.to_owned(),
        })
        .await?;
    while let Some(change) = changes.next().await {
        let attempt = held(
            change.map_err(|s| Failure::of("payments", &s))?.attempt,
            "attempt",
        )?;
        match attempt.state() {
            AttemptState::Creating | AttemptState::AwaitingPayment | AttemptState::Closing => {}
            AttemptState::Paid => return Ok(attempt),
            state => return Err(unpaid(state, &attempt.failure)),
        }
    }
    Err(Failure::new("the payment was not made").hint("call pay again for a new QR, or with a new code"))
}

fn unpaid(state: AttemptState, failure: &str) -> Failure {
    Failure::new(format!(
        "the attempt is {} {failure}",
        word(state.as_str_name(), "ATTEMPT_STATE_")
    ))
    .hint("call pay again for a new QR, or with a new code")
}

/// The order once its card is open.
pub async fn settled(house: &House, order_id: &str) -> Result<orders::Order, Failure> {
    for _ in 0..ROUNDS {
        let order = get(house, order_id).await?;
        match order.state() {
            orders::OrderState::Fulfilled => return Ok(order),
            orders::OrderState::Unfulfillable => {
                return Err(Failure::new(format!(
                    "the order cannot be fulfilled: {}",
                    order.reason
                )));
            }
            _ => tokio::time::sleep(PAUSE).await,
        }
    }
    Err(Failure::new("the order is paid, and its card does not open").hint("see `studioctl stuck`"))
}
