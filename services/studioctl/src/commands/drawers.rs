//! Cash and cards at a studio's desk, and the day that a second person confirms.

use std::io::Write as _;

use proto::studio::payments::v1 as pb;

use super::{Desk, held, money, studio as studio_of};
use crate::cli::{Drawers, Found};
use crate::failure::Failure;
use crate::house::request_id;
use crate::output::{facts, table, word, yuan};

/// Who takes money.
const DESK: &str = "front-desk";
/// Who confirms and reads.
const STAFF: &str = "finance-staff";

pub async fn run(desk: &Desk, command: Drawers) -> Result<(), Failure> {
    match command {
        Drawers::Open { studio, opening } => {
            let house = desk.enter(DESK).await?;
            let request = pb::OpenDrawerRequest {
                request_id: request_id(),
                studio_id: studio_of(&house, &studio).await?,
                opening: Some(money(&opening)?),
            };
            show(house.ask(request).await?.drawer)
        }
        Drawers::Take {
            drawer_id,
            intent_id,
            cash,
            card,
        } => {
            let request = pb::TakeMoneyRequest {
                request_id: request_id(),
                drawer_id,
                intent_id,
                tendered: cash.as_deref().map(money).transpose()?,
                card: card.into_wire(),
            };
            take(desk, request).await
        }
        Drawers::In {
            drawer_id,
            yuan,
            reason,
        } => move_cash(desk, drawer_id, pb::CashDirection::In, &yuan, reason).await,
        Drawers::Out {
            drawer_id,
            yuan,
            reason,
        } => move_cash(desk, drawer_id, pb::CashDirection::Out, &yuan, reason).await,
        Drawers::Refund {
            drawer_id,
            leg_id,
            card,
        } => {
            let request = pb::PayRefundRequest {
                request_id: request_id(),
                drawer_id,
                leg_id,
                card: card.into_wire(),
            };
            let refund = held(desk.enter(DESK).await?.ask(request).await?.refund, "refund")?;
            eprintln!("{} went back", yuan(refund.amount.as_ref()));
            Ok(())
        }
        Drawers::Count {
            drawer_id,
            pieces,
            reason,
        } => {
            let request = pb::CountDrawerRequest {
                request_id: request_id(),
                drawer_id,
                pieces: pieces.into_iter().map(|Found(pieces)| pieces).collect(),
                reason,
            };
            show(desk.enter(DESK).await?.ask(request).await?.drawer)
        }
        days => day(desk, days).await,
    }
}

async fn day(desk: &Desk, command: Drawers) -> Result<(), Failure> {
    let house = desk.enter(STAFF).await?;
    match command {
        Drawers::Confirm { studio, day, note } => {
            let request = pb::ConfirmDrawerDayRequest {
                request_id: request_id(),
                studio_id: studio_of(&house, &studio).await?,
                day,
                note,
            };
            house.ask(request).await?;
            eprintln!("it is confirmed");
        }
        Drawers::Day { studio, day } => {
            let studio_id = studio_of(&house, &studio).await?;
            let reply = house.ask(pb::GetDrawerDayRequest { studio_id, day }).await?;
            return desk.output.reply::<pb::GetDrawerDayRequest>(&reply, drawers);
        }
        Drawers::Export { studio, day, to } => {
            let studio_id = studio_of(&house, &studio).await?;
            let reply = house.ask(pb::ExportDrawerDayRequest { studio_id, day }).await?;
            match to {
                Some(path) => std::fs::write(path, reply.content)?,
                None => std::io::stdout().write_all(&reply.content)?,
            }
        }
        _ => {}
    }
    Ok(())
}

async fn take(desk: &Desk, request: pb::TakeMoneyRequest) -> Result<(), Failure> {
    let reply = desk.enter(DESK).await?.ask(request).await?;
    let attempt = held(reply.attempt, "attempt")?;
    if attempt.state() != pb::AttemptState::Paid {
        return Err(Failure::new("a payment at a channel is being taken back first")
            .hint("take it again in a moment"));
    }
    let back = reply.change.filter(|money| money.minor > 0);
    eprintln!(
        "{} is paid{}",
        yuan(attempt.amount.as_ref()),
        back.map_or_else(String::new, |money| format!("; give {} back", yuan(Some(&money))))
    );
    Ok(())
}

async fn move_cash(
    desk: &Desk,
    drawer_id: String,
    direction: pb::CashDirection,
    yuan: &str,
    reason: String,
) -> Result<(), Failure> {
    let request = pb::MoveCashRequest {
        request_id: request_id(),
        drawer_id,
        direction: direction.into(),
        amount: Some(money(yuan)?),
        reason,
    };
    show(desk.enter(DESK).await?.ask(request).await?.drawer)
}

fn show(drawer: Option<pb::Drawer>) -> Result<(), Failure> {
    let drawer = held(drawer, "drawer")?;
    let table = facts([
        ("drawer", drawer.drawer_id.clone()),
        ("day", drawer.day.clone()),
        ("state", word(drawer.state().as_str_name(), "DRAWER_STATE_")),
        ("opening", yuan(drawer.opening.as_ref())),
        ("expected", yuan(drawer.expected.as_ref())),
        ("counted", yuan(drawer.counted.as_ref())),
        ("reason", drawer.reason.clone()),
    ]);
    crate::output::line(&crate::output::filled(&table));
    Ok(())
}

fn drawers(reply: &pb::GetDrawerDayResponse) -> comfy_table::Table {
    let mut rows = table([
        "drawer", "held by", "state", "cash", "cards", "expected", "counted", "reason",
    ]);
    for report in &reply.drawers {
        let (Some(drawer), Some(totals)) = (&report.drawer, &report.totals) else {
            continue;
        };
        rows.add_row([
            drawer.drawer_id.clone(),
            drawer.held_by.clone(),
            word(drawer.state().as_str_name(), "DRAWER_STATE_"),
            kernel::yuan_text(totals.cash_taken_minor),
            kernel::yuan_text(totals.card_taken_minor),
            yuan(drawer.expected.as_ref()),
            yuan(drawer.counted.as_ref()),
            drawer.reason.clone(),
        ]);
    }
    rows
}
