use kernel::NodeId;
use platform::import::RowErrors;
use platform::{Caller, Claim, Error};
use proto::studio::members::v1 as pb;

use super::{Counts, open, report};
use crate::domain::imports::{NODE_COLUMNS, plan_organisation};
use crate::{App, facts, store};

/// Takes nodes of the organisation in.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ImportOrganisationRequest,
) -> Result<pb::ImportOrganisationResponse, Error> {
    let sheet = open(&request.content, &NODE_COLUMNS)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let known = store::organisation::lock(&mut tx).await?;
    let answer = |counts: &Counts, errors, imported| pb::ImportOrganisationResponse {
        report: Some(report(&sheet, counts, errors, imported)),
    };
    let plan = match plan_organisation(&sheet, &known, NodeId::fresh) {
        Ok(plan) => plan,
        Err(errors) => return Ok(answer(&Counts::default(), errors, false)),
    };
    let created = plan.changes.iter().filter(|change| change.is_new).count();
    let counts = Counts {
        created,
        updated: plan.changes.len() - created,
        unchanged: plan.unchanged,
    };
    if request.trial_run {
        return Ok(answer(&counts, RowErrors::default(), false));
    }

    for change in &plan.changes {
        platform::organisation::apply(&mut tx, &change.node).await?;
        tx.publish(facts::node_changed(&change.node)).await?;
    }
    let reply = tx.commit(answer(&counts, RowErrors::default(), true)).await?;
    app.organisation().refresh(app).await?;
    Ok(reply)
}
