use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::wallet::v1 as pb;
use testkit::{At, Identity};
use tonic::Code;

use crate::world::{World, back, code, id, reason, wallet};

fn freeze(person: PersonId) -> pb::FreezeWalletRequest {
    pb::FreezeWalletRequest {
        request_id: id(),
        person_id: person.to_string(),
        reason: "lost phone".to_owned(),
    }
}

fn unfreeze(person: PersonId) -> pb::UnfreezeWalletRequest {
    pb::UnfreezeWalletRequest {
        request_id: id(),
        person_id: person.to_string(),
        reason: "found".to_owned(),
    }
}

#[tokio::test]
async fn a_frozen_wallet_spends_nothing_and_still_takes_money_in() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let spend = world.spend(person, 400);
    world.orders().spend(spend.clone()).await.unwrap();
    let manager = world.it.as_staff(Role::RechargeManager, world.chain.chaoyang);
    wallet(manager).freeze_wallet(freeze(person)).await.unwrap();

    assert_eq!(
        reason(world.orders().spend(world.spend(person, 1)).await),
        "WALLET_FROZEN"
    );
    world.refunds().return_spend(back(&spend, 400)).await.unwrap();
    world.recharged(person, 500).await;
    assert_eq!(world.spendable(person).await, 1_500);
    world.books_agree().await;
}

#[tokio::test]
async fn another_person_than_who_froze_it_unfreezes_a_wallet() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let manager = world.it.as_staff(Role::RechargeManager, world.chain.chaoyang);
    wallet(manager.clone())
        .freeze_wallet(freeze(person))
        .await
        .unwrap();
    assert_eq!(
        reason(wallet(manager).unfreeze_wallet(unfreeze(person)).await),
        "SAME_PERSON"
    );
    let at: At = world.chain.chaoyang.into();
    let owner = world
        .it
        .door(Identity::posts(person, &[(Role::RechargeManager, at)]));
    assert_eq!(
        reason(wallet(owner).unfreeze_wallet(unfreeze(person)).await),
        "SAME_PERSON"
    );
    let supervisor = world.it.as_staff(Role::RechargeSupervisor, world.chain.chaoyang);
    wallet(supervisor.clone())
        .unfreeze_wallet(unfreeze(person))
        .await
        .unwrap();
    assert_eq!(
        reason(wallet(supervisor).unfreeze_wallet(unfreeze(person)).await),
        "WRONG_STATE"
    );
    world.orders().spend(world.spend(person, 1)).await.unwrap();
}

#[tokio::test]
async fn a_wallet_of_another_studio_is_not_there_to_be_frozen() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let elsewhere = world.it.as_staff(Role::RechargeManager, world.chain.haidian);
    assert_eq!(
        reason(wallet(elsewhere).freeze_wallet(freeze(person)).await),
        "NOT_FOUND"
    );
    let desk = world.it.as_staff(Role::FrontDesk, world.chain.chaoyang);
    assert_eq!(
        code(wallet(desk).freeze_wallet(freeze(person)).await),
        Code::PermissionDenied
    );
    let member = world.it.as_member(person);
    assert_eq!(
        code(wallet(member).freeze_wallet(freeze(person)).await),
        Code::PermissionDenied
    );
}
