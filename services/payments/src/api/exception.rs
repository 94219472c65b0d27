//! The calls of `ExceptionService`, one line each, and what they share.

mod answer;
mod close;
mod confirm;
mod contact;
mod get;
mod list;
mod open;
mod propose;
mod reopen;
mod take;

use kernel::{ExceptionId, PersonId};
use platform::{Caller, Error, WriteTx, answer};
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::exception_service_server::ExceptionService;
use tonic::{Request, Response, Status};

use super::Api;
use crate::domain::exception::{EntryKind, Exception};
use crate::wire::exception::Reader;
use crate::{App, exceptions, store, wire};

#[tonic::async_trait]
impl ExceptionService for Api {
    async fn open_exception(
        &self,
        r: Request<pb::OpenExceptionRequest>,
    ) -> Result<Response<pb::OpenExceptionResponse>, Status> {
        answer(&self.0, r, open::handle).await
    }
    async fn get_exception(
        &self,
        r: Request<pb::GetExceptionRequest>,
    ) -> Result<Response<pb::GetExceptionResponse>, Status> {
        answer(&self.0, r, get::handle).await
    }
    async fn list_exceptions(
        &self,
        r: Request<pb::ListExceptionsRequest>,
    ) -> Result<Response<pb::ListExceptionsResponse>, Status> {
        answer(&self.0, r, list::handle).await
    }
    async fn take_exception(
        &self,
        r: Request<pb::TakeExceptionRequest>,
    ) -> Result<Response<pb::TakeExceptionResponse>, Status> {
        answer(&self.0, r, take::handle).await
    }
    async fn propose_remedy(
        &self,
        r: Request<pb::ProposeRemedyRequest>,
    ) -> Result<Response<pb::ProposeRemedyResponse>, Status> {
        answer(&self.0, r, propose::handle).await
    }
    async fn confirm_remedy(
        &self,
        r: Request<pb::ConfirmRemedyRequest>,
    ) -> Result<Response<pb::ConfirmRemedyResponse>, Status> {
        answer(&self.0, r, confirm::handle).await
    }
    async fn answer_exception(
        &self,
        r: Request<pb::AnswerExceptionRequest>,
    ) -> Result<Response<pb::AnswerExceptionResponse>, Status> {
        answer(&self.0, r, answer::handle).await
    }
    async fn log_contact(
        &self,
        r: Request<pb::LogContactRequest>,
    ) -> Result<Response<pb::LogContactResponse>, Status> {
        answer(&self.0, r, contact::handle).await
    }
    async fn close_exception(
        &self,
        r: Request<pb::CloseExceptionRequest>,
    ) -> Result<Response<pb::CloseExceptionResponse>, Status> {
        answer(&self.0, r, close::handle).await
    }
    async fn reopen_exception(
        &self,
        r: Request<pb::ReopenExceptionRequest>,
    ) -> Result<Response<pb::ReopenExceptionResponse>, Status> {
        answer(&self.0, r, reopen::handle).await
    }
}

/// The case that a request names, its row held.
async fn locked(tx: &mut WriteTx, id: ExceptionId) -> Result<Exception, Error> {
    store::exception::lock(tx, id)
        .await?
        .ok_or_else(|| Error::not_found("exception"))
}

/// Keeps what a step of somebody's made of a case, and what they said.
async fn keep(
    app: &App,
    tx: &mut WriteTx,
    case: &Exception,
    kind: EntryKind,
    (author, words): (PersonId, &str),
) -> Result<(), Error> {
    store::exception::save(tx, case).await?;
    exceptions::write(app, tx, case, kind, (Some(author), words.trim())).await
}

fn reader(caller: &Caller, case: &Exception) -> Reader {
    if caller.reaches_own(case.person_id) {
        Reader::Member
    } else {
        Reader::Staff
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the contract's fields are optional")]
fn shown(app: &App, caller: &Caller, case: &Exception) -> Option<pb::Exception> {
    Some(wire::exception::exception(
        case,
        reader(caller, case),
        app.clock.now(),
    ))
}
