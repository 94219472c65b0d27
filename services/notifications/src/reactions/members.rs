//! People, cards and visits.

use platform::{BoxFuture, Delivery, Error, SystemTx};
use proto::studio::members::v1::members_event::Fact;
use proto::studio::members::v1::{
    ActivationCodeRequested, BenefitRedeemed, MembersEvent, SignInCodeRequested,
};

use super::{benefit_statement, notice, tell, time};
use crate::App;
use crate::domain::fill::{Fill, Value};
use crate::domain::message::Notice;

pub fn react<'a>(
    app: &'a App,
    tx: &'a mut SystemTx,
    delivery: &'a Delivery<MembersEvent>,
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(async move {
        if let Some(Fact::CardActivated(fact)) = &delivery.fact().fact {
            return benefit_statement::leave(tx, delivery, fact).await;
        }
        tell(app, tx, delivery, told(delivery.fact())?).await
    })
}

/// What a fact tells its person. A card's activation is told by its statement
/// of benefits; that its validity began is part of it.
fn told(event: &MembersEvent) -> Result<Option<Notice>, Error> {
    Ok(Some(match &event.fact {
        Some(Fact::PersonRegistered(f)) if f.imported => return Ok(None),
        Some(Fact::PersonRegistered(f)) => notice(
            "person_registered",
            &f.person_id,
            &f.home_studio_id,
            &f.person_id,
            Fill::default(),
        )?,
        Some(Fact::SignInCodeRequested(f)) => sign_in_code(f)?,
        Some(Fact::ActivationCodeRequested(f)) => activation_code(f)?,
        Some(Fact::CardOpened(f)) => {
            let fill = Fill::default().text("product", &f.product_name);
            notice("card_opened", &f.person_id, &f.studio_id, &f.card_id, fill)?
        }
        Some(Fact::BenefitRedeemed(f)) => checked_in(f)?,
        Some(Fact::BenefitsRevoked(f)) => notice(
            "benefits_revoked",
            &f.person_id,
            &f.studio_id,
            &f.card_id,
            Fill::default(),
        )?,
        Some(
            Fact::OrganisationNodeChanged(_)
            | Fact::StaffGranted(_)
            | Fact::StaffGrantRevoked(_)
            | Fact::GrantReviewDue(_)
            | Fact::MemberErased(_)
            | Fact::CardActivated(_)
            | Fact::CardValidityStarted(_),
        )
        | None => return Ok(None),
    }))
}

fn sign_in_code(fact: &SignInCodeRequested) -> Result<Notice, Error> {
    let notice = notice(
        "sign_in_code",
        &fact.person_id,
        "",
        &fact.challenge_id,
        Fill::default(),
    )?;
    Ok(Notice {
        challenge: Some(notice.about.into()),
        ..notice
    })
}

fn activation_code(fact: &ActivationCodeRequested) -> Result<Notice, Error> {
    let challenge = super::id("challenge_id", &fact.challenge_id)?;
    let notice = notice(
        "activation_code",
        &fact.person_id,
        "",
        &fact.card_id,
        Fill::default(),
    )?;
    Ok(Notice {
        challenge: Some(challenge.into()),
        ..notice
    })
}

fn checked_in(fact: &BenefitRedeemed) -> Result<Notice, Error> {
    let fill = Fill::default()
        .time("at", time("used_at", fact.used_at.as_ref())?)
        .text("benefit", &fact.benefit_name)
        .with("left", Value::Uses((!fact.unlimited).then_some(fact.left)));
    Ok(notice(
        "checked_in",
        &fact.person_id,
        &fact.studio_id,
        &fact.check_in_id,
        fill,
    )?)
}
