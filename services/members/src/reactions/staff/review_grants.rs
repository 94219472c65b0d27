use std::time::Duration;

use platform::{BoxFuture, Error, Settled, Task};

use crate::{App, facts, meters, store};

const DAILY: Duration = Duration::from_hours(24);
/// Named at one go; what is left comes right after.
const MOST: i64 = 200;

/// Measures how the rights stand and names the roles that nobody certified in
/// time or that nobody uses: once for each of the two. The migrations leave the
/// one task of this kind.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let (rules, now) = (&app.settings.reviews, app.clock.now());
        let mut tx = task.begin(app).await?;
        let grants = store::staff::to_name(&mut tx, rules, now, MOST).await?;
        let more = i64::try_from(grants.len()).is_ok_and(|named| named == MOST);
        for grant in grants {
            let grant = grant.named();
            store::staff::named(&mut tx, &grant, rules, now).await?;
            tx.publish(facts::review_due(&grant, rules, now)).await?;
        }

        let figures = store::staff::figures(&mut tx, None, rules, now).await?;
        meters::grants(figures.due, figures.unused, now);
        tx.again(task, if more { Duration::ZERO } else { DAILY }).await
    })
}
