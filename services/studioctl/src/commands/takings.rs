//! What was taken and sent back, for finance.

use comfy_table::Table;
use proto::studio::payments::v1 as pb;
use tokio_stream::StreamExt as _;

use super::{Desk, save, studio};
use crate::cli::{Period, Takings};
use crate::failure::Failure;
use crate::house::House;
use crate::output::{table, word, yuan};

/// Who sees the money of all studios.
const SUPERVISOR: &str = "finance-supervisor";
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Takings) -> Result<(), Failure> {
    let house = desk.enter(SUPERVISOR).await?;
    match command {
        Takings::List { period } => {
            let (from_day, to_day, studio_id) = told(&house, period).await?;
            let request = pb::ListTakingsRequest {
                from_day,
                to_day,
                studio_id,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListTakingsRequest>(&reply, |r| shown(&r.takings))
        }
        Takings::Export { period, to } => {
            let (from_day, to_day, studio_id) = told(&house, period).await?;
            let request = pb::ExportPaymentsRequest {
                from_day,
                to_day,
                studio_id,
                ..Default::default()
            };
            let pieces = house.watch(request).await?;
            save(pieces.map(|piece| piece.map(|p| p.content)), to.as_deref()).await
        }
    }
}

async fn told(house: &House, period: Period) -> Result<(String, String, String), Failure> {
    let studio_id = match period.studio {
        Some(code) => studio(house, &code).await?,
        None => String::new(),
    };
    let until = period.until.unwrap_or_else(|| period.from.clone());
    Ok((period.from, until, studio_id))
}

fn shown(takings: &[pb::Takings]) -> Table {
    let mut rows = table([
        "day", "studio", "method", "payments", "paid", "refunds", "refunded", "isolated", "returned", "net",
    ]);
    for row in takings {
        rows.add_row([
            row.day.clone(),
            row.studio_id.clone(),
            word(row.method().as_str_name(), "METHOD_"),
            row.payments.to_string(),
            yuan(row.paid.as_ref()),
            row.refunds.to_string(),
            yuan(row.refunded.as_ref()),
            yuan(row.isolated.as_ref()),
            yuan(row.isolated_returned.as_ref()),
            format!("¥{}", kernel::yuan_text(row.net_minor)),
        ]);
    }
    rows
}
