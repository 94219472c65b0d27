//! What studios publish about paying there.

use chrono::Duration;
use kernel::{PersonId, StudioId, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::notice_service_client::NoticeServiceClient;
use testkit::Door;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::world::{World, fen, reason, request_id};

fn notices(door: Door) -> NoticeServiceClient<Door> {
    NoticeServiceClient::new(door)
}

fn way(method: pb::OfferedMethod) -> pb::NoticeMethod {
    pb::NoticeMethod {
        method: method.into(),
        steps: vec!["打开微信扫一扫".to_owned(), "确认金额并付款".to_owned()],
    }
}

pub fn draft(studio: StudioId, methods: &[pb::OfferedMethod]) -> pb::PublishNoticeRequest {
    pb::PublishNoticeRequest {
        request_id: request_id(),
        studio_id: studio.to_string(),
        methods: methods.iter().copied().map(way).collect(),
        prices: vec![pb::NoticePrice {
            name: "年卡".to_owned(),
            price: Some(fen(368_000)),
            unit: "一年".to_owned(),
        }],
        refund_policy: "七日内未使用可全额退款".to_owned(),
        after_sales: "前台或 400-000-0000".to_owned(),
        effective_from: None,
    }
}

const BOTH: [pb::OfferedMethod; 2] = [pb::OfferedMethod::WechatPay, pb::OfferedMethod::Wallet];

pub async fn publish(door: Door, request: pb::PublishNoticeRequest) -> Result<pb::Notice, Status> {
    let published = notices(door).publish_notice(request).await?;
    Ok(published.into_inner().notice.unwrap())
}

fn in_force(studio: StudioId) -> pb::GetNoticeRequest {
    pb::GetNoticeRequest {
        studio_id: studio.to_string(),
        ..Default::default()
    }
}

async fn get(door: Door, request: pb::GetNoticeRequest) -> Result<pb::Notice, Status> {
    let got = notices(door).get_notice(request).await?;
    Ok(got.into_inner().notice.unwrap())
}

#[tokio::test]
async fn a_studio_publishes_its_methods_steps_prices_and_refund_policy_for_everybody() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let director = || world.it.as_staff(Role::StudioDirector, studio);
    let nothing = get(world.it.anonymous(), in_force(studio)).await.unwrap_err();
    assert_eq!(reason(&nothing), "NOT_FOUND");
    let request = draft(studio, &BOTH);
    let first = publish(director(), request.clone()).await.unwrap();
    assert_eq!((first.number, first.methods.len()), (1, 2));
    assert_eq!(publish(director(), request).await.unwrap(), first, "asked again");
    assert!(!first.published_by.is_empty());
    for door in [world.it.anonymous(), world.it.as_member(PersonId::fresh())] {
        let mut read = get(door, in_force(studio)).await.unwrap();
        assert_eq!(read.published_by, "", "who published it is for staff");
        read.published_by.clone_from(&first.published_by);
        assert_eq!(read, first);
    }
    let staff = world.it.as_staff(Role::FrontDesk, world.chain.xuhui);
    assert_eq!(get(staff, in_force(studio)).await.unwrap(), first);
}

#[tokio::test]
async fn a_notice_comes_into_force_at_its_time_and_the_earlier_one_can_still_be_read() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let director = || world.it.as_staff(Role::StudioDirector, studio);
    let first = publish(director(), draft(studio, &BOTH)).await.unwrap();
    let tomorrow = world.it.clock().now() + Duration::days(1);
    let later = pb::PublishNoticeRequest {
        effective_from: Some(to_proto_time(tomorrow)),
        ..draft(studio, &[pb::OfferedMethod::WechatPay, pb::OfferedMethod::Cash])
    };
    let second = publish(director(), later.clone()).await.unwrap();
    assert_eq!(second.number, 2);
    assert_eq!(get(director(), in_force(studio)).await.unwrap(), first);
    let at = pb::GetNoticeRequest {
        at: Some(to_proto_time(tomorrow)),
        ..in_force(studio)
    };
    assert_eq!(get(director(), at).await.unwrap(), second);
    let by_id = pb::GetNoticeRequest {
        notice_id: first.notice_id.clone(),
        ..Default::default()
    };
    assert_eq!(get(director(), by_id).await.unwrap(), first);
    for from in [Duration::zero(), Duration::days(-3)] {
        let request = pb::PublishNoticeRequest {
            request_id: request_id(),
            effective_from: Some(to_proto_time(tomorrow + from)),
            ..later.clone()
        };
        let refused = publish(director(), request).await.unwrap_err();
        assert_eq!(reason(&refused), "NOTICE_BACK_DATED");
    }
    let request = pb::ListNoticesRequest {
        studio_id: studio.to_string(),
        page_size: 1,
        ..Default::default()
    };
    let page = notices(director())
        .list_notices(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert_eq!(page.notices, [second]);
    let next = pb::ListNoticesRequest {
        page_token: page.next_page_token,
        ..request
    };
    let page = notices(director()).list_notices(next).await.unwrap().into_inner();
    assert_eq!((page.notices, page.next_page_token), (vec![first], String::new()));
}

#[tokio::test]
async fn only_the_studios_own_director_and_finance_publish_and_list_there() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let elsewhere = world.it.as_staff(Role::StudioDirector, world.chain.xuhui);
    let refused = publish(elsewhere.clone(), draft(studio, &BOTH))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND");
    let list = pb::ListNoticesRequest {
        studio_id: studio.to_string(),
        ..Default::default()
    };
    let refused = notices(elsewhere).list_notices(list).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND");
    let desk = world.it.as_staff(Role::FrontDesk, studio);
    let refused = publish(desk, draft(studio, &BOTH)).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let finance = world
        .it
        .as_staff(Role::FinanceSupervisor, world.chain.beijing_company);
    assert!(publish(finance, draft(studio, &BOTH)).await.is_ok());
}

#[tokio::test]
async fn a_channel_that_collects_nothing_for_the_studio_is_not_offered() {
    let world = World::open().await;
    let studio = world.chain.xuhui;
    let director = world.it.as_staff(Role::StudioDirector, studio);
    let request = draft(studio, &[pb::OfferedMethod::WechatPay, pb::OfferedMethod::Alipay]);
    let refused = publish(director.clone(), request).await.unwrap_err();
    assert_eq!(reason(&refused), "METHOD_NOT_SET_UP");
    let details = refused.get_error_details();
    let info = details.error_info().unwrap();
    assert_eq!(info.metadata.get("method").map(String::as_str), Some("alipay"));
    let nothing = get(director, in_force(studio)).await.unwrap_err();
    assert_eq!(reason(&nothing), "NOT_FOUND");
}

#[tokio::test]
async fn every_bad_field_of_a_notice_is_named_at_once() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let director = world.it.as_staff(Role::StudioDirector, studio);
    let mut request = draft(studio, &[pb::OfferedMethod::Cash, pb::OfferedMethod::Cash]);
    request.prices[0].price.as_mut().unwrap().currency = "USD".to_owned();
    let refused = publish(director, request).await.unwrap_err();
    let details = refused.get_error_details();
    let fields: Vec<_> = details
        .bad_request()
        .unwrap()
        .field_violations
        .iter()
        .map(|violation| violation.field.as_str())
        .collect();
    assert_eq!(fields, ["methods[1].method", "prices[0].price.currency"]);
}

#[tokio::test]
async fn of_two_notices_published_at_once_one_is_refused_and_none_is_lost() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let ask = |days| {
        let door = world.it.as_staff(Role::StudioDirector, studio);
        let request = pb::PublishNoticeRequest {
            effective_from: Some(to_proto_time(world.it.clock().now() + Duration::days(days))),
            ..draft(studio, &BOTH)
        };
        publish(door, request)
    };
    let answers = futures::future::join_all((1..=4).map(ask)).await;
    let (published, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    let mut numbers: Vec<i64> = published
        .into_iter()
        .map(|notice| notice.unwrap().number)
        .collect();
    numbers.sort_unstable();
    let all: Vec<i64> = (1..).take(numbers.len()).collect();
    assert!(!numbers.is_empty());
    assert_eq!(numbers, all);
    for refused in refused {
        let why = reason(&refused.unwrap_err());
        assert!(
            ["VERSION_CONFLICT", "NOTICE_BACK_DATED"].contains(&why.as_str()),
            "{why}"
        );
    }
}

#[tokio::test]
async fn a_studio_that_leaves_no_choice_of_methods_is_reported() {
    let world = World::open().await;
    let supervisor = || {
        world
            .it
            .as_staff(Role::FinanceSupervisor, world.chain.beijing_company)
    };
    let choices = async |without_choice_only| {
        let request = pb::ListMethodChoicesRequest {
            without_choice_only,
            ..Default::default()
        };
        let listed = notices(supervisor()).list_method_choices(request).await.unwrap();
        listed.into_inner().choices
    };
    let all = choices(false).await;
    let of = |choices: &[pb::MethodChoice], studio: StudioId| {
        let found = choices
            .iter()
            .find(|choice| choice.studio_id == studio.to_string());
        found.map(|choice| choice.methods.len())
    };
    let (chaoyang, xuhui) = (world.chain.chaoyang, world.chain.xuhui);
    assert_eq!(of(&all, chaoyang), Some(0), "it has published nothing");
    assert_eq!(of(&all, xuhui), None, "another company's");
    publish(supervisor(), draft(chaoyang, &BOTH[..1])).await.unwrap();
    assert_eq!(of(&choices(true).await, chaoyang), Some(1));
    world.it.advance(std::time::Duration::from_secs(1));
    publish(supervisor(), draft(chaoyang, &BOTH)).await.unwrap();
    assert_eq!(of(&choices(true).await, chaoyang), None);
    assert_eq!(of(&choices(false).await, chaoyang), Some(2));
}
