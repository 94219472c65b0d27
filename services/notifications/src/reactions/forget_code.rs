//! After a one-time code was sent its readable copy is destroyed at members.

use kernel::{ChallengeId, MessageId, derived_uuid};
use platform::{BoxFuture, Error, NewTask, Settled, Task};
use proto::studio::members::v1::MarkChallengeSentRequest;

use crate::App;

pub const KIND: &str = "forget_code";

pub fn task(message: MessageId, challenge: ChallengeId) -> NewTask {
    NewTask::now(KIND, message, &challenge)
}

pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let challenge: ChallengeId = task.payload()?;
        let request = MarkChallengeSentRequest {
            request_id: derived_uuid(task.aggregate, "forget the code").to_string(),
            challenge_id: challenge.to_string(),
        };
        app.challenges
            .clone()
            .mark_challenge_sent(platform::request(request))
            .await?;
        task.begin(app).await?.done(task).await
    })
}
