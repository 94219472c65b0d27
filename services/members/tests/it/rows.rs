//! What row level security itself shows, whatever a query forgets.

use kernel::{CardId, StudioId};
use proto::studio::members::v1 as pb;
use sqlx::AssertSqlSafe;

use crate::world::{World, cards, id, people, visit, visits};

const BOUND: [&str; 7] = [
    "people",
    "consents",
    "cards",
    "benefits",
    "holds",
    "check_ins",
    "revocations",
];

/// How many rows of a table the runtime role sees in a scope.
async fn seen(world: &World, table: &str, studios: &str, own: &str) -> i64 {
    let mut tx = world.it.pool().begin().await.unwrap();
    let role = "studio_test_members_run";
    sqlx::query(AssertSqlSafe(format!("set local role {role}")))
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("select set_config('app.studios', $1, true), set_config('app.own', $2, true)")
        .bind(studios)
        .bind(own)
        .execute(&mut *tx)
        .await
        .unwrap();
    let count = AssertSqlSafe(format!("select count(*) from {table}"));
    sqlx::query_scalar(count).fetch_one(&mut *tx).await.unwrap()
}

fn only(studio: StudioId) -> String {
    format!("{{{studio}}}")
}

/// A world in which every bound table has a row of Chaoyang.
async fn busy() -> (World, kernel::PersonId) {
    let world = World::open().await;
    let consents = vec![pb::Consent {
        document: pb::ConsentDocument::Terms.into(),
        document_version: "1".to_owned(),
        given: true,
    }];
    let request = pb::RegisterPersonRequest {
        consents,
        ..world.registration(1)
    };
    let reply = people(world.it.anonymous())
        .register_person(request)
        .await
        .unwrap();
    let person = reply.into_inner().person_id.parse().unwrap();
    let card: CardId = world.card_of(person).await;
    let mut desk = visits(world.desk(world.chain.chaoyang));
    desk.check_in(visit(card, "ENTRY", world.chain.chaoyang))
        .await
        .unwrap();
    hold_and_revoke(&world, person, card).await;
    (world, person)
}

async fn hold_and_revoke(world: &World, person: kernel::PersonId, card: CardId) {
    let hold = pb::HoldBenefitRequest {
        request_id: id(),
        benefit_id: world.benefit(card, "CLASS").await.benefit_id,
        studio_id: world.chain.chaoyang.to_string(),
        expire_at: world.in_an_hour(),
    };
    cards(world.it.as_member(person))
        .hold_benefit(hold)
        .await
        .unwrap();
    let revoke = pb::RevokeBenefitsRequest {
        request_id: id(),
        card_id: card.to_string(),
        case_id: id(),
        ..Default::default()
    };
    cards(world.it.as_service("refunds"))
        .revoke_benefits(revoke)
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bound_table_hides_its_rows_from_a_sibling_studio_and_a_stranger() {
    let (world, person) = busy().await;
    let stranger = kernel::PersonId::fresh().to_string();
    for table in BOUND {
        let all = seen(&world, table, "all", "").await;
        assert!(all > 0, "{table}");
        assert_eq!(
            seen(&world, table, &only(world.chain.chaoyang), "").await,
            all,
            "{table} of its studio"
        );
        assert_eq!(
            seen(&world, table, "{}", &person.to_string()).await,
            all,
            "{table} of its person"
        );
        assert_eq!(
            seen(&world, table, &only(world.chain.haidian), "").await,
            0,
            "{table} of a sibling"
        );
        assert_eq!(
            seen(&world, table, "{}", &stranger).await,
            0,
            "{table} of a stranger"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_never_set_its_scope_fails_loudly() {
    let (world, _) = busy().await;
    let mut tx = world.it.pool().begin().await.unwrap();
    sqlx::query("alter table cards owner to current_user")
        .execute(&mut *tx)
        .await
        .unwrap();
    sqlx::query("set local role pg_read_all_data")
        .execute(&mut *tx)
        .await
        .unwrap();
    let blind = sqlx::query("select count(*) from cards")
        .fetch_one(&mut *tx)
        .await;
    assert!(blind.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn visits_consents_and_revocations_are_never_changed_or_removed() {
    let (world, _) = busy().await;
    for table in ["check_ins", "consents", "revocations"] {
        for sql in [
            format!("update {table} set person_id = person_id"),
            format!("delete from {table}"),
        ] {
            assert!(
                sqlx::query(AssertSqlSafe(sql.clone()))
                    .execute(world.it.pool())
                    .await
                    .is_err(),
                "{sql}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_database_refuses_a_state_that_jumps_and_a_use_too_many() {
    let (world, _) = busy().await;
    for sql in [
        "update cards set state = 'ended', ended_at = now()",
        "update cards set state = 'ended', version = version + 1",
        "update holds set state = 'held', version = version + 2",
        "update benefits set used = 99 where uses_total is not null",
        "update benefits set held = -1",
    ] {
        assert!(sqlx::query(sql).execute(world.it.pool()).await.is_err(), "{sql}");
    }
}
