use aws_lc_rs::digest::{SHA256, digest};
use kernel::{BadField, Invalid, PersonId};
use platform::import::RowErrors;
use platform::{Caller, Claim, Error, NewTask, Refused, WriteTx};
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::ErrorReason;
use tonic::Code;

use crate::config::Bank;
use crate::domain::Refusal;
use crate::domain::reconciliation::{Book, fresh_statement};
use crate::domain::statement::{Kind, Line, Party, bank, figures};
use crate::reactions::kinds;
use crate::reactions::statement::keep_part;
use crate::store::reconciliation::days;
use crate::store::statement::{self, Arrival, State};
use crate::{App, facts};

/// Bad lines that an answer names.
const MOST_NAMED: usize = 20;
/// Of the file, before it is compressed and sealed.
const PART_BYTES: usize = 256 * 1024;

/// Takes a bank's statement in.
#[tracing::instrument(name = "payments.import_bank_statement", skip_all, fields(account = %request.account))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ImportBankStatementRequest,
) -> Result<pb::ImportBankStatementResponse, Error> {
    let bank = app
        .config
        .banks
        .get(&request.account)
        .ok_or(Refusal::NoBankAccount)?;
    let by = caller.require_person()?;
    if digest(&SHA256, &request.content).as_ref() != request.digest {
        return Err(Invalid(vec![BadField::new("digest", "must be that of the content")]).into());
    }
    let lines = bank::read(&request.content, &bank.headings).map_err(|errors| unreadable(&errors))?;
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let reply = Import {
        app,
        bank,
        book: Book::of(Party::Bank, &request.account),
        by,
        lines: &lines,
    }
    .take(&mut tx, &request)
    .await?;
    tx.commit(reply).await
}

struct Import<'a> {
    app: &'a App,
    bank: &'a Bank,
    book: Book,
    by: PersonId,
    lines: &'a [Line],
}

impl Import<'_> {
    async fn take(
        &self,
        tx: &mut WriteTx,
        request: &pb::ImportBankStatementRequest,
    ) -> Result<pb::ImportBankStatementResponse, Error> {
        let (Some(first), Some(last)) = (self.lines.first(), self.lines.last()) else {
            return Err(refused("the file has no line"));
        };
        let (first_day, day) = (figures::day(first.at), figures::day(last.at));
        statement::keep_book(tx, &self.book).await?;
        let arrival = Arrival {
            id: fresh_statement(),
            book: &self.book,
            kind: Kind::Bank,
            day,
            first_day,
            digest: &request.digest,
            stated_digest: "",
            size_bytes: i64::try_from(request.content.len()).unwrap_or(i64::MAX),
            maker: Some(self.by),
            fetched_at: self.app.clock.now(),
        };
        let (kept, fresh) = statement::arrive(tx, &arrival).await?;
        let mut reply = pb::ImportBankStatementResponse {
            statement_id: kept.id.to_string(),
            lines: i32::try_from(self.lines.len()).unwrap_or(i32::MAX),
            taken: 0,
            fresh,
        };
        if fresh {
            self.keep_file(tx, kept.id, &request.content).await?;
            let taken = self.keep_lines(tx, kept.id, (first_day, day)).await?;
            reply.taken = i32::try_from(taken).unwrap_or(i32::MAX);
            self.tell(tx, kept.id, last).await?;
        }
        Ok(reply)
    }

    async fn keep_file(&self, tx: &mut WriteTx, id: uuid::Uuid, content: &[u8]) -> Result<(), Error> {
        for (part, piece) in (0..).zip(content.chunks(PART_BYTES)) {
            keep_part(self.app, tx, id, part, piece).await?;
        }
        Ok(())
    }

    async fn keep_lines(
        &self,
        tx: &mut WriteTx,
        id: uuid::Uuid,
        (first, last): (chrono::NaiveDate, chrono::NaiveDate),
    ) -> Result<u64, Error> {
        let now = self.app.clock.now();
        for day in first.iter_days().take_while(|day| *day <= last) {
            days::insert(tx, self.book.id, day, now).await?;
        }
        let taken = statement::keep_lines(tx, id, &self.book, Kind::Bank, last, self.lines).await?;
        if statement::contradicts(tx, &self.book, self.lines).await? {
            return Err(refused(
                "a line came before with another amount under the same serial number",
            ));
        }
        if statement::on_closed_day(tx, id).await? {
            return Err(Refusal::DayState { state: "closed" }.into());
        }
        statement::end(tx, id, State::Taken, "").await?;
        Ok(taken)
    }

    async fn tell(&self, tx: &mut WriteTx, id: uuid::Uuid, last: &Line) -> Result<(), Error> {
        if let Some(balance) = last.balance_minor {
            tracing::debug!(legal_entity.id = %self.bank.legal_entity_id, "a balance was seen");
            tx.publish(facts::bank_balance_seen(
                self.app, id, &self.book, balance, last.at,
            ))
            .await?;
        }
        let settle = NewTask::now(kinds::SETTLE, uuid::Uuid::nil(), &());
        tx.task(settle.lane("reconciliation")).await
    }
}

fn refused(what: &str) -> Error {
    Refused::new(Code::InvalidArgument, ErrorReason::StatementUnreadable, what).into()
}

/// Names the first of the bad lines.
fn unreadable(errors: &RowErrors) -> Error {
    let mut refused = Refused::new(
        Code::InvalidArgument,
        ErrorReason::StatementUnreadable,
        "lines of the statement cannot be read",
    )
    .with("bad_lines", errors.len());
    for error in errors.iter().take(MOST_NAMED) {
        refused = refused.with(
            &format!("line {}", error.line),
            format!("{} {}", error.field, error.description),
        );
    }
    refused.into()
}
