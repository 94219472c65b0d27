use chrono::NaiveDate;
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;
use uuid::Uuid;

use crate::api::given;
use crate::domain::statement::Party;
use crate::store::reconciliation::days::{self, Filter};
use crate::{App, wire};

/// Answers days of accounts.
#[tracing::instrument(name = "payments.list_days", skip_all)]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListDaysRequest,
) -> Result<pb::ListDaysResponse, Error> {
    let page = Page::<(NaiveDate, Uuid)>::parse(request.page_size, &request.page_token)?;
    let filter = Filter {
        party: Party::asked(request.party()),
        account: given(&request.account, |text| Ok(text.to_owned()))?,
        from: given(&request.from_day, |text| {
            wire::reconciliation::date("from_day", text)
        })?,
        to: given(&request.to_day, |text| wire::reconciliation::date("to_day", text))?,
        not_closed: request.not_closed,
        overdue_before: request
            .overdue
            .then(|| app.config.statements.closed_before(app.clock.now())),
    };
    let mut tx = app.begin(caller).await?;
    let rows = days::list(&mut tx, &filter, &page).await?;
    let (rows, next_page_token) = page.cut(rows, |row| (row.day, row.book_id));
    let shown: Result<Vec<_>, Error> = rows.iter().map(wire::reconciliation::day).collect();
    Ok(pb::ListDaysResponse {
        days: shown?,
        next_page_token,
    })
}
