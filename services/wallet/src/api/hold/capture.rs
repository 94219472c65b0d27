use kernel::{Amount, HoldId, RequestId, to_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::wallet::v1 as pb;
use uuid::Uuid;

use super::lock;
use crate::domain::hold::End;
use crate::domain::{Ask, Books, Hold};
use crate::{App, facts, store};

/// Pays the due from what is held; the rest is free again.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::CaptureHoldRequest,
) -> Result<pb::CaptureHoldResponse, Error> {
    let id = HoldId::parse("hold_id", &request.hold_id)?;
    let amount = Amount::parse("amount", request.amount.as_ref())?;
    let key = RequestId::parse("request_id", &request.request_id)?.0;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let (hold, wallet) = lock(&mut tx, id).await?;
    let paid = store::spends::paid(&mut tx, &[hold.due]).await?;

    let at = app.clock.now();
    let by = caller.actor();
    let ask = spending(&hold, amount, by.clone(), key);
    let (reserved, seller) = (hold.reserved, hold.seller);
    let hold = hold.capture(amount, End { at, by })?;
    let mut books = Books::new([wallet], paid);
    let spent = books.capture(&ask, reserved, seller, at)?;

    store::spends::write(&mut tx, &spent, &books.changes(), at).await?;
    store::holds::save_end(&mut tx, &hold).await?;
    tx.publish(facts::spent(&spent)).await?;
    tx.publish(facts::captured(&hold, amount)).await?;
    tx.commit(pb::CaptureHoldResponse {
        journal_id: spent.origin.journal.to_string(),
        amount: Some(amount.into()),
        spendable: Some(spent.spendable.into()),
        captured_at: Some(to_proto_time(at)),
    })
    .await
}

fn spending(hold: &Hold, amount: Amount, caller: String, request: Uuid) -> Ask {
    Ask {
        person: hold.person,
        due: hold.due,
        amount,
        studio: hold.studio,
        order: hold.order,
        acting: hold.acting,
        caller,
        request,
    }
}
