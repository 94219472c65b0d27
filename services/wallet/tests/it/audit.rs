use proto::studio::access::v1::Role;
use proto::studio::wallet::v1 as pb;
use testkit::{At, Identity, staff_person};
use tonic::Code;

use crate::rejected::{decline, reject};
use crate::world::{World, code, fen, post, reason, recharges};

#[tokio::test]
async fn posted_money_is_in_custody_and_leaves_suspense() {
    let world = World::open().await;
    let person = world.member_with(&[50_000]).await;
    let sums: Vec<(String, i64)> = sqlx::query_as(
        "select a.kind, sum(case when t.credit_id = a.account_id then t.amount_minor else -t.amount_minor end)::bigint
         from accounts a join transfers t on a.account_id in (t.credit_id, t.debit_id) group by a.kind order by a.kind",
    )
    .fetch_all(world.it.pool())
    .await
    .unwrap();
    let expected = [
        ("channel_clearing", 0),
        ("custody", -50_000),
        ("member_principal", 50_000),
        ("suspense", 0),
    ];
    assert_eq!(sums, expected.map(|(kind, sum)| (kind.to_owned(), sum)));
    assert_eq!(world.spendable(person).await, 50_000);
}

#[tokio::test]
async fn another_amount_than_applied_for_gets_a_focus_review_with_consultation() {
    let world = World::open().await;
    let person = world.member().await;
    let recharge = world.received(person, 50_000, 49_999).await;
    assert_eq!(recharge.comparison(), pb::Comparison::Different);
    assert_eq!(
        recharge.focus_reasons,
        vec![i32::from(pb::FocusReason::AmountDiffers)]
    );
    assert_eq!(
        reason(world.auditor().post_recharge(post(&recharge)).await),
        "CONSULTATION_REQUIRED"
    );
    let blank = pb::PostRechargeRequest {
        consultation: "  ".to_owned(),
        ..post(&recharge)
    };
    assert_eq!(
        reason(world.auditor().post_recharge(blank).await),
        "CONSULTATION_REQUIRED"
    );
    let told = pb::PostRechargeRequest {
        consultation: "the desk confirms it".to_owned(),
        ..post(&recharge)
    };
    world.auditor().post_recharge(told).await.unwrap();
    assert_eq!(world.spendable(person).await, 49_999);
    assert_eq!(
        world.see(&recharge.recharge_id).await.consultation,
        "the desk confirms it"
    );
}

#[tokio::test]
async fn a_large_recharge_is_flagged_from_the_configured_amount_on() {
    let world = World::open().await;
    let person = world.member().await;
    assert!(
        world
            .received(person, 999_999, 999_999)
            .await
            .focus_reasons
            .is_empty()
    );
    let large = world.received(person, 1_000_000, 1_000_000).await;
    assert_eq!(large.focus_reasons, vec![i32::from(pb::FocusReason::LargeAmount)]);
}

#[tokio::test]
async fn an_auditor_who_saw_another_amount_posts_nothing() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    let wrong = pb::PostRechargeRequest {
        amount: fen(50_001),
        ..post(&recharge)
    };
    assert_eq!(
        reason(world.auditor().post_recharge(wrong).await),
        "AMOUNT_NOT_AS_RECEIVED"
    );
    let stale = pb::PostRechargeRequest {
        version: recharge.version - 1,
        ..post(&recharge)
    };
    assert_eq!(
        reason(world.auditor().post_recharge(stale).await),
        "VERSION_CONFLICT"
    );
}

#[tokio::test]
async fn who_applied_checked_or_gets_a_recharge_never_posts_it() {
    let world = World::open().await;
    let at: At = world.chain.chaoyang.into();
    let person = world.member().await;
    let recharge = world.received(person, 50_000, 50_000).await;
    for maker in [person, staff_person(Role::RechargeSpecialist, at)] {
        let both = Identity::posts(
            maker,
            &[(Role::RechargeSpecialist, at), (Role::FinanceAuditor, at)],
        );
        let answer = recharges(world.it.door(both))
            .post_recharge(post(&recharge))
            .await;
        assert_eq!(reason(answer), "SAME_PERSON");
    }
    world.auditor().post_recharge(post(&recharge)).await.unwrap();
}

#[tokio::test]
async fn the_database_itself_refuses_an_auditor_who_made_the_recharge() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    for maker in [&recharge.person_id, &recharge.accepted_by] {
        let forced = sqlx::query(
            "update recharges set state = 'returning', audited_by = $2::uuid, audited_at = now(), reject_reason = 'other',
             advice = 'ask_studio', explanation = 'x', return_leg_id = gen_random_uuid(), version = version + 1
             where recharge_id = $1::uuid",
        )
        .bind(&recharge.recharge_id)
        .bind(maker)
        .execute(world.it.pool())
        .await;
        let error = forced.unwrap_err().to_string();
        assert!(error.contains("recharges_audited_by_another"), "{error}");
    }
}

#[tokio::test]
async fn who_declined_a_recharge_never_decides_about_money_that_comes_all_the_same() {
    let world = World::open().await;
    let at: At = world.chain.chaoyang.into();
    let recharge = world.paying(world.member().await, 50_000).await;
    let decliner = kernel::PersonId::fresh();
    let posts = [(Role::RechargeSpecialist, at), (Role::FinanceAuditor, at)];
    let mut both = recharges(world.it.door(Identity::posts(decliner, &posts)));
    both.decline_recharge(decline(&recharge)).await.unwrap();
    world.capture(&recharge, 50_000).await.unwrap();
    let late = world.see(&recharge.recharge_id).await;
    let agreed = || pb::PostRechargeRequest {
        consultation: "the member still wants it".to_owned(),
        ..post(&late)
    };
    assert_eq!(reason(both.post_recharge(agreed()).await), "SAME_PERSON");
    assert_eq!(reason(both.reject_recharge(reject(&late)).await), "SAME_PERSON");
    let forced = sqlx::query(
        "update recharges set state = 'returning', audited_by = $2, audited_at = now(), reject_reason = 'other',
         advice = 'ask_studio', explanation = 'x', return_leg_id = gen_random_uuid(), version = version + 1
         where recharge_id = $1::uuid",
    )
    .bind(&recharge.recharge_id)
    .bind(decliner.0)
    .execute(world.it.pool())
    .await;
    let error = forced.unwrap_err().to_string();
    assert!(error.contains("recharges_audited_by_another"), "{error}");
    world.auditor().post_recharge(agreed()).await.unwrap();
}

#[tokio::test]
async fn only_a_finance_auditor_of_the_studio_posts() {
    let world = World::open().await;
    let recharge = world.received(world.member().await, 50_000, 50_000).await;
    for role in [
        Role::RechargeSpecialist,
        Role::RechargeManager,
        Role::FinanceStaff,
        Role::FinanceSupervisor,
    ] {
        assert_eq!(
            code(world.staff(role).post_recharge(post(&recharge)).await),
            Code::PermissionDenied
        );
    }
    let elsewhere = world.it.as_staff(Role::FinanceAuditor, world.chain.haidian);
    assert_eq!(
        reason(recharges(elsewhere).post_recharge(post(&recharge)).await),
        "NOT_FOUND"
    );
    let service = world.it.as_service("orders");
    assert_eq!(
        code(recharges(service).post_recharge(post(&recharge)).await),
        Code::PermissionDenied
    );
}
