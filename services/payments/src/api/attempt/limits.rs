//! Limits on what may be started.

use platform::{Error, WriteTx};

use crate::domain::intent::Intent;
use crate::domain::limit::{Block, Start, holding};
use crate::domain::{Method, Refusal};
use crate::{App, meters, store};

/// Counts a new attempt wherever a limit asks, under locks that the transaction
/// holds to its end, so that no two starts share the last place. When a limit is
/// reached nothing stays counted, the event is recorded, and its refusal answered:
/// commit it.
pub async fn blocked(
    app: &App,
    tx: &mut WriteTx,
    intent: &Intent,
    method: Method,
    device: &str,
) -> Result<Option<Refusal>, Error> {
    let claim = &intent.claim;
    let start = Start {
        intent: intent.id,
        claim,
        device,
        at: app.clock.now(),
    };
    let set = store::limit::in_force(tx, claim.studio_id, claim.legal_entity_id, start.at).await?;
    let holding = holding(&app.config.cashier.limits(), set, &start);
    let mut reached: Option<Block> = None;
    for (key, limit) in &holding {
        let found = store::limit::count(tx, key, claim.amount).await?;
        if let Err(block) = limit.weigh(&start, found) {
            reached = Some(reached.map_or(block, |before| before.later(block)));
        }
    }
    let Some(block) = reached else { return Ok(None) };
    for (key, _) in &holding {
        store::limit::uncount(tx, key, claim.amount).await?;
    }
    store::blocked::insert(tx, &start, method, &block).await?;
    meters::start_blocked(block.limit.terms.subject.word());
    Ok(Some(block.refusal(start.at)))
}
