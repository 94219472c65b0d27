//! How long tests wait for what happens beside them.

use std::time::{Duration, Instant};

/// Longer than anything takes on a machine that is short of time; what hangs
/// is still found.
const PATIENCE: Duration = Duration::from_mins(1);

/// Looks again and again until it is so.
///
/// # Panics
/// When it is not so after a minute.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !is_so().await {
        assert!(Instant::now() < end, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
