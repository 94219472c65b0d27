//! The payer's name on the record of a payment.

use kernel::PersonId;
use proto::studio::members::v1::{MemberErased, MembersEvent, members_event::Fact};
use proto::studio::payments::v1 as pb;

use crate::people::NAME;
use crate::takings::{everything, exported};
use crate::world::World;

const MASKED: &str = "林**";

async fn now(world: &World, payment: &pb::Payment) -> pb::Payment {
    let request = pb::ListPaymentsRequest {
        due_id: payment.due_id.clone(),
        ..Default::default()
    };
    let reply = world.orders().list_payments(request).await.unwrap().into_inner();
    reply.payments.into_iter().next().unwrap()
}

async fn erase(world: &World, payment: &pb::Payment) {
    let person = PersonId::parse("person_id", &payment.person_id).unwrap();
    let erased = MembersEvent {
        fact: Some(Fact::MemberErased(MemberErased {
            person_id: payment.person_id.clone(),
        })),
    };
    world.it.hear(person, 1, &erased).await.unwrap();
}

#[tokio::test]
async fn a_payers_name_stands_on_the_payment_as_it_was_and_as_a_mask_after_erasure() {
    let world = World::open().await;
    let payment = world.payment().await;
    world.it.settle().await;
    assert_eq!(now(&world, &payment).await.masked_payer, MASKED);
    let file = exported(&world, everything(&world)).await;
    assert!(
        file.contains(NAME) && file.contains(&payment.channel_number),
        "{file}"
    );

    world.people.is_called(&payment.person_id, "王芳");
    world.it.settle().await;
    assert!(
        exported(&world, everything(&world)).await.contains(NAME),
        "as at the payment"
    );
    let kept: Vec<u8> = sqlx::query_scalar("select payer_name from payments")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&kept).contains(NAME));

    erase(&world, &payment).await;
    assert_eq!(now(&world, &payment).await.masked_payer, MASKED);
    let file = exported(&world, everything(&world)).await;
    assert!(!file.contains(NAME) && file.contains(MASKED), "{file}");
}

#[tokio::test]
async fn a_payer_who_was_erased_before_anybody_asked_has_no_name() {
    let world = World::open().await;
    let asked = world.asked();
    world.people.is_erased(&asked.person_id);
    let intent = world.create(asked).await.unwrap();
    world.pay(&world.qr(&intent).await).await;
    world.it.settle().await;
    let payment = world.payment_of(&intent).await;
    assert_eq!(payment.masked_payer, "");
    assert!(
        exported(&world, everything(&world))
            .await
            .contains(&payment.payment_id)
    );
}
