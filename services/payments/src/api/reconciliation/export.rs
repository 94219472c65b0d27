use kernel::Timestamp;
use platform::page::Page;
use platform::{Caller, Error, Platform};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::csv::{BOM, Pieces, line};
use crate::domain::statement::figures;
use crate::store::reconciliation::days::{self, Reported};
use crate::store::reconciliation::differences::{self, Difference, Filter};
use crate::{App, wire};

/// Streams a day: a row a studio first, then a row a difference, page by page.
#[tracing::instrument(name = "payments.export_day", skip_all, fields(day = %request.day))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ExportDayRequest,
) -> Result<Pieces<pb::ExportDayResponse>, Error> {
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
    Ok(Pieces::after(first, rest, |rest| Box::pin(rest.next())))
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
