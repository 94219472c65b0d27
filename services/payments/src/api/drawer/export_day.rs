use kernel::StudioId;
use platform::{Caller, Error};
use proto::studio::payments::v1 as pb;

use crate::csv::{BOM, line};
use crate::domain::drawer::State;
use crate::store::drawer::day::{self, Line, Reported};
use crate::{App, wire};

/// Answers a studio's day as a file: a row a drawer that is counted, then a row a
/// thing that went through them. What a drawer that is still open holds is not
/// told, so its cash is left out.
#[tracing::instrument(name = "payments.export_drawer_day", skip_all, fields(studio.id = %request.studio_id, day = %request.day))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ExportDrawerDayRequest,
) -> Result<pb::ExportDrawerDayResponse, Error> {
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let date = wire::reconciliation::date("day", &request.day)?;
    let mut tx = app.begin(caller).await?;
    day::get(&mut tx, studio, date)
        .await?
        .ok_or_else(|| Error::not_found("day"))?;
    let drawers = day::drawers(&mut tx, studio, date).await?;
    let lines = day::lines(&mut tx, studio, date).await?;
    let content = summary(&drawers) + "\r\n" + &details(&lines);
    Ok(pb::ExportDrawerDayResponse {
        content: content.into_bytes(),
    })
}

const DRAWERS: [&str; 13] = [
    "drawer",
    "held_by",
    "opening",
    "cash_taken",
    "card_taken",
    "paid_in",
    "paid_out",
    "cash_refunded",
    "card_refunded",
    "expected",
    "counted",
    "difference",
    "reason",
];

fn summary(drawers: &[Reported]) -> String {
    let mut text = BOM.to_owned() + &line(&DRAWERS.map(str::to_owned));
    for reported in drawers {
        text += &line(&row(reported));
    }
    text
}

fn row(reported: &Reported) -> [String; 13] {
    let shown = wire::drawer::report(reported);
    let (drawer, totals) = (&reported.drawer, shown.totals.unwrap_or_default());
    let yuan = kernel::yuan_text;
    let (expected, counted, difference, reason) = match &drawer.state {
        State::Open => Default::default(),
        State::Counted { counted, reason, .. } => (
            yuan(drawer.cash.minor()),
            yuan(counted.minor()),
            yuan(counted.minor() - drawer.cash.minor()),
            reason.clone(),
        ),
    };
    [
        drawer.id.to_string(),
        drawer.held_by.to_string(),
        yuan(drawer.opening.minor()),
        yuan(totals.cash_taken_minor),
        yuan(totals.card_taken_minor),
        yuan(totals.paid_in_minor),
        yuan(totals.paid_out_minor),
        yuan(totals.cash_refunded_minor),
        yuan(totals.card_refunded_minor),
        expected,
        counted,
        difference,
        reason,
    ]
}

const LINES: [&str; 10] = [
    "at", "drawer", "held_by", "what", "amount", "receipt", "refund", "terminal", "slip", "reason",
];

fn details(lines: &[Line]) -> String {
    let mut text = line(&LINES.map(str::to_owned));
    for entry in lines {
        text += &line(&[
            entry.at.to_rfc3339(),
            entry.drawer.to_string(),
            entry.held_by.to_string(),
            entry.kind.clone(),
            kernel::yuan_text(entry.amount_minor),
            entry.receipt.clone(),
            entry.refund.clone(),
            entry.terminal.clone(),
            entry.slip.clone(),
            entry.reason.clone(),
        ]);
    }
    text
}
