//! Where things to be decided come from, each as new as the one before.

use std::sync::atomic::{AtomicU32, Ordering};

use journeys::steps;
use kernel::PersonId;
use prost_reflect::prost::Message as _;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1::catalogue_service_client::CatalogueServiceClient;

use super::subjects::{self, Staff, Subject, staff};
use crate::people::{Member, id};
use crate::world::{World, head_office};

/// What can be decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    FirstReview,
    Review,
    RechargeCheck,
    RechargeAudit,
    Refund,
    Grant,
    Certification,
    Activation,
    FrozenWallet,
    Resumption,
}

pub const KINDS: [Kind; 10] = [
    Kind::FirstReview,
    Kind::Review,
    Kind::RechargeCheck,
    Kind::RechargeAudit,
    Kind::Refund,
    Kind::Grant,
    Kind::Certification,
    Kind::Activation,
    Kind::FrozenWallet,
    Kind::Resumption,
];

impl Kind {
    /// Whether there is more than one way of deciding.
    pub fn is_a_choice(self) -> bool {
        matches!(
            self,
            Self::Review | Self::RechargeCheck | Self::RechargeAudit | Self::Refund
        )
    }
}

/// A house that sells, with its staff, and members without end: only one open
/// application for a product may be a member's.
pub struct Ground<'a> {
    world: &'a World,
    pub staff: Staff,
    hired: PersonId,
    year: String,
    pack: String,
    members: AtomicU32,
}

impl<'a> Ground<'a> {
    pub async fn open(world: &'a World) -> Self {
        let (year, pack) = world.sells().await;
        world.publishes_a_refund_policy().await;
        let hired = world.hires(Role::Coach, "BJ-HD", world.chain.haidian).await;
        Self {
            world,
            staff: staff(world),
            hired: hired.person(),
            year,
            pack,
            members: AtomicU32::new(5_000),
        }
    }

    /// A member of whom every service has heard.
    async fn member(&self) -> Member {
        let number = self.members.fetch_add(1, Ordering::Relaxed);
        let member = self.world.registers(number).await;
        self.world.settle().await;
        member
    }

    /// Something of the kind that waits for a decision, and the ways to decide it.
    pub async fn prepare(&self, kind: Kind) -> Vec<Subject> {
        let (world, staff, member) = (self.world, &self.staff, self.member().await);
        match kind {
            Kind::FirstReview => {
                let order = subjects::submitted(world, staff, &member, &self.pack).await;
                vec![subjects::first_review(&member, &order)]
            }
            Kind::Review => {
                let order = subjects::submitted(world, staff, &member, &self.pack).await;
                subjects::reviews(world, staff, &member, &order).await.into()
            }
            Kind::RechargeCheck => subjects::recharge_checks(world, staff, &member).await.into(),
            Kind::RechargeAudit => subjects::recharge_audits(world, staff, &member).await.into(),
            Kind::Refund => subjects::refund_decisions(world, staff, &member, &self.pack)
                .await
                .into(),
            Kind::Grant => vec![subjects::grant(world, self.hired)],
            Kind::Certification => vec![subjects::certification(world, self.hired).await],
            Kind::Activation => {
                let order = subjects::bought(world, &member, &self.year).await;
                vec![subjects::activation(world, &member, &order).await]
            }
            Kind::FrozenWallet => vec![subjects::frozen(world, staff, &member).await],
            Kind::Resumption => vec![subjects::resumption(world, staff).await],
        }
    }

    /// The approval of a quote whose price was changed after it was looked at,
    /// and that of the one in its place.
    pub async fn quoted_anew(&self) -> (Subject, Subject) {
        let (world, member) = (self.world, self.member().await);
        let order = subjects::submitted(world, &self.staff, &member, &self.pack).await;
        let [looked_at, _, back] = subjects::reviews(world, &self.staff, &member, &order).await;
        super::ask(world, &back, &head_office(Role::Reviewer))
            .await
            .unwrap();
        self.pack_becomes_dearer().await;
        let again = steps::submit(id(), &order);
        let mut desk = world.orders_as(&self.staff.second);
        let reply = desk.submit_for_approval(again).await.unwrap().into_inner();
        let quote = reply.order.unwrap().quote.unwrap();
        let now = looked_at.with(steps::approve(id(), &order, &quote).encode_to_vec());
        (looked_at, now)
    }

    async fn pack_becomes_dearer(&self) {
        let mut catalogue = steps::import_catalogue(id());
        let content = String::from_utf8(catalogue.content).unwrap();
        catalogue.content = content.replace("800.00", "900.00").into_bytes();
        let manager = head_office(Role::ProductManager);
        let mut client = CatalogueServiceClient::new(self.world.at_orders(&manager));
        let report = client.import_catalogue(catalogue).await.unwrap().into_inner();
        assert!(report.applied, "{:?}", report.errors);
        self.world.advance(std::time::Duration::from_hours(1));
    }
}
