//! What an error of another service means for money.

use std::time::Duration;

use platform::{Error, Settled, Task};

use crate::App;

/// Failures after which a task stops counting and goes on asking.
const PATIENCE: i32 = 8;
const ASK_AGAIN: Duration = Duration::from_mins(1);

/// The reason of a definite no. None for everything else: a timeout, a broken
/// line, a wrong token, an answer that does not say why. Then the outcome is
/// unknown, and only asking again tells.
pub fn definite_no(error: &Error) -> Option<String> {
    let Error::Peer(status) = error else { return None };
    let can_be_no = matches!(
        status.code(),
        tonic::Code::InvalidArgument
            | tonic::Code::NotFound
            | tonic::Code::AlreadyExists
            | tonic::Code::FailedPrecondition
            | tonic::Code::OutOfRange
    );
    error
        .reason()
        .filter(|reason| can_be_no && reason != "IDEMPOTENCY_KEY_REUSED" && !reason.is_empty())
}

/// Asks again later without end: a step that moves money never gives up while
/// its outcome is unknown.
pub async fn ask_again(app: &App, task: &Task, error: Error) -> Result<Settled, Error> {
    if task.attempt < PATIENCE {
        return Err(error);
    }
    tracing::warn!(
        error = platform::telemetry::chain(&error),
        "the outcome is still unknown; asking again"
    );
    task.begin(app).await?.again(task, ASK_AGAIN).await
}
