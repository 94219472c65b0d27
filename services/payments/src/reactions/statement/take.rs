use std::io::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use flate2::Compression;
use flate2::write::GzEncoder;
use platform::{Error, Settled, SystemTx};

use super::fetch::Fetching;
use crate::channel::Bill;
use crate::domain::reconciliation::difference::{Finding, Type};
use crate::domain::reconciliation::{fresh_statement, key_of};
use crate::domain::statement::{self, Layout, Line, Unreadable};
use crate::reactions::reconciliation::note_on;
use crate::store::statement::{Arrival, State, Statement};
use crate::{meters, store};

/// Of the file, before it is compressed and sealed.
const PART_BYTES: usize = 256 * 1024;
/// Lines that are kept by one transaction.
const BATCH: usize = 2_000;

/// The column of the vault that holds files.
pub const COLUMN: &str = "statement_parts.bytes";

/// Takes a bill: the file itself first, then its lines in batches, each noted, so
/// that a crash goes on where it was. Only at the end, when its totals held, the
/// bill counts.
pub async fn run(fetching: &Fetching<'_>, bill: &Bill) -> Result<Settled, Error> {
    let (app, task) = (fetching.app, fetching.task);
    let mut tx = task.begin(app).await?;
    let (statement, new) = arrive(fetching, &mut tx, bill).await?;
    if let Some(other) =
        store::statement::taken(&mut tx, fetching.book, fetching.kind, fetching.wanted.day).await?
        && other != statement.id
    {
        return contradicted(fetching, tx, statement).await;
    }
    match statement.state {
        State::Reading => {}
        State::Taken | State::Refused => return tx.done(task).await,
        State::Unreadable => {
            drop(tx);
            return fetching
                .later("it came again as it was, and cannot be read")
                .await;
        }
    }
    tx.keep(task).await?;
    if new {
        tracing::info!(statement.id = %statement.id, bytes = bill.bytes.len(), "a bill came");
    }
    keep_file(fetching, statement, &bill.bytes).await?;
    match keep_lines(fetching, statement, &bill.bytes).await? {
        Ok(()) => fetching.taken(task.begin(app).await?, statement.id).await,
        Err(why) => unreadable(fetching, statement, &why).await,
    }
}

/// Keeps that a file came.
pub async fn arrive(
    fetching: &Fetching<'_>,
    tx: &mut SystemTx,
    bill: &Bill,
) -> Result<(Statement, bool), Error> {
    store::statement::keep_book(tx, fetching.book).await?;
    let digest = digest(&SHA256, &bill.bytes);
    let arrival = Arrival {
        id: fresh_statement(),
        book: fetching.book,
        kind: fetching.kind,
        day: fetching.wanted.day,
        first_day: fetching.wanted.day,
        digest: digest.as_ref(),
        stated_digest: &bill.stated_digest,
        size_bytes: i64::try_from(bill.bytes.len()).unwrap_or(i64::MAX),
        maker: None,
        fetched_at: fetching.app.clock.now(),
    };
    store::statement::arrive(tx, &arrival).await
}

async fn keep_file(fetching: &Fetching<'_>, statement: Statement, bytes: &[u8]) -> Result<(), Error> {
    for (part, piece) in (0..).zip(bytes.chunks(PART_BYTES)) {
        let mut tx = fetching.task.begin(fetching.app).await?;
        keep_part(fetching.app, &mut tx, statement.id, part, piece).await?;
        tx.keep(fetching.task).await?;
        fetching.task.hold(fetching.app).await?;
    }
    Ok(())
}

/// Compresses, seals and keeps one piece.
pub async fn keep_part(
    app: &crate::App,
    tx: &mut sqlx::PgConnection,
    id: uuid::Uuid,
    part: i32,
    piece: &[u8],
) -> Result<(), Error> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let packed = packed
        .write_all(piece)
        .and_then(|()| packed.finish())
        .map_err(|e| Error::Internal(format!("a file cannot be compressed: {e}")))?;
    let sealed = app.vault().seal_bytes(tx, key_of(id), COLUMN, &packed).await?;
    store::statement::keep_part(tx, id, part, &sealed).await
}

/// Keeps the lines; `Err` inside when the file is not as it promises.
async fn keep_lines(
    fetching: &Fetching<'_>,
    statement: Statement,
    bytes: &[u8],
) -> Result<Result<(), Unreadable>, Error> {
    let layout = Layout::of(fetching.book.party, fetching.kind)
        .ok_or_else(|| Error::Internal("a file of no layout that is read here".to_owned()))?;
    let mut lines = statement::read(layout, bytes);
    let mut read = 0_i32;
    loop {
        let batch: Result<Vec<Line>, Unreadable> = lines.by_ref().take(BATCH).collect();
        let batch = match batch {
            Ok(batch) if batch.is_empty() => return Ok(Ok(())),
            Ok(batch) => batch,
            Err(why) => return Ok(Err(why)),
        };
        read = read.saturating_add(i32::try_from(batch.len()).unwrap_or(i32::MAX));
        if read > statement.lines_read {
            keep_batch(fetching, statement, &batch, read).await?;
        }
    }
}

async fn keep_batch(
    fetching: &Fetching<'_>,
    statement: Statement,
    batch: &[Line],
    read: i32,
) -> Result<(), Error> {
    let mut tx = fetching.task.begin(fetching.app).await?;
    let (book, kind, day) = (fetching.book, fetching.kind, fetching.wanted.day);
    store::statement::keep_lines(&mut tx, statement.id, book, kind, day, batch).await?;
    store::statement::note_progress(&mut tx, statement.id, read).await?;
    tx.keep(fetching.task).await?;
    fetching.task.hold(fetching.app).await
}

async fn unreadable(
    fetching: &Fetching<'_>,
    statement: Statement,
    why: &Unreadable,
) -> Result<Settled, Error> {
    let mut tx = fetching.task.begin(fetching.app).await?;
    store::statement::end(&mut tx, statement.id, State::Unreadable, &why.to_string()).await?;
    tx.keep(fetching.task).await?;
    meters::bill_unreadable(fetching.book.party.word());
    tracing::error!(statement.id = %statement.id, %why, "a bill cannot be read");
    fetching.later(&why.to_string()).await
}

/// A second bill of the day with another content: the first counts, and a person
/// asks the channel which holds.
async fn contradicted(
    fetching: &Fetching<'_>,
    mut tx: SystemTx,
    statement: Statement,
) -> Result<Settled, Error> {
    if statement.state == State::Reading {
        store::statement::end(
            &mut tx,
            statement.id,
            State::Refused,
            "another bill of the day counts",
        )
        .await?;
        let finding = Finding {
            kind: Type::ChangedFile,
            key: statement.id.to_string(),
            line: None,
            ours: None,
            ours_minor: None,
            theirs_minor: None,
        };
        meters::bill_unreadable(fetching.book.party.word());
        note_on(
            fetching.app,
            &mut tx,
            fetching.book,
            fetching.wanted.day,
            &finding,
        )
        .await?;
    }
    tx.done(fetching.task).await
}
