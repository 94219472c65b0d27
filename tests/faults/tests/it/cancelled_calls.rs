//! Callers go away at random, in the middle of reads and writes. Whatever was
//! acknowledged is there, whatever was not took effect once or not at all,
//! and nobody else's call suffers.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use kernel::PersonId;
use proto::studio::money::v1::Money;
use proto::studio::wallet::v1::recharge_service_client::RechargeServiceClient;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use proto::studio::wallet::v1::{ApplyRechargeRequest, GetWalletRequest, RechargeMethod};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testkit::{Identity, Running, chain};
use tokio::task::JoinSet;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Code, Status};

type Wallet = Running<wallet::App>;

/// What one caller saw.
#[derive(Default)]
struct Seen {
    acknowledged: Vec<String>,
    /// Requests that were cut off: done or not, nobody knows.
    unknown: Vec<ApplyRechargeRequest>,
    cancelled: usize,
    unexpected: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_cancelled_at_random_lose_no_acknowledged_write() {
    let service = Arc::new(Wallet::start_with("database.max_connections = 4").await);
    let usual = usual_time(&service).await;
    let mut chance = super::chance("cancelled calls");
    let calls = super::amount(4_000, 10_000);
    let mut callers = JoinSet::new();
    for _ in 0..8 {
        callers.spawn(call(
            service.clone(),
            calls / 8,
            usual,
            StdRng::seed_from_u64(chance.random()),
        ));
    }
    let mut seen = Seen::default();
    for one in callers.join_all().await {
        seen.acknowledged.extend(one.acknowledged);
        seen.unknown.extend(one.unknown);
        seen.cancelled += one.cancelled;
        seen.unexpected.extend(one.unexpected);
    }
    println!(
        "{calls} calls, {} cut off, {} writes acknowledged, {} unknown",
        seen.cancelled,
        seen.acknowledged.len(),
        seen.unknown.len()
    );
    assert!(
        seen.unexpected.is_empty(),
        "{} calls failed: {:?}",
        seen.unexpected.len(),
        seen.unexpected.first()
    );
    assert!(
        seen.cancelled > calls / 20,
        "too few were cut off to say anything"
    );
    assert!(
        seen.acknowledged.len() > calls / 20,
        "too few writes got through to say anything"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    everything_is_there(&service, &seen.acknowledged).await;
    what_is_unknown_happened_once_at_most(&service, &seen.unknown).await;
}

/// How long a write takes here and now, so that patience ends in its midst on
/// any machine.
async fn usual_time(service: &Wallet) -> Duration {
    let mut times = Vec::new();
    for _ in 0..40 {
        let person = PersonId::fresh();
        let mut recharges = RechargeServiceClient::new(service.door(Identity::member(person)));
        let began = std::time::Instant::now();
        recharges.apply_recharge(application(person)).await.unwrap();
        times.push(began.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

async fn call(service: Arc<Wallet>, calls: usize, mut usual: Duration, mut chance: StdRng) -> Seen {
    let mut seen = Seen::default();
    // A connection of its own: one on which very many calls are cut off is
    // closed by the server's guard against floods of resets.
    let address = format!("http://{}", service.address());
    let channel = Endpoint::from_shared(address).unwrap().connect_lazy();
    for _ in 0..calls {
        let person = PersonId::fresh();
        let patience = usual.mul_f64(chance.random_range(0.0..12.0));
        let door = InterceptedService::new(channel.clone(), Identity::member(person));
        if chance.random_bool(0.5) {
            let request = GetWalletRequest {
                person_id: person.to_string(),
            };
            match tokio::time::timeout(patience, WalletServiceClient::new(door).get_wallet(request)).await {
                Ok(Err(status)) if is_fault(&status) => seen.unexpected.push(format!("{status:?}")),
                Ok(_) => {}
                Err(_) => seen.cancelled += 1,
            }
            continue;
        }
        let request = application(person);
        let mut recharges = RechargeServiceClient::new(door);
        match tokio::time::timeout(patience, recharges.apply_recharge(request.clone())).await {
            Ok(Ok(reply)) => {
                usual = usual.mul_f64(0.9);
                seen.acknowledged.push(reply.into_inner().recharge_id);
            }
            Ok(Err(status)) if is_fault(&status) => seen.unexpected.push(format!("{status:?}")),
            Ok(Err(_)) => seen.unknown.push(request),
            Err(_) => {
                // A machine that others use too takes longer than at first.
                usual = usual.mul_f64(1.05);
                seen.cancelled += 1;
                seen.unknown.push(request);
            }
        }
    }
    seen
}

/// An answer of the service that no caller deserved. A connection that was
/// closed on too many resets is none, and neither is being told to come back
/// later: writes whose callers went away go on behind them and fill the house.
fn is_fault(status: &Status) -> bool {
    let connection = std::error::Error::source(status).is_some();
    !connection && !matches!(status.code(), Code::NotFound | Code::ResourceExhausted)
}

fn application(person: PersonId) -> ApplyRechargeRequest {
    ApplyRechargeRequest {
        request_id: kernel::fresh_uuid().to_string(),
        person_id: person.to_string(),
        studio_id: chain().chaoyang.to_string(),
        amount: Some(Money {
            minor: 10_000,
            currency: "CNY".to_owned(),
        }),
        method: RechargeMethod::WechatNative.into(),
    }
}

async fn everything_is_there(service: &Wallet, acknowledged: &[String]) {
    let kept: Vec<uuid::Uuid> = sqlx::query_scalar("select recharge_id from recharges")
        .fetch_all(service.pool())
        .await
        .unwrap();
    let kept: HashSet<String> = kept.iter().map(ToString::to_string).collect();
    let lost: Vec<_> = acknowledged.iter().filter(|id| !kept.contains(*id)).collect();
    assert!(
        lost.is_empty(),
        "acknowledged and gone: {} of {}",
        lost.len(),
        acknowledged.len()
    );
}

/// Asked again under the same id, each is done now, once.
async fn what_is_unknown_happened_once_at_most(service: &Wallet, unknown: &[ApplyRechargeRequest]) {
    for request in unknown.iter().take(300) {
        let person: PersonId = request.person_id.parse().unwrap();
        let mut recharges = RechargeServiceClient::new(service.door(Identity::member(person)));
        recharges.apply_recharge(request.clone()).await.unwrap();
        let count: i64 = sqlx::query_scalar("select count(*) from recharges where person_id = $1")
            .bind(person.0)
            .fetch_one(service.pool())
            .await
            .unwrap();
        assert_eq!(count, 1, "{}", request.request_id);
    }
}
