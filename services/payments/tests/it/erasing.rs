use kernel::PersonId;
use platform::vault::Sealed;
use proto::studio::members::v1::{MemberErased, MembersEvent, members_event::Fact};

use crate::world::World;

async fn kept(world: &World) -> (PersonId, Sealed) {
    let (owner, bytes): (uuid::Uuid, Vec<u8>) = sqlx::query_as("select sealed_for, body from callbacks")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    (PersonId(owner), Sealed { bytes })
}

async fn read(world: &World, owner: PersonId, body: &Sealed) -> Option<String> {
    let mut conn = world.it.pool().acquire().await.unwrap();
    world
        .it
        .app()
        .vault()
        .open(&mut conn, owner, "callbacks.body", body)
        .await
        .unwrap()
}

#[tokio::test]
async fn the_body_of_a_callback_is_sealed_and_gone_with_the_person() {
    let world = World::open().await;
    let payment = world.payment().await;
    let (owner, body) = kept(&world).await;
    assert_eq!(owner.to_string(), payment.person_id);
    assert!(!String::from_utf8_lossy(&body.bytes).contains("encrypt-resource"));
    assert!(
        read(&world, owner, &body)
            .await
            .unwrap()
            .contains("encrypt-resource")
    );

    let erased = MembersEvent {
        fact: Some(Fact::MemberErased(MemberErased {
            person_id: owner.to_string(),
        })),
    };
    world.it.hear(owner, 1, &erased).await.unwrap();
    assert_eq!(read(&world, owner, &body).await, None);
}
