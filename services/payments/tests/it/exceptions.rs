//! Money of members' that may have gone wrong, and the answer to it.

mod noticed;
mod worked;

use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::exception_service_client::ExceptionServiceClient;
use testkit::Door;
use tonic::Status;

use crate::world::{World, request_id};

type Client = ExceptionServiceClient<Door>;

fn cases(door: Door) -> Client {
    ExceptionServiceClient::new(door)
}

fn here(world: &World, role: Role) -> Client {
    cases(world.it.as_staff(role, world.chain.chaoyang))
}

fn member(world: &World, intent: &pb::Intent) -> Client {
    let owner: PersonId = intent.person_id.parse().unwrap();
    cases(world.it.as_member(owner))
}

const SAID: &str = "我被扣了两次钱";

fn opening(attempt: &str) -> pb::OpenExceptionRequest {
    pb::OpenExceptionRequest {
        request_id: request_id(),
        attempt_id: attempt.to_owned(),
        r#type: pb::ExceptionType::DuplicateCharge.into(),
        text: SAID.to_owned(),
    }
}

async fn open(mut who: Client, attempt: &str) -> Result<pb::Exception, Status> {
    let opened = who.open_exception(opening(attempt)).await?;
    Ok(opened.into_inner().exception.unwrap())
}

async fn get(mut who: Client, id: &str) -> Result<pb::GetExceptionResponse, Status> {
    let request = pb::GetExceptionRequest {
        exception_id: id.to_owned(),
    };
    Ok(who.get_exception(request).await?.into_inner())
}

async fn list(mut who: Client, request: pb::ListExceptionsRequest) -> Vec<pb::Exception> {
    who.list_exceptions(request)
        .await
        .unwrap()
        .into_inner()
        .exceptions
}

/// The only case there is.
async fn only(world: &World) -> pb::Exception {
    let request = pb::ListExceptionsRequest::default();
    let listed = list(here(world, Role::FinanceStaff), request).await;
    assert_eq!(listed.len(), 1, "{listed:#?}");
    listed[0].clone()
}

async fn take(mut who: Client, case: &pb::Exception) -> Result<pb::Exception, Status> {
    let request = pb::TakeExceptionRequest {
        request_id: request_id(),
        exception_id: case.exception_id.clone(),
    };
    Ok(who.take_exception(request).await?.into_inner().exception.unwrap())
}

async fn propose(mut who: Client, case: &pb::Exception, remedy: pb::Remedy) -> Result<pb::Exception, Status> {
    let request = pb::ProposeRemedyRequest {
        request_id: request_id(),
        exception_id: case.exception_id.clone(),
        remedy: remedy.into(),
        text: "查过渠道".to_owned(),
    };
    Ok(who.propose_remedy(request).await?.into_inner().exception.unwrap())
}

async fn confirm(mut who: Client, case: &pb::Exception, confirm: bool) -> Result<pb::Exception, Status> {
    let request = pb::ConfirmRemedyRequest {
        request_id: request_id(),
        exception_id: case.exception_id.clone(),
        version: case.version,
        confirm,
    };
    Ok(who.confirm_remedy(request).await?.into_inner().exception.unwrap())
}

const ANSWER: &str = "两笔支付是两张卡，没有重复扣款";

async fn answer(mut who: Client, case: &pb::Exception) -> Result<pb::Exception, Status> {
    let request = pb::AnswerExceptionRequest {
        request_id: request_id(),
        exception_id: case.exception_id.clone(),
        text: ANSWER.to_owned(),
    };
    Ok(who
        .answer_exception(request)
        .await?
        .into_inner()
        .exception
        .unwrap())
}

async fn close(mut who: Client, case: &pb::Exception) -> Result<pb::Exception, Status> {
    let request = pb::CloseExceptionRequest {
        request_id: request_id(),
        exception_id: case.exception_id.clone(),
    };
    Ok(who
        .close_exception(request)
        .await?
        .into_inner()
        .exception
        .unwrap())
}

async fn reopen(mut who: Client, case: &pb::Exception) -> Result<pb::Exception, Status> {
    let request = pb::ReopenExceptionRequest {
        request_id: request_id(),
        exception_id: case.exception_id.clone(),
        text: "还是少了一笔".to_owned(),
    };
    Ok(who
        .reopen_exception(request)
        .await?
        .into_inner()
        .exception
        .unwrap())
}

/// An open attempt, paid, with a case that the member opened.
async fn opened(world: &World) -> (pb::Intent, pb::Exception) {
    let intent = world.intent().await;
    let attempt = world.qr(&intent).await;
    world.pay(&attempt).await;
    let case = open(member(world, &intent), &attempt.attempt_id).await.unwrap();
    (intent, case)
}

/// As [`opened`], explained and answered by finance.
async fn answered(world: &World) -> (pb::Intent, pb::Exception) {
    let (intent, case) = opened(world).await;
    let staff = || here(world, Role::FinanceStaff);
    take(staff(), &case).await.unwrap();
    propose(staff(), &case, pb::Remedy::Explain).await.unwrap();
    (intent, answer(staff(), &case).await.unwrap())
}
