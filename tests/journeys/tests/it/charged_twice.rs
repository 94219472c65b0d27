//! A member pays twice: the second money is noticed, goes back by itself, and the
//! member is answered.

use std::time::Duration;

use proto::studio::notifications::v1::ListMessagesRequest;
use proto::studio::notifications::v1::inbox_service_client::InboxServiceClient;
use proto::studio::orders::v1::OrderState;
use proto::studio::payments::v1 as pay;
use proto::studio::payments::v1::exception_service_client::ExceptionServiceClient;

use crate::people::Member;
use crate::world::World;

impl World {
    /// The cases of a member, as the member sees them.
    async fn exceptions(&self, member: &Member) -> Vec<pay::Exception> {
        let mut cases = ExceptionServiceClient::new(self.at_payments(&member.who));
        let request = pay::ListExceptionsRequest::default();
        cases
            .list_exceptions(request)
            .await
            .unwrap()
            .into_inner()
            .exceptions
    }

    async fn templates_of(&self, member: &Member) -> Vec<String> {
        let mut inbox = InboxServiceClient::new(self.at_notifications(&member.who));
        let request = ListMessagesRequest::default();
        let messages = inbox.list_messages(request).await.unwrap().into_inner().messages;
        messages.into_iter().map(|message| message.template).collect()
    }
}

#[tokio::test]
async fn a_duplicate_charge_is_noticed_goes_back_by_itself_and_is_answered() {
    let world = World::open().await;
    let (year, _) = world.sells().await;
    let member = world.registers(24).await;
    let order = world.confirmed_order(&member, &year).await;
    let first = world.wechat_qr(&member, &order).await;
    world.advance(Duration::from_secs(901));
    world.settle().await;
    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    assert_eq!(world.exceptions(&member).await, []);

    world.channel.pay_late(&first).unwrap();
    world
        .until("the case is closed", async || {
            world.advance(Duration::from_secs(3));
            let cases = world.exceptions(&member).await;
            cases.len() == 1 && cases[0].state() == pay::ExceptionState::Closed
        })
        .await;
    let case = world.exceptions(&member).await.remove(0);
    assert_eq!(
        (case.r#type(), case.remedy(), case.proven),
        (pay::ExceptionType::DuplicateCharge, pay::Remedy::SendBack, true)
    );
    assert_eq!(world.channel.refunds().len(), 1);
    world.settle().await;
    assert!(
        world
            .templates_of(&member)
            .await
            .contains(&"payment_returned".to_owned())
    );
    let mut cases = ExceptionServiceClient::new(world.at_payments(&member.who));
    let request = pay::GetExceptionRequest {
        exception_id: case.exception_id,
    };
    let entries = cases.get_exception(request).await.unwrap().into_inner().entries;
    assert!(
        entries.iter().any(|entry| entry.text.contains("原路退回")),
        "{entries:?}"
    );
    assert_eq!(
        world.order(&member, &order.order_id).await.state(),
        OrderState::Fulfilled
    );
    assert!(world.violations().await.is_empty());
}
