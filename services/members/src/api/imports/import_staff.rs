use std::collections::{HashMap, HashSet};

use kernel::{BadField, PersonId};
use platform::{Caller, Claim, Error, WriteTx};
use proto::studio::members::v1 as pb;

use super::{Counts, open, report};
use crate::domain::imports::{STAFF_COLUMNS, StaffRow, read_staff};
use crate::domain::staff::Grant;
use crate::{App, facts, store};

/// Takes staff in with their accounts and roles.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ImportStaffRequest,
) -> Result<pb::ImportStaffResponse, Error> {
    let sheet = open(&request.content, &STAFF_COLUMNS)?;

    let mut tx = match app.claim(caller, &request).await? {
        Claim::Fresh(tx) => tx,
        Claim::Repeat(reply) => return Ok(reply),
    };
    let nodes: HashMap<String, _> = store::organisation::open_nodes(&mut tx).await?;
    let (rows, mut errors) = read_staff(&sheet, |code| nodes.get(code).copied());
    let (mut counts, mut renamed) = (Counts::default(), HashSet::new());
    for row in &rows {
        match take_in(app, caller, &mut tx, row, &mut renamed).await? {
            Ok(Took::New) => counts.created += 1,
            Ok(Took::Changed) => counts.updated += 1,
            Ok(Took::Known) => counts.unchanged += 1,
            Err(bad) => errors.add(row.line, bad),
        }
    }

    let write = !request.trial_run && errors.is_empty();
    let reply = pb::ImportStaffResponse {
        report: Some(report(&sheet, &counts, errors, write)),
    };
    if write { tx.commit(reply).await } else { Ok(reply) }
}

enum Took {
    New,
    Changed,
    Known,
}

/// Writes one row, or says which field contradicts what is known.
async fn take_in(
    app: &App,
    caller: &Caller,
    tx: &mut WriteTx,
    row: &StaffRow,
    renamed: &mut HashSet<PersonId>,
) -> Result<Result<Took, BadField>, Error> {
    let (now, vault) = (app.clock.now(), app.vault());
    let known = store::staff::find_by_number(tx, &row.number).await?;
    let person = match known {
        Some(person) => person,
        None => match newcomer(app, tx, row).await? {
            Ok(person) => person,
            Err(bad) => return Ok(Err(bad)),
        },
    };
    let account = store::staff::find_account(tx, vault, &row.account).await?;
    if account.is_some_and(|owner| owner != person) {
        return Ok(Err(BadField::new("account", "belongs to another person")));
    }

    if known.is_some() && store::staff::staff_name(tx, vault, person).await?.as_ref() != Some(&row.name) {
        store::staff::rename(tx, vault, person, &row.name).await?;
        renamed.insert(person);
    }
    if account.is_none() {
        store::staff::add_account(tx, vault, person, &row.account, now).await?;
    }
    let gave = match give(app, caller, tx, person, row).await? {
        Ok(gave) => gave,
        Err(bad) => return Ok(Err(bad)),
    };
    Ok(Ok(match (account.is_none() || gave, renamed.contains(&person)) {
        (true, _) => Took::New,
        (false, true) => Took::Changed,
        (false, false) => Took::Known,
    }))
}

/// Gives the role of a row unless the person holds it, and says whether it was
/// given. One that is only delegated ends, which is not what the file says.
async fn give(
    app: &App,
    caller: &Caller,
    tx: &mut WriteTx,
    person: PersonId,
    row: &StaffRow,
) -> Result<Result<bool, BadField>, Error> {
    let now = app.clock.now();
    let held = store::staff::grants_of(tx, person, now).await?;
    let same = |grant: &&Grant| grant.post == row.post && grant.node == row.node;
    if let Some(held) = held.iter().find(same) {
        return Ok(match held.expires_at {
            None => Ok(false),
            Some(_) => Err(BadField::new(
                "role",
                "is only delegated to this person: end the delegation first",
            )),
        });
    }
    let Ok(grant) = Grant::give(person, row.post, row.node, caller.person(), caller.actor(), now) else {
        let bad = BadField::new("role", "cannot be given to whoever imports the file");
        return Ok(Err(bad));
    };
    store::staff::insert_grant(tx, &grant).await?;
    tx.publish(facts::granted(&grant)).await?;
    Ok(Ok(true))
}

/// Makes somebody new staff: a member with their phone number is one person with them.
async fn newcomer(app: &App, tx: &mut WriteTx, row: &StaffRow) -> Result<Result<PersonId, BadField>, Error> {
    let member = match &row.phone {
        Some(phone) => store::people::find_by_phone(tx, app.vault(), phone).await?,
        None => None,
    };
    let person = member.map_or_else(PersonId::fresh, |member| member.id);
    if store::staff::is_staff(tx, person).await? {
        return Ok(Err(BadField::new(
            "phone",
            "belongs to staff with another number",
        )));
    }
    store::staff::add_staff(tx, app.vault(), person, &row.number, &row.name, app.clock.now()).await?;
    Ok(Ok(person))
}
