//! Who follows whose facts, as the services themselves say.

use anyhow::Result;
use platform::Service;

use crate::house::SERVICES;

/// Every service with its settings by default.
pub fn configs() -> Vec<(&'static str, &'static str)> {
    vec![
        (members::App::NAME, members::App::CONFIG),
        (payments::App::NAME, payments::App::CONFIG),
        (wallet::App::NAME, wallet::App::CONFIG),
        (orders::App::NAME, orders::App::CONFIG),
        (refunds::App::NAME, refunds::App::CONFIG),
        (notifications::App::NAME, notifications::App::CONFIG),
        (oversight::App::NAME, oversight::App::CONFIG),
    ]
}

/// Whom a service with these settings reaches.
pub fn peers(config: &str) -> Result<Vec<&'static str>> {
    let settings: toml::Table = toml::from_str(config)?;
    let reached = settings.get("peers").and_then(toml::Value::as_table);
    let is_peer = |name: &&str| reached.is_some_and(|peers| peers.contains_key(*name));
    Ok(SERVICES.into_iter().filter(is_peer).collect())
}

/// Every service with the sources that it pulls.
pub fn streams() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        of::<members::App>(),
        of::<payments::App>(),
        of::<wallet::App>(),
        of::<orders::App>(),
        of::<refunds::App>(),
        of::<notifications::App>(),
        of::<oversight::App>(),
    ]
}

fn of<S: Service>() -> (&'static str, Vec<&'static str>) {
    (
        S::NAME,
        S::subscriptions().into_iter().map(|s| s.source).collect(),
    )
}

/// Every kind of task of every service, as `(service, kind)`.
pub fn tasks() -> Vec<(&'static str, &'static str)> {
    [
        kinds::<members::App>(),
        kinds::<payments::App>(),
        kinds::<wallet::App>(),
        kinds::<orders::App>(),
        kinds::<refunds::App>(),
        kinds::<notifications::App>(),
        kinds::<oversight::App>(),
    ]
    .concat()
}

fn kinds<S: Service>() -> Vec<(&'static str, &'static str)> {
    S::tasks().into_iter().map(|task| (S::NAME, task.kind)).collect()
}
