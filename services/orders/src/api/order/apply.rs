use kernel::{OrderId, PersonId, ProductId, StudioId};
use platform::{Caller, Claim, Error, inconsistent};
use proto::studio::members::v1::GetPersonRequest;
use proto::studio::orders::v1 as pb;

use super::{sale, show};
use crate::domain::order::{Beginning, Deadline, Order};
use crate::reactions::run_out;
use crate::{App, store};

/// Begins an application as a draft.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ApplyRequest,
) -> Result<pb::ApplyResponse, Error> {
    let beginning = parse(app, caller, &request)?;
    if caller.person() != Some(beginning.person) {
        check_person(app, beginning.person).await?;
    }

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    sale::check_known(&mut tx, beginning.product).await?;
    let change = Order::begin(&beginning, app.now());

    let order = &change.order;
    let needs = match request.needs.trim() {
        "" => None,
        needs => Some(
            app.vault()
                .seal(&mut tx, order.person, super::NEEDS, needs)
                .await?,
        ),
    };
    store::order::insert(&mut tx, &change, needs.as_ref(), &caller.into()).await?;
    let due = order.act_by.ok_or_else(|| inconsistent("orders", "act_by"))?;
    tx.task(run_out::timer(order.id, Deadline::Draft, due)).await?;
    tx.commit(pb::ApplyResponse {
        order: Some(show::order(order, None, &[])),
    })
    .await
}

fn parse(app: &App, caller: &Caller, request: &pb::ApplyRequest) -> Result<Beginning, Error> {
    let by = caller.require_person()?;
    let person = sale::optional(&request.person_id, |id| PersonId::parse("person_id", id))?.unwrap_or(by);
    if caller.is_member() && person != by {
        return Err(Error::not_found("person"));
    }
    let studio = StudioId::parse("studio_id", &request.studio_id)?;
    let known = app
        .organisation()
        .studio(studio)
        .filter(|s| !s.closed)
        .ok_or_else(|| Error::not_found("studio"))?;
    caller.require_reach("studio", studio, Some(person))?;
    let channel = show::channel_of(request.channel()).ok_or_else(|| inconsistent("requests", "channel"))?;
    Ok(Beginning {
        id: OrderId::fresh(),
        person,
        studio,
        legal_entity: known.legal_entity,
        product: sale::optional(&request.product_id, |id| ProductId::parse("product_id", id))?,
        channel,
        entered_by: by,
    })
}

/// Refuses a person whom members does not know.
async fn check_person(app: &App, person: PersonId) -> Result<(), Error> {
    let request = platform::request(GetPersonRequest {
        person_id: person.to_string(),
    });
    app.people.clone().get_person(request).await?;
    Ok(())
}
