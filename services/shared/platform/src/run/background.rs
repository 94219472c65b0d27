use std::future::Future;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Runs something beside everything else that ends by itself or with the process.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that starts work which no drain waits for"
)]
pub(crate) fn background<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(work)
}

/// Work that goes on until the process is told to stop.
#[derive(Clone, Default)]
pub(super) struct Loops {
    tracker: TaskTracker,
    pub(super) stop: CancellationToken,
}

impl Loops {
    /// Runs `work` until it ends or a stop cuts it. What it does must survive
    /// being cut anywhere: transactions roll back, leases run out.
    pub(super) fn cut(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            tokio::select! {
                () = stop.cancelled() => {}
                () = work => {}
            }
        });
    }

    /// Runs `work`, which is told to stop and ends by itself.
    pub(super) fn ask(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.tracker.spawn(work);
    }

    /// Stops all of it, and waits until it has.
    pub(super) async fn end(&self) {
        self.stop.cancel();
        self.tracker.close();
        self.tracker.wait().await;
    }
}
