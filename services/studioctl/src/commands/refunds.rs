use comfy_table::Table;
use proto::studio::refunds::v1 as pb;

use super::{Desk, held, money};
use crate::cli::Refunds;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{facts, table, time, word, yuan};

pub async fn run(desk: &Desk, command: Refunds) -> Result<(), Failure> {
    let house = desk.enter(usual(&command)).await?;
    let case_id = match command {
        Refunds::List { state } => return list(desk, &house, state).await,
        Refunds::Quote { order_id } => {
            let reply = house.ask(quote(order_id)).await?;
            return desk
                .output
                .reply::<pb::QuoteRefundRequest>(&reply, |r| lines(r.quote.as_ref()));
        }
        Refunds::Show { case_id } => case_id,
        Refunds::Open {
            order_id,
            amount,
            explanation,
        } => {
            open(&house, order_id, amount.as_deref(), explanation)
                .await?
                .case_id
        }
        Refunds::Approve { case_id, note } => {
            approve(&house, &case_id, note).await?;
            case_id
        }
        Refunds::Reject { case_id, note } => reject(&house, case_id, note).await?,
        Refunds::Resume { case_id } => {
            let version = get(&house, &case_id).await?.version;
            house
                .ask(pb::ResumeCaseRequest {
                    request_id: request_id(),
                    case_id: case_id.clone(),
                    version,
                })
                .await?;
            case_id
        }
    };
    show(desk, &house, &case_id).await
}

/// Who usually does it.
fn usual(command: &Refunds) -> &'static str {
    match command {
        Refunds::List { .. } | Refunds::Approve { .. } | Refunds::Reject { .. } => "refund-approver",
        Refunds::Show { .. } | Refunds::Quote { .. } | Refunds::Open { .. } | Refunds::Resume { .. } => {
            "refund-clerk"
        }
    }
}

async fn reject(house: &House, case_id: String, note: String) -> Result<String, Failure> {
    let request = pb::RejectCaseRequest {
        request_id: request_id(),
        version: get(house, &case_id).await?.version,
        case_id: case_id.clone(),
        reason: pb::CaseRejectReason::Other.into(),
        note,
    };
    house.ask(request).await?;
    Ok(case_id)
}

async fn list(desk: &Desk, house: &House, state: Option<String>) -> Result<(), Failure> {
    let state = match state {
        None => pb::CaseState::Unspecified,
        Some(text) => pb::CaseState::from_str_name(&format!("CASE_STATE_{}", text.to_uppercase()))
            .ok_or_else(|| {
                Failure::new(format!("no case is {text}"))
                    .hint("states: requested, approved, returning, stuck, completed, rejected")
            })?,
    };
    let reply = house
        .ask(pb::ListCasesRequest {
            state: state.into(),
            ..Default::default()
        })
        .await?;
    desk.output
        .reply::<pb::ListCasesRequest>(&reply, |r| cases(&r.cases))
}

pub async fn get(house: &House, case_id: &str) -> Result<pb::RefundCase, Failure> {
    held(
        house
            .ask(pb::GetCaseRequest {
                case_id: case_id.to_owned(),
            })
            .await?
            .refund_case,
        "case",
    )
}

pub fn quote(order_id: String) -> pb::QuoteRefundRequest {
    pb::QuoteRefundRequest {
        order_id,
        reason: pb::RefundReason::Personal.into(),
        ..Default::default()
    }
}

/// Asks for money back: all that the policy gives, or no more than an amount in yuan.
pub async fn open(
    house: &House,
    order_id: String,
    amount: Option<&str>,
    explanation: String,
) -> Result<pb::OpenCaseResponse, Failure> {
    let request = pb::OpenCaseRequest {
        request_id: request_id(),
        order_id,
        reason: pb::RefundReason::Personal.into(),
        explanation,
        due_id: String::new(),
        requested_amount: amount.map(money).transpose()?,
    };
    house.ask(request).await
}

/// Approves exactly the case as it is now.
pub async fn approve(house: &House, case_id: &str, note: String) -> Result<pb::ApproveCaseResponse, Failure> {
    let case = get(house, case_id).await?;
    let request = pb::ApproveCaseRequest {
        request_id: request_id(),
        case_id: case_id.to_owned(),
        version: case.version,
        subject_hash: case.subject_hash,
        note,
    };
    house.ask(request).await
}

async fn show(desk: &Desk, house: &House, case_id: &str) -> Result<(), Failure> {
    let case = get(house, case_id).await?;
    let reply = pb::GetCaseResponse {
        refund_case: Some(case.clone()),
    };
    desk.output.reply::<pb::GetCaseRequest>(&reply, |_| {
        facts([
            ("case", case.case_id.clone()),
            ("number", case.number.clone()),
            ("state", state(&case)),
            ("order", case.order_id.clone()),
            (
                "amount",
                yuan(case.quote.as_ref().and_then(|q| q.amount.as_ref())),
            ),
            ("opened by", case.opened_by.clone()),
            ("decided by", case.decided_by.clone()),
            ("stuck", case.stuck_why.clone()),
            ("completed", time(case.completed_at.as_ref())),
        ])
    })
}

fn state(case: &pb::RefundCase) -> String {
    word(case.state().as_str_name(), "CASE_STATE_")
}

fn cases(cases: &[pb::RefundCase]) -> Table {
    let mut rows = table(["case", "number", "state", "amount", "order", "opened"]);
    for case in cases {
        rows.add_row([
            case.case_id.clone(),
            case.number.clone(),
            state(case),
            yuan(case.quote.as_ref().and_then(|q| q.amount.as_ref())),
            case.order_id.clone(),
            time(case.opened_at.as_ref()),
        ]);
    }
    rows
}

fn lines(quote: Option<&pb::Quote>) -> Table {
    let mut rows = table(["line", "amount"]);
    for line in quote.iter().flat_map(|q| &q.lines) {
        rows.add_row([
            word(line.kind().as_str_name(), "LINE_KIND_"),
            yuan(line.amount.as_ref()),
        ]);
    }
    rows.add_row([
        "goes back".to_owned(),
        yuan(quote.and_then(|q| q.amount.as_ref())),
    ]);
    rows
}
