//! Row level security itself, table by table: what a scope shows is counted
//! against what is there. Then each table's policy is switched off, and the
//! count must notice.

use kernel::{PersonId, StudioId};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};

use super::Service;
use super::places::Places;

/// A table that is bound, and by which columns.
struct Bound {
    table: String,
    studio: String,
    own: bool,
}

/// Tables that the places leave empty: bound as their neighbours are, and
/// counted where other tests fill them.
const EMPTY: [&str; 2] = ["blocked_starts", "isolated_money"];

/// What row level security lets through that it should not, or hides; and
/// which policies nothing would miss.
pub async fn findings(services: &[Service], places: &Places) -> Vec<String> {
    let mut findings = Vec::new();
    for service in services {
        let mut conn = service.pool.acquire().await.unwrap();
        for bound in bound(&mut conn).await {
            let name = format!("{}.{}", service.name, bound.table);
            if EMPTY.contains(&bound.table.as_str()) {
                continue;
            }
            let wrong = leaks(&mut conn, service.name, &bound, places).await;
            findings.extend(wrong.into_iter().map(|what| format!("{name}: {what}")));
            for off in ["disable row level security", "no force row level security"] {
                findings.extend(unnoticed(&mut conn, service.name, &bound, places, off).await);
            }
        }
    }
    findings
}

async fn bound(conn: &mut PgConnection) -> Vec<Bound> {
    let rows: Vec<(String, String, bool)> = sqlx::query_as(
        "select p.tablename::text,
                (select column_name::text from information_schema.columns c
                 where c.table_name = p.tablename and column_name in ('studio_id', 'home_studio_id')
                 order by column_name limit 1),
                p.qual like '%app.own%'
         from pg_policies p where p.schemaname = 'public' order by 1",
    )
    .fetch_all(conn)
    .await
    .unwrap();
    rows.into_iter()
        .map(|(table, studio, own)| Bound { table, studio, own })
        .collect()
}

/// With the guard off, the counts must be wrong; owners count as bound too.
async fn unnoticed(
    conn: &mut PgConnection,
    service: &str,
    bound: &Bound,
    places: &Places,
    off: &str,
) -> Option<String> {
    let mut tx = conn.begin().await.unwrap();
    run(&mut tx, format!("alter table {} {off}", bound.table)).await;
    let noticed = !leaks(&mut tx, service, bound, places).await.is_empty();
    tx.rollback().await.unwrap();
    (!noticed).then(|| {
        format!(
            "{service}.{}: nothing notices that it was told to {off}",
            bound.table
        )
    })
}

async fn leaks(conn: &mut PgConnection, service: &str, bound: &Bound, places: &Places) -> Vec<String> {
    let mut found = Vec::new();
    for role in ["run", "owner"] {
        let mut tx = conn.begin().await.unwrap();
        let truth = Counts::read(&mut tx, bound, places).await;
        run(&mut tx, format!("set local role studio_test_{service}_{role}")).await;
        found.extend(wrong(&mut tx, bound, places, &truth).await);
        tx.rollback().await.unwrap();
    }
    found
}

/// How many rows there are, seen without any scope.
struct Counts {
    all: i64,
    at_own: i64,
    of_person: i64,
    /// Of nobody's studio, which everybody sees.
    house: i64,
}

impl Counts {
    async fn read(conn: &mut PgConnection, bound: &Bound, places: &Places) -> Self {
        let Bound { table, studio, own } = bound;
        let person = if *own { "person_id" } else { "null::uuid" };
        let house = if table == "accounts" {
            "wallet_id is null"
        } else {
            "false"
        };
        let query = format!(
            "select count(*), count(*) filter (where {studio} = $1 and not {house}),
                    count(*) filter (where {person} = $2), count(*) filter (where {house}) from {table}"
        );
        let (all, at_own, of_person, house): (i64, i64, i64, i64) = sqlx::query_as(AssertSqlSafe(query))
            .bind(places.own.studio.0)
            .bind(places.own.person.0)
            .fetch_one(conn)
            .await
            .unwrap();
        Self {
            all,
            at_own,
            of_person,
            house,
        }
    }
}

async fn wrong(conn: &mut PgConnection, bound: &Bound, places: &Places, truth: &Counts) -> Vec<String> {
    let mut found = Vec::new();
    if truth.at_own == 0 || truth.at_own + truth.house == truth.all {
        found.push("the places leave nothing to tell apart".to_owned());
    }
    let (studio, person) = (Some(places.own.studio), Some(places.own.person));
    let scopes = [
        ("everywhere", "all".to_owned(), None, truth.all),
        (
            "at the own studio",
            scope(studio),
            None,
            truth.at_own + truth.house,
        ),
        ("at no studio", scope(None), None, truth.house),
        (
            "of the own person",
            scope(None),
            person,
            truth.of_person + truth.house,
        ),
        (
            "at an unknown studio",
            scope(Some(StudioId::fresh())),
            None,
            truth.house,
        ),
    ];
    for (what, studios, own, wanted) in scopes {
        let seen = seen(conn, bound, &studios, own).await;
        if seen != wanted {
            found.push(format!("{what} are {wanted} rows, and {seen} are seen"));
        }
    }
    found
}

fn scope(studio: Option<StudioId>) -> String {
    studio.map_or_else(|| "{}".to_owned(), |studio| format!("{{{studio}}}"))
}

async fn seen(conn: &mut PgConnection, bound: &Bound, studios: &str, own: Option<PersonId>) -> i64 {
    let own = own.map(|person| person.to_string()).unwrap_or_default();
    sqlx::query("select set_config('app.studios', $1, true), set_config('app.own', $2, true)")
        .bind(studios)
        .bind(own)
        .execute(&mut *conn)
        .await
        .unwrap();
    sqlx::query_scalar(AssertSqlSafe(format!("select count(*) from {}", bound.table)))
        .fetch_one(conn)
        .await
        .unwrap()
}

async fn run(conn: &mut PgConnection, statement: String) {
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(conn)
        .await
        .unwrap();
}
