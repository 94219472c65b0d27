use std::time::Duration;

use futures::StreamExt as _;
use testkit::Running;

use crate::redis::Redis;
use crate::toy::{Toy, act, command, staff};

async fn next_hint(ear: &mut ::redis::aio::PubSub) -> String {
    let mut heard = ear.on_message();
    let message = tokio::time::timeout(Duration::from_secs(10), heard.next())
        .await
        .unwrap()
        .unwrap();
    message.get_payload().unwrap()
}

#[tokio::test]
async fn a_commit_is_told_to_the_other_processes_of_the_service() {
    let Some(redis) = Redis::start().await else { return };
    let client = ::redis::Client::open(redis.url.as_str()).unwrap();
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
