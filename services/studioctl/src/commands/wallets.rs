//! Members' stored value.

use comfy_table::Table;
use proto::studio::wallet::v1 as pb;

use super::{Desk, held};
use crate::cli::Wallets;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{Output, facts, line, table, time, word, yuan};

/// Who looks after wallets.
const MANAGER: &str = "recharge-manager";
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Wallets) -> Result<(), Failure> {
    let house = desk.enter(MANAGER).await?;
    match command {
        Wallets::Show { person_id, at: None } => {
            let reply = house.ask(pb::GetWalletRequest { person_id }).await?;
            let wallet = held(reply.wallet.clone(), "wallet")?;
            desk.output
                .reply::<pb::GetWalletRequest>(&reply, |_| shown(&wallet))
        }
        Wallets::Show {
            person_id,
            at: Some(at),
        } => {
            let at = moment(&at)?;
            let reply = house
                .ask(pb::GetBalanceRequest {
                    person_id,
                    at: Some(at),
                })
                .await?;
            desk.output.reply::<pb::GetBalanceRequest>(&reply, |then| {
                facts([
                    ("at", time(Some(&at))),
                    ("principal", yuan(then.principal.as_ref())),
                    ("gift", yuan(then.gift.as_ref())),
                    ("movements", then.transfers.to_string()),
                ])
            })
        }
        Wallets::Statement { person_id, csv } => {
            let reply = statement(&house, &person_id).await?;
            if csv && matches!(desk.output, Output::Table) {
                return as_csv(&reply.transfers);
            }
            desk.output
                .reply::<pb::ListTransfersRequest>(&reply, |r| lines(&r.transfers))
        }
        Wallets::Holds { person_id, active } => {
            let request = pb::ListHoldsRequest {
                person_id,
                active_only: active,
                page_size: PAGE,
                page_token: String::new(),
            };
            let reply = house.ask(request).await?;
            desk.output
                .reply::<pb::ListHoldsRequest>(&reply, |r| holds(&r.holds))
        }
        Wallets::Release { hold_id } => {
            let request = pb::ReleaseHoldRequest {
                request_id: request_id(),
                hold_id,
            };
            let reply = house.ask(request).await?;
            desk.output.reply::<pb::ReleaseHoldRequest>(&reply, |r| {
                facts([("spendable", yuan(r.spendable.as_ref()))])
            })
        }
    }
}

fn moment(text: &str) -> Result<prost_types::Timestamp, Failure> {
    text.parse()
        .map_err(|_| Failure::new(format!("{text} is no time")).hint("as 2026-11-21T10:00:00+08:00"))
}

/// All of it, page by page.
async fn statement(house: &House, person_id: &str) -> Result<pb::ListTransfersResponse, Failure> {
    let mut whole = pb::ListTransfersResponse::default();
    loop {
        let page = house
            .ask(pb::ListTransfersRequest {
                person_id: person_id.to_owned(),
                page_size: PAGE,
                page_token: whole.next_page_token,
            })
            .await?;
        whole.transfers.extend(page.transfers);
        whole.next_page_token = page.next_page_token;
        if whole.next_page_token.is_empty() {
            return Ok(whole);
        }
    }
}

fn shown(wallet: &pb::Wallet) -> Table {
    facts([
        ("person", wallet.person_id.clone()),
        ("state", word(wallet.state().as_str_name(), "WALLET_STATE_")),
        ("spendable", yuan(wallet.spendable.as_ref())),
        ("principal", yuan(wallet.principal.as_ref())),
        ("gift", yuan(wallet.gift.as_ref())),
        ("held", yuan(wallet.held.as_ref())),
        ("waiting for finance", yuan(wallet.pending.as_ref())),
    ])
}

/// A movement seen from the member: what came is above zero.
fn signed(transfer: &pb::Transfer) -> i64 {
    let minor = transfer.amount.as_ref().map_or(0, |money| money.minor);
    let own = [pb::AccountKind::MemberPrincipal, pb::AccountKind::MemberGift];
    if own.contains(&transfer.credit()) {
        minor
    } else {
        -minor
    }
}

fn lines(transfers: &[pb::Transfer]) -> Table {
    let mut rows = table(["at", "act", "for", "amount", "balance", "studio", "by"]);
    for transfer in transfers {
        let sign = if signed(transfer) < 0 { "-" } else { "" };
        rows.add_row([
            time(transfer.occurred_at.as_ref()),
            word(transfer.cause().as_str_name(), "TRANSFER_CAUSE_"),
            transfer.cause_id.clone(),
            format!("{sign}{}", yuan(transfer.amount.as_ref())),
            yuan(transfer.balance_after.as_ref()),
            transfer.studio_id.clone(),
            transfer.caller.clone(),
        ]);
    }
    rows
}

fn as_csv(transfers: &[pb::Transfer]) -> Result<(), Failure> {
    let mut file = csv::Writer::from_writer(Vec::new());
    let broken = |error: csv::Error| Failure::new(error.to_string());
    file.write_record([
        "occurred_at",
        "transfer_id",
        "journal_id",
        "cause",
        "cause_id",
        "amount_fen",
        "balance_fen",
        "lot_id",
        "studio_id",
        "caller",
        "request_id",
    ])
    .map_err(broken)?;
    for transfer in transfers {
        let balance = transfer
            .balance_after
            .as_ref()
            .map(|money| money.minor.to_string());
        file.write_record([
            transfer.occurred_at.map(|at| at.to_string()).unwrap_or_default(),
            transfer.transfer_id.clone(),
            transfer.journal_id.clone(),
            word(transfer.cause().as_str_name(), "TRANSFER_CAUSE_"),
            transfer.cause_id.clone(),
            signed(transfer).to_string(),
            balance.unwrap_or_default(),
            transfer.lot_id.clone(),
            transfer.studio_id.clone(),
            transfer.caller.clone(),
            transfer.request_id.clone(),
        ])
        .map_err(broken)?;
    }
    let whole = file
        .into_inner()
        .map_err(|error| Failure::new(error.to_string()))?;
    line(String::from_utf8_lossy(&whole).trim_end());
    Ok(())
}

fn holds(holds: &[pb::Hold]) -> Table {
    let mut rows = table(["hold", "due", "amount", "captured", "state", "until", "ended by"]);
    for hold in holds {
        rows.add_row([
            hold.hold_id.clone(),
            hold.due_id.clone(),
            yuan(hold.amount.as_ref()),
            yuan(hold.captured.as_ref()),
            word(hold.state().as_str_name(), "HOLD_STATE_"),
            time(hold.expire_at.as_ref()),
            hold.ended_by.clone(),
        ]);
    }
    rows
}
