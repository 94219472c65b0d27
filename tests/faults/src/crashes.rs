//! Every crash point once: learned from calm journeys, then hit one after the
//! other, each service going through its own at the same time as the others.

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use futures::future::try_join_all;
use tokio::time::{Instant, sleep};

use crate::house::{House, SERVICES};

/// The signal of `abort`.
const ABORTED: i32 = 6;

/// The points of each service.
pub type Points = BTreeMap<&'static str, Vec<String>>;

/// What one pass over the points came to.
#[derive(Debug, Default)]
pub struct Passed {
    pub hit: Points,
    /// Nothing came by them in time.
    pub missed: Points,
}

impl House {
    /// Starts every service anew, to write down which points it reaches.
    pub async fn list_points(&self) -> Result<()> {
        for name in SERVICES {
            let list = self.place.join(format!("points-{name}"));
            let told = ("STUDIO_CRASH_LIST".to_owned(), list.display().to_string());
            self.restart(name, vec![told]).await?;
        }
        self.start_all().await
    }

    /// What was written down since [`House::list_points`].
    pub fn listed_points(&self) -> Result<Points> {
        let read = |name: &'static str| {
            let text = std::fs::read_to_string(self.place.join(format!("points-{name}")))?;
            let mut points: Vec<String> = text.lines().map(str::to_owned).collect();
            points.sort();
            points.dedup();
            Ok((name, points))
        };
        SERVICES.into_iter().map(read).collect()
    }

    async fn restart(&self, name: &str, environment: Vec<(String, String)>) -> Result<()> {
        let mut service = self.service(name)?.lock().await;
        service.kill().await?;
        service.environment = environment;
        service.start()
    }
}

/// Makes every service die at each of its points, at its `hit`th visit, while
/// something keeps the house busy. Each waits `patience` for a visit.
pub async fn crash_at_each(
    house: &Arc<House>,
    points: &Points,
    hit: u32,
    patience: Duration,
) -> Result<Passed> {
    let services = points
        .iter()
        .map(|(name, points)| crash_service(house, name, points, hit, patience));
    let mut passed = Passed::default();
    for (name, hit, missed) in try_join_all(services).await? {
        passed.hit.insert(name, hit);
        if !missed.is_empty() {
            passed.missed.insert(name, missed);
        }
    }
    house.heal().await?;
    Ok(passed)
}

async fn crash_service(
    house: &House,
    name: &'static str,
    points: &[String],
    visit: u32,
    patience: Duration,
) -> Result<(&'static str, Vec<String>, Vec<String>)> {
    let (mut hit, mut missed) = (Vec::new(), Vec::new());
    for point in points {
        let environment = [
            ("STUDIO_CRASH_AT", point.clone()),
            ("STUDIO_CRASH_HIT", visit.to_string()),
        ];
        let environment = environment.map(|(key, value)| (key.to_owned(), value));
        house.restart(name, environment.to_vec()).await?;
        if dies(house, name, patience).await? {
            hit.push(point.clone());
        } else {
            missed.push(point.clone());
        }
    }
    house.restart(name, Vec::new()).await?;
    Ok((name, hit, missed))
}

async fn dies(house: &House, name: &str, patience: Duration) -> Result<bool> {
    let until = Instant::now() + patience;
    while Instant::now() < until {
        sleep(Duration::from_millis(20)).await;
        if let Some(status) = house.service(name)?.lock().await.ended()? {
            if status.signal() != Some(ABORTED) {
                bail!("{name} ended with {status} and not at its crash point");
            }
            return Ok(true);
        }
    }
    Ok(false)
}
