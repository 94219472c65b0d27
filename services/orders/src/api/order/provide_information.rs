use platform::{Caller, Claim, Error};
use proto::studio::orders::v1 as pb;

use super::show;
use crate::{App, store};

/// Keeps the applicant's answer below what they wrote before.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ProvideInformationRequest,
) -> Result<pb::ProvideInformationResponse, Error> {
    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let order = super::lock(&mut tx, &request.order_id).await?;
    let person = order.person;
    let earlier = match store::order::needs(&mut tx, order.id).await? {
        Some(sealed) => app
            .vault()
            .open(&mut tx, person, super::NEEDS, &sealed)
            .await?
            .unwrap_or_default(),
        None => String::new(),
    };
    let change = order.provide_information(app.now())?;

    let needs = format!("{earlier}\n\n{}", request.answer.trim());
    let sealed = app
        .vault()
        .seal(&mut tx, person, super::NEEDS, needs.trim())
        .await?;
    store::order::save_with_needs(&mut tx, &change, Some(&sealed), &caller.into()).await?;
    super::follow(&mut tx, &change, None).await?;
    tx.commit(pb::ProvideInformationResponse {
        order: Some(show::order(&change.order, None, &[])),
    })
    .await
}
