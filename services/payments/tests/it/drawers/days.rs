use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::drawer_service_client::DrawerServiceClient;
use tonic::Status;

use super::{Client, Desk, clerk, drawers_add_up, finance, open};
use crate::world::{PRICE, World, fen, reason, request_id};

async fn confirm(mut who: Client, desk: &Desk) -> Result<pb::DrawerDay, Status> {
    let request = pb::ConfirmDrawerDayRequest {
        request_id: request_id(),
        studio_id: desk.drawer.studio_id.clone(),
        day: desk.drawer.day.clone(),
        note: "点清".to_owned(),
    };
    Ok(who.confirm_drawer_day(request).await?.into_inner().day.unwrap())
}

async fn day(mut who: Client, desk: &Desk) -> pb::GetDrawerDayResponse {
    let request = pb::GetDrawerDayRequest {
        studio_id: desk.drawer.studio_id.clone(),
        day: desk.drawer.day.clone(),
    };
    who.get_drawer_day(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_count_that_differs_is_explained_and_ends_the_drawer() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    desk.takes_cash(&world).await;
    desk.moves(pb::CashDirection::In, 500).await.unwrap();
    let short = desk
        .moves(pb::CashDirection::Out, PRICE + 1_501)
        .await
        .unwrap_err();
    assert_eq!(reason(&short), "DRAWER_SHORT");
    desk.moves(pb::CashDirection::Out, PRICE).await.unwrap();

    let silent = desk.count(&[(1_000, 1)], "").await.unwrap_err();
    assert_eq!(reason(&silent), "COUNT_UNEXPLAINED");
    let shown = day(finance(&world), &desk).await.drawers[0].clone();
    assert_eq!(shown.drawer.unwrap().expected, None);
    assert_eq!(shown.totals.unwrap().cash_taken_minor, 0);

    let counted = desk.count(&[(1_000, 1), (100, 4)], "少收一元").await.unwrap();
    assert_eq!(
        (counted.expected, counted.counted, counted.reason.as_str()),
        (Some(fen(1_500)), Some(fen(1_400)), "少收一元")
    );
    let totals = day(finance(&world), &desk).await.drawers[0].totals.unwrap();
    assert_eq!(
        (
            totals.cash_taken_minor,
            totals.paid_in_minor,
            totals.paid_out_minor,
            totals.payments
        ),
        (PRICE, 500, PRICE, 1)
    );
    for refused in [
        desk.moves(pb::CashDirection::In, 1).await.unwrap_err(),
        desk.count(&[(1_000, 1), (100, 4)], "again").await.unwrap_err(),
    ] {
        assert_eq!(reason(&refused), "DRAWER_COUNTED");
    }
    assert_eq!(world.facts("drawer_counted").await, 1);
    drawers_add_up(&world).await;
}

#[tokio::test]
async fn a_day_of_drawers_is_confirmed_once_by_another_person_when_all_are_counted() {
    let world = World::open().await;
    let holder = world.it.as_staff(Role::StudioDirector, world.chain.chaoyang);
    let mut client = DrawerServiceClient::new(holder);
    let drawer = open(&mut client, &world).await.unwrap();
    let desk = Desk { client, drawer };
    let open_still = confirm(finance(&world), &desk).await.unwrap_err();
    assert_eq!(reason(&open_still), "DRAWERS_OPEN");
    desk.count(&[(500, 2)], "").await.unwrap();
    let alone = confirm(desk.client.clone(), &desk).await.unwrap_err();
    assert_eq!(reason(&alone), "SAME_PERSON");
    let confirmed = confirm(finance(&world), &desk).await.unwrap();
    assert!(!confirmed.confirmed_by.is_empty());
    assert_eq!(day(finance(&world), &desk).await.day, Some(confirmed));
    for refused in [
        confirm(finance(&world), &desk).await.unwrap_err(),
        open(&mut clerk(&world), &world).await.unwrap_err(),
    ] {
        assert_eq!(reason(&refused), "DAY_STATE");
    }
    assert_eq!(world.facts("drawer_day_confirmed").await, 1);
}

#[tokio::test]
async fn a_day_of_drawers_leaves_as_a_file_with_what_was_counted() {
    let world = World::open().await;
    let (desk, other) = (Desk::open(&world).await, Desk::open(&world).await);
    let payment = desk.takes_cash(&world).await;
    let hidden = other.takes_cash(&world).await;
    desk.count(&[(10_000, 36), (5_000, 1), (2_000, 1), (1_000, 2)], "多一张")
        .await
        .unwrap();
    let request = pb::ExportDrawerDayRequest {
        studio_id: desk.drawer.studio_id.clone(),
        day: desk.drawer.day.clone(),
    };
    let file = finance(&world)
        .export_drawer_day(request)
        .await
        .unwrap()
        .into_inner()
        .content;
    let text = String::from_utf8(file).unwrap();
    assert!(text.starts_with("\u{feff}drawer,held_by,opening"));
    assert!(text.contains(",10.00,3680.00,0.00,0.00,0.00,0.00,0.00,3690.00,3690.00,0.00,\r\n"));
    assert!(text.contains(&payment.receipt_number));
    assert!(!text.contains(&hidden.receipt_number));
}

#[tokio::test]
async fn the_database_itself_keeps_the_invariants_of_drawers() {
    let world = World::open().await;
    let desk = Desk::open(&world).await;
    desk.takes_cash(&world).await;
    for (edit, guard) in [
        (
            "update drawers set cash_minor = -1, version = version + 1",
            "drawers_not_overdrawn",
        ),
        (
            "update drawers set state = 'counted', counted_minor = 1, counted_at = now(), version = version + 1",
            "drawers_explained_check",
        ),
        (
            "update drawer_days set state = 'confirmed', open_drawers = 0, confirmed_by = holders[1],
                                    confirmed_at = now(), version = version + 1",
            "drawer_days_two_persons",
        ),
        (
            "update drawer_days set state = 'confirmed', confirmed_by = gen_random_uuid(),
                                    confirmed_at = now(), version = version + 1",
            "drawer_days_open_check",
        ),
        (
            "insert into drawer_entries select (jsonb_populate_record(e, jsonb_build_object(
                 'entry_id', gen_random_uuid()))).* from drawer_entries e",
            "drawer_entries_attempt_key",
        ),
        (
            "insert into drawer_entries select (jsonb_populate_record(e, jsonb_build_object(
                 'entry_id', gen_random_uuid(), 'tendered_minor', 1))).* from drawer_entries e",
            "drawer_entries_tendered_check",
        ),
        (
            "insert into drawers select (jsonb_populate_record(d, jsonb_build_object(
                 'drawer_id', gen_random_uuid()))).* from drawers d",
            "drawers_held_key",
        ),
        (
            "update drawer_entries set amount_minor = 1",
            "added, never changed",
        ),
    ] {
        let refused = sqlx::query(edit).execute(world.it.pool()).await.unwrap_err();
        assert!(refused.to_string().contains(guard), "{edit}: {refused}");
    }
}
