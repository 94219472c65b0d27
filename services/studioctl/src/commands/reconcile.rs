//! Finance's desk: bills held against ours, what differs, and closing a day.

use std::path::Path;

use aws_lc_rs::digest::{SHA256, digest};
use comfy_table::Table;
use proto::studio::payments::v1 as pb;

use tokio_stream::StreamExt as _;

use super::{Desk, save, unwritten};
use crate::cli::{AccountName, Reconcile};
use crate::failure::Failure;
use crate::house::request_id;
use crate::output::{table, time, word, yuan};

/// Who goes through bills.
const STAFF: &str = "finance-staff";
/// Who has the last word on them.
const SUPERVISOR: &str = "finance-supervisor";
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Reconcile) -> Result<(), Failure> {
    match command {
        Reconcile::Days {
            account,
            open,
            overdue,
        } => {
            let (party, account) = of(account);
            let request = pb::ListDaysRequest {
                party: party.into(),
                account,
                not_closed: open,
                overdue,
                page_size: PAGE,
                ..Default::default()
            };
            days(desk, request).await
        }
        Reconcile::Report { account, day } => report(desk, account.into(), day).await,
        Reconcile::Export { account, day, to } => export(desk, account.into(), day, to.as_deref()).await,
        Reconcile::Differences {
            account,
            day,
            overdue,
            all,
        } => {
            let (party, account) = of(account);
            let request = pb::ListDifferencesRequest {
                party: party.into(),
                account,
                day,
                not_resolved: !all,
                overdue,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = desk.enter(STAFF).await?.ask(request).await?;
            desk.output
                .reply::<pb::ListDifferencesRequest>(&reply, |r| differences(&r.differences))
        }
        Reconcile::Import { bank, file } => import(desk, bank, &file).await,
        step => act(desk, step).await,
    }
}

/// Steps of persons, each under its own name.
async fn act(desk: &Desk, step: Reconcile) -> Result<(), Failure> {
    let request_id = request_id();
    match step {
        Reconcile::Resolve {
            difference_id,
            how,
            note,
        } => {
            let request = pb::ResolveDifferenceRequest {
                request_id,
                difference_id,
                resolution: pb::Resolution::from(how).into(),
                note,
            };
            let reply = desk.enter(STAFF).await?.ask(request).await?;
            if reply.state() == pb::DifferenceState::Proposed {
                eprintln!("another person has to confirm it: `studioctl reconcile confirm`");
            }
            desk.output
                .reply::<pb::ResolveDifferenceRequest>(&reply, |r| ended(r.state(), r.version))
        }
        Reconcile::Confirm {
            difference_id,
            version,
            decline,
        } => {
            let request = pb::ConfirmResolutionRequest {
                request_id,
                difference_id,
                version,
                confirm: !decline,
            };
            let reply = desk.enter(SUPERVISOR).await?.ask(request).await?;
            desk.output
                .reply::<pb::ConfirmResolutionRequest>(&reply, |r| ended(r.state(), r.version))
        }
        Reconcile::Sign { account, day, note } => {
            let request = pb::SignDayRequest {
                request_id,
                account: Some(account.into()),
                day,
                note,
            };
            desk.enter(STAFF).await?.ask(request).await?;
            eprintln!("another person can close it: `studioctl reconcile close`");
            Ok(())
        }
        Reconcile::Close { account, day } => {
            let request = pb::CloseDayRequest {
                request_id,
                account: Some(account.into()),
                day,
            };
            desk.enter(SUPERVISOR).await?.ask(request).await?;
            eprintln!("it is closed");
            Ok(())
        }
        _ => Ok(()),
    }
}

fn of(account: Option<AccountName>) -> (pb::Party, String) {
    account.map_or_else(Default::default, |a| (a.party, a.name))
}

async fn days(desk: &Desk, request: pb::ListDaysRequest) -> Result<(), Failure> {
    let reply = desk.enter(STAFF).await?.ask(request).await?;
    desk.output.reply::<pb::ListDaysRequest>(&reply, |reply| {
        let mut rows = table([
            "account",
            "day",
            "state",
            "differences",
            "open",
            "signed",
            "closed",
        ]);
        for day in &reply.days {
            rows.add_row([
                name(day.account.as_ref()),
                day.day.clone(),
                word(day.state().as_str_name(), "DAY_STATE_"),
                day.differences.to_string(),
                day.open.to_string(),
                time(day.signed_at.as_ref()),
                time(day.closed_at.as_ref()),
            ]);
        }
        rows
    })
}

async fn report(desk: &Desk, account: pb::Account, day: String) -> Result<(), Failure> {
    let request = pb::GetDayReportRequest {
        account: Some(account),
        day,
        ..Default::default()
    };
    let reply = desk.enter(STAFF).await?.ask(request).await?;
    desk.output.reply::<pb::GetDayReportRequest>(&reply, |reply| {
        let mut rows = table([
            "studio", "payments", "paid", "refunds", "refunded", "fees", "agreed",
        ]);
        for total in &reply.totals {
            rows.add_row([
                total.studio_id.clone(),
                total.payments.to_string(),
                yuan(total.paid.as_ref()),
                total.refunds.to_string(),
                yuan(total.refunded.as_ref()),
                format!("¥{}", total.fees),
                total.agreed.to_string(),
            ]);
        }
        rows
    })
}

async fn export(desk: &Desk, account: pb::Account, day: String, to: Option<&Path>) -> Result<(), Failure> {
    let request = pb::ExportDayRequest {
        account: Some(account),
        day,
    };
    let pieces = desk.enter(STAFF).await?.watch(request).await?;
    save(pieces.map(|piece| piece.map(|p| p.content)), to).await
}

async fn import(desk: &Desk, account: String, file: &Path) -> Result<(), Failure> {
    let content = std::fs::read(file).map_err(|e| unwritten(file, &e))?;
    let request = pb::ImportBankStatementRequest {
        request_id: request_id(),
        account,
        digest: digest(&SHA256, &content).as_ref().to_vec(),
        content,
    };
    let reply = desk.enter(STAFF).await?.ask(request).await?;
    desk.output
        .reply::<pb::ImportBankStatementRequest>(&reply, |reply| {
            let mut rows = table(["statement", "lines", "taken", "before"]);
            rows.add_row([
                reply.statement_id.clone(),
                reply.lines.to_string(),
                reply.taken.to_string(),
                if reply.fresh { "" } else { "the same file" }.to_owned(),
            ]);
            rows
        })
}

fn differences(differences: &[pb::Difference]) -> Table {
    let mut rows = table([
        "difference",
        "version",
        "account",
        "day",
        "type",
        "number",
        "ours",
        "theirs",
        "state",
        "who looks",
        "until",
        "proposed",
    ]);
    for it in differences {
        let fen = |minor: Option<i64>| {
            minor
                .map(|m| format!("¥{}", kernel::yuan_text(m)))
                .unwrap_or_default()
        };
        rows.add_row([
            it.difference_id.clone(),
            it.version.to_string(),
            name(it.account.as_ref()),
            it.day.clone(),
            word(it.r#type().as_str_name(), "DIFFERENCE_TYPE_"),
            it.key.clone(),
            fen(it.ours_minor),
            fen(it.theirs_minor),
            word(it.state().as_str_name(), "DIFFERENCE_STATE_"),
            it.owner_role.replace('_', " "),
            time(it.due_at.as_ref()),
            it.remedy.clone(),
        ]);
    }
    rows
}

fn ended(state: pb::DifferenceState, version: i64) -> Table {
    let mut rows = table(["state", "version"]);
    rows.add_row([
        word(state.as_str_name(), "DIFFERENCE_STATE_"),
        version.to_string(),
    ]);
    rows
}

/// As it is typed.
fn name(account: Option<&pb::Account>) -> String {
    account
        .map(|a| format!("{}/{}", word(a.party().as_str_name(), "PARTY_"), a.name))
        .unwrap_or_default()
}
