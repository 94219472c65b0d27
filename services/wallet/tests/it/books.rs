use crate::world::{World, back};

#[tokio::test]
async fn the_verifier_names_what_does_not_follow_from_the_transfers() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let spend = world.spend(person, 300);
    world.orders().spend(spend.clone()).await.unwrap();
    world.refunds().return_spend(back(&spend, 100)).await.unwrap();
    world.books_agree().await;
    let tampered = [
        (
            "balances",
            "update wallets set principal_minor = principal_minor + 1, version = version + 1",
        ),
        ("lots", "update lots set remaining_minor = remaining_minor - 1"),
        (
            "references",
            "update spend_uses set transfer_id = gen_random_uuid()",
        ),
        ("purses", "update lots set remaining_minor = remaining_minor - 1"),
        ("spends", "update spends set returned_minor = 1"),
        ("returns", "update spends set returned_minor = 2"),
        (
            "sum",
            "update transfers set amount_minor = amount_minor + 1 where cause = 'spend'",
        ),
        (
            "statement",
            "update transfers set balance_after_minor = 1 where cause = 'spend'",
        ),
    ];
    for (check, tamper) in tampered {
        world.it.plant(tamper).await;
        let found = world.it.violations().await;
        let named = |line: &String| line.split(' ').nth(1) == Some(check);
        assert!(found.iter().any(named), "{check}: {found:?}");
    }
}

#[tokio::test]
async fn transfers_are_never_changed_nor_removed() {
    let world = World::open().await;
    world.member_with(&[1_000]).await;
    for edit in [
        "update transfers set amount_minor = 1",
        "delete from transfers",
        "truncate transfers cascade",
    ] {
        assert!(
            sqlx::query(edit).execute(world.it.pool()).await.is_err(),
            "{edit}"
        );
    }
    let granted: i64 = sqlx::query_scalar(
        "select count(*) from information_schema.role_table_grants
         where table_name = 'transfers' and privilege_type in ('UPDATE', 'DELETE', 'TRUNCATE') and grantee like '%run%'",
    )
    .fetch_one(world.it.pool())
    .await
    .unwrap();
    assert_eq!(granted, 0);
}

#[tokio::test]
async fn no_account_falls_below_what_is_held_whatever_the_code_does() {
    let world = World::open().await;
    world.member_with(&[1_000]).await;
    for edit in [
        "update wallets set principal_minor = -1, version = version + 1",
        "update wallets set principal_held_minor = 1001, version = version + 1",
    ] {
        let error = sqlx::query(edit)
            .execute(world.it.pool())
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("wallets_never_overdrawn"), "{error}");
    }
}
