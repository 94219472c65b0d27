//! From a payer's yes at the channel to the desk's screen.

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, Result, bail};
use faults::house::House;
use kernel::fresh_uuid;
use proto::studio::money::v1::Money;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use proto::studio::payments::v1::{
    Attempt, AttemptState, CreateIntentRequest, Method, Purpose, StartAttemptRequest, WatchAttemptRequest,
};
use testkit::{Door, Identity};

/// Until when a due can be paid.
const DUE: Duration = Duration::from_mins(30);

/// Microseconds of each of so many payments, one after the other: somebody
/// watches the attempt as a desk does, and the payer says yes.
pub async fn to_desk(house: &Arc<House>, count: usize) -> Result<Vec<i64>> {
    let mut desk = IntentServiceClient::new(house.door("payments", &Identity::service("orders"))?);
    let mut took = Vec::with_capacity(count);
    for _ in 0..count {
        let attempt = shown(house, &mut desk).await?;
        took.push(paid(house, &mut desk, &attempt).await?);
    }
    Ok(took)
}

/// An attempt whose QR can be scanned.
async fn shown(house: &Arc<House>, desk: &mut IntentServiceClient<Door>) -> Result<Attempt> {
    let id = || fresh_uuid().to_string();
    let created = desk
        .create_intent(CreateIntentRequest {
            request_id: id(),
            purpose: Purpose::Order.into(),
            due_id: id(),
            person_id: id(),
            studio_id: house.chain.chaoyang.to_string(),
            legal_entity_id: house.chain.beijing_company.to_string(),
            amount: Some(Money {
                minor: 100,
                currency: "CNY".to_owned(),
            }),
            description: "晴空瑜伽".to_owned(),
            expire_at: Some((SystemTime::now() + DUE).into()),
        })
        .await?;
    let intent = created.into_inner().intent.context("an intent")?;
    let started = desk
        .start_attempt(StartAttemptRequest {
            request_id: id(),
            intent_id: intent.intent_id,
            method: Method::WechatNative.into(),
            ..Default::default()
        })
        .await?;
    let attempt = started.into_inner().attempt.context("an attempt")?;
    let mut watched = watch(desk, &attempt).await?;
    while let Some(seen) = watched.message().await? {
        let attempt = seen.attempt.context("an attempt")?;
        if attempt.state() == AttemptState::AwaitingPayment {
            return Ok(attempt);
        }
    }
    bail!("no QR came")
}

async fn watch(
    desk: &mut IntentServiceClient<Door>,
    attempt: &Attempt,
) -> Result<tonic::Streaming<proto::studio::payments::v1::WatchAttemptResponse>> {
    let request = WatchAttemptRequest {
        attempt_id: attempt.attempt_id.clone(),
    };
    Ok(desk.watch_attempt(request).await?.into_inner())
}

async fn paid(house: &Arc<House>, desk: &mut IntentServiceClient<Door>, attempt: &Attempt) -> Result<i64> {
    let mut watched = watch(desk, attempt).await?;
    watched.message().await?.context("the attempt as it stands")?;
    let began = Instant::now();
    if let Err(why) = house.channel.pay(&attempt.code_url) {
        bail!("the payer cannot pay: {why:?}");
    }
    while let Some(seen) = watched.message().await? {
        if seen.attempt.is_some_and(|a| a.state() == AttemptState::Paid) {
            return Ok(i64::try_from(began.elapsed().as_micros())?);
        }
    }
    bail!("the desk's stream ended before it said paid")
}
