//! The member shows a code, the desk scans it, and what was paid goes back the
//! way it came.

use proto::studio::access::v1::Role;
use proto::studio::orders::v1::{Order, OrderState, PaymentMethod};
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use proto::studio::payments::v1::{Attempt, AttemptState, Method, StartAttemptRequest};
use testkit::{Identity, tables_that_tell};

use crate::people::{Member, id};
use crate::stored_value::refunds_part;
use crate::world::World;

impl World {
    /// The desk says how, and scans what the member shows.
    async fn pays_by_code(&self, member: &Member, order: &Order, code: &str) -> Attempt {
        self.starts_payment(member, &order.order_id, PaymentMethod::WechatCodepay)
            .await
            .unwrap();
        self.settle().await;
        let due = self.order(member, &order.order_id).await.dues.remove(0);
        assert_eq!(due.attempt_id, "");
        let request = StartAttemptRequest {
            request_id: id(),
            intent_id: due.intent_id,
            method: Method::WechatCodepay.into(),
            wechat_auth_code: code.to_owned(),
            ..Default::default()
        };
        let desk = Identity::staff(Role::FrontDesk, member.studio);
        let mut intents = IntentServiceClient::new(self.at_payments(&desk));
        let started = intents.start_attempt(request).await.unwrap();
        started.into_inner().attempt.unwrap()
    }
}

#[tokio::test]
async fn a_code_that_a_member_shows_opens_the_card_and_is_known_to_nobody_afterwards() {
    const CODE: &str = "134567890123456789";
    let world = World::open().await;
    let (_, pack) = world.sells().await;
    world.publishes_a_refund_policy().await;
    let member = world.registers(21).await;
    let order = world.confirmed_order(&member, &pack).await;
    let attempt = world.pays_by_code(&member, &order, CODE).await;
    assert_eq!(attempt.state(), AttemptState::Paid);
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    let due = world.order(&member, &order.order_id).await.dues.remove(0);
    assert_eq!(due.method(), PaymentMethod::WechatCodepay);
    for pool in [
        world.payments.pool(),
        world.orders.pool(),
        world.notifications.pool(),
    ] {
        assert_eq!(tables_that_tell(pool, CODE).await, Vec::<String>::new());
    }

    refunds_part(&world, &member, &order.order_id, 250).await;
    let refunds = world.channel.refunds();
    assert_eq!(refunds.len(), 1, "{refunds:?}");
    assert_eq!(refunds[0]["amount"]["refund"], 25_000);
    assert!(world.violations().await.is_empty());
}
