use sqlx::migrate::Migrator;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::database::Database;

pub fn platform_alone() -> Migrator {
    platform::all_migrations(Migrator::with_migrations(Vec::new()))
}

async fn as_runtime(db: &Database) -> PgConnection {
    PgConnection::connect(&db.runtime_url()).await.unwrap()
}

#[tokio::test]
async fn two_tests_never_see_each_others_rows() {
    let migrations = platform_alone();
    let (a, b) = tokio::join!(
        Database::create("kit", &migrations),
        Database::create("kit", &migrations)
    );
    let (a, b) = (a.unwrap(), b.unwrap());
    let insert = "insert into settings values ('a', '1')";
    sqlx::query(insert)
        .execute(&mut as_runtime(&a).await)
        .await
        .unwrap();
    let count: i64 = sqlx::query_scalar("select count(*) from settings")
        .fetch_one(&mut as_runtime(&b).await)
        .await
        .unwrap();
    assert_eq!(count, 0);
}

#[tokio::test]
async fn the_service_runs_as_a_role_that_can_neither_change_the_schema_nor_the_past() {
    let db = Database::create("kit", &platform_alone()).await.unwrap();
    let mut conn = as_runtime(&db).await;
    for forbidden in [
        "create table mine (a int)",
        "alter table audit add column mine int",
        "update audit set why = ''",
        "truncate audit",
        "delete from _sqlx_migrations",
        "set role postgres",
    ] {
        let refused = sqlx::query(forbidden).execute(&mut conn).await;
        assert!(refused.is_err(), "{forbidden}");
    }
}

#[tokio::test]
async fn a_database_is_gone_when_its_test_ends() {
    let db = Database::create("kit", &platform_alone()).await.unwrap();
    let url = db.owner_url();
    let mut conn = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe("select 1".to_owned()))
        .execute(&mut conn)
        .await
        .unwrap();
    drop(db);
    // A busy server may take its time.
    testkit::until("it is gone", async || PgConnection::connect(&url).await.is_err()).await;
}
