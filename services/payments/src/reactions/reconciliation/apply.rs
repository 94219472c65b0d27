use kernel::{AttemptId, Timestamp};
use platform::{BoxFuture, Error, Settled, SystemTx, Task};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::channel::{ChannelNumber, Identity, Paid};
use crate::domain::attempt::State as AttemptState;
use crate::domain::evidence::Evidence;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::difference::{Step, Type};
use crate::domain::reconciliation::trades::{Group, Traded};
use crate::evidence::{Applied, apply_channel_evidence};
use crate::store::callback::Source;
use crate::store::reconciliation::differences;
use crate::{App, exceptions, facts, store};

/// A line of a bill that proves a payment of ours.
#[derive(Serialize, Deserialize)]
pub struct Proof {
    difference: Uuid,
    paid: Paid,
}

impl Proof {
    /// A bill that names no account was fetched for ours.
    pub fn of(book: &Book, ours: &Identity, group: &Group, line: &Traded) -> Self {
        let or = |stated: &str, ours: &str| {
            if stated.is_empty() {
                ours.to_owned()
            } else {
                stated.to_owned()
            }
        };
        Self {
            difference: Type::PaidUnknownHere.id(book.id, &group.number),
            paid: Paid {
                number: ChannelNumber::from_text(&group.number),
                identity: Identity {
                    merchant: or(&line.merchant, &ours.merchant),
                    app: or(&line.app, &ours.app),
                },
                transaction: line.transaction.clone(),
                amount_minor: line.amount_minor,
                currency: kernel::CURRENCY.to_owned(),
                paid_at: line.at,
            },
        }
    }
}

/// What a bill proves becomes true by the one way in which anything does. The
/// difference ends with it, unless the statement is not believed.
pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let proof: Proof = task.payload()?;
        let evidence = Evidence::Paid(proof.paid);
        let mut tx = task.begin(app).await?;
        let id = AttemptId(task.aggregate);
        match apply_channel_evidence(app, &mut tx, id, &evidence, Source::Bill).await? {
            Applied::Changed | Applied::NoEffect => {
                repaired(&mut tx, proof.difference, app.clock.now()).await?;
                booked(app, &mut tx, id).await?;
            }
            Applied::Quarantined(_) => {}
        }
        tx.done(task).await
    })
}

/// The money may have been booked in the moment in which the bill was read.
async fn booked(app: &App, tx: &mut SystemTx, id: AttemptId) -> Result<(), Error> {
    match store::attempt::get(tx, id).await? {
        Some(attempt) if matches!(attempt.state, AttemptState::Paid { .. }) => {
            exceptions::credited(app, tx, id).await
        }
        _ => Ok(()),
    }
}

/// The system put a difference right, if it was open.
pub async fn repaired(tx: &mut SystemTx, id: Uuid, at: Timestamp) -> Result<(), Error> {
    let Some(difference) = differences::lock(tx, id).await? else {
        return Ok(());
    };
    let Ok(state) = difference.state()?.take(Step::Repair) else {
        return Ok(());
    };
    let change = differences::Change {
        state: &state,
        note: "",
        maker: None,
        checker: None,
        at,
    };
    differences::save(tx, id, &change).await?;
    tx.publish(facts::difference_resolved(&difference, &state)?).await
}
