use std::collections::BTreeMap;

use kernel::{BadField, BenefitId, CardId, RefundCaseId, Timestamp};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;
use uuid::Uuid;

use super::{benefit_view, card_view};
use crate::domain::Refusal;
use crate::domain::cards::{Card, State};
use crate::store::cards::Revocation;
use crate::{App, facts, store};

/// Takes unused uses or the whole card back, once for a refund case.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::RevokeBenefitsRequest,
) -> Result<pb::RevokeBenefitsResponse, Error> {
    let wanted = Revocation {
        case: RefundCaseId::parse("case_id", &request.case_id)?,
        card: CardId::parse("card_id", &request.card_id)?,
        whole_card: request.whole_card,
        uses: if request.whole_card {
            BTreeMap::new()
        } else {
            uses(&request.uses)?
        },
    };

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let card = store::cards::lock(&mut tx, wanted.card)
        .await?
        .ok_or_else(|| Error::not_found("card"))?;
    let card = match store::cards::revocation(&mut tx, wanted.case).await? {
        Some(before) if before.card == card.id => card,
        Some(_) => return Err(Error::not_found("card of this case")),
        None => take_back(&mut tx, card, &wanted, app.clock.now()).await?,
    };

    let benefits = store::cards::benefits_of(&mut tx, card.id).await?;
    tx.commit(pb::RevokeBenefitsResponse {
        card: Some(card_view(app, &card, &benefits)),
        benefits: benefits.iter().map(benefit_view).collect(),
    })
    .await
}

async fn take_back(tx: &mut WriteTx, card: Card, wanted: &Revocation, now: Timestamp) -> Result<Card, Error> {
    let version = card.version + 1;
    let card = if wanted.whole_card { card.end(now)? } else { card };
    let card = Card { version, ..card };
    if wanted.whole_card {
        store::cards::release_all(tx, card.id, now).await?;
        store::cards::end_benefits(tx, card.id, now).await?;
    } else if let State::Ended { .. } = card.state {
        return Err(Refusal::CardEnded.into());
    }
    for (benefit, uses) in &wanted.uses {
        store::cards::take_back(tx, card.id, BenefitId(*benefit), *uses).await?;
    }
    store::cards::save(tx, &card, None).await?;
    store::cards::insert_revocation(tx, wanted, &card, now).await?;
    tx.publish(facts::benefits_revoked(&card, wanted.case, wanted.whole_card))
        .await?;
    Ok(card)
}

fn uses(said: &[pb::UsesToRevoke]) -> Result<BTreeMap<Uuid, i32>, BadField> {
    let mut uses = BTreeMap::new();
    for (at, line) in said.iter().enumerate() {
        let field = format!("uses[{at}].benefit_id");
        let benefit = BenefitId::parse(&field, &line.benefit_id)?;
        if uses.insert(benefit.0, line.uses).is_some() {
            return Err(BadField::new(field, "stands there twice"));
        }
    }
    Ok(uses)
}
