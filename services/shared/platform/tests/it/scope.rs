use kernel::{PersonId, StudioId};
use platform::{Caller, Studios};
use proto::studio::access::v1::Role;
use testkit::Running;
use uuid::Uuid;

use crate::toy::{Toy, staff};

/// One thing in each of two studios, the second owned by the person.
async fn world(it: &Running<Toy>) -> (StudioId, StudioId, PersonId) {
    let (here, there, owner) = (StudioId::fresh(), StudioId::fresh(), PersonId::fresh());
    for (studio, person) in [(here, PersonId::fresh()), (there, owner)] {
        sqlx::query("insert into things (thing_id, studio_id, person_id) values ($1, $2, $3)")
            .bind(kernel::fresh_uuid())
            .bind(studio.0)
            .bind(person.0)
            .execute(it.pool())
            .await
            .unwrap();
    }
    (here, there, owner)
}

async fn seen(it: &Running<Toy>, caller: &Caller) -> Vec<Uuid> {
    let mut tx = it.app().begin(caller).await.unwrap();
    sqlx::query_scalar("select studio_id from things order by studio_id")
        .fetch_all(&mut *tx)
        .await
        .unwrap()
}

#[tokio::test]
async fn staff_see_their_studios_and_no_other() {
    let it = Running::<Toy>::start().await;
    let (here, _, _) = world(&it).await;
    assert_eq!(seen(&it, &staff(&[here])).await, [here.0]);
    assert!(seen(&it, &staff(&[])).await.is_empty());
}

#[tokio::test]
async fn a_member_sees_what_is_theirs_wherever_it_happened() {
    let it = Running::<Toy>::start().await;
    let (_, there, owner) = world(&it).await;
    let member = Caller::assembled(owner, &[Role::Member], Studios::Some(Vec::new()));
    assert_eq!(seen(&it, &member).await, [there.0]);
}

#[tokio::test]
async fn the_operator_sees_everything() {
    let it = Running::<Toy>::start().await;
    world(&it).await;
    let operator = Caller::assembled(PersonId::fresh(), &[Role::FinanceSupervisor], Studios::All);
    assert_eq!(seen(&it, &operator).await.len(), 2);
}

#[tokio::test]
async fn a_write_into_another_studio_is_refused_by_the_database() {
    let it = Running::<Toy>::start().await;
    let (here, there, _) = world(&it).await;
    let claim = it
        .app()
        .claim(&staff(&[here]), &crate::toy::command("x"))
        .await
        .unwrap();
    let platform::Claim::Fresh(mut tx) = claim else {
        panic!("claimed before")
    };
    let refused = sqlx::query("insert into things (thing_id, studio_id, person_id) values ($1, $2, $1)")
        .bind(kernel::fresh_uuid())
        .bind(there.0)
        .execute(&mut *tx)
        .await;
    assert!(refused.unwrap_err().to_string().contains("row-level security"));
}

#[tokio::test]
async fn a_state_moves_only_as_the_table_says_and_the_version_by_one() {
    let it = Running::<Toy>::start().await;
    world(&it).await;
    for change in [
        "update things set state = 'lost', version = version + 1",
        "update things set state = 'used'",
        "update things set version = version + 2",
    ] {
        assert!(sqlx::query(change).execute(it.pool()).await.is_err(), "{change}");
    }
    sqlx::query("update things set state = 'used', version = version + 1")
        .execute(it.pool())
        .await
        .unwrap();
    assert!(
        sqlx::query("update things set state = 'new', version = version + 1")
            .execute(it.pool())
            .await
            .is_err()
    );
}
