//! What the door refuses, asked over the wire. Behind the toy's door is no
//! catalogue: who is let in hears UNIMPLEMENTED.

use std::time::{Duration, Instant};

use kernel::PersonId;
use platform::Error;
use proto::studio::feed::v1::PullEventsRequest;
use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::orders::v1::ListProductsRequest;
use proto::studio::orders::v1::catalogue_service_client::CatalogueServiceClient;
use redis::Commands as _;
use testkit::{Door, Identity, Running};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tonic::metadata::MetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::redis::Redis;
use crate::toy::Toy;

/// As much as one member may read in a test: slow enough to be counted.
const FEW: &str = "limits.rates.member.read = { per_second = 1, burst = 20 }\nlimits.redis_wait_ms = 500";
const BURST: usize = 20;
/// Calls that seconds gone by since have earned.
const SLACK: usize = 8;

async fn read(door: Door) -> Status {
    CatalogueServiceClient::new(door)
        .list_products(ListProductsRequest::default())
        .await
        .unwrap_err()
}

async fn is_let_in(it: &Running<Toy>, who: &Identity) -> bool {
    match read(it.door(who.clone())).await.code() {
        Code::Unimplemented => true,
        Code::ResourceExhausted => false,
        other => panic!("{other}"),
    }
}

/// How often `who` is let in, asking the processes in turn, before all refuse.
async fn served(processes: &[&Running<Toy>], who: &Identity) -> usize {
    let (mut served, mut refused) = (0, 0);
    for it in processes.iter().cycle() {
        if is_let_in(it, who).await {
            served += 1;
            refused = 0;
        } else {
            refused += 1;
        }
        if refused == processes.len() || served > 1000 {
            return served;
        }
    }
    served
}

fn member() -> Identity {
    Identity::member(PersonId::fresh())
}

fn key(who: &Identity) -> String {
    format!("studio:orders:rate:person:{}:read", who.person())
}

fn connect(redis: &Redis) -> redis::Connection {
    redis::Client::open(redis.url.as_str())
        .unwrap()
        .get_connection()
        .unwrap()
}

/// Waits until the process counts its callers in Redis.
async fn counts_in(redis: &Redis, it: &Running<Toy>) {
    testkit::until("callers are counted in Redis", async || {
        let somebody = member();
        is_let_in(it, &somebody).await;
        connect(redis).exists(key(&somebody)).unwrap()
    })
    .await;
}

fn about(count: usize, expected: usize) {
    assert!(
        (expected..expected + SLACK).contains(&count),
        "{count} instead of {expected}"
    );
}

#[tokio::test]
async fn a_caller_has_one_measure_over_all_processes_less_without_redis_and_all_of_it_again_with_it() {
    let Some(mut redis) = Redis::start().await else {
        return;
    };
    let told = format!("redis.url = '{}'\n{FEW}", redis.url);
    let a = Running::<Toy>::start_as_shipped(&told).await;
    let b = Running::<Toy>::start_as_shipped(&told).await;
    counts_in(&redis, &a).await;
    counts_in(&redis, &b).await;
    about(served(&[&a, &b], &member()).await, BURST);
    about(served(&[&a], &member()).await, BURST);

    redis.stop();
    is_let_in(&a, &member()).await; // finds out
    about(served(&[&a], &member()).await, BURST / 2);

    redis.start_again().await;
    counts_in(&redis, &a).await;
    counts_in(&redis, &b).await;
    about(served(&[&a, &b], &member()).await, BURST);
}

#[tokio::test]
async fn redis_holds_ids_and_numbers_that_go_away_by_themselves() {
    let Some(redis) = Redis::start().await else { return };
    let slow = "limits.rates.stranger.read = { per_second = 1, burst = 20 }";
    let told = format!("redis.url = '{}'\n{FEW}\n{slow}", redis.url);
    let it = Running::<Toy>::start_as_shipped(&told).await;
    counts_in(&redis, &it).await;
    let who = member();
    for _ in 0..10 {
        read(it.anonymous()).await;
        is_let_in(&it, &who).await;
    }
    let mut connection = connect(&redis);
    let keys: Vec<String> = connection.keys("*").unwrap();
    assert!(
        keys.iter()
            .any(|key| key.starts_with("studio:orders:rate:stranger:")),
        "{keys:?}"
    );
    assert!(keys.contains(&key(&who)), "{keys:?}");
    for key in keys {
        assert!(!key.contains("127.0.0.1"), "{key}");
        let Some(paid) = connection.get::<_, Option<u64>>(&key).unwrap() else {
            continue; // it just went
        };
        let left: i64 = connection.pttl(&key).unwrap();
        assert!(
            paid > 0 && (-2..=20_000).contains(&left) && left != -1,
            "{key}: {left} ms"
        );
    }
}

#[tokio::test]
async fn a_key_of_another_kind_and_a_redis_that_stalls_hold_nobody_up() {
    let Some(redis) = Redis::start().await else { return };
    let told = format!("redis.url = '{}'\n{FEW}\nlimits.redis_wait_ms = 20", redis.url);
    let told = told.replace("\nlimits.redis_wait_ms = 500", "");
    let it = Running::<Toy>::start_as_shipped(&told).await;
    counts_in(&redis, &it).await;
    let who = member();
    connect(&redis).rpush::<_, _, ()>(key(&who), "nonsense").unwrap();
    assert!(is_let_in(&it, &who).await);
    counts_in(&redis, &it).await;

    let mut connection = connect(&redis);
    redis::cmd("CLIENT")
        .arg("PAUSE")
        .arg(10_000)
        .exec(&mut connection)
        .unwrap();
    let began = Instant::now();
    for _ in 0..20 {
        assert!(is_let_in(&it, &member()).await);
    }
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[tokio::test]
async fn who_is_refused_learns_why_and_when_to_come_back() {
    let it = Running::<Toy>::start_as_shipped(FEW).await;
    let who = member();
    about(served(&[&it], &who).await, BURST / 2);
    let refused = read(it.door(who)).await;
    let details = refused.get_error_details();
    let retry = details.retry_info().and_then(|retry| retry.retry_delay).unwrap();
    assert!(
        retry >= Duration::from_millis(500) && retry < Duration::from_secs(5),
        "{retry:?}"
    );
    let info = details.error_info().unwrap();
    assert_eq!(
        (info.reason.as_str(), info.domain.as_str()),
        ("OVERLOADED", "studio.platform")
    );
    assert_eq!(info.metadata["limit"], "caller");
    assert!(Error::from(refused).is_refusal());
}

async fn pull(door: Door, wait_ms: i32) -> Duration {
    let began = Instant::now();
    let request = PullEventsRequest {
        wait_ms,
        ..PullEventsRequest::default()
    };
    FeedServiceClient::new(door).pull_events(request).await.unwrap();
    began.elapsed()
}

#[tokio::test]
async fn one_connection_has_so_many_streams_and_another_its_own() {
    let it = Running::<Toy>::start_as_shipped("grpc.max_streams = 2").await;
    let endpoint = Endpoint::from_shared(format!("http://{}", it.address())).unwrap();
    let (one, other) = (
        endpoint.connect().await.unwrap(),
        endpoint.connect().await.unwrap(),
    );
    let door = |channel: &tonic::transport::Channel| {
        InterceptedService::new(channel.clone(), Identity::service("wallet"))
    };
    pull(door(&one), 0).await; // the server's settings have come
    let (a, b, (third, elsewhere)) = tokio::join!(pull(door(&one), 1500), pull(door(&one), 1500), async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        tokio::join!(pull(door(&one), 0), pull(door(&other), 0))
    });
    assert!(a.min(b) >= Duration::from_millis(1400));
    assert!(third >= Duration::from_secs(1), "it came in at once: {third:?}");
    assert!(elsewhere < Duration::from_secs(1), "{elsewhere:?}");
}

#[tokio::test]
async fn headers_beyond_sixteen_kilobytes_are_refused() {
    let it = Running::<Toy>::start_as_shipped("").await;
    let ask = async |bytes: usize| {
        let mut request = Request::new(ListProductsRequest::default());
        let value = MetadataValue::try_from("x".repeat(bytes)).unwrap();
        request.metadata_mut().insert("x-filler", value);
        let mut client = CatalogueServiceClient::new(it.door(member()));
        client.list_products(request).await.unwrap_err().code()
    };
    assert_eq!(ask(8 * 1024).await, Code::Unimplemented);
    let refused = ask(20 * 1024).await;
    assert_ne!(refused, Code::Unimplemented);
    assert_eq!(ask(8).await, Code::Unimplemented, "others are not bothered");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_a_place_that_is_left_is_taken() {
    let it = Running::<Toy>::start_as_shipped("grpc.max_connections = 2").await;
    let open = async || TcpStream::connect(it.address()).await.unwrap();
    let (first, mut second) = (open().await, open().await);
    let closed = async |stream: &mut TcpStream| {
        let read = tokio::time::timeout(Duration::from_millis(500), stream.read(&mut [0; 64])).await;
        matches!(read, Ok(Ok(0) | Err(_)))
    };
    assert!(closed(&mut open().await).await);
    assert!(!closed(&mut second).await);
    drop(first);
    for _ in 0..50 {
        if !closed(&mut open().await).await {
            return;
        }
    }
    panic!("a place that was left is not given again");
}
