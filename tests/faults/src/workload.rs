//! Many journeys at once, from a seed.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{Client, Manners};
use crate::history::{End, History};
use crate::house::House;
use crate::journey::{Journey, Outcome, Script, Shop};

/// How much is done.
#[derive(Debug, Clone)]
pub struct Load {
    /// Decides every script.
    pub seed: u64,
    /// At least so many journeys.
    pub journeys: u32,
    /// So many at a time.
    pub at_once: u32,
    /// The first one's number: people of one house need different ones.
    pub first: u32,
    pub manners: Manners,
}

impl Load {
    pub fn new(seed: u64, journeys: u32) -> Self {
        Self {
            seed,
            journeys,
            at_once: journeys.min(16),
            first: 1,
            manners: Manners::default(),
        }
    }

    /// What the journey of that number is to do: the same for the same seed.
    /// Any four in a row go every way, so that few of them come by everything.
    pub fn script(&self, number: u32) -> Script {
        let which = number.saturating_sub(self.first);
        let turn = u64::from(which) ^ self.seed;
        let mut chance = StdRng::seed_from_u64(self.seed ^ u64::from(which).rotate_left(40));
        Script {
            number,
            recharge: chance.random_range(800..3_000),
            refund: chance.random_range(1..800),
            refund_by_channel: turn & 1 == 0,
            wrong_code: turn & 2 == 0,
        }
    }
}

/// Journeys on their way.
pub struct Workload {
    pub history: Arc<History>,
    walkers: JoinSet<BTreeMap<u32, Result<Outcome, String>>>,
    enough: watch::Sender<bool>,
    load: Load,
    began: Instant,
    done: Arc<AtomicU32>,
}

/// What became of them.
pub struct Walked {
    pub load: Load,
    pub outcomes: BTreeMap<u32, Outcome>,
    /// What went wrong, each with its journey.
    pub wrong: Vec<String>,
    pub took: Duration,
}

impl Workload {
    /// Opens the shop unless it is open, then begins. Journeys go on until there are as many as
    /// the load says and [`Workload::finish`] is called.
    pub async fn begin(house: &Arc<House>, load: Load) -> Result<Self> {
        let name = format!("history-{}.jsonl", load.first);
        let history = Arc::new(History::new(&house.place.join(name))?);
        let client = Client {
            house: house.clone(),
            history: history.clone(),
            journey: 0,
            manners: Manners {
                cut_one_in: 0,
                ..load.manners
            },
        };
        let shop = house.shop.get_or_try_init(|| Shop::open(&client)).await?.clone();
        let (enough, told) = watch::channel(false);
        let next = Arc::new(AtomicU32::new(load.first));
        let done = Arc::new(AtomicU32::new(0));
        let mut walkers = JoinSet::new();
        for _ in 0..load.at_once {
            let client = Client {
                manners: load.manners,
                ..client.clone()
            };
            let (shop, load, next, done, told) = (
                shop.clone(),
                load.clone(),
                next.clone(),
                done.clone(),
                told.clone(),
            );
            walkers.spawn(async move {
                let mut outcomes = BTreeMap::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= load.first + load.journeys && *told.borrow() {
                        return outcomes;
                    }
                    let client = Client {
                        journey: number,
                        ..client.clone()
                    };
                    let walked = Journey::walk(client, shop.clone(), load.script(number)).await;
                    done.fetch_add(1, Ordering::Relaxed);
                    outcomes.insert(number, walked.map_err(|error| format!("{error:#}")));
                }
            });
        }
        Ok(Self {
            history,
            walkers,
            enough,
            load,
            began: Instant::now(),
            done,
        })
    }

    /// Counts journeys that have ended, well or not.
    pub fn done(&self) -> Arc<AtomicU32> {
        self.done.clone()
    }

    /// Begins no more journeys than the load says, and waits for all.
    pub async fn finish(self) -> Walked {
        self.enough.send_replace(true);
        let mut walked = Walked {
            load: self.load,
            outcomes: BTreeMap::new(),
            wrong: Vec::new(),
            took: Duration::ZERO,
        };
        for (number, ended) in self.walkers.join_all().await.into_iter().flatten() {
            match ended {
                Ok(outcome) => drop(walked.outcomes.insert(number, outcome)),
                Err(error) => walked.wrong.push(format!("journey {number}: {error}")),
            }
        }
        walked.took = self.began.elapsed();
        let (ok, unknown) = (self.history.count(End::Ok), self.history.count(End::Unknown));
        println!(
            "{} journeys in {:.1} s, {} went wrong; {ok} writes acknowledged, {unknown} tries unknown",
            walked.outcomes.len(),
            walked.took.as_secs_f64(),
            walked.wrong.len(),
        );
        walked
    }
}

impl Walked {
    /// Every journey that did not end as its script must.
    pub fn violations(&self) -> Vec<String> {
        let strange = self.outcomes.iter().filter_map(|(number, outcome)| {
            let expected = self.load.script(*number).outcome();
            (*outcome != expected)
                .then(|| format!("journey {number} ended as {outcome:?}, not as {expected:?}"))
        });
        self.wrong.iter().cloned().chain(strange).collect()
    }
}

/// Where a workload keeps its history.
pub fn history_file(house: &House, load: &Load) -> PathBuf {
    house.place.join(format!("history-{}.jsonl", load.first))
}
