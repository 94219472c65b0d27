use kernel::{CardId, RefundCaseId, derived_uuid};
use platform::{BoxFuture, Error, NewTask, Settled, Task, inconsistent, request};
use proto::studio::members::v1 as members;
use proto::studio::orders::v1 as orders;

use crate::domain::Case;
use crate::domain::case::State;
use crate::{App, facts, look, store};

pub const KIND: &str = "record_refund";

pub fn task(case: &Case) -> NewTask {
    NewTask::now(KIND, case.id, &())
}

/// With all money back, the order writes it down and the card gives back what
/// it stands for. Both know the case by its id and do it once.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let id = RefundCaseId(task.aggregate);
        let found = {
            let mut tx = task.begin(app).await?;
            store::cases::find(&mut tx, id).await?
        };
        let case = found.ok_or_else(|| inconsistent("cases", "a task for none"))?;
        if !matches!(case.state, State::Settling(_)) {
            return task.begin(app).await?.done(task).await;
        }

        let told = match tell(app, &case).await {
            Ok(()) => Ok(()),
            Err(error) => match error.definite_no() {
                Some(why) => Err(why),
                None => return task.ask_again(app, error).await,
            },
        };

        let mut tx = task.begin(app).await?;
        let case = store::cases::lock(&mut tx, id)
            .await?
            .ok_or_else(|| inconsistent("cases", "gone"))?;
        if let Some(case) = case.recorded(told, app.clock.now())? {
            store::cases::save(&mut tx, &case).await?;
            let fact = match &case.state {
                State::Stuck { why, .. } => facts::stuck(&case, why),
                _ => facts::completed(&case),
            };
            tx.publish(fact).await?;
        }
        tx.done(task).await
    })
}

async fn tell(app: &App, case: &Case) -> Result<(), Error> {
    let record = orders::RecordRefundRequest {
        request_id: derived_uuid(case.id.0, "record").to_string(),
        order_id: case.order.to_string(),
        case_id: case.id.to_string(),
        amount: Some(case.amount.into()),
        due_id: case.due.map(|due| due.to_string()).unwrap_or_default(),
    };
    app.orders.clone().record_refund(request(record)).await?;
    match case.quote.card {
        Some(card) => revoke(app, case, card).await,
        None => Ok(()),
    }
}

/// What is left is asked for anew, since the member may have come in between.
/// The request id follows from what is asked, so that a changed list is a new
/// request; that it happens once for the case is members' promise.
async fn revoke(app: &App, case: &Case, card: CardId) -> Result<(), Error> {
    let uses = if case.quote.whole {
        Vec::new()
    } else {
        uses_back(app, case, card).await?
    };
    let asked: Vec<String> = uses
        .iter()
        .map(|u| format!("{} {}", u.benefit_id, u.uses))
        .collect();
    let revoke = members::RevokeBenefitsRequest {
        request_id: derived_uuid(case.id.0, &format!("revoke {}", asked.join(" "))).to_string(),
        card_id: card.to_string(),
        case_id: case.id.to_string(),
        whole_card: case.quote.whole,
        uses,
    };
    match app
        .cards
        .clone()
        .revoke_benefits(request(revoke))
        .await
        .map_err(Error::from)
    {
        // An earlier refund took the card back as a whole: nothing is left to take.
        Err(error) if error.reason().as_deref() == Some("CARD_ENDED") => Ok(()),
        // Used in this very moment: look again.
        Err(error) if error.reason().as_deref() == Some("REVOCATION_TOO_LARGE") => Err(Error::Internal(
            "a benefit was used while it was taken back".to_owned(),
        )),
        answer => answer.map(|_| ()),
    }
}

async fn uses_back(app: &App, case: &Case, card: CardId) -> Result<Vec<members::UsesToRevoke>, Error> {
    let card = look::card(app, card).await?;
    let limited = card.benefits.iter().filter(|benefit| benefit.uses > 0);
    Ok(limited
        .map(|benefit| (benefit.id, case.quote.uses_back(benefit.left)))
        .filter(|(_, uses)| *uses > 0)
        .map(|(id, uses)| members::UsesToRevoke {
            benefit_id: id.to_string(),
            uses,
        })
        .collect())
}
