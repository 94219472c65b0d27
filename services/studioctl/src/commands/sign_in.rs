use serde_json::json;

use super::Desk;
use crate::cli::SignIn;
use crate::failure::Failure;
use crate::output::line;
use crate::session::{self, Session, Who};

pub async fn sign_in(desk: &Desk, who: SignIn) -> Result<(), Failure> {
    let session = session::sign_in(&desk.house, Who::read(&who.who)).await?;
    session::keep(&desk.state, &session)?;
    show(desk, &session);
    Ok(())
}

pub fn sign_out(desk: &Desk) -> Result<(), Failure> {
    session::forget(&desk.state)?;
    eprintln!("nobody is signed in any more");
    Ok(())
}

pub async fn whoami(desk: &Desk) -> Result<(), Failure> {
    let Some(session) = session::kept(&desk.state) else {
        return Err(Failure::new("nobody is signed in").hint("try `studioctl sign-in customer-service`"));
    };
    show(desk, &desk.renewed(session).await?);
    Ok(())
}

pub async fn token(desk: &Desk, role: &str) -> Result<(), Failure> {
    line(&session::sign_in(&desk.house, Who::read(role)).await?.token);
    Ok(())
}

fn show(desk: &Desk, session: &Session) {
    let who = match &session.who {
        Who::Account(text) | Who::Phone(text) | Who::Person(text) => text,
    };
    let value = json!({ "who": who, "person_id": session.person_id, "roles": session.roles, "expire_at": session.expire_at });
    desk.output.value(&value, || {
        format!(
            "{who} ({}), person {}",
            session.roles.join(", "),
            session.person_id
        )
    });
}
