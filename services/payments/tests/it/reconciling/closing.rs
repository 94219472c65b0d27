use chrono::Days;
use futures::StreamExt as _;
use payments::domain::statement::figures;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::reconciliation_service_client::ReconciliationServiceClient;
use tonic::{Code, Status};

use super::planting::one;
use super::{Client, account, finance};
use crate::books::{Books, the_day};
use crate::world::{World, reason, request_id};

async fn only_difference(world: &World) -> pb::Difference {
    let listed = finance(world, Role::FinanceStaff)
        .list_differences(pb::ListDifferencesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .differences;
    assert_eq!(listed.len(), 1);
    listed[0].clone()
}

async fn resolve(
    mut who: Client,
    id: &str,
    resolution: pb::Resolution,
) -> Result<pb::DifferenceState, Status> {
    let request = pb::ResolveDifferenceRequest {
        request_id: request_id(),
        difference_id: id.to_owned(),
        resolution: resolution.into(),
        note: "问过渠道".to_owned(),
    };
    Ok(who.resolve_difference(request).await?.into_inner().state())
}

async fn confirm(mut who: Client, difference: &pb::Difference) -> Result<pb::DifferenceState, Status> {
    let request = pb::ConfirmResolutionRequest {
        request_id: request_id(),
        difference_id: difference.difference_id.clone(),
        version: difference.version,
        confirm: true,
    };
    Ok(who.confirm_resolution(request).await?.into_inner().state())
}

async fn sign(mut who: Client, day: chrono::NaiveDate) -> Result<(), Status> {
    let request = pb::SignDayRequest {
        request_id: request_id(),
        account: Some(account()),
        day: day.to_string(),
        note: "核对无误".to_owned(),
    };
    who.sign_day(request).await.map(drop)
}

async fn close(mut who: Client, day: chrono::NaiveDate) -> Result<(), Status> {
    let request = pb::CloseDayRequest {
        request_id: request_id(),
        account: Some(account()),
        day: day.to_string(),
    };
    who.close_day(request).await.map(drop)
}

/// A judged day with one difference, an amount.
async fn one_difference() -> (World, chrono::NaiveDate) {
    let world = World::open().await;
    let day = the_day(&world);
    let mut books = Books::agreeing(day, 20);
    one(&mut books, "amount", 5);
    books.write(&world, &[day, day + Days::new(1)]).await;
    world.it.settle().await;
    (world, day)
}

#[tokio::test]
async fn a_day_closes_after_two_persons_and_nothing_open() {
    let (world, day) = one_difference().await;
    let staff = || finance(&world, Role::FinanceStaff);
    let supervisor = || finance(&world, Role::FinanceSupervisor);
    assert_eq!(
        reason(&close(supervisor(), day).await.unwrap_err()),
        "DAY_NOT_SIGNED"
    );
    sign(supervisor(), day).await.unwrap();
    assert_eq!(
        reason(&close(supervisor(), day).await.unwrap_err()),
        "SAME_PERSON"
    );
    sign(staff(), day).await.unwrap();
    assert_eq!(
        reason(&close(supervisor(), day).await.unwrap_err()),
        "DIFFERENCES_OPEN"
    );
    assert_eq!(
        close(staff(), day).await.unwrap_err().code(),
        Code::PermissionDenied
    );

    let difference = only_difference(&world).await;
    assert_eq!(difference.r#type(), pb::DifferenceType::Amount);
    assert_eq!(
        difference.theirs_minor.unwrap() - difference.ours_minor.unwrap(),
        1
    );
    assert_eq!(
        (difference.owner_role.as_str(), difference.studio_id),
        ("finance_supervisor", world.chain.chaoyang.to_string())
    );
    let id = &difference.difference_id;
    let proposed = resolve(supervisor(), id, pb::Resolution::WrittenOff)
        .await
        .unwrap();
    assert_eq!(proposed, pb::DifferenceState::Proposed);
    let proposed = only_difference(&world).await;
    assert_eq!(
        reason(&confirm(supervisor(), &proposed).await.unwrap_err()),
        "SAME_PERSON"
    );
    assert_eq!(
        reason(&close(supervisor(), day).await.unwrap_err()),
        "DIFFERENCES_OPEN"
    );
    sqlx::query("update differences set maker = gen_random_uuid(), version = version + 1")
        .execute(world.it.pool())
        .await
        .unwrap();
    let stale = confirm(supervisor(), &proposed).await.unwrap_err();
    assert_eq!(stale.code(), Code::Aborted, "{stale}");
    let proposed = only_difference(&world).await;
    assert_eq!(
        confirm(supervisor(), &proposed).await.unwrap(),
        pb::DifferenceState::Resolved
    );
    close(supervisor(), day).await.unwrap();
    assert_eq!(reason(&sign(staff(), day).await.unwrap_err()), "DAY_STATE");
    assert_eq!(world.facts("reconciliation_day_closed").await, 1);
}

#[tokio::test]
async fn an_explanation_takes_one_person_and_no_repair_is_asked_for() {
    let (world, _) = one_difference().await;
    let difference = only_difference(&world).await;
    let staff = || finance(&world, Role::FinanceStaff);
    let id = &difference.difference_id;
    let refused = resolve(staff(), id, pb::Resolution::Repaired).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELDS");
    let ended = resolve(staff(), id, pb::Resolution::Explained).await.unwrap();
    assert_eq!(ended, pb::DifferenceState::Resolved);
    let refused = resolve(staff(), id, pb::Resolution::Explained).await.unwrap_err();
    assert_eq!(reason(&refused), "DIFFERENCE_STATE");
}

async fn overdue(world: &World) -> Vec<String> {
    let request = pb::ListDaysRequest {
        overdue: true,
        ..Default::default()
    };
    let listed = finance(world, Role::FinanceStaff).list_days(request).await;
    let days = listed.unwrap().into_inner().days;
    days.into_iter().map(|day| day.day).collect()
}

#[tokio::test]
async fn a_day_that_nobody_closes_in_time_is_overdue_until_somebody_does() {
    let world = World::open().await;
    let day = the_day(&world);
    Books::agreeing(day, 5)
        .write(&world, &[day, day + Days::new(1)])
        .await;
    world.it.settle().await;
    assert_eq!(overdue(&world).await, Vec::<String>::new());
    let in_time = figures::start(day + Days::new(4)) - world.it.clock().now() - chrono::TimeDelta::minutes(1);
    world.it.advance(in_time.to_std().unwrap());
    assert_eq!(overdue(&world).await, Vec::<String>::new());
    world.it.advance(std::time::Duration::from_mins(2));
    assert_eq!(overdue(&world).await, [day.to_string()]);
    sign(finance(&world, Role::FinanceStaff), day).await.unwrap();
    assert_eq!(overdue(&world).await, [day.to_string()]);
    close(finance(&world, Role::FinanceSupervisor), day)
        .await
        .unwrap();
    assert_eq!(overdue(&world).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_day_whose_next_is_not_here_is_not_closed() {
    let world = World::open().await;
    let day = the_day(&world);
    Books::agreeing(day, 5).write(&world, &[day]).await;
    world.it.settle().await;
    sign(finance(&world, Role::FinanceStaff), day).await.unwrap();
    let refused = close(finance(&world, Role::FinanceSupervisor), day)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "DAY_STATE");
}

#[tokio::test]
async fn of_two_who_close_a_day_one_does_and_a_difference_that_comes_meanwhile_is_not_lost() {
    let world = World::open().await;
    let day = the_day(&world);
    Books::agreeing(day, 5)
        .write(&world, &[day, day + Days::new(1)])
        .await;
    world.it.settle().await;
    sign(finance(&world, Role::FinanceStaff), day).await.unwrap();
    let (a, b) = tokio::join!(
        close(finance(&world, Role::FinanceSupervisor), day),
        close(finance(&world, Role::FinanceSupervisor), day)
    );
    assert_eq!(a.is_ok(), b.is_err(), "{a:?} {b:?}");
    assert_eq!(reason(&a.err().or(b.err()).unwrap()), "DAY_STATE");
}

#[tokio::test]
async fn a_report_tells_each_studios_share_and_leaves_as_a_table() {
    let (world, day) = one_difference().await;
    let mut client = finance(&world, Role::FinanceAuditor);
    let request = pb::GetDayReportRequest {
        account: Some(account()),
        day: day.to_string(),
        ..Default::default()
    };
    let report = client.get_day_report(request).await.unwrap().into_inner();
    assert_eq!(report.totals.len(), 1);
    let total = &report.totals[0];
    assert_eq!((total.payments, total.refunds, total.agreed), (20, 4, 23));
    assert_eq!(total.studio_id, world.chain.chaoyang.to_string());
    let shown = report.day.unwrap();
    assert_eq!((shown.state(), shown.open), (pb::DayState::Judged, 1));

    let request = pb::ExportDayRequest {
        account: Some(account()),
        day: day.to_string(),
    };
    let mut pieces = client.export_day(request).await.unwrap().into_inner();
    let mut file = Vec::new();
    while let Some(piece) = pieces.next().await {
        file.extend(piece.unwrap().content);
    }
    let text = String::from_utf8(file).unwrap();
    assert!(text.starts_with("\u{feff}studio,"));
    assert_eq!(text.lines().filter(|line| line.contains(",amount,")).count(), 1);
}

#[tokio::test]
async fn studios_see_nothing_of_the_companys_accounts() {
    let (world, _) = one_difference().await;
    for door in [
        world.it.as_staff(Role::FinanceStaff, world.chain.chaoyang),
        world.it.as_staff(Role::FrontDesk, world.chain.operator),
        world.it.as_service("orders"),
    ] {
        let refused = ReconciliationServiceClient::new(door)
            .list_differences(pb::ListDifferencesRequest::default())
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied, "{refused}");
    }
}
