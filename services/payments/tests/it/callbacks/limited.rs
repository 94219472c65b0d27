//! What one who only wants to be in the way can take at the door.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use http::StatusCode;
use kernel::Clock;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::kept::Caller;
use crate::world::{Told, World};

async fn told(callbacks: &'static str) -> World {
    World::open_told(Told {
        callbacks,
        ..Told::default()
    })
    .await
}

async fn connect(world: &World) -> TcpStream {
    TcpStream::connect(world.it.listener("callbacks").unwrap())
        .await
        .unwrap()
}

/// What comes until the door closes the connection; `None` if it does not.
async fn until_closed(stream: &mut TcpStream, within: Duration) -> Option<String> {
    let mut said = Vec::new();
    let read = tokio::time::timeout(within, stream.read_to_end(&mut said))
        .await
        .ok()?;
    drop(read);
    Some(String::from_utf8_lossy(&said).into_owned())
}

const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_head_that_comes_drop_by_drop_ends_with_its_connection() {
    let world = told("head_ms = 300").await;
    let mut idle = connect(&world).await;
    let mut slow = connect(&world).await;
    slow.write_all(b"POST /callbacks/wechat/house HTTP/1.1\r\nHost: x\r\n")
        .await
        .unwrap();
    let began = Instant::now();
    assert!(until_closed(&mut slow, PATIENCE).await.is_some());
    assert!(until_closed(&mut idle, PATIENCE).await.is_some());
    assert!(began.elapsed() >= Duration::from_millis(200));
    Caller::of(&world).refused("{}").await;
}

#[tokio::test]
async fn a_body_that_comes_drop_by_drop_is_refused() {
    let world = told("body_ms = 300").await;
    let mut slow = connect(&world).await;
    slow.write_all(b"POST /callbacks/wechat/house HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        .await
        .unwrap();
    let said = until_closed(&mut slow, PATIENCE).await.unwrap();
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let world = told("max_head_bytes = 8192").await;
    let answer = Caller::of(&world)
        .post("{}")
        .header("x-filler", "x".repeat(9_000))
        .send()
        .await;
    assert_eq!(answer.unwrap().status(), 431);
}

#[tokio::test]
async fn one_connection_too_many_is_closed_and_those_that_do_nothing_leave() {
    let world = told("connections = 2\nhead_ms = 1000").await;
    let (_first, _second) = (connect(&world).await, connect(&world).await);
    let mut third = connect(&world).await;
    assert!(
        until_closed(&mut third, Duration::from_millis(600))
            .await
            .is_some()
    );
    testkit::until("a place is free", async || {
        Caller::of(&world).post("{}").send().await.is_ok()
    })
    .await;
}

#[tokio::test]
async fn who_finds_no_place_within_his_time_is_told_to_come_again() {
    let world = told("at_once = 1\nwait_ms = 200").await;
    let caller = Caller::of(&world);
    let mut held = world.it.pool().begin().await.unwrap();
    sqlx::query(
        "insert into refused_windows (channel, merchant, why, began_at, kept_bytes)
         select 'wechat', 'house', 'headers', to_timestamp(floor(extract(epoch from $1::timestamptz) / 3600) * 3600), 0",
    )
    .bind(world.it.clock().now())
    .execute(&mut *held)
    .await
    .unwrap();
    // the first waits for what is held, and the second for the first
    let later = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let answer = caller.post("{}").send().await.unwrap().status();
        held.rollback().await.unwrap();
        answer
    };
    let ((), second) = tokio::join!(caller.refused("{}"), later);
    assert_eq!(second, StatusCode::SERVICE_UNAVAILABLE);
}

/// A channel that lists no certificates, and takes its time to say so.
async fn asked_for_keys(work: &mut JoinSet<()>) -> (&'static str, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new().fallback(move || {
        counted.fetch_add(1, Ordering::SeqCst);
        async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            StatusCode::NOT_FOUND
        }
    });
    work.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (url.leak(), asked)
}

#[tokio::test]
async fn keys_that_nobody_has_heard_of_are_asked_for_once_in_a_while_however_many_are_named() {
    let mut work = JoinSet::new();
    let (url, asked) = asked_for_keys(&mut work).await;
    let world = World::open_told(Told {
        second: Some(("wx9999999999999999", Some(url))),
        renew_pause_s: 3_600,
        ..Told::default()
    })
    .await;
    let door = format!(
        "http://{}/callbacks/wechat/second",
        world.it.listener("callbacks").unwrap()
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let knock = |at: usize| {
        client
            .post(&door)
            .header("Wechatpay-Timestamp", Clock::real().timestamp().to_string())
            .header("Wechatpay-Nonce", "n")
            .header("Wechatpay-Signature", "c2lnbmVk")
            .header("Wechatpay-Serial", format!("{at:040X}"))
            .body("{}")
            .send()
    };
    for _ in 0..3 {
        let answers = futures::future::join_all((0..32).map(knock)).await;
        assert!(answers.into_iter().all(|answer| answer.unwrap().status() == 401));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}
