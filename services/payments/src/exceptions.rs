//! Where cases of members' money begin, and where the channel's proof ends them.
//! Whoever notices, there is one case of an attempt; its row is locked after the
//! attempt's.

use kernel::{AttemptId, PersonId};
use platform::{Error, NewTask, SystemTx};
use sqlx::PgConnection;

use crate::domain::attempt::Attempt;
use crate::domain::exception::advice::advise;
use crate::domain::exception::{EntryKind, Exception, Kind, Noticed, Origin, Remedy, Step};
use crate::domain::isolated::IsolatedMoney;
use crate::reactions::kinds;
use crate::store::exception::entries::{Entry, TEXT};
use crate::{App, facts, meters, store};

/// What members read when nobody had to decide.
mod words {
    pub const WENT_BACK: &str = "这笔款项无法入账，已按原路退回，无需您操作。";
    pub const CREDITED: &str = "支付已到账，您的订单已更新。";
    pub const NOTHING_CAME: &str = "这笔支付没有成功，未产生扣款。";
}

/// Writes a step down: the words are sealed, none are kept of an empty text.
pub async fn write(
    app: &App,
    tx: &mut PgConnection,
    case: &Exception,
    kind: EntryKind,
    (author, words): (Option<PersonId>, &str),
) -> Result<(), Error> {
    let text = app.vault().seal_words(tx, case.person_id, TEXT, words).await?;
    let entry = Entry {
        kind,
        author,
        text,
        at: app.clock.now(),
    };
    store::exception::entries::add(tx, case, &entry).await
}

/// An attempt's case, and whether it is new.
pub enum Case {
    /// Whoever asked publishes it and leaves its timer.
    Fresh(Exception),
    /// As it stands, its row held, and what all that is known says now.
    Kept { case: Exception, advised: Remedy },
}

/// Opens the case of an attempt, unless it has one.
pub async fn open(
    app: &App,
    tx: &mut PgConnection,
    attempt: &Attempt,
    noticed: Noticed,
    words: &str,
) -> Result<Case, Error> {
    let window = app.config.exceptions.twin_window();
    let known = store::exception::known::of(tx, attempt, window).await?;
    let advised = advise(noticed.kind, known);
    let case = Exception::open(attempt, noticed, advised);
    if store::exception::insert(tx, &case).await? {
        write(app, tx, &case, EntryKind::Opened, (noticed.by, words)).await?;
        meters::exception(case.kind.word());
        return Ok(Case::Fresh(case));
    }
    let kept = store::exception::lock(tx, case.id).await?;
    kept.map(|case| Case::Kept { case, advised })
        .ok_or_else(|| platform::inconsistent("exceptions", "an attempt's case vanished"))
}

/// The timer of a case that was opened or reopened.
pub fn timer(case: &Exception) -> NewTask {
    NewTask::at(kinds::WATCH_EXCEPTION, case.id, case.due_at, &())
}

/// The system noticed something about an attempt. What it only waits for, an
/// attempt that stays unknown, begins no answered case anew.
pub async fn notice(
    app: &App,
    tx: &mut SystemTx,
    attempt: &Attempt,
    kind: Kind,
    origin: Origin,
) -> Result<(), Error> {
    let now = app.clock.now();
    let noticed = Noticed {
        kind,
        origin,
        by: None,
        at: now,
        due_at: app.config.exceptions.due_at(kind, now),
    };
    let (kept, advised) = match open(app, tx, attempt, noticed, "").await? {
        Case::Fresh(case) => return begun(tx, &case).await,
        Case::Kept { .. } if origin == Origin::UnknownAttempt => return Ok(()),
        Case::Kept { case, advised } => (case, advised),
    };
    let case = kept.noticed(advised, noticed);
    store::exception::save(tx, &case).await?;
    write(app, tx, &case, EntryKind::Noticed, (None, "")).await?;
    if case.reopened == kept.reopened {
        return Ok(());
    }
    meters::exception(case.kind.word());
    begun(tx, &case).await
}

async fn begun(tx: &mut SystemTx, case: &Exception) -> Result<(), Error> {
    tracing::warn!(exception.id = %case.id, attempt.id = %case.attempt_id, kind = case.kind.word(), origin = case.origin.word(), "money of a member's may have gone wrong");
    tx.publish(facts::exception_opened(case)).await?;
    tx.task(timer(case)).await
}

/// Isolated money went back: that is the remedy, and the answer.
pub async fn returned(app: &App, tx: &mut SystemTx, money: &IsolatedMoney) -> Result<(), Error> {
    prove(
        app,
        tx,
        money.attempt_id,
        Remedy::SendBack,
        words::WENT_BACK,
        |_| true,
    )
    .await
}

/// The attempt's money was booked after all.
pub async fn credited(app: &App, tx: &mut SystemTx, attempt: AttemptId) -> Result<(), Error> {
    let missing = |case: &Exception| case.kind == Kind::PaidNotCredited;
    prove(app, tx, attempt, Remedy::Credit, words::CREDITED, missing).await
}

/// The attempt ended without money. Who says otherwise is answered by a person.
pub async fn nothing_came(app: &App, tx: &mut SystemTx, attempt: AttemptId) -> Result<(), Error> {
    let waited = |case: &Exception| case.origin == Origin::UnknownAttempt;
    prove(app, tx, attempt, Remedy::Explain, words::NOTHING_CAME, waited).await
}

/// Ends the case of an attempt by the channel's proof, if it has one that is
/// under way and that the proof answers.
async fn prove(
    app: &App,
    tx: &mut SystemTx,
    attempt: AttemptId,
    remedy: Remedy,
    answer: &str,
    answers: impl Fn(&Exception) -> bool,
) -> Result<(), Error> {
    let kept = store::exception::lock(tx, Exception::id_of(attempt)).await?;
    let Some(case) = kept.filter(|case| !case.state.is_answered() && answers(case)) else {
        return Ok(());
    };
    let case = case.take(Step::Prove { remedy }, app.clock.now())?;
    store::exception::save(tx, &case).await?;
    write(app, tx, &case, EntryKind::Answered, (None, answer)).await?;
    tx.publish(facts::exception_answered(&case)).await
}
