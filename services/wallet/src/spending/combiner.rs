//! Many who wait, one who works: what waits is done in one go by whoever comes
//! to it first, while the next ones gather. There is no timer: the work that is
//! under way is the window.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, oneshot};

/// Jobs that wait, and how many may be done in one go.
pub struct Combiner<J, R> {
    waiting: Mutex<VecDeque<Waiting<J, R>>>,
    leaders: Semaphore,
    /// In one go.
    most: usize,
    /// That wait.
    room: usize,
}

struct Waiting<J, R> {
    job: J,
    answer: oneshot::Sender<R>,
}

/// Why a job got no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// Nothing was begun.
    #[error("too many wait")]
    Full,
    /// Whoever worked on it broke off: it may be done, or not.
    #[error("the work broke off")]
    BrokenOff,
}

impl<J, R> Combiner<J, R> {
    /// `leaders` work side by side, each on at most `most` jobs; at most `room`
    /// wait.
    pub fn new(leaders: usize, most: usize, room: usize) -> Self {
        Self {
            waiting: Mutex::default(),
            leaders: Semaphore::new(leaders),
            most,
            room,
        }
    }

    /// Has a job done together with those that wait, by this caller or another.
    /// `work` answers every job, in their order, which is the order in which
    /// they came.
    pub async fn submit<F>(&self, job: J, work: impl Fn(Vec<J>) -> F) -> Result<R, NoAnswer>
    where
        F: Future<Output = Vec<R>>,
    {
        let mut answered = self.wait(job)?;
        loop {
            let leader = tokio::select! {
                biased;
                answer = &mut answered => return answer.map_err(|_| NoAnswer::BrokenOff),
                leader = self.leaders.acquire() => leader,
            };
            let (jobs, waiters) = self.take();
            if jobs.is_empty() {
                // Another one works on it.
                drop(leader);
                return answered.await.map_err(|_| NoAnswer::BrokenOff);
            }
            for (waiter, answer) in waiters.into_iter().zip(work(jobs).await) {
                // Whoever does not wait any more needs no answer.
                let _gone = waiter.send(answer);
            }
        }
    }

    /// Nothing can break off while it is held.
    fn queue(&self) -> MutexGuard<'_, VecDeque<Waiting<J, R>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait for somebody to begin.
    pub fn waiting(&self) -> usize {
        self.queue().len()
    }

    fn wait(&self, job: J) -> Result<oneshot::Receiver<R>, NoAnswer> {
        let (answer, answered) = oneshot::channel();
        let mut waiting = self.queue();
        if waiting.len() >= self.room {
            return Err(NoAnswer::Full);
        }
        waiting.push_back(Waiting { job, answer });
        Ok(answered)
    }

    fn take(&self) -> (Vec<J>, Vec<oneshot::Sender<R>>) {
        let mut waiting = self.queue();
        let count = waiting.len().min(self.most);
        waiting.drain(..count).map(|w| (w.job, w.answer)).unzip()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use futures::future::join_all;
    use tokio::sync::Semaphore;

    use super::*;

    /// Doubles numbers once it may, and counts how often it was asked.
    struct Doubler {
        combiner: Combiner<u32, u32>,
        gate: Semaphore,
        /// Each go closes the gate behind it.
        once: AtomicBool,
        goes: AtomicUsize,
        largest: AtomicUsize,
    }

    impl Doubler {
        fn new(most: usize, room: usize) -> Arc<Self> {
            Arc::new(Self {
                combiner: Combiner::new(1, most, room),
                gate: Semaphore::new(0),
                once: AtomicBool::new(false),
                goes: AtomicUsize::new(0),
                largest: AtomicUsize::new(0),
            })
        }

        async fn double(&self, job: u32) -> Result<u32, NoAnswer> {
            let work = async |jobs: Vec<u32>| {
                if let Ok(through) = self.gate.acquire().await
                    && self.once.load(Ordering::Relaxed)
                {
                    through.forget();
                }
                self.goes.fetch_add(1, Ordering::Relaxed);
                self.largest.fetch_max(jobs.len(), Ordering::Relaxed);
                jobs.into_iter().map(|n| n * 2).collect()
            };
            self.combiner.submit(job, work).await
        }

        fn open(&self) {
            self.once.store(false, Ordering::Relaxed);
            self.gate.add_permits(1);
        }

        fn open_once(&self) {
            self.once.store(true, Ordering::Relaxed);
            self.gate.add_permits(1);
        }
    }

    #[tokio::test]
    async fn everybody_gets_their_own_answer_and_few_goes_do() {
        let doubler = Doubler::new(256, 1_000);
        let all = join_all((0..100).map(|n| doubler.double(n)));
        let (answers, ()) = tokio::join!(all, async { doubler.open() });
        assert_eq!(answers, (0..100).map(|n| Ok(n * 2)).collect::<Vec<_>>());
        assert!(doubler.goes.load(Ordering::Relaxed) <= 2);
    }

    #[tokio::test]
    async fn no_go_is_larger_than_told() {
        let doubler = Doubler::new(8, 1_000);
        let all = join_all((0..100).map(|n| doubler.double(n)));
        let (answers, ()) = tokio::join!(all, async { doubler.open() });
        assert_eq!(answers.iter().filter(|a| a.is_ok()).count(), 100);
        assert_eq!(doubler.largest.load(Ordering::Relaxed), 8);
    }

    #[tokio::test]
    async fn who_finds_no_room_is_told_so_and_nothing_of_theirs_is_begun() {
        let doubler = Doubler::new(256, 3);
        let all = join_all((0..10).map(|n| doubler.double(n)));
        let (answers, ()) = tokio::join!(all, async { doubler.open() });
        let full = answers.iter().filter(|a| **a == Err(NoAnswer::Full)).count();
        let done = answers.iter().flatten().count();
        assert_eq!(full + done, 10);
        assert!(full > 0 && done >= 3, "{answers:?}");
    }

    #[tokio::test]
    async fn who_waits_is_served_by_another_when_the_one_who_worked_goes() {
        let doubler = Doubler::new(256, 1_000);
        let mut leader = Box::pin(doubler.double(1));
        let mut follower = Box::pin(doubler.double(2));
        assert!(futures::poll!(&mut leader).is_pending());
        assert!(futures::poll!(&mut follower).is_pending());
        drop(leader);
        doubler.open();
        assert_eq!(follower.await, Ok(4), "it was not in the leader's hands yet");
    }

    #[tokio::test]
    async fn whose_job_was_in_the_hands_of_one_who_goes_learns_it_and_the_next_is_served() {
        let doubler = Doubler::new(256, 1_000);
        let mut first = Box::pin(doubler.double(1));
        let mut second = Box::pin(doubler.double(2));
        let mut third = Box::pin(doubler.double(3));
        for waiting in [&mut first, &mut second, &mut third] {
            assert!(futures::poll!(waiting).is_pending());
        }
        doubler.open_once();
        assert_eq!(first.await, Ok(2));
        assert!(futures::poll!(&mut second).is_pending(), "it works on two");
        assert!(futures::poll!(&mut third).is_pending());
        drop(second);
        assert_eq!(third.await, Err(NoAnswer::BrokenOff));
        doubler.open();
        assert_eq!(doubler.double(4).await, Ok(8));
    }

    #[tokio::test]
    async fn who_goes_away_is_served_all_the_same_and_nobody_else_waits_for_them() {
        let doubler = Doubler::new(256, 1_000);
        let mut leader = Box::pin(doubler.double(1));
        assert!(futures::poll!(&mut leader).is_pending());
        let mut gone = Box::pin(doubler.double(2));
        assert!(futures::poll!(&mut gone).is_pending());
        drop(gone);
        doubler.open();
        assert_eq!(leader.await, Ok(2));
        assert_eq!(doubler.double(3).await, Ok(6));
    }

    #[tokio::test]
    async fn work_that_leaves_an_answer_out_is_no_answer_to_them() {
        let combiner: Combiner<u32, u32> = Combiner::new(1, 8, 8);
        let forgetful = async |jobs: Vec<u32>| jobs.into_iter().filter(|n| *n != 2).collect();
        assert_eq!(combiner.submit(2, forgetful).await, Err(NoAnswer::BrokenOff));
        assert_eq!(combiner.submit(3, forgetful).await, Ok(3));
    }
}
