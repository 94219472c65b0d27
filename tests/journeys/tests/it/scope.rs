//! After a whole journey, what the databases show of it to a caller who
//! reaches nothing. The handlers' own filters are not asked.

use platform::Service;
use proto::studio::orders::v1::OrderState;
use sqlx::{AssertSqlSafe, PgConnection};
use testkit::Running;

use crate::world::World;

/// Rows of `table` that the runtime role sees when it may see these studios.
async fn seen(conn: &mut PgConnection, role: &str, table: &str, studios: &str) -> i64 {
    let scope = format!(
        "begin; set local role {role};
         select set_config('app.studios', '{studios}', true), set_config('app.own', '', true)"
    );
    sqlx::raw_sql(AssertSqlSafe(scope))
        .execute(&mut *conn)
        .await
        .unwrap();
    let rows = sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {table}")))
        .fetch_one(&mut *conn)
        .await
        .unwrap();
    sqlx::raw_sql("rollback").execute(conn).await.unwrap();
    rows
}

/// The service's bound tables that hold something, after looking at each with
/// empty hands.
async fn bound_tables<S: Service>(service: &Running<S>) -> Vec<String> {
    let mut conn = service.pool().acquire().await.unwrap();
    let tables: Vec<String> =
        sqlx::query_scalar("select distinct tablename::text from pg_policies where schemaname = 'public'")
            .fetch_all(&mut *conn)
            .await
            .unwrap();
    let role = format!("studio_test_{}_run", S::NAME);
    let mut filled = Vec::new();
    for table in tables {
        assert_eq!(
            seen(&mut conn, &role, &table, "{}").await,
            0,
            "{}.{table} shows its rows to who reaches no studio",
            S::NAME
        );
        if seen(&mut conn, &role, &table, "all").await > 0 {
            filled.push(format!("{}.{table}", S::NAME));
        }
    }
    filled
}

#[tokio::test]
async fn who_reaches_no_studio_sees_no_row_of_any() {
    let world = World::open().await;
    let (year, _) = world.sells().await;
    let member = world.registers(1).await;
    let order = world.confirmed_order(&member, &year).await;
    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;

    let mut filled = bound_tables(&world.members).await;
    filled.extend(bound_tables(&world.payments).await);
    filled.extend(bound_tables(&world.wallet).await);
    filled.extend(bound_tables(&world.orders).await);
    filled.extend(bound_tables(&world.refunds).await);
    filled.extend(bound_tables(&world.notifications).await);
    for table in [
        "members.people",
        "members.cards",
        "orders.orders",
        "payments.payments",
    ] {
        assert!(
            filled.iter().any(|f| f == table),
            "{table} is not among {filled:?}"
        );
    }
}
