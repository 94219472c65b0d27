use kernel::ExceptionId;
use platform::{BoxFuture, Error, Settled, Task};

use crate::domain::exception::EntryKind;
use crate::{App, exceptions, facts, meters, store};

/// When the time for an answer is over: tells whose it is, once.
pub fn watch<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let mut tx = task.begin(app).await?;
        let case = store::exception::lock(&mut tx, ExceptionId(task.aggregate))
            .await?
            .ok_or_else(|| Error::not_found("exception"))?;
        let Some(late) = case.overdue(app.clock.now()) else {
            return tx.done(task).await;
        };
        store::exception::save(&mut tx, &late).await?;
        exceptions::write(app, &mut tx, &late, EntryKind::Overdue, (None, "")).await?;
        tx.publish(facts::exception_overdue(&late)).await?;
        tracing::error!(exception.id = %late.id, "a member has no answer in time");
        meters::exception_overdue(late.kind.word());
        tx.done(task).await
    })
}
