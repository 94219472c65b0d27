use std::time::Duration;

use chrono::{Days, TimeDelta};
use platform::{BoxFuture, Error, NewTask, Settled, Task};

use super::Wanted;
use super::fetch::KEPT_DAYS;
use crate::domain::statement::{Kind, figures};
use crate::reactions::kinds;
use crate::store::reconciliation::days;
use crate::{App, meters, store};

/// So many days are asked for anew each time.
const BACK: u64 = 3;

/// Every day, once the channels have made the bills of the day before: leaves a
/// task for each, those of days on which nobody looked among them, and looks
/// what else waits.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let (now, terms) = (app.clock.now(), &app.config.statements);
        let today = figures::day(now);
        let mut tx = task.begin(app).await?;
        for book in app.merchants.books() {
            let reached = store::statement::reached(&mut tx, &book).await?;
            let first = reached.map_or(today, |day| day.max(today - TimeDelta::days(KEPT_DAYS)));
            for day in first
                .min(today - Days::new(BACK))
                .iter_days()
                .take_while(|day| *day < today)
            {
                let due = terms.fetched_at(day);
                for kind in [Kind::Trades, Kind::Funds] {
                    let name = format!("{} {} {} {day}", book.party.word(), book.account, kind.word());
                    let wanted = Wanted::bill(&book, day, kind);
                    let fetch = NewTask::at(kinds::FETCH_BILL, book.day_id(day), due, &wanted);
                    tx.task(fetch.lane(&name).once(format!("bill {name}"))).await?;
                }
            }
        }
        tx.task(NewTask::now(kinds::SETTLE, uuid::Uuid::nil(), &()).lane("reconciliation"))
            .await?;
        meters::differences_overdue(store::reconciliation::differences::overdue(&mut tx, now).await?);
        meters::days_overdue(days::overdue(&mut tx, terms.closed_before(now)).await?);
        meters::suspense_overdue(store::suspense::overdue(&mut tx, now).await?);
        meters::counter_codes_overdue(store::counter_code::overdue(&mut tx, now).await?);
        meters::credentials_overdue(store::credential::overdue(&mut tx, now).await?);
        let next = terms.fetched_at(if now < terms.fetched_at(today - Days::new(1)) {
            today - Days::new(1)
        } else {
            today
        });
        let pause = (next - now).to_std().unwrap_or(Duration::from_mins(1));
        tx.again(task, pause).await
    })
}
