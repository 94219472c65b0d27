use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::{Class, Shed};
use crate::config::Limits;
use crate::telemetry::meters;

/// Places of one kind: calls that run, or connections to the database. Money
/// may take any of them, reads a part, reports a part of that; so there are
/// always some that only money takes.
pub(crate) struct Rooms {
    /// What is given out here: the label of its measurements, and why a call is refused.
    of: Shed,
    all: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    reports: Arc<Semaphore>,
    house: Arc<Semaphore>,
    /// Those who wait, class by class.
    queues: [Semaphore; 4],
    wait: Duration,
}

/// A place that is taken, and free again when this is dropped.
pub(crate) struct Place {
    of: Shed,
    class: Class,
    _permits: Vec<OwnedSemaphorePermit>,
}

impl Rooms {
    /// Places for calls at the door.
    pub(crate) fn for_calls(limits: &Limits) -> Self {
        let wait = Duration::from_millis(limits.queue_ms);
        Self::new(Shed::Calls, limits.concurrency, limits, limits.queue, wait)
    }

    /// Connections of calls to the database. Few wait for them, so that who
    /// waits has one about as soon as one call has ended, and whoever is too
    /// much learns it at once.
    pub(crate) fn for_connections(connections: usize, wait: Duration, limits: &Limits) -> Self {
        Self::new(
            Shed::Connections,
            connections,
            limits,
            limits.connection_queue,
            wait,
        )
    }

    fn new(of: Shed, places: usize, limits: &Limits, queue: usize, wait: Duration) -> Self {
        let part = |percent: usize| Arc::new(Semaphore::new((places * percent.min(100) / 100).max(1)));
        Self {
            of,
            all: Arc::new(Semaphore::new(places)),
            reads: part(limits.reads_percent),
            reports: part(limits.reports_percent),
            house: Arc::new(Semaphore::new(limits.house)),
            queues: Class::ALL.map(|_| Semaphore::new(queue)),
            wait,
        }
    }

    /// How long nobody waits longer than.
    pub(crate) fn wait(&self) -> Duration {
        self.wait
    }

    /// A place for a call of `class`, after a short wait if need be.
    pub(crate) async fn enter(&self, class: Class) -> Result<Place, Shed> {
        let began = Instant::now();
        let permits = match self.at_once(class) {
            Some(permits) => permits,
            None => self.queue(class).await?,
        };
        let waited = began.elapsed();
        meters().entered(self.of.word(), class.word(), waited);
        Ok(Place {
            of: self.of,
            class,
            _permits: permits,
        })
    }

    fn at_once(&self, class: Class) -> Option<Vec<OwnedSemaphorePermit>> {
        let take = |room: &Arc<Semaphore>| room.clone().try_acquire_owned().ok();
        self.through(class).map(take).collect()
    }

    async fn queue(&self, class: Class) -> Result<Vec<OwnedSemaphorePermit>, Shed> {
        let queue = match class {
            Class::Money => &self.queues[0],
            Class::Read => &self.queues[1],
            Class::Report => &self.queues[2],
            Class::House => &self.queues[3],
        };
        let _standing = queue.try_acquire().map_err(|_| Shed::Queue)?;
        let all = async {
            let mut permits = Vec::with_capacity(3);
            for room in self.through(class) {
                permits.push(room.clone().acquire_owned().await.map_err(|_| self.of)?);
            }
            Ok(permits)
        };
        timeout(self.wait, all).await.unwrap_or(Err(self.of))
    }

    /// What a call of `class` needs a permit of, the narrowest first: whoever
    /// waits for the wide room already stands in the narrow one, so that not
    /// many can.
    fn through(&self, class: Class) -> impl Iterator<Item = &Arc<Semaphore>> {
        let (all, reads, reports) = (Some(&self.all), Some(&self.reads), Some(&self.reports));
        let rooms = match class {
            Class::Money => [None, None, all],
            Class::Read => [None, reads, all],
            Class::Report => [reports, reads, all],
            Class::House => [None, None, Some(&self.house)],
        };
        rooms.into_iter().flatten()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        meters().left(self.of.word(), self.class.word());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        let house = crate::config::Limits::of_house();
        Limits {
            reads_percent: 75,
            reports_percent: 25,
            queue: 2,
            house: 1,
            ..house
        }
    }

    fn rooms(places: usize, wait_ms: u64) -> Rooms {
        Rooms::new(Shed::Calls, places, &limits(), 2, Duration::from_millis(wait_ms))
    }

    async fn fill(rooms: &Rooms, class: Class) -> Vec<Place> {
        let mut places = Vec::new();
        while let Ok(place) = rooms.enter(class).await {
            places.push(place);
        }
        places
    }

    #[tokio::test]
    async fn reports_leave_room_for_reads_and_reads_for_money() {
        let rooms = rooms(8, 5);
        let reports = fill(&rooms, Class::Report).await;
        let reads = fill(&rooms, Class::Read).await;
        let money = fill(&rooms, Class::Money).await;
        assert_eq!((reports.len(), reads.len(), money.len()), (2, 4, 2));
    }

    #[tokio::test]
    async fn money_may_take_every_place_and_then_nobody_else_has_one() {
        let rooms = rooms(8, 5);
        let money = fill(&rooms, Class::Money).await;
        assert_eq!(money.len(), 8);
        assert!(rooms.enter(Class::Read).await.is_err());
        assert!(rooms.enter(Class::Report).await.is_err());
        let house = rooms.enter(Class::House).await;
        assert!(house.is_ok(), "the house has places of its own");
        drop(money);
        assert!(rooms.enter(Class::Report).await.is_ok());
    }

    #[tokio::test]
    async fn who_waits_gets_the_place_that_becomes_free_in_time() {
        let rooms = rooms(1, 5_000);
        let place = rooms.enter(Class::Money).await.unwrap();
        let (entered, ()) = tokio::join!(rooms.enter(Class::Read), async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            drop(place);
        });
        assert!(entered.is_ok());
    }

    #[tokio::test]
    async fn nobody_waits_longer_than_told_and_not_more_than_the_queue_holds() {
        let rooms = rooms(1, 20);
        let _place = rooms.enter(Class::Money).await.unwrap();
        let began = Instant::now();
        let (a, b, c) = tokio::join!(
            rooms.enter(Class::Read),
            rooms.enter(Class::Read),
            rooms.enter(Class::Read)
        );
        let why = |entered: Result<Place, Shed>| entered.err();
        assert_eq!(
            [why(a), why(b), why(c)],
            [Some(Shed::Calls), Some(Shed::Calls), Some(Shed::Queue)]
        );
        assert!(began.elapsed() < Duration::from_secs(2));
        let money = rooms.enter(Class::Money).await;
        assert_eq!(why(money), Some(Shed::Calls), "money has a queue of its own");
    }
}
