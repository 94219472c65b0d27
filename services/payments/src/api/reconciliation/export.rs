use std::pin::Pin;
use std::task::{Context, Poll};

use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use kernel::Timestamp;
use platform::page::Page;
use platform::{Caller, Error, Platform};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::domain::statement::figures;
use crate::store::reconciliation::days::{self, Reported};
use crate::store::reconciliation::differences::{self, Difference, Filter};
use crate::{App, wire};

/// The pieces of a file.
pub struct Pieces(BoxStream<'static, Result<pb::ExportDayResponse, Error>>);

impl Stream for Pieces {
    type Item = Result<pb::ExportDayResponse, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0.poll_next_unpin(cx)
    }
}

/// Spreadsheets take a file for UTF-8 only with it.
pub const BOM: &str = "\u{feff}";

/// Streams a day: a row a studio first, then a row a difference, page by page.
#[tracing::instrument(name = "payments.export_day", skip_all, fields(day = %request.day))]
pub async fn handle(app: &App, caller: &Caller, request: pb::ExportDayRequest) -> Result<Pieces, Error> {
    let book = wire::reconciliation::book("account", request.account.as_ref())?;
    let day = wire::reconciliation::date("day", &request.day)?;
    let mut tx = app.begin(caller).await?;
    days::get(&mut tx, &book, day)
        .await?
        .ok_or_else(|| Error::not_found("day"))?;
    let totals = days::report(&mut tx, book.id, day, None, None).await?;
    drop(tx);
    let rest = Rest {
        platform: app.platform.clone(),
        caller: caller.clone(),
        filter: Filter {
            party: Some(book.party),
            account: Some(book.account),
            day: Some(day),
            ..Filter::default()
        },
        token: Some(String::new()),
    };
    let first = piece(&head(&totals));
    let rest = stream::try_unfold(rest, |mut rest| async move {
        Ok(rest.next().await?.map(|piece| (piece, rest)))
    });
    Ok(Pieces(stream::once(async move { Ok(first) }).chain(rest).boxed()))
}

struct Rest {
    platform: Platform,
    caller: Caller,
    filter: Filter,
    /// Of the next page; nothing after the last.
    token: Option<String>,
}

impl Rest {
    async fn next(&mut self) -> Result<Option<pb::ExportDayResponse>, Error> {
        let Some(token) = self.token.take() else {
            return Ok(None);
        };
        let page = Page::<(Timestamp, Uuid)>::parse(200, &token)?;
        let mut tx = self.platform.begin(&self.caller).await?;
        let rows = differences::list(&mut tx, &self.filter, &page).await?;
        let (rows, next) = page.cut(rows, |row| (row.due_at, row.id));
        self.token = (!next.is_empty()).then_some(next);
        let mut text = String::new();
        for row in &rows {
            text += &line(&difference(row)?);
        }
        Ok(Some(piece(&text)))
    }
}

fn piece(text: &str) -> pb::ExportDayResponse {
    pb::ExportDayResponse {
        content: text.as_bytes().to_vec(),
    }
}

fn head(totals: &[Reported]) -> String {
    let columns = [
        "studio",
        "legal_entity",
        "payments",
        "paid",
        "refunds",
        "refunded",
        "fees",
        "agreed",
    ];
    let mut text = BOM.to_owned() + &line(&columns.map(str::to_owned));
    for total in totals {
        text += &line(&[
            total.studio.to_string(),
            total.legal_entity.to_string(),
            total.payments.to_string(),
            kernel::yuan_text(total.paid_minor),
            total.refunds.to_string(),
            kernel::yuan_text(total.refunded_minor),
            figures::yuan_of_thousandths(total.fee_thousandths),
            total.agreed.to_string(),
        ]);
    }
    let columns = [
        "difference",
        "type",
        "number",
        "studio",
        "ours",
        "theirs",
        "owner",
        "due",
        "state",
        "resolution",
        "note",
        "remedy",
    ];
    text + "\r\n" + &line(&columns.map(str::to_owned))
}

fn difference(row: &Difference) -> Result<[String; 12], Error> {
    Ok([
        row.id.to_string(),
        row.r#type.clone(),
        row.key.clone(),
        row.studio.map(|studio| studio.to_string()).unwrap_or_default(),
        row.ours_minor.map(kernel::yuan_text).unwrap_or_default(),
        row.theirs_minor.map(kernel::yuan_text).unwrap_or_default(),
        row.owner_role.clone(),
        row.due_at.to_rfc3339(),
        row.state.clone(),
        row.resolution.clone().unwrap_or_default(),
        row.note.clone(),
        row.kind()?.terms().remedy.to_owned(),
    ])
}

pub fn line(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|field| quoted(field)).collect();
    fields.join(",") + "\r\n"
}

/// A text that a spreadsheet would take for a formula begins with an apostrophe.
fn quoted(field: &str) -> String {
    let figure = figures::scaled(field, 5).is_some();
    let guard = if !figure && field.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        "'"
    } else {
        ""
    };
    if field.contains([',', '"', '\r', '\n']) || !guard.is_empty() {
        format!("\"{guard}{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_text_to_every_spreadsheet() {
        assert_eq!(quoted("=1+1"), "\"'=1+1\"");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("-12.50"), "-12.50");
        assert_eq!(quoted("年卡"), "年卡");
    }
}
