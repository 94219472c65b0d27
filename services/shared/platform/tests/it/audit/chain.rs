use platform::Claim;
use platform::outbox::Gaps;
use testkit::Running;

use super::Two;
use crate::toy::{Toy, act, command, done, staff, write_note};

async fn places(it: &Running<Toy>, source: &str) -> Vec<(i64, i64)> {
    sqlx::query_as("select seq, row_id from audit_chain where source = $1 order by seq")
        .bind(source)
        .fetch_all(it.pool())
        .await
        .unwrap()
}

#[tokio::test]
async fn every_committed_row_gets_one_place_in_a_chain_without_gaps_that_verifies() {
    let two = Two::start().await;
    let writers = (0..6).map(|_| two.write(5));
    futures::future::join_all(writers).await;
    two.toy.settle().await;
    two.sign().await;
    let report = two.report().await;
    assert_eq!((report.findings.as_slice(), report.reseals.len()), (&[][..], 0));
    let rows: i64 = sqlx::query_scalar("select (select count(*) from audit) + (select count(*) from notes)")
        .fetch_one(two.toy.pool())
        .await
        .unwrap();
    // Reading it is no write, so nothing was added since.
    assert_eq!(i64::try_from(report.entries).unwrap(), rows);
    assert_eq!((report.head_seq, report.witnessed_until), (rows, rows));
    assert!(rows >= 90, "{rows}");
}

#[tokio::test]
async fn a_row_that_commits_late_gets_its_place_late_and_is_not_passed_over() {
    let it = Running::<Toy>::start().await;
    let Claim::Fresh(mut late) = it.app().claim(&staff(&[]), &command("late")).await.unwrap() else {
        panic!("claimed before")
    };
    write_note(&mut late, kernel::fresh_uuid(), "late").await.unwrap();
    let mut gaps = Gaps::default();
    for _ in 0..3 {
        act(it.app(), &staff(&[]), &command("early")).await.unwrap();
        it.app().sequence_once(&mut gaps).await.unwrap();
    }
    done(late).await.unwrap();
    act(it.app(), &staff(&[]), &command("after")).await.unwrap();
    it.app().sequence_once(&mut gaps).await.unwrap();
    assert_eq!(places(&it, "notes").await.len(), 5);
    let missing: i64 = sqlx::query_scalar(
        "select count(*) from audit a where not exists
         (select from audit_chain c where c.source = 'audit' and c.row_id = a.audit_id)",
    )
    .fetch_one(it.pool())
    .await
    .unwrap();
    assert_eq!(missing, 0);
}

#[tokio::test]
async fn a_table_that_gains_a_column_is_chained_on_and_its_earlier_rows_still_verify() {
    let two = Two::start().await;
    two.write(2).await;
    sqlx::raw_sql("alter table notes add column colour text not null default 'red'; select chained('notes')")
        .execute(two.toy.pool())
        .await
        .unwrap();
    two.write(2).await;
    assert_eq!(two.report().await.findings, []);
    two.as_superuser("update notes set colour = 'blue' where note_id = (select max(note_id) from notes)")
        .await;
    assert_eq!(two.report().await.findings.len(), 1);
}

#[tokio::test]
async fn a_table_whose_rows_may_change_is_not_chained() {
    let it = Running::<Toy>::start().await;
    let refused = sqlx::raw_sql("select chained('things')")
        .execute(it.pool())
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("may change"), "{refused}");
}
