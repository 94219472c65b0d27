use kernel::{Amount, DueId, HoldId, OrderId, PersonId, StudioId, Timestamp, from_proto_time};
use platform::organisation::Studio;
use platform::{Caller, Claim, Error, NewTask};
use proto::studio::wallet::v1 as pb;

use crate::domain::hold::{Reserved, State};
use crate::domain::{Hold, Refusal, Wallet};
use crate::reactions::expire_hold;
use crate::{App, facts, store};

/// Reserves an amount of a wallet to pay one due.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::PlaceHoldRequest,
) -> Result<pb::PlaceHoldResponse, Error> {
    let ask = Ask::parse(&request)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let at = app.clock.now();
    if ask.expire_at <= at || ask.expire_at > at + app.limits.hold {
        let max_hours = app.limits.hold.num_hours();
        return Err(Refusal::ExpiryOutOfRange { max_hours }.into());
    }
    let organisation = app.organisation();
    let studio = organisation.studio(ask.studio).ok_or(Refusal::StudioUnknown)?;
    let before = store::wallets::lock(&mut tx, ask.person, &[])
        .await?
        .ok_or(Refusal::UnknownWallet)?;
    if !store::spends::paid(&mut tx, &[ask.due]).await?.is_empty() {
        return Err(Refusal::DueAlreadyPaid.into());
    }

    let (after, reserved) = before.clone().hold(ask.amount)?;
    let hold = ask.hold(&after, &studio, reserved, at);

    store::holds::insert(&mut tx, &hold).await?;
    store::wallets::save_value(&mut tx, &[(&before, &after)], at).await?;
    tx.publish(facts::held(&hold)).await?;
    tx.task(NewTask::at(expire_hold::KIND, hold.id, hold.expire_at, &()))
        .await?;
    tx.commit(pb::PlaceHoldResponse {
        hold_id: hold.id.to_string(),
        spendable: Some(after.spendable().into()),
    })
    .await
}

struct Ask {
    person: PersonId,
    due: DueId,
    order: Option<OrderId>,
    amount: Amount,
    studio: StudioId,
    expire_at: Timestamp,
    acting: PersonId,
}

impl Ask {
    fn parse(request: &pb::PlaceHoldRequest) -> Result<Self, Error> {
        let person = PersonId::parse("person_id", &request.person_id)?;
        Ok(Self {
            person,
            due: DueId::parse("due_id", &request.due_id)?,
            order: match request.order_id.as_str() {
                "" => None,
                id => Some(OrderId::parse("order_id", id)?),
            },
            amount: Amount::parse("amount", request.amount.as_ref())?,
            studio: StudioId::parse("studio_id", &request.studio_id)?,
            expire_at: from_proto_time(request.expire_at.as_ref())
                .ok_or_else(|| kernel::BadField::new("expire_at", "is not a time"))?,
            acting: match request.acting_person_id.as_str() {
                "" => person,
                id => PersonId::parse("acting_person_id", id)?,
            },
        })
    }

    fn hold(&self, wallet: &Wallet, studio: &Studio, reserved: Reserved, at: Timestamp) -> Hold {
        Hold {
            id: HoldId::fresh(),
            wallet: wallet.id,
            person: self.person,
            studio: studio.id,
            seller: studio.legal_entity,
            due: self.due,
            order: self.order,
            acting: self.acting,
            amount: self.amount,
            reserved,
            placed_at: at,
            expire_at: self.expire_at,
            state: State::Active,
            version: 1,
        }
    }
}
