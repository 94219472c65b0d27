//! What the databases themselves refuse, table by table, as it was reviewed:
//! `tests/guards/schema`. A constraint, index, trigger, policy or privilege that
//! comes, goes or changes shows there as a difference.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use platform::Service;
use sqlx::migrate::Migrator;
use testkit::database::Database;

/// One line a guard. `not valid` and the like are part of PostgreSQL's own text.
const GUARDS: &str = r"
select kind || ' ' || name || ': ' || text from (
    select 'constraint' as kind, c.conrelid::regclass || '.' || c.conname as name, pg_get_constraintdef(c.oid) as text
    from pg_constraint c join pg_class t on t.oid = c.conrelid
    where t.relnamespace = 'public'::regnamespace
    union all
    select 'unique index', indrelid::regclass || '.' || indexrelid::regclass, pg_get_indexdef(indexrelid)
    from pg_index i join pg_class t on t.oid = i.indrelid
    where i.indisunique and t.relnamespace = 'public'::regnamespace
      and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
    union all
    select 'trigger', tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
    union all
    select 'policy', tablename || '.' || policyname, concat_ws(' ', permissive, cmd, roles::text, qual, with_check)
    from pg_policies where schemaname = 'public'
    union all
    select 'row level security', oid::regclass::text, case when relforcerowsecurity then 'forced' else 'enabled' end
    from pg_class where relrowsecurity and relnamespace = 'public'::regnamespace
    union all
    select 'runtime may', table_name::text, string_agg(privilege_type, ' ' order by privilege_type)
    from information_schema.role_table_grants
    where grantee like 'studio\_test\_%\_run' and table_schema = 'public' group by table_name
) guards
";

/// The guards of a schema, one a line.
async fn guards(name: &str, migrations: &Migrator) -> BTreeSet<String> {
    let database = Database::create(name, migrations).await.unwrap();
    let pool = database.superuser().await.unwrap();
    let lines: Vec<String> = sqlx::query_scalar(GUARDS).fetch_all(&pool).await.unwrap();
    pool.close().await;
    lines.into_iter().collect()
}

/// What a service's schema has beyond platform's, which every schema has.
async fn own<S: Service>(platforms: &BTreeSet<String>) -> BTreeSet<String> {
    let all = guards(S::NAME, &platform::all_migrations(S::migrations())).await;
    let lost: Vec<_> = platforms.difference(&all).collect();
    assert!(lost.is_empty(), "{} lacks of platform's: {lost:#?}", S::NAME);
    all.difference(platforms).cloned().collect()
}

/// What is not as it was reviewed.
#[expect(clippy::disallowed_methods, reason = "a reviewed list is renewed by hand")]
fn differences(name: &str, found: &BTreeSet<String>) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../guards/schema");
    let file = folder.join(name).with_extension("txt");
    if std::env::var("UPDATE_GUARDS").is_ok() {
        fs::create_dir_all(&folder).unwrap();
        let lines: Vec<&str> = found.iter().map(String::as_str).collect();
        fs::write(&file, lines.join("\n") + "\n").unwrap();
    }
    let reviewed = fs::read_to_string(&file).unwrap_or_default();
    let reviewed: BTreeSet<String> = reviewed.lines().map(str::to_owned).collect();
    let gone = reviewed
        .difference(found)
        .map(|line| format!("gone: {name}: {line}"));
    let new = found
        .difference(&reviewed)
        .map(|line| format!("new: {name}: {line}"));
    gone.chain(new).collect()
}

#[tokio::test]
async fn the_databases_refuse_what_was_reviewed() {
    let platforms = guards("platform", &platform::all_migrations(Migrator::DEFAULT)).await;
    let mut found = differences("platform", &platforms);
    found.extend(differences("members", &own::<members::App>(&platforms).await));
    found.extend(differences("payments", &own::<payments::App>(&platforms).await));
    found.extend(differences("wallet", &own::<wallet::App>(&platforms).await));
    found.extend(differences("orders", &own::<orders::App>(&platforms).await));
    found.extend(differences("refunds", &own::<refunds::App>(&platforms).await));
    found.extend(differences(
        "notifications",
        &own::<notifications::App>(&platforms).await,
    ));
    found.extend(differences("oversight", &own::<oversight::App>(&platforms).await));
    assert!(
        found.is_empty(),
        "UPDATE_GUARDS=1 writes them anew, for a review:\n{}",
        found.join("\n")
    );
}
