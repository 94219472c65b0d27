use platform::audit::collect::Reader;
use platform::audit::seal::Keys;
use platform::audit::verify::{What, verify};
use proto::studio::access::v1::Role;
use proto::studio::operations::v1::WitnessedHead;
use testkit::At;

use crate::world::World;

impl World {
    /// What verifying says of the ledger, when a witness holds the one head.
    async fn touched(&self, held: &WitnessedHead) -> Vec<(What, String)> {
        let operations = self.it.as_staff(Role::Operations, At::Everywhere);
        let held = vec![("orders".to_owned(), held.clone())];
        let evidence = Reader::new(operations).chain("wallet", held).await.unwrap();
        let keys = Keys::from_folder(&testkit::house::keys().verify()).unwrap();
        let findings = verify(&evidence, Some(&keys)).findings;
        let mut found: Vec<_> = findings.into_iter().map(|f| (f.what, f.source)).collect();
        found.sort();
        found
    }
}

/// As somebody whom no trigger, key or grant stops.
async fn by_superuser(world: &World, statement: &str) {
    let all = format!("begin; set local session_replication_role = replica; {statement}; commit");
    sqlx::raw_sql(sqlx::AssertSqlSafe(all))
        .execute(world.it.pool())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_movement_that_a_superuser_touches_is_found_in_the_ledger() {
    let one = "transfer_id = (select transfer_id from transfers order by chain_id offset 1 limit 1)";
    let cases = [
        (format!("update transfers set amount_minor = amount_minor + 1 where {one}"), vec![What::Changed]),
        (format!("update transfers set person_id = gen_random_uuid() where {one}"), vec![What::Changed]),
        (format!("delete from transfers where {one}"), vec![What::Removed]),
        (
            "insert into transfers overriding system value
             select gen_random_uuid(), gen_random_uuid(), leg, debit_id, credit_id, lot_id, amount_minor,
                    balance_after_minor, wallet_id, person_id, studio_id, cause, cause_id, reverses_id, caller,
                    gen_random_uuid(), occurred_at, -1
             from transfers limit 1"
                .to_owned(),
            vec![What::Inserted],
        ),
    ];
    for (touch, wanted) in cases {
        let world = World::open().await;
        let person = world.member_with(&[1_000]).await;
        world.orders().spend(world.spend(person, 300)).await.unwrap();
        world.it.settle().await;
        let held = WitnessedHead {
            head: world.it.app().sign_head().await.unwrap(),
            ..Default::default()
        };
        assert_eq!(world.touched(&held).await, []);
        by_superuser(&world, &touch).await;
        let wanted: Vec<_> = wanted
            .into_iter()
            .map(|what| (what, "transfers".to_owned()))
            .collect();
        assert_eq!(world.touched(&held).await, wanted, "{touch}");
    }
}
