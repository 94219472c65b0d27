use journeys::steps::{self, yuan};
use proto::studio::access::v1::Role;
use proto::studio::money::v1::Money;
use proto::studio::orders::v1::{OrderState, PaymentMethod};
use proto::studio::refunds::v1::policy_service_client::PolicyServiceClient;
use proto::studio::refunds::v1::refund_service_client::RefundServiceClient;
use proto::studio::refunds::v1::{CaseState, GetCaseRequest};
use proto::studio::wallet::v1::recharge_service_client::RechargeServiceClient;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use proto::studio::wallet::v1::{
    ApplyRechargeResponse, GetRechargeRequest, GetWalletRequest, Recharge, RechargeState, Wallet,
};
use testkit::Identity;

use crate::people::{Member, id};
use crate::world::{World, head_office};

impl World {
    async fn wallet_of(&self, member: &Member) -> Wallet {
        let mut wallets = WalletServiceClient::new(self.at_wallet(&member.who));
        let request = GetWalletRequest {
            person_id: member.id.to_string(),
        };
        wallets
            .get_wallet(request)
            .await
            .unwrap()
            .into_inner()
            .wallet
            .unwrap()
    }

    async fn recharge(&self, member: &Member, recharge_id: &str) -> Recharge {
        let mut recharges = RechargeServiceClient::new(self.at_wallet(&member.who));
        let request = GetRechargeRequest {
            recharge_id: recharge_id.to_owned(),
        };
        recharges
            .get_recharge(request)
            .await
            .unwrap()
            .into_inner()
            .recharge
            .unwrap()
    }

    /// Applied, accepted, paid at the channel, received: not yet spendable.
    pub async fn received_recharge(&self, member: &Member, amount: i64) -> Recharge {
        let mut own = RechargeServiceClient::new(self.at_wallet(&member.who));
        let applied = own
            .apply_recharge(steps::apply_recharge(
                id(),
                &member.id.to_string(),
                member.studio,
                yuan(amount),
            ))
            .await
            .unwrap()
            .into_inner();
        self.receives(member, &applied, &head_office(Role::RechargeSpecialist))
            .await
    }

    /// What was applied for: accepted by the specialist, paid by the member, received.
    pub async fn receives(
        &self,
        member: &Member,
        applied: &ApplyRechargeResponse,
        specialist: &Identity,
    ) -> Recharge {
        let recharge_id = applied.recharge_id.clone();
        RechargeServiceClient::new(self.at_wallet(specialist))
            .accept_recharge(steps::accept_recharge(id(), applied))
            .await
            .unwrap();
        let mut own = RechargeServiceClient::new(self.at_wallet(&member.who));
        let start = steps::start_recharge_payment(id(), &recharge_id);
        let started = own.start_recharge_payment(start).await.unwrap().into_inner();
        let code = if started.code_url.is_empty() {
            self.code_url(member, &started.attempt_id).await
        } else {
            started.code_url
        };
        self.channel.pay(&code).unwrap();
        self.until("the recharge is received", async || {
            self.recharge(member, &recharge_id).await.state() == RechargeState::Received
        })
        .await;
        self.recharge(member, &recharge_id).await
    }

    pub async fn posts(&self, recharge: &Recharge) {
        let auditor = head_office(Role::FinanceAuditor);
        RechargeServiceClient::new(self.at_wallet(&auditor))
            .post_recharge(steps::post_recharge(id(), recharge))
            .await
            .unwrap();
    }

    /// A policy in force: everything that is unused comes back.
    pub async fn publishes_a_refund_policy(&self) {
        let supervisor = head_office(Role::FinanceSupervisor);
        PolicyServiceClient::new(self.at_refunds(&supervisor))
            .publish_policy(steps::publish_policy(id()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_recharge_is_spendable_only_after_finance_has_audited_it() {
    let world = World::open().await;
    let (_, pack) = world.sells().await;
    let member = world.registers(11).await;
    let recharge = world.received_recharge(&member, 1000).await;

    let before = world.wallet_of(&member).await;
    assert_eq!(before.spendable, Some(yuan(0)));
    assert_eq!(before.pending, Some(yuan(1000)));
    let order = world.confirmed_order(&member, &pack).await;
    world
        .starts_payment(&member, &order.order_id, PaymentMethod::Wallet)
        .await
        .unwrap();
    world.settle().await;
    let due = world.order(&member, &order.order_id).await.dues.remove(0);
    assert_eq!(
        due.refusal, "INSUFFICIENT_FUNDS",
        "money that was not audited was spent"
    );

    world.posts(&recharge).await;
    assert_eq!(world.wallet_of(&member).await.spendable, Some(yuan(1000)));
    world
        .starts_payment(&member, &order.order_id, PaymentMethod::Wallet)
        .await
        .unwrap();
    world.settle().await;
    assert_eq!(
        world.order(&member, &order.order_id).await.state(),
        OrderState::Fulfilled
    );
    assert_eq!(world.wallet_of(&member).await.spendable, Some(yuan(200)));
}

#[tokio::test]
async fn part_of_a_wallet_purchase_comes_back_after_another_persons_approval() {
    let world = World::open().await;
    let (_, pack) = world.sells().await;
    world.publishes_a_refund_policy().await;
    let member = world.registers(12).await;
    let recharge = world.received_recharge(&member, 1000).await;
    world.posts(&recharge).await;
    let order = world.confirmed_order(&member, &pack).await;
    world
        .starts_payment(&member, &order.order_id, PaymentMethod::Wallet)
        .await
        .unwrap();
    world.settle().await;

    let completed = refunds_part(&world, &member, &order.order_id, 300).await;
    assert_eq!(completed, yuan(300));
    assert_eq!(world.wallet_of(&member).await.spendable, Some(yuan(500)));
    assert_eq!(
        world.order(&member, &order.order_id).await.refunded,
        Some(yuan(300))
    );
}

#[tokio::test]
async fn part_of_a_qr_purchase_goes_back_through_the_channel() {
    let world = World::open().await;
    let (_, pack) = world.sells().await;
    world.publishes_a_refund_policy().await;
    let member = world.registers(13).await;
    let order = world.confirmed_order(&member, &pack).await;
    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;

    refunds_part(&world, &member, &order.order_id, 250).await;
    let refunds = world.channel.refunds();
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!(
        world.order(&member, &order.order_id).await.refunded,
        Some(yuan(250))
    );
}

#[tokio::test]
async fn a_purchase_by_alipay_opens_the_card_and_goes_back_through_alipay() {
    let world = World::open().await;
    let (_, pack) = world.sells().await;
    world.publishes_a_refund_policy().await;
    let member = world.registers(14).await;
    let order = world.confirmed_order(&member, &pack).await;
    world.pays_by_alipay(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    let due = world.order(&member, &order.order_id).await.dues.remove(0);
    assert_eq!(due.method(), PaymentMethod::AlipayQr);

    refunds_part(&world, &member, &order.order_id, 250).await;
    let refunds = world.alipay.refunds();
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!(refunds[0]["amount"]["refund"], 25_000);
    assert_eq!(world.channel.orders().len(), 0);
    assert!(world.violations().await.is_empty());
}

/// Who has WeChat Pay's QR on the screen and wants to pay by Alipay gets that
/// QR when the first can no longer be paid.
#[tokio::test]
async fn a_member_who_changes_from_wechat_to_alipay_pays_once() {
    let world = World::open().await;
    let (_, pack) = world.sells().await;
    let member = world.registers(15).await;
    let order = world.confirmed_order(&member, &pack).await;
    world
        .starts_payment(&member, &order.order_id, PaymentMethod::WechatNative)
        .await
        .unwrap();
    world.settle().await;
    world
        .starts_payment(&member, &order.order_id, PaymentMethod::AlipayQr)
        .await
        .unwrap();
    world
        .until("a QR of Alipay is there", async || {
            world.advance(std::time::Duration::from_secs(3));
            world.settle().await;
            !world.alipay.orders().is_empty()
        })
        .await;
    let code = world.alipay.orders()[0]["code_url"].as_str().unwrap().to_owned();
    world.alipay.pay(&code).unwrap();
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    assert_eq!(world.channel.orders()[0]["trade_state"], "CLOSED");
    assert!(world.violations().await.is_empty());
}

/// The member asks, the one person may not approve, another does, the money
/// goes back. Returns the amount.
pub async fn refunds_part(world: &World, member: &Member, order_id: &str, amount: i64) -> Money {
    let clerk = head_office(Role::RefundClerk);
    let mut own = RefundServiceClient::new(world.at_refunds(&clerk));
    let opened = own
        .open_case(steps::open_case(id(), order_id, yuan(amount)))
        .await
        .unwrap()
        .into_inner();
    let approver = head_office(Role::RefundApprover);
    let mut approvals = RefundServiceClient::new(world.at_refunds(&approver));
    approvals
        .approve_case(steps::approve_case(id(), &opened))
        .await
        .unwrap();
    let mut cases = RefundServiceClient::new(world.at_refunds(&member.who));
    let get = || GetCaseRequest {
        case_id: opened.case_id.clone(),
    };
    for _ in 0..100 {
        world.advance(std::time::Duration::from_secs(5));
        world.settle().await;
        let case = cases
            .get_case(get())
            .await
            .unwrap()
            .into_inner()
            .refund_case
            .unwrap();
        if case.state() == CaseState::Completed {
            return case.quote.unwrap().amount.unwrap();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the refund is {:?}", cases.get_case(get()).await);
}
