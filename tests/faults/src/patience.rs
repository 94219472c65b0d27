//! How long is waited for what a house does by itself.

use std::time::Duration;

use anyhow::{Context as _, Result};
use proto::Call;
use testkit::Identity;
use tokio::time::{Instant, sleep};
use tonic::{Request, Status};

use crate::client::is_unknown;
use crate::house::House;

/// Longer than anything takes on a machine that is short of time; what hangs is
/// still found.
pub const PATIENCE: Duration = Duration::from_mins(3);

/// Looks again and again until there is what was waited for. A look that fails
/// says nothing: a service that was just broken may be away or late.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + PATIENCE;
    loop {
        let seen = look().await;
        if let Ok(Some(found)) = seen {
            return Ok(found);
        }
        if Instant::now() > end {
            let never = || format!("never in {PATIENCE:?}: {what}");
            return Err(seen.err().unwrap_or_else(|| anyhow::anyhow!("it is not so"))).with_context(never);
        }
        sleep(Duration::from_millis(20)).await;
    }
}

/// As [`until`], for what is so or not.
pub async fn until_so(what: &str, mut is_so: impl AsyncFnMut() -> Result<bool>) -> Result<()> {
    until(what, async || Ok(is_so().await?.then_some(()))).await
}

/// Asks a service until its answer is definite.
pub async fn asked<C: Call>(
    house: &House,
    service: &str,
    who: &Identity,
    request: C,
) -> Result<Result<C::Reply, Status>> {
    until(C::METHOD, async || {
        let answer = journeys::ask(house.door(service, who)?, Request::new(request.clone())).await;
        match answer {
            Err(status) if is_unknown(&status) => Err(status.into()),
            definite => Ok(Some(definite)),
        }
    })
    .await
}
