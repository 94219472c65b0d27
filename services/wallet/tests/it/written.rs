//! What people write about recharges and wallets is sealed, shown with one
//! recharge alone, and goes with the person.

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::members::v1::{MemberErased, MembersEvent};
use proto::studio::wallet::v1 as pb;

use crate::rejected::{decline, reject};
use crate::world::{World, id, post, wallet};

const WORDS: &str = "林晓住院了";

async fn freeze(world: &World, person: PersonId) {
    let manager = world.it.as_staff(Role::RechargeManager, world.chain.chaoyang);
    let ask = pb::FreezeWalletRequest {
        request_id: id(),
        person_id: person.to_string(),
        reason: WORDS.to_owned(),
    };
    wallet(manager).freeze_wallet(ask).await.unwrap();
}

async fn erase(world: &World, person: PersonId) {
    let erased = MembersEvent {
        fact: Some(Member::MemberErased(MemberErased {
            person_id: person.to_string(),
        })),
    };
    world.it.hear(person, 2, &erased).await.unwrap();
}

#[tokio::test]
async fn what_is_written_about_money_is_shown_with_it_and_nowhere_in_the_clear() {
    let world = World::open().await;
    let person = world.member().await;
    let declined = world.accepted(person, 10_000).await;
    let no = pb::DeclineRechargeRequest {
        explanation: WORDS.to_owned(),
        ..decline(&declined)
    };
    world.specialist().decline_recharge(no).await.unwrap();
    let rejected = world.received(person, 20_000, 20_000).await;
    let no = pb::RejectRechargeRequest {
        explanation: WORDS.to_owned(),
        ..reject(&rejected)
    };
    world.auditor().reject_recharge(no).await.unwrap();
    let differing = world.received(person, 50_000, 49_999).await;
    let yes = pb::PostRechargeRequest {
        consultation: WORDS.to_owned(),
        ..post(&differing)
    };
    world.auditor().post_recharge(yes).await.unwrap();
    freeze(&world, person).await;
    world.it.settle().await;

    assert_eq!(world.see(&declined.recharge_id).await.explanation, WORDS);
    assert_eq!(world.see(&rejected.recharge_id).await.explanation, WORDS);
    assert_eq!(world.see(&differing.recharge_id).await.consultation, WORDS);
    let listed = world
        .auditor()
        .list_recharges(pb::ListRechargesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .recharges;
    assert_eq!(listed.len(), 3);
    assert!(
        listed
            .iter()
            .all(|recharge| recharge.explanation.is_empty() && recharge.consultation.is_empty())
    );
    let tables = testkit::tables_that_tell(world.it.pool(), WORDS).await;
    assert!(tables.is_empty(), "{tables:?}");
}

#[tokio::test]
async fn an_erased_persons_money_is_decided_about_without_words() {
    let world = World::open().await;
    let person = world.member().await;
    let differing = world.received(person, 50_000, 49_999).await;
    let rejected = world.received(person, 20_000, 20_000).await;
    world.auditor().reject_recharge(reject(&rejected)).await.unwrap();
    erase(&world, person).await;
    assert_eq!(world.see(&rejected.recharge_id).await.explanation, "");

    let yes = pb::PostRechargeRequest {
        consultation: WORDS.to_owned(),
        ..post(&differing)
    };
    world.auditor().post_recharge(yes).await.unwrap();
    assert_eq!(world.see(&differing.recharge_id).await.consultation, "");
    freeze(&world, person).await;
    assert_eq!(world.purse(person).await.state(), pb::WalletState::Frozen);
}
