//! What may be started at cashiers, and what was not.

use comfy_table::Table;
use proto::studio::payments::v1 as pb;

use super::{Desk, money, studio};
use crate::cli::{Cashier, CashierChannel, CashierPlace};
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{table, time, word, yuan};

/// Who sets what may be started.
const SUPERVISOR: &str = "finance-supervisor";
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Cashier) -> Result<(), Failure> {
    let house = desk.enter(SUPERVISOR).await?;
    match command {
        Cashier::Limits { all } => {
            let request = pb::ListLimitsRequest {
                in_force_only: !all,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListLimitsRequest>(&reply, |r| limits(&r.limits))
        }
        Cashier::Limit {
            at,
            subject,
            window_s,
            starts,
            yuan,
            note,
        } => {
            let (studio_id, legal_entity_id) = named(&house, at).await?;
            let request = pb::SetLimitRequest {
                request_id: request_id(),
                studio_id,
                legal_entity_id,
                subject: pb::LimitSubject::from(subject).into(),
                window_s,
                most_starts: starts,
                most_amount: yuan.as_deref().map(money).transpose()?,
                effective_from: None,
                note,
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::SetLimitRequest>(&reply, |r| limits(r.limit.as_slice()))
        }
        Cashier::Blocked { person } => {
            let request = pb::ListBlockedStartsRequest {
                person_id: person,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListBlockedStartsRequest>(&reply, |r| blocked(&r.blocked_starts))
        }
        gate => open_or_close(desk, &house, gate).await,
    }
}

async fn open_or_close(desk: &Desk, house: &House, gate: Cashier) -> Result<(), Failure> {
    let word = |channel: Option<CashierChannel>| {
        channel
            .map_or(pb::OfferedMethod::Unspecified, pb::OfferedMethod::from)
            .into()
    };
    match gate {
        Cashier::Close { at, channel, reason } => {
            let (studio_id, legal_entity_id) = named(house, at).await?;
            let request = pb::CloseCashierRequest {
                request_id: request_id(),
                studio_id,
                legal_entity_id,
                channel: word(channel),
                reason,
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::CloseCashierRequest>(&reply, |r| closures(r.closure.as_slice()))
        }
        Cashier::Reopen { at, channel } => {
            let (studio_id, legal_entity_id) = named(house, at).await?;
            let request = pb::ReopenCashierRequest {
                request_id: request_id(),
                studio_id,
                legal_entity_id,
                channel: word(channel),
            };
            house.ask(request).await?;
            eprintln!("it takes new payments");
            Ok(())
        }
        Cashier::Closures { all } => {
            let request = pb::ListClosuresRequest {
                closed_only: !all,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListClosuresRequest>(&reply, |r| closures(&r.closures))
        }
        Cashier::Limits { .. } | Cashier::Limit { .. } | Cashier::Blocked { .. } => Ok(()),
    }
}

fn closures(closures: &[pb::CashierClosure]) -> Table {
    let mut rows = table(["studio", "company", "channel", "reason", "closed", "opened"]);
    for closure in closures {
        let channel = match closure.channel() {
            pb::OfferedMethod::Unspecified => "all".to_owned(),
            one => word(one.as_str_name(), "OFFERED_METHOD_"),
        };
        rows.add_row([
            closure.studio_id.clone(),
            closure.legal_entity_id.clone(),
            channel,
            closure.reason.clone(),
            time(closure.closed_at.as_ref()),
            time(closure.reopened_at.as_ref()),
        ]);
    }
    rows
}

/// The ids of a studio or of a legal entity; the other one is empty.
async fn named(house: &House, at: CashierPlace) -> Result<(String, String), Failure> {
    let studio_id = match at.studio {
        Some(code) => studio(house, &code).await?,
        None => String::new(),
    };
    Ok((studio_id, at.entity.unwrap_or_default()))
}

fn limits(limits: &[pb::Limit]) -> Table {
    let mut rows = table([
        "studio", "company", "counts", "window", "starts", "amount", "from", "note",
    ]);
    for limit in limits {
        rows.add_row([
            limit.studio_id.clone(),
            limit.legal_entity_id.clone(),
            word(limit.subject().as_str_name(), "LIMIT_SUBJECT_"),
            format!("{} s", limit.window_s),
            figure(limit.most_starts),
            yuan(limit.most_amount.as_ref()),
            time(limit.effective_from.as_ref()),
            limit.note.clone(),
        ]);
    }
    rows
}

fn figure(most: i32) -> String {
    if most == 0 {
        String::new()
    } else {
        most.to_string()
    }
}

fn blocked(events: &[pb::BlockedStart]) -> Table {
    let mut rows = table([
        "when", "studio", "person", "device", "amount", "counts", "started", "again at",
    ]);
    for event in events {
        let limit = event.limit.clone().unwrap_or_default();
        rows.add_row([
            time(event.blocked_at.as_ref()),
            event.studio_id.clone(),
            event.person_id.clone(),
            event.device.clone(),
            yuan(event.amount.as_ref()),
            word(limit.subject().as_str_name(), "LIMIT_SUBJECT_"),
            format!("{} of {}", event.starts, yuan(event.started.as_ref())),
            time(event.retry_at.as_ref()),
        ]);
    }
    rows
}
