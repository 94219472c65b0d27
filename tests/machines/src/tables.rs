//! The transitions that the databases allow, as the migrations declare them:
//! each history has to be a path in them (I8), as each row has to pass the
//! trigger that they make.

use std::collections::HashMap;
use std::path::Path;
use std::sync::OnceLock;

type Table = HashMap<String, Vec<String>>;

const SERVICES: [&str; 4] = ["orders", "payments", "refunds", "wallet"];

fn tables() -> &'static HashMap<String, Table> {
    static TABLES: OnceLock<HashMap<String, Table>> = OnceLock::new();
    TABLES.get_or_init(|| {
        let services = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../services");
        SERVICES
            .iter()
            .flat_map(|service| declared(&services.join(service).join("migrations")))
            .collect()
    })
}

/// In the order of the migrations, so that a later one counts.
fn declared(folder: &Path) -> Vec<(String, Table)> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .map(|files| files.flatten().map(|file| file.path()).collect())
        .unwrap_or_default();
    files.sort();
    let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
    texts
        .flat_map(|text| {
            text.split("guard_transitions('")
                .skip(1)
                .filter_map(read)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// `orders', 'state', '{"draft": ["submitted"]}'…`
fn read(text: &str) -> Option<(String, Table)> {
    let mut parts = text.split('\'');
    let name = parts.next()?;
    let json = parts.nth(3)?;
    Some((name.to_owned(), serde_json::from_str(json).ok()?))
}

/// What the trigger of a table checks of a row that is written anew.
pub fn passes(table: &str, from: (&str, i64), to: (&str, i64)) -> Result<(), String> {
    let allowed = tables()
        .get(table)
        .ok_or_else(|| format!("no migration guards {table}"))?;
    let known = from.0 == to.0
        || allowed
            .get(from.0)
            .is_some_and(|to_states| to_states.iter().any(|state| state == to.0));
    if !known {
        return Err(format!("{table}: no step leads from {} to {}", from.0, to.0));
    }
    if to.1 != from.1 + 1 {
        return Err(format!("{table}: version {} follows {}", to.1, from.1));
    }
    Ok(())
}
