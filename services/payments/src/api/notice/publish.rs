use std::collections::BTreeSet;

use kernel::{Amount, BadField, Invalid, NoticeId, StudioId, Timestamp, from_proto_time};
use platform::{Caller, Claim, Error};
use proto::studio::payments::v1 as pb;

use crate::domain::Refusal;
use crate::domain::notice::{Notice, Offered, Price, Way};
use crate::{App, store, wire};

/// Adds a version of what a studio publishes about paying there.
#[tracing::instrument(name = "payments.publish_notice", skip_all, fields(studio.id = %request.studio_id))]
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::PublishNoticeRequest,
) -> Result<pb::PublishNoticeResponse, Error> {
    let draft = draft(app, caller, &request)?;
    caller.require_reach("studio", draft.studio, None)?;
    set_up(app, &draft)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let last = store::notice::last(&mut tx, draft.studio).await?;
    let notice = draft.following(last)?;
    store::notice::insert(&mut tx, &notice).await?;
    tx.commit(pb::PublishNoticeResponse {
        notice: Some(wire::notice(&notice, true)),
    })
    .await
}

fn draft(app: &App, caller: &Caller, request: &pb::PublishNoticeRequest) -> Result<Notice, Error> {
    let now = app.clock.now();
    let mut bad = Vec::new();
    let ways = ways(request, &mut bad);
    let prices = prices(request, &mut bad);
    let effective_from = effective_from(request, now).map_err(|field| bad.push(field));
    if !bad.is_empty() {
        return Err(Invalid(bad).into());
    }
    Ok(Notice {
        id: NoticeId::fresh(),
        studio: StudioId::parse("studio_id", &request.studio_id)?,
        number: 1,
        ways,
        prices,
        refund_policy: request.refund_policy.clone(),
        after_sales: request.after_sales.clone(),
        effective_from: effective_from.unwrap_or(now),
        published_by: caller.require_person()?,
        published_at: now,
    })
}

fn ways(request: &pb::PublishNoticeRequest, bad: &mut Vec<BadField>) -> Vec<Way> {
    let mut seen = BTreeSet::new();
    let mut ways = Vec::new();
    for (at, way) in request.methods.iter().enumerate() {
        match wire::offered(way.method()) {
            Some(method) if seen.insert(method.word()) => ways.push(Way {
                method,
                steps: way.steps.clone(),
            }),
            _ => bad.push(BadField::new(
                format!("methods[{at}].method"),
                "must be named once",
            )),
        }
    }
    ways
}

fn prices(request: &pb::PublishNoticeRequest, bad: &mut Vec<BadField>) -> Vec<Price> {
    let mut prices = Vec::new();
    for (at, line) in request.prices.iter().enumerate() {
        match Amount::parse(&format!("prices[{at}].price"), line.price.as_ref()) {
            Ok(price) => prices.push(Price {
                name: line.name.clone(),
                unit: line.unit.clone(),
                price,
            }),
            Err(field) => bad.push(field),
        }
    }
    prices
}

fn effective_from(request: &pb::PublishNoticeRequest, now: Timestamp) -> Result<Timestamp, BadField> {
    match &request.effective_from {
        None => Ok(now),
        given => {
            from_proto_time(given.as_ref()).ok_or_else(|| BadField::new("effective_from", "must be a time"))
        }
    }
}

/// A channel is offered only where it collects.
fn set_up(app: &App, notice: &Notice) -> Result<(), Error> {
    let studio = app
        .organisation()
        .studio(notice.studio)
        .filter(|studio| !studio.closed)
        .ok_or_else(|| Error::not_found("studio"))?;
    let lacks = |method: &Offered| {
        let channel = method.channel();
        channel.is_some_and(|word| !app.merchants.collects(studio.legal_entity, studio.id, word))
            || *method == Offered::BankTransfer && app.config.payee(studio.legal_entity).is_none()
    };
    match notice.ways.iter().map(|way| way.method).find(lacks) {
        Some(method) => Err(Refusal::MethodNotSetUp {
            method: method.word(),
        }
        .into()),
        None => Ok(()),
    }
}
