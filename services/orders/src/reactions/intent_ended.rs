use kernel::DueId;
use platform::{Error, SystemTx};
use proto::studio::payments::v1::Purpose;

use crate::domain::order::{News, TakeBack};
use crate::{App, store};

/// Payments will collect no money for a due any more.
pub async fn react(app: &App, tx: &mut SystemTx, purpose: Purpose, due_id: &str) -> Result<(), Error> {
    if purpose != Purpose::Order {
        return Ok(());
    }
    let due = DueId::parse("due_id", due_id)?;
    match store::order::of_due(tx, due).await? {
        Some(order) => super::learn(app, tx, order, News::Released(TakeBack { due, spend: None })).await,
        None => Ok(()),
    }
}
