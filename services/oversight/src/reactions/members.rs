//! Who may answer for tickets, and whose texts have to become unreadable.

use kernel::{GrantId, NodeId, PersonId};
use platform::{BoxFuture, Delivery, Error, SystemTx};
use proto::studio::members::v1::members_event::Fact;
use proto::studio::members::v1::{MemberErased, MembersEvent, StaffGranted};

use crate::App;
use crate::domain::topic::Topic;
use crate::store::supervisors::{self, Grant};

pub fn react<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<MembersEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        match &delivery.fact().fact {
            Some(Fact::StaffGranted(fact)) => granted(tx, fact).await,
            Some(Fact::StaffGrantRevoked(fact)) => {
                supervisors::end(tx, GrantId::parse("grant_id", &fact.grant_id)?).await
            }
            Some(Fact::MemberErased(fact)) => erased(app, tx, fact).await,
            _ => Ok(()),
        }
    })
}

async fn granted(tx: &mut SystemTx, fact: &StaffGranted) -> Result<(), Error> {
    if !Topic::is_answered_by(fact.role()) {
        return Ok(());
    }
    let grant = Grant {
        id: GrantId::parse("grant_id", &fact.grant_id)?,
        person: PersonId::parse("person_id", &fact.person_id)?,
        role: fact.role(),
        node: NodeId::parse("node_id", &fact.node_id)?,
    };
    supervisors::keep(tx, &grant).await
}

async fn erased(app: &App, tx: &mut SystemTx, fact: &MemberErased) -> Result<(), Error> {
    let person = PersonId::parse("person_id", &fact.person_id)?;
    app.vault().shred(tx, person).await
}
