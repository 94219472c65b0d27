//! Crash points: learned from calm journeys, then hit one after the other,
//! each service going through its own at the same time as the others.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::process::ExitStatusExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use futures::future::try_join_all;
use rand::Rng;
use rand::seq::SliceRandom as _;
use tokio::time::sleep;

use crate::house::{House, SERVICES};

/// The signal of `abort`.
const ABORTED: i32 = 6;

/// Between two looks at a process.
const LOOK: Duration = Duration::from_millis(20);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// How long a day may take to bring what it brings, and how many are waited for.
const DAY_LASTS: Duration = Duration::from_secs(5);
const DAYS: u32 = 20;
/// Until what was left on the last day is done.
const REST: Duration = Duration::from_mins(2);

/// Points of which one has to be hit.
pub type Choice = Vec<String>;

/// What is to be hit in each service.
pub type Points = BTreeMap<&'static str, Vec<Choice>>;

/// What one pass over the points came to.
#[derive(Debug, Default)]
pub struct Passed {
    /// The points that were hit, as `(service, point)`.
    pub hit: Vec<(&'static str, String)>,
    /// Nothing came by these.
    pub missed: Points,
}

/// How long something is waited for: until so many journeys have ended, so
/// that a slow machine has its time.
#[derive(Debug, Clone)]
pub struct Patience {
    pub ended: Arc<AtomicU32>,
    pub journeys: u32,
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

    /// What was written down since [`House::list_points`], each for itself.
    pub fn listed_points(&self) -> Result<Points> {
        let read = |name: &'static str| {
            let text = std::fs::read_to_string(self.place.join(format!("points-{name}")))?;
            let points: BTreeSet<String> = text.lines().map(str::to_owned).collect();
            Ok((name, points.into_iter().map(|point| vec![point]).collect()))
        };
        SERVICES.into_iter().map(read).collect()
    }

    /// Starts a service anew, with this in its environment.
    pub async fn restart(&self, name: &str, environment: Vec<(String, String)>) -> Result<()> {
        let mut service = self.service(name)?.lock().await;
        service.kill().await?;
        service.environment = environment;
        service.start()
    }
}

/// The place of a point, without what passes by it.
pub fn place(point: &str) -> &str {
    point.split(' ').next().unwrap_or_default()
}

/// One of the points of each place, which one is chance's.
pub fn by_place(points: &Points, chance: &mut impl Rng) -> Points {
    let gather = |points: &Vec<Choice>, chance: &mut _| {
        let mut places: BTreeMap<&str, Choice> = BTreeMap::new();
        for point in points.iter().flatten() {
            places.entry(place(point)).or_default().push(point.clone());
        }
        let mut choices: Vec<Choice> = places.into_values().collect();
        for choice in &mut choices {
            choice.shuffle(chance);
        }
        choices
    };
    let gathered = points
        .iter()
        .map(|(name, points)| (*name, gather(points, chance)));
    gathered.collect()
}

/// Makes every service die at its points, at the `visit`th time that something
/// comes by, while journeys keep the house busy.
pub async fn crash_at_each(
    house: &Arc<House>,
    points: &Points,
    visit: u32,
    patience: &Patience,
) -> Result<Passed> {
    let services = points
        .iter()
        .map(|(name, choices)| crash_service(house, name, choices, visit, patience));
    let mut passed = Passed::default();
    for (name, hit, missed) in try_join_all(services).await? {
        passed.hit.extend(hit.into_iter().map(|point| (name, point)));
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
    choices: &[Choice],
    visit: u32,
    patience: &Patience,
) -> Result<(&'static str, Vec<String>, Vec<Choice>)> {
    let (mut hit, mut missed) = (Vec::new(), Vec::new());
    for choice in choices {
        let mut found = None;
        for point in choice {
            if crashes(house, name, point, visit, patience).await? {
                found = Some(point.clone());
                break;
            }
        }
        match found {
            Some(point) => hit.push(point),
            None => missed.push(choice.clone()),
        }
    }
    house.restart(name, Vec::new()).await?;
    Ok((name, hit, missed))
}

/// The day that each service has come to: what a day brings, it brings once.
pub type Days = BTreeMap<&'static str, i64>;

/// Makes services die at points to which no journey leads, only the days that pass.
pub async fn crash_as_days_pass(
    house: &House,
    points: &Points,
    visit: u32,
    days: &mut Days,
) -> Result<Passed> {
    let mut passed = Passed::default();
    for (&name, choices) in points {
        let day = days.entry(name).or_default();
        for choice in choices {
            for point in choice {
                if dies_some_day(house, name, point, visit, day).await? {
                    passed.hit.push((name, point.clone()));
                } else {
                    passed.missed.entry(name).or_default().push(vec![point.clone()]);
                }
            }
        }
        house.restart(name, Vec::new()).await?;
        // what was left on the last day waits for that day, and holds its lane
        house.quiet(REST).await?;
        house.set_clock(name, 0).await?;
    }
    Ok(passed)
}

async fn dies_some_day(
    house: &House,
    name: &'static str,
    point: &str,
    visit: u32,
    day: &mut i64,
) -> Result<bool> {
    arm(house, name, point, visit).await?;
    for _ in 0..DAYS {
        *day += 1;
        let moved = house.set_clock(name, *day * DAY_MS).await;
        for _ in 0..DAY_LASTS.as_millis() / LOOK.as_millis() {
            if died(house, name, point).await? {
                return Ok(true);
            }
            sleep(LOOK).await;
        }
        moved?;
    }
    Ok(false)
}

async fn arm(house: &House, name: &str, point: &str, visit: u32) -> Result<()> {
    let environment = [
        ("STUDIO_CRASH_AT", point.to_owned()),
        ("STUDIO_CRASH_HIT", visit.to_string()),
    ];
    let environment = environment.map(|(key, value)| (key.to_owned(), value));
    house.restart(name, environment.to_vec()).await
}

/// Whether the service has died at its point; dying anywhere else is an error.
async fn died(house: &House, name: &str, point: &str) -> Result<bool> {
    let Some(status) = house.service(name)?.lock().await.ended()? else {
        return Ok(false);
    };
    if status.signal() != Some(ABORTED) {
        bail!("{name} ended with {status} and not at {point}");
    }
    Ok(true)
}

/// Whether the service died at this point in time.
pub async fn crashes(
    house: &House,
    name: &'static str,
    point: &str,
    visit: u32,
    patience: &Patience,
) -> Result<bool> {
    arm(house, name, point, visit).await?;
    let until = patience.ended.load(Ordering::Relaxed) + patience.journeys;
    while patience.ended.load(Ordering::Relaxed) < until {
        sleep(LOOK).await;
        if died(house, name, point).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
