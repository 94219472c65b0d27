//! The invariants hold after whole journeys, and each check of each service
//! names what it is for.

mod planted;

use std::collections::BTreeSet;

use checker::{ChannelTruth, House, Terms, Violation};
use proto::studio::access::v1::Role;
use proto::studio::members::v1::CheckInRequest;
use proto::studio::members::v1::check_in_service_client::CheckInServiceClient;
use proto::studio::orders::v1::{OrderState, PaymentMethod};
use testkit::Identity;

use self::planted::{DISAGREED, PLANTED};
use crate::drawers::works_a_drawer;
use crate::people::id;
use crate::stored_value::refunds_part;
use crate::world::{World, head_office};

impl World {
    /// What breaks the invariants of the whole house, the channel included.
    pub async fn violations(&self) -> Vec<Violation> {
        let operations = head_office(Role::Operations);
        let mut house = House::new()
            .with("members", self.at_members(&operations))
            .with("payments", self.at_payments(&operations))
            .with("wallet", self.at_wallet(&operations))
            .with("orders", self.at_orders(&operations))
            .with("refunds", self.at_refunds(&operations))
            .with("notifications", self.at_notifications(&operations));
        if let Some(oversight) = &self.oversight {
            house = house.with("oversight", oversight.door(operations));
        }
        let orders = [self.channel.orders(), self.alipay.orders()].concat();
        let refunds = [self.channel.refunds(), self.alipay.refunds()].concat();
        let channel = ChannelTruth::of_simulator(&orders, &refunds).unwrap();
        let terms = Terms {
            channel: Some(&channel),
            looks: 1,
            ..Terms::default()
        };
        checker::check(&house, &terms).await.unwrap()
    }

    /// Changes rows of a service's database as no code of the house could.
    async fn plants(&self, service: &str, sql: &str) {
        match service {
            "members" => self.members.plant(sql).await,
            "payments" => self.payments.plant(sql).await,
            "wallet" => self.wallet.plant(sql).await,
            "orders" => self.orders.plant(sql).await,
            "refunds" => self.refunds.plant(sql).await,
            "notifications" => self.notifications.plant(sql).await,
            _ => panic!("{service} has no checks of its own"),
        }
    }
}

/// A world in which everything happened once: a purchase by QR and one from the
/// wallet, a visit, a recharge, and a refund of each purchase.
async fn lived_in() -> World {
    let world = World::open().await;
    let (year, pack) = world.sells().await;
    world.publishes_a_refund_policy().await;
    let member = world.registers(31).await;
    let by_qr = world.confirmed_order(&member, &year).await;
    world.pays_by_qr(&member, &by_qr).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &by_qr.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    let card = world.card_of(&member, &by_qr.order_id).await;
    let card = world.activates(&member, &card).await.unwrap();
    let desk = Identity::staff(Role::FrontDesk, world.chain.chaoyang);
    let visit = CheckInRequest {
        request_id: id(),
        card_id: card.card_id,
        benefit_code: "ENTRY".to_owned(),
        studio_id: world.chain.chaoyang.to_string(),
    };
    let mut check_ins = CheckInServiceClient::new(world.at_members(&desk));
    check_ins.check_in(visit).await.unwrap();

    let recharge = world.received_recharge(&member, 1000).await;
    world.posts(&recharge).await;
    let by_wallet = world.confirmed_order(&member, &pack).await;
    world
        .starts_payment(&member, &by_wallet.order_id, PaymentMethod::Wallet)
        .await
        .unwrap();
    world.settle().await;
    refunds_part(&world, &member, &by_wallet.order_id, 300).await;
    refunds_part(&world, &member, &by_qr.order_id, 100).await;
    works_a_drawer(&world, world.chain.chaoyang).await;
    world.settle().await;
    world
}

fn told(found: &[Violation]) -> Vec<String> {
    found.iter().map(ToString::to_string).collect()
}

/// The checks of services, apart from those that all have, which platform tests.
fn own_checks() -> BTreeSet<(&'static str, &'static str)> {
    fn of<S: platform::Service>() -> impl Iterator<Item = (&'static str, &'static str)> {
        S::checks().into_iter().map(|check| (S::NAME, check.name))
    }
    of::<members::App>()
        .chain(of::<payments::App>())
        .chain(of::<wallet::App>())
        .chain(of::<orders::App>())
        .chain(of::<refunds::App>())
        .chain(of::<notifications::App>())
        .chain(of::<oversight::App>())
        .collect()
}

#[tokio::test]
async fn nothing_is_broken_after_whole_journeys_and_every_check_names_what_breaks_it() {
    let planted: BTreeSet<_> = PLANTED
        .iter()
        .map(|(service, check, _)| (*service, *check))
        .collect();
    assert_eq!(own_checks(), planted, "a check that nobody breaks proves nothing");
    let world = Box::pin(lived_in()).await;
    assert_eq!(told(&world.violations().await), Vec::<String>::new());
    for (service, check, sql) in PLANTED {
        world.plants(service, sql).await;
        let found = world.violations().await;
        let named = |v: &&Violation| v.service == *service && v.what.starts_with(&format!("{check}: "));
        assert!(
            found.iter().any(|v| named(&v)),
            "{service} {check}: {:#?}",
            told(&found)
        );
    }
}

#[tokio::test]
async fn what_two_services_or_the_channel_disagree_about_is_named() {
    let world = Box::pin(lived_in()).await;
    for (service, sql, invariant, shows, what) in DISAGREED {
        world.plants(service, sql).await;
        let found = told(&world.violations().await);
        let named = |line: &String| line.starts_with(&format!("{invariant} {shows} ")) && line.contains(what);
        assert!(found.iter().any(named), "{service}: {sql}: {found:#?}");
    }
}
