//! Reservations of value.

pub mod capture;
pub mod get;
pub mod list;
pub mod place;
pub mod release;

use kernel::{HoldId, to_proto_time};
use platform::{Error, WriteTx};
use proto::studio::wallet::v1 as pb;

use crate::domain::hold::State;
use crate::domain::{Hold, Refusal, Wallet};
use crate::store;

/// A hold with its wallet, which is locked first by everybody.
async fn lock(tx: &mut WriteTx, id: HoldId) -> Result<(Hold, Wallet), Error> {
    let person = store::holds::owner(tx, id).await?.ok_or(Refusal::UnknownHold)?;
    let wallet = store::wallets::lock(tx, person, &[])
        .await?
        .ok_or(Refusal::UnknownHold)?;
    let hold = store::holds::find(tx, id).await?.ok_or(Refusal::UnknownHold)?;
    Ok((hold, wallet))
}

fn shown(hold: &Hold) -> pb::Hold {
    let end = hold.state.end();
    pb::Hold {
        hold_id: hold.id.to_string(),
        person_id: hold.person.to_string(),
        due_id: hold.due.to_string(),
        order_id: hold.order.map(|id| id.to_string()).unwrap_or_default(),
        studio_id: hold.studio.to_string(),
        state: pb::HoldState::from(&hold.state).into(),
        amount: Some(hold.amount.into()),
        principal: Some(hold.reserved.principal.into()),
        gift: Some(hold.reserved.gift.into()),
        captured: hold.state.captured().map(Into::into),
        placed_at: Some(to_proto_time(hold.placed_at)),
        expire_at: Some(to_proto_time(hold.expire_at)),
        ended_at: end.map(|end| to_proto_time(end.at)),
        ended_by: end.map(|end| end.by.clone()).unwrap_or_default(),
        version: hold.version,
    }
}

impl From<&State> for pb::HoldState {
    fn from(state: &State) -> Self {
        match state {
            State::Active => Self::Active,
            State::Captured { .. } => Self::Captured,
            State::Released(_) => Self::Released,
            State::Expired(_) => Self::Expired,
        }
    }
}
