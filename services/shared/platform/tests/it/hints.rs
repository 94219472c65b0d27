use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures::StreamExt as _;
use testkit::Running;

use crate::toy::{Toy, act, command, staff};

/// A Redis for one test, gone with it.
struct Redis {
    server: Child,
    url: String,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.server
            .kill()
            .and_then(|()| self.server.wait())
            .map(drop)
            .unwrap_or_default();
    }
}

/// None on a machine without Redis, which is no reason to fail: nothing but
/// the moment depends on it.
async fn redis() -> Option<Redis> {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .ok()?
        .local_addr()
        .ok()?
        .port();
    let server = Command::new("redis-server")
        .args([
            "--port",
            &port.to_string(),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            &std::env::temp_dir().display().to_string(),
        ])
        .stdout(Stdio::null())
        .spawn()
        .ok()?;
    let redis = Redis {
        server,
        url: format!("redis://127.0.0.1:{port}"),
    };
    for _ in 0..100 {
        if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Some(redis);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

async fn next_hint(ear: &mut redis::aio::PubSub) -> String {
    let mut heard = ear.on_message();
    let message = tokio::time::timeout(Duration::from_secs(10), heard.next())
        .await
        .unwrap()
        .unwrap();
    message.get_payload().unwrap()
}

#[tokio::test]
async fn a_commit_is_told_to_the_other_processes_of_the_service() {
    let Some(redis) = redis().await else { return };
    let client = redis::Client::open(redis.url.as_str()).unwrap();
    let mut ear = client.get_async_pubsub().await.unwrap();
    ear.subscribe("studio:orders:wake").await.unwrap();
    let it = Running::<Toy>::start_with(&format!("redis.url = '{}'", redis.url)).await;
    act(it.app(), &staff(&[]), &command("heard")).await.unwrap();
    assert!(next_hint(&mut ear).await.ends_with(" tasks"));
}

#[tokio::test]
async fn without_redis_everything_works() {
    let it = Running::<Toy>::start_with("redis.url = 'redis://127.0.0.1:1'").await;
    act(it.app(), &staff(&[]), &command("anyway")).await.unwrap();
    it.settle().await;
}
