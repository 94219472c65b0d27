//! Money of members' that may have gone wrong.

use comfy_table::Table;
use proto::studio::payments::v1 as pb;

use super::{Desk, held};
use crate::cli::Exceptions;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{table, time, word, yuan};

/// Who works on cases.
const STAFF: &str = "finance-staff";
/// Who confirms what moves money.
const SUPERVISOR: &str = "finance-supervisor";

pub async fn run(desk: &Desk, command: Exceptions) -> Result<(), Failure> {
    let usual = match command {
        Exceptions::Confirm { .. } => SUPERVISOR,
        _ => STAFF,
    };
    let house = desk.enter(usual).await?;
    let case = match command {
        Exceptions::List { overdue, all, mine } => {
            let request = pb::ListExceptionsRequest {
                not_answered: !all,
                overdue,
                taken_by_me: mine,
                page_size: 200,
                ..Default::default()
            };
            let reply = house.ask(request).await?;
            return desk
                .output
                .reply::<pb::ListExceptionsRequest>(&reply, |r| cases(&r.exceptions));
        }
        Exceptions::Show { exception_id } => return show(desk, &house, exception_id).await,
        step => act(&house, step).await?,
    };
    let reply = pb::OpenExceptionResponse {
        exception: Some(case.clone()),
    };
    desk.output
        .reply::<pb::OpenExceptionRequest>(&reply, |_| cases(&[case]))
}

/// Steps of persons.
async fn act(house: &House, step: Exceptions) -> Result<pb::Exception, Failure> {
    let request_id = request_id();
    let case = match step {
        Exceptions::Open {
            attempt_id,
            what,
            text,
        } => {
            let request = pb::OpenExceptionRequest {
                request_id,
                attempt_id,
                r#type: pb::ExceptionType::from(what).into(),
                text,
            };
            house.ask(request).await?.exception
        }
        Exceptions::Take { exception_id } => {
            let request = pb::TakeExceptionRequest {
                request_id,
                exception_id,
            };
            house.ask(request).await?.exception
        }
        Exceptions::Propose {
            exception_id,
            remedy,
            text,
        } => {
            let request = pb::ProposeRemedyRequest {
                request_id,
                exception_id,
                remedy: pb::Remedy::from(remedy).into(),
                text,
            };
            house.ask(request).await?.exception
        }
        step => end(house, request_id, step).await?,
    };
    held(case, "exception")
}

async fn end(house: &House, request_id: String, step: Exceptions) -> Result<Option<pb::Exception>, Failure> {
    Ok(match step {
        Exceptions::Confirm {
            exception_id,
            version,
            decline,
        } => {
            let request = pb::ConfirmRemedyRequest {
                request_id,
                exception_id,
                version,
                confirm: !decline,
            };
            house.ask(request).await?.exception
        }
        Exceptions::Answer { exception_id, text } => {
            let request = pb::AnswerExceptionRequest {
                request_id,
                exception_id,
                text,
            };
            house.ask(request).await?.exception
        }
        Exceptions::Contact { exception_id, text } => {
            let request = pb::LogContactRequest {
                request_id,
                exception_id,
                text,
            };
            house.ask(request).await?.exception
        }
        Exceptions::Close { exception_id } => {
            let request = pb::CloseExceptionRequest {
                request_id,
                exception_id,
            };
            house.ask(request).await?.exception
        }
        Exceptions::Reopen { exception_id, text } => {
            let request = pb::ReopenExceptionRequest {
                request_id,
                exception_id,
                text,
            };
            house.ask(request).await?.exception
        }
        _ => None,
    })
}

async fn show(desk: &Desk, house: &House, exception_id: String) -> Result<(), Failure> {
    let reply = house.ask(pb::GetExceptionRequest { exception_id }).await?;
    desk.output.reply::<pb::GetExceptionRequest>(&reply, |reply| {
        let mut rows = table(["when", "what", "who", "said"]);
        for entry in &reply.entries {
            rows.add_row([
                time(entry.at.as_ref()),
                word(entry.kind().as_str_name(), "EXCEPTION_ENTRY_KIND_"),
                entry.author_id.clone(),
                entry.text.clone(),
            ]);
        }
        rows
    })
}

fn cases(cases: &[pb::Exception]) -> Table {
    let mut rows = table([
        "exception",
        "version",
        "number",
        "type",
        "amount",
        "state",
        "who looks",
        "until",
        "advised",
        "remedy",
    ]);
    for case in cases {
        rows.add_row([
            case.exception_id.clone(),
            case.version.to_string(),
            case.exception_number.clone(),
            word(case.r#type().as_str_name(), "EXCEPTION_TYPE_"),
            yuan(case.amount.as_ref()),
            word(case.state().as_str_name(), "EXCEPTION_STATE_"),
            word(case.owner_role().as_str_name(), "ROLE_"),
            time(case.due_at.as_ref()),
            word(case.advised().as_str_name(), "REMEDY_"),
            word(case.remedy().as_str_name(), "REMEDY_"),
        ]);
    }
    rows
}
