//! Who sets limits, and when they come into force.

use chrono::Duration;
use futures::future::join_all;
use kernel::to_proto_time;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use testkit::Door;
use tonic::Code;

use super::{WEEK_S, at_company, at_studio, cashier};
use crate::world::{World, reason};

#[tokio::test]
async fn limits_are_dated_and_listed_and_of_two_set_at_once_one_is_refused() {
    let world = World::open().await;
    let (studio, now) = (world.chain.chaoyang, world.it.clock().now());
    let from = |ahead: Duration| pb::SetLimitRequest {
        effective_from: Some(to_proto_time(now + ahead)),
        ..at_studio(studio, pb::LimitSubject::Member, 5)
    };
    let request = from(Duration::days(2));
    let first = world.limit(request.clone()).await.unwrap();
    assert_eq!(world.limit(request).await.unwrap(), first, "asked again");
    for ahead in [Duration::days(-1), Duration::days(1), Duration::days(2)] {
        let refused = world.limit(from(ahead)).await.unwrap_err();
        assert_eq!(reason(&refused), "LIMIT_BACK_DATED");
    }
    let at_once = join_all((0..8).map(|_| world.limit(from(Duration::days(3))))).await;
    let (set, refused): (Vec<_>, Vec<_>) = at_once.into_iter().partition(Result::is_ok);
    assert_eq!(set.len(), 1);
    for status in refused.into_iter().filter_map(Result::err) {
        assert!(["VERSION_CONFLICT", "LIMIT_BACK_DATED"].contains(&reason(&status).as_str()));
    }
    world
        .limit(at_company(
            world.chain.beijing_company,
            pb::LimitSubject::Studio,
            9,
        ))
        .await
        .unwrap();
    let list = async |door: Door, in_force_only: bool, page_size: i32| {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListLimitsRequest {
                in_force_only,
                page_size,
                page_token,
                ..Default::default()
            };
            let page = cashier(door.clone())
                .list_limits(request)
                .await
                .unwrap()
                .into_inner();
            found.extend(
                page.limits
                    .into_iter()
                    .map(|limit| limit.window_s + limit.most_starts),
            );
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return found;
            }
        }
    };
    let all = [WEEK_S + 9, WEEK_S + 5, WEEK_S + 5];
    assert_eq!(list(world.supervisor(), false, 1).await, all);
    assert_eq!(
        list(world.supervisor(), true, 0).await,
        [WEEK_S + 9],
        "the others come later"
    );
    let director = world.it.as_staff(Role::StudioDirector, studio);
    assert_eq!(list(director, false, 0).await, all);
    let elsewhere = world.it.as_staff(Role::StudioDirector, world.chain.xuhui);
    assert!(list(elsewhere, false, 0).await.is_empty());
}

#[tokio::test]
async fn only_finance_sets_limits_and_only_where_it_reaches_every_studio() {
    let world = World::open().await;
    let request = || at_company(world.chain.beijing_company, pb::LimitSubject::Member, 1);
    let director = world.it.as_staff(Role::StudioDirector, world.chain.operator);
    let refused = cashier(director).set_limit(request()).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let of_one = || world.it.as_staff(Role::FinanceSupervisor, world.chain.chaoyang);
    let refused = cashier(of_one()).set_limit(request()).await.unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND", "it does not reach Haidian");
    let here = at_studio(world.chain.chaoyang, pb::LimitSubject::Member, 1);
    assert!(cashier(of_one()).set_limit(here).await.is_ok());
    let of_all = world
        .it
        .as_staff(Role::FinanceSupervisor, world.chain.beijing_company);
    assert!(cashier(of_all).set_limit(request()).await.is_ok());
    for both in [true, false] {
        let request = pb::SetLimitRequest {
            studio_id: if both {
                world.chain.chaoyang.to_string()
            } else {
                String::new()
            },
            legal_entity_id: if both {
                world.chain.beijing_company.to_string()
            } else {
                String::new()
            },
            ..request()
        };
        let refused = world.limit(request).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FIELDS");
    }
}
