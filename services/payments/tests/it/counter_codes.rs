//! Static codes on counters, and the money that is paid by them.

use std::time::Duration;

use chrono::Days;
use futures::future::join_all;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::counter_code_service_client::CounterCodeServiceClient;
use testkit::Door;
use tonic::{Code, Status};

use crate::books::{Books, Said, the_day};
use crate::transfers::{confirm, items, propose};
use crate::world::{PRICE, World, reason, request_id};

const CONTENT: &str = "wxp://f2f0AbCdEfGhIj";

fn client(world: &World, role: Role) -> CounterCodeServiceClient<Door> {
    CounterCodeServiceClient::new(world.it.as_staff(role, world.chain.chaoyang))
}

async fn put_up(world: &World, place: &str, content: &str) -> Result<pb::CounterCode, Status> {
    let request = pb::PutUpCodeRequest {
        request_id: request_id(),
        studio_id: world.chain.chaoyang.to_string(),
        channel: pb::CodeChannel::Wechat.into(),
        place: place.to_owned(),
        content: content.to_owned(),
    };
    let reply = client(world, Role::StudioDirector).put_up_code(request).await?;
    Ok(reply.into_inner().code.unwrap())
}

async fn check(
    world: &World,
    code: &pb::CounterCode,
    content: &str,
) -> Result<pb::CheckCodeResponse, Status> {
    let request = pb::CheckCodeRequest {
        request_id: request_id(),
        code_id: code.code_id.clone(),
        content: content.to_owned(),
    };
    Ok(client(world, Role::FrontDesk)
        .check_code(request)
        .await?
        .into_inner())
}

async fn list(world: &World, request: pb::ListCodesRequest) -> Vec<pb::CounterCode> {
    let reply = client(world, Role::FinanceAuditor).list_codes(request).await;
    reply.unwrap().into_inner().codes
}

#[tokio::test]
async fn another_code_in_its_place_is_an_alarm_and_stays_suspected() {
    let world = World::open().await;
    let code = put_up(&world, "前台左", CONTENT).await.unwrap();
    let same = check(&world, &code, CONTENT).await.unwrap();
    assert!(same.same);
    assert_eq!(world.facts("counter_code_mismatched").await, 0);
    let other = check(&world, &code, "wxp://f2f0ThiefsOwn").await.unwrap();
    assert!(!other.same && other.code.unwrap().suspected_at.is_some());
    assert_eq!(world.facts("counter_code_mismatched").await, 1);
    let again = check(&world, &code, CONTENT).await.unwrap();
    assert!(again.same && again.code.unwrap().suspected_at.is_some());

    let next = put_up(&world, "前台左", "wxp://f2f0Another1").await.unwrap();
    assert_eq!((next.number, next.suspected_at), (2, None));
    let down = check(&world, &code, CONTENT).await.unwrap_err();
    assert_eq!(reason(&down), "CODE_DOWN");
    let standing = list(&world, pb::ListCodesRequest::default()).await;
    assert_eq!(standing, [next]);
    world.it.settle().await;
}

#[tokio::test]
async fn a_code_that_nobody_checks_in_time_is_overdue() {
    let world = World::open().await;
    let code = put_up(&world, "前台左", CONTENT).await.unwrap();
    let overdue = || pb::ListCodesRequest {
        overdue: true,
        ..Default::default()
    };
    world.it.advance(Duration::from_hours(24 * 7 - 1));
    assert_eq!(list(&world, overdue()).await, []);
    world.it.advance(Duration::from_hours(2));
    assert_eq!(list(&world, overdue()).await.len(), 1);
    check(&world, &code, "wxp://f2f0ThiefsOwn").await.unwrap();
    assert_eq!(
        list(&world, overdue()).await.len(),
        1,
        "another code is no check of this one"
    );
    check(&world, &code, CONTENT).await.unwrap();
    assert_eq!(list(&world, overdue()).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_code_stands_at_a_place_and_the_same_one_nowhere_else() {
    let world = World::open().await;
    put_up(&world, "前台左", CONTENT).await.unwrap();
    let twice = put_up(&world, "前台右", CONTENT).await.unwrap_err();
    assert_eq!(reason(&twice), "CODE_STANDS");
    let contents: Vec<String> = (0..8).map(|at| format!("wxp://f2f0Number{at}")).collect();
    let raced = join_all(contents.iter().map(|content| put_up(&world, "瑜伽室", content))).await;
    assert!(raced.iter().any(Result::is_ok));
    let standing = list(&world, pb::ListCodesRequest::default()).await;
    assert_eq!(standing.iter().filter(|code| code.place == "瑜伽室").count(), 1);

    let request = pb::TakeDownCodeRequest {
        request_id: request_id(),
        code_id: standing[0].code_id.clone(),
    };
    let down = client(&world, Role::StudioDirector)
        .take_down_code(request)
        .await
        .unwrap();
    assert_eq!(down.into_inner().code.unwrap().state(), pb::CodeState::Down);
    let elsewhere = world.it.as_staff(Role::FrontDesk, world.chain.haidian);
    let request = pb::CheckCodeRequest {
        request_id: request_id(),
        code_id: standing[1].code_id.clone(),
        content: CONTENT.to_owned(),
    };
    let refused = CounterCodeServiceClient::new(elsewhere)
        .check_code(request)
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
}

/// A day on whose bills somebody paid under a number of the channel's own.
async fn paid_by_code(world: &World, amount: i64) {
    let day = the_day(world);
    let mut books = Books::agreeing(day, 5);
    let line = Said {
        amount,
        settle: amount,
        fee: 0,
        number: "1000109301202611210001".to_owned(),
        transaction: "4200009999".to_owned(),
        settle_key: "4200009999".to_owned(),
        ..books.lines(false, "T1")[0].clone()
    };
    let moved = Said {
        funds: true,
        transaction: "F4200009999".to_owned(),
        merchant: String::new(),
        ..line.clone()
    };
    books.said.extend([line, moved]);
    books.write(world, &[day, day + Days::new(1)]).await;
    world.it.settle().await;
}

/// As what the line is told.
async fn differences(world: &World) -> i64 {
    world
        .count(
            "select count(*) from differences where type = $1",
            "paid_missing_here",
        )
        .await
}

#[tokio::test]
async fn money_by_a_static_code_stands_in_suspense_and_pays_a_due() {
    let world = World::open().await;
    put_up(&world, "前台左", CONTENT).await.unwrap();
    paid_by_code(&world, PRICE).await;
    assert_eq!(differences(&world).await, 0);
    let found = items(&world, pb::ListSuspenseRequest::default()).await;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].origin(), pb::SuspenseOrigin::CounterCode);
    assert_eq!(found[0].transaction, "4200009999");
    let intent = world.intent().await;
    let proposed = propose(&world, &found[0], pb::SuspenseEnd::Assign, Some(&intent)).await;
    confirm(&world, &proposed.unwrap()).await.unwrap();
    let payment = world.payment_of(&intent).await;
    assert_eq!(payment.method(), pb::Method::WechatNative);
    assert_eq!(payment.channel_transaction, "4200009999");
    let number = "select count(*) from attempts where state = 'paid' and channel_number = $1";
    assert_eq!(world.count(number, "1000109301202611210001").await, 1);
}

#[tokio::test]
async fn without_a_registered_code_such_money_stays_a_difference() {
    let world = World::open().await;
    paid_by_code(&world, PRICE).await;
    assert_eq!(differences(&world).await, 1);
    assert_eq!(items(&world, pb::ListSuspenseRequest::default()).await, []);
}

#[tokio::test]
async fn more_than_the_due_by_a_code_pays_nothing() {
    let world = World::open().await;
    put_up(&world, "前台左", CONTENT).await.unwrap();
    paid_by_code(&world, PRICE + 1).await;
    let found = items(&world, pb::ListSuspenseRequest::default()).await;
    let intent = world.intent().await;
    let refused = propose(&world, &found[0], pb::SuspenseEnd::Assign, Some(&intent)).await;
    assert_eq!(reason(&refused.unwrap_err()), "TRANSFER_OVER");
}
