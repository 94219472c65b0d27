//! What was taken and sent back, by our books.

use std::time::Duration;

use chrono::TimeDelta;
use kernel::RefundLegId;
use payments::domain::statement::figures;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::takings_service_client::TakingsServiceClient;
use testkit::Door;
use tonic::{Code, Status};

use crate::world::{PRICE, World, fen};

impl World {
    fn takings(&self, role: Role) -> TakingsServiceClient<Door> {
        TakingsServiceClient::new(self.it.as_staff(role, self.chain.operator))
    }

    fn today(&self) -> String {
        figures::day(self.it.clock().now()).to_string()
    }

    async fn taken(&self, request: pb::ListTakingsRequest) -> Result<pb::ListTakingsResponse, Status> {
        let mut finance = self.takings(Role::FinanceSupervisor);
        Ok(finance.list_takings(request).await?.into_inner())
    }

    fn of_today(&self) -> pb::ListTakingsRequest {
        pb::ListTakingsRequest {
            from_day: self.today(),
            to_day: self.today(),
            ..Default::default()
        }
    }
}

/// All payments of today.
pub fn everything(world: &World) -> pb::ExportPaymentsRequest {
    pb::ExportPaymentsRequest {
        from_day: world.today(),
        to_day: world.today(),
        ..Default::default()
    }
}

/// The file that finance gets.
pub async fn exported(world: &World, request: pb::ExportPaymentsRequest) -> String {
    let mut finance = world.takings(Role::FinanceSupervisor);
    let mut pieces = finance.export_payments(request).await.unwrap().into_inner();
    let mut file = Vec::new();
    while let Some(piece) = pieces.message().await.unwrap() {
        file.extend(piece.content);
    }
    String::from_utf8(file).unwrap()
}

#[tokio::test]
async fn takings_are_what_came_and_went_for_each_day_studio_and_method() {
    let world = World::open().await;
    assert_eq!(world.taken(world.of_today()).await.unwrap().takings, []);

    let (first, _) = (world.payment().await, world.payment().await);
    world.refund(&first, RefundLegId::fresh(), 100_000).await.unwrap();
    world.refunds_done().await;
    let late = world.intent().await;
    let attempt = world.qr(&late).await;
    world.cancel(&late).await.unwrap();
    world.pay(&attempt).await;
    world.refunds_done().await;

    let all = world.taken(world.of_today()).await.unwrap();
    let [row] = all.takings.as_slice() else {
        panic!("{all:?}");
    };
    assert_eq!((row.payments, row.paid.clone()), (2, Some(fen(2 * PRICE))));
    assert_eq!((row.refunds, row.refunded.clone()), (1, Some(fen(100_000))));
    assert_eq!(
        (row.isolated.clone(), row.isolated_returned.clone()),
        (Some(fen(PRICE)), Some(fen(PRICE)))
    );
    assert_eq!(row.net_minor, 2 * PRICE - 100_000);
    assert_eq!(row.method(), pb::Method::WechatNative);
    assert_eq!(
        (row.day.as_str(), row.studio_id.as_str()),
        (world.today().as_str(), first.studio_id.as_str())
    );
}

#[tokio::test]
async fn takings_are_narrowed_and_paged_and_only_so_far_as_one_reaches() {
    let world = World::open().await;
    world.payment().await;
    world.it.advance(Duration::from_hours(24));
    world
        .sim
        .run_ahead(TimeDelta::milliseconds(world.it.clock().offset_ms()));
    world.payment().await;
    let yesterday = figures::day(world.it.clock().now()) - chrono::Days::new(1);
    let both = pb::ListTakingsRequest {
        from_day: yesterday.to_string(),
        page_size: 1,
        ..world.of_today()
    };
    let first = world.taken(both.clone()).await.unwrap();
    let second = world
        .taken(pb::ListTakingsRequest {
            page_token: first.next_page_token.clone(),
            ..both.clone()
        })
        .await
        .unwrap();
    let days: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|page| &page.takings)
        .map(|row| row.day.clone())
        .collect();
    assert_eq!(days, [yesterday.to_string(), world.today()]);
    assert_eq!(second.next_page_token, "");

    for none in [
        pb::ListTakingsRequest {
            method: pb::Method::AlipayQr.into(),
            ..both.clone()
        },
        pb::ListTakingsRequest {
            studio_id: world.chain.xuhui.to_string(),
            ..both.clone()
        },
        pb::ListTakingsRequest {
            legal_entity_id: world.chain.shanghai_company.to_string(),
            ..both.clone()
        },
    ] {
        assert_eq!(world.taken(none).await.unwrap().takings, []);
    }
    let elsewhere = world.it.as_staff(Role::StudioDirector, world.chain.xuhui);
    let seen = TakingsServiceClient::new(elsewhere)
        .list_takings(both.clone())
        .await
        .unwrap();
    assert_eq!(seen.into_inner().takings, []);
    let backwards = pb::ListTakingsRequest {
        to_day: (yesterday - chrono::Days::new(1)).to_string(),
        ..both
    };
    assert_eq!(
        world.taken(backwards).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}

#[tokio::test]
async fn an_export_has_a_line_for_each_payment_and_directors_and_desks_get_none() {
    let world = World::open().await;
    let payments = [world.payment().await, world.payment().await];
    let file = exported(&world, everything(&world)).await;
    assert!(file.starts_with('\u{feff}'));
    let lines: Vec<_> = file.lines().collect();
    assert_eq!(lines.len(), 3);
    for (line, payment) in lines[1..].iter().zip(&payments) {
        for part in [
            &payment.channel_transaction,
            &payment.receipt_number,
            &payment.payment_id,
        ] {
            assert!(line.contains(part.as_str()), "{line}");
        }
        assert!(
            line.contains(",3680.00,") && line.contains(",wechat_native,"),
            "{line}"
        );
    }
    let none = pb::ExportPaymentsRequest {
        studio_id: world.chain.xuhui.to_string(),
        ..everything(&world)
    };
    assert_eq!(exported(&world, none).await.lines().count(), 1);
    for role in [Role::StudioDirector, Role::FrontDesk] {
        let refused = world
            .takings(role)
            .export_payments(everything(&world))
            .await
            .unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }
    let looks: i64 = world
        .count(
            "select count(*) from audit where $1 = '' and rpc like '%ExportPayments%'",
            "",
        )
        .await;
    assert!(looks > 0, "who exports is audited");
}
