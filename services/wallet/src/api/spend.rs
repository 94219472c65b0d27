use kernel::{Amount, DueId, OrderId, PersonId, RequestId, StudioId};
use platform::{Caller, Error};
use proto::studio::wallet::v1 as pb;

use crate::domain::Ask;
use crate::{App, spending};

/// Takes an amount out of a wallet to pay for one due.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::SpendRequest,
) -> Result<pb::SpendResponse, Error> {
    let ask = parse(&request, caller)?;
    spending::spend(app, caller, request, ask).await
}

pub fn parse(request: &pb::SpendRequest, caller: &Caller) -> Result<Ask, Error> {
    let person = PersonId::parse("person_id", &request.person_id)?;
    Ok(Ask {
        person,
        due: DueId::parse("due_id", &request.due_id)?,
        amount: Amount::parse("amount", request.amount.as_ref())?,
        studio: StudioId::parse("studio_id", &request.studio_id)?,
        order: match request.order_id.as_str() {
            "" => None,
            id => Some(OrderId::parse("order_id", id)?),
        },
        acting: match request.acting_person_id.as_str() {
            "" => person,
            id => PersonId::parse("acting_person_id", id)?,
        },
        caller: caller.actor(),
        request: RequestId::parse("request_id", &request.request_id)?.0,
    })
}
