//! Dues that are paid by bank transfer, and money at banks that no due explains.

use std::path::Path;

use comfy_table::Table;
use proto::studio::payments::v1 as pb;

use super::{Desk, held};
use crate::cli::{Transfers, type_of};
use crate::failure::Failure;
use crate::house::request_id;
use crate::output::{facts, table, time, word, yuan};

/// Who tells a payer where to.
const DESK: &str = "front-desk";
/// Who matches.
const STAFF: &str = "finance-staff";
/// Who sees that it is true.
const SUPERVISOR: &str = "finance-supervisor";
/// The longest page that a list has.
const PAGE: i32 = 200;

pub async fn run(desk: &Desk, command: Transfers) -> Result<(), Failure> {
    match command {
        Transfers::Request { intent_id } => {
            let request = pb::RequestTransferRequest {
                request_id: request_id(),
                intent_id,
            };
            let reply = desk.enter(DESK).await?.ask(request).await?;
            desk.output.reply::<pb::RequestTransferRequest>(&reply, payee)
        }
        Transfers::Attach { intent_id, file } => attach(desk, intent_id, &file).await,
        Transfers::Slips { intent_id, folder } => slips(desk, intent_id, &folder).await,
        Transfers::List { all, overdue } => {
            let request = pb::ListSuspenseRequest {
                not_ended: !all,
                overdue,
                page_size: PAGE,
                ..Default::default()
            };
            let reply = desk.enter(STAFF).await?.ask(request).await?;
            desk.output
                .reply::<pb::ListSuspenseRequest>(&reply, |r| listed(&r.items))
        }
        Transfers::Refunded { leg_id, transaction } => {
            let request = pb::RecordTransferRefundRequest {
                request_id: request_id(),
                leg_id,
                transaction,
            };
            let refund = held(desk.enter(STAFF).await?.ask(request).await?.refund, "refund")?;
            eprintln!("{} went back", yuan(refund.amount.as_ref()));
            Ok(())
        }
        ends => end(desk, ends).await,
    }
}

/// What two persons say about money that no due explains.
async fn end(desk: &Desk, command: Transfers) -> Result<(), Failure> {
    match command {
        Transfers::Propose {
            suspense_id,
            end,
            intent,
            version,
            note,
        } => {
            let request = pb::ProposeSuspenseEndRequest {
                request_id: request_id(),
                suspense_id,
                version,
                end: pb::SuspenseEnd::from(end).into(),
                intent_id: intent.unwrap_or_default(),
                note,
            };
            let reply = desk.enter(STAFF).await?.ask(request).await?;
            eprintln!("another person has to confirm it: `studioctl transfers confirm`");
            desk.output
                .reply::<pb::ProposeSuspenseEndRequest>(&reply, |r| listed(r.item.as_slice()))
        }
        Transfers::Confirm {
            suspense_id,
            version,
            decline,
        } => {
            let request = pb::ConfirmSuspenseEndRequest {
                request_id: request_id(),
                suspense_id,
                version,
                confirm: !decline,
            };
            let reply = desk.enter(SUPERVISOR).await?.ask(request).await?;
            if reply.closing {
                return Err(Failure::new("a payment at a channel is being taken back first")
                    .hint("confirm it again in a moment"));
            }
            desk.output
                .reply::<pb::ConfirmSuspenseEndRequest>(&reply, |r| listed(r.item.as_slice()))
        }
        _ => Ok(()),
    }
}

async fn attach(desk: &Desk, intent_id: String, file: &Path) -> Result<(), Failure> {
    let kind = type_of(file).ok_or_else(|| {
        Failure::new(format!("{} is no slip", file.display())).hint("attach a .png, .jpg or .pdf")
    })?;
    let request = pb::AttachProofRequest {
        request_id: request_id(),
        intent_id,
        r#type: kind.into(),
        content: std::fs::read(file)?,
    };
    desk.enter(DESK).await?.ask(request).await?;
    eprintln!("it is kept");
    Ok(())
}

async fn slips(desk: &Desk, intent_id: String, folder: &Path) -> Result<(), Failure> {
    let reply = desk
        .enter(STAFF)
        .await?
        .ask(pb::GetProofsRequest { intent_id })
        .await?;
    for proof in reply.proofs {
        let end = word(proof.r#type().as_str_name(), "PROOF_TYPE_");
        let path = folder.join(format!("{}.{end}", proof.proof_id));
        std::fs::write(&path, proof.content)?;
        eprintln!("{}", path.display());
    }
    Ok(())
}

fn payee(reply: &pb::RequestTransferResponse) -> Table {
    facts([
        ("holder", reply.holder.clone()),
        ("bank", reply.bank.clone()),
        ("account", reply.number.clone()),
        ("amount", yuan(reply.amount.as_ref())),
        ("remark", reply.reference.clone()),
        ("until", time(reply.expire_at.as_ref())),
    ])
}

fn listed(items: &[pb::SuspenseItem]) -> Table {
    let mut rows = table([
        "money", "account", "number", "amount", "came", "end by", "state", "intent", "note", "version",
    ]);
    for item in items {
        let state = if item.overdue {
            "OVERDUE".to_owned()
        } else {
            word(item.state().as_str_name(), "SUSPENSE_STATE_")
        };
        let intent = if item.intent_id.is_empty() {
            &item.suggested_intent_id
        } else {
            &item.intent_id
        };
        rows.add_row([
            item.suspense_id.clone(),
            item.account.clone(),
            item.transaction.clone(),
            yuan(item.amount.as_ref()),
            time(item.received_at.as_ref()),
            time(item.due_at.as_ref()),
            state,
            intent.clone(),
            item.note.clone(),
            item.version.to_string(),
        ]);
    }
    rows
}
