//! What holds for the house as a whole, read from its own files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use platform::Service;

/// Commands go up this list and facts come down it.
const ORDER: [&str; 7] = [
    "members",
    "payments",
    "wallet",
    "orders",
    "refunds",
    "notifications",
    "oversight",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && !name.starts_with("target") && name != "node_modules" {
            found.extend(files(&path, ending));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// Whom a service names among its peers, and whose facts it pulls.
fn reaches<S: Service>() -> (&'static str, BTreeSet<String>) {
    let config: toml::Table = S::CONFIG.parse().unwrap();
    let peers = config.get("peers").and_then(|p| p.as_table());
    let called = peers.into_iter().flat_map(|p| p.keys().cloned());
    let pulled = S::subscriptions()
        .into_iter()
        .map(|s| s.source.to_owned())
        .collect::<Vec<_>>();
    (S::NAME, called.chain(pulled).collect())
}

#[test]
fn commands_go_up_and_facts_come_down_without_a_circle() {
    let graph = [
        reaches::<members::App>(),
        reaches::<payments::App>(),
        reaches::<wallet::App>(),
        reaches::<orders::App>(),
        reaches::<refunds::App>(),
        reaches::<notifications::App>(),
        reaches::<oversight::App>(),
    ];
    let place = |name: &str| {
        ORDER
            .iter()
            .position(|n| *n == name)
            .unwrap_or_else(|| panic!("who is {name}?"))
    };
    for (service, others) in graph {
        for other in others {
            assert!(
                place(&other) < place(service),
                "{service} reaches down to {other}"
            );
        }
    }
}

#[test]
fn every_service_keeps_a_copy_of_the_organisation() {
    fn listens<S: Service>() {
        assert!(
            S::subscriptions().iter().any(|s| s.source == "members"),
            "{} does not follow members",
            S::NAME
        );
    }
    listens::<payments::App>();
    listens::<wallet::App>();
    listens::<orders::App>();
    listens::<refunds::App>();
    listens::<notifications::App>();
    listens::<oversight::App>();
}

#[test]
fn every_table_is_classified() {
    let map = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let mut missing = Vec::new();
    let folders = ORDER
        .iter()
        .map(|s| (*s, format!("services/{s}/migrations")))
        .chain([("platform", "services/shared/platform/migrations".to_owned())]);
    for (owner, folder) in folders {
        let mut tables = BTreeSet::new();
        let mut migrations = files(&root().join(folder), ".sql");
        migrations.sort();
        for file in migrations {
            let sql = fs::read_to_string(file).unwrap();
            for line in sql.lines().map(str::trim) {
                let named = |rest: &str| rest.split([' ', '(', ';']).next().unwrap_or_default().to_owned();
                if let Some(rest) = line.strip_prefix("create table ") {
                    tables.insert(named(rest));
                } else if let Some(rest) = line.strip_prefix("drop table ") {
                    tables.remove(&named(rest));
                }
            }
        }
        let unknown = tables
            .iter()
            .filter(|table| !map.contains(&format!("| {owner} | `{table}` |")));
        missing.extend(unknown.map(|table| format!("{owner}.{table}")));
    }
    assert!(missing.is_empty(), "not in docs/architecture.md: {missing:?}");
}

#[test]
fn no_module_is_longer_than_a_reader_can_hold() {
    let long: Vec<String> = ["services", "tests", "proto/src"]
        .iter()
        .flat_map(|folder| files(&root().join(folder), ".rs"))
        .filter_map(|file| {
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            (lines > 400).then(|| format!("{} has {lines}", file.display()))
        })
        .collect();
    assert!(long.is_empty(), "over 400 lines: {long:?}");
}
