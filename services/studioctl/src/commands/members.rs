use comfy_table::Table;
use proto::studio::members::v1 as pb;

use super::{Desk, held, studio};
use crate::cli::Members;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{facts, table, time, word};

pub async fn run(desk: &Desk, command: Members) -> Result<(), Failure> {
    let house = desk.enter("front-desk").await?;
    match command {
        Members::Find { phone } => {
            let reply = house.ask(pb::LookUpPersonRequest { phone }).await?;
            desk.output
                .reply::<pb::LookUpPersonRequest>(&reply, |r| people(r.person.as_slice()))
        }
        Members::List => {
            let reply = house.ask(pb::ListPeopleRequest::default()).await?;
            desk.output
                .reply::<pb::ListPeopleRequest>(&reply, |r| people(&r.people))
        }
        Members::Show { person_id } => show(desk, &house, person_id).await,
        Members::Card { card_id } => {
            let reply = house
                .ask(pb::GetBenefitsRequest {
                    card_id,
                    ..Default::default()
                })
                .await?;
            desk.output
                .reply::<pb::GetBenefitsRequest>(&reply, |r| benefits(&r.benefits))
        }
        Members::CheckIn {
            card_id,
            benefit_code,
            studio_code,
        } => check_in(desk, &house, card_id, benefit_code, &studio_code).await,
    }
}

async fn check_in(
    desk: &Desk,
    house: &House,
    card_id: String,
    benefit_code: String,
    studio_code: &str,
) -> Result<(), Failure> {
    let studio_id = studio(house, studio_code).await?;
    let request = pb::CheckInRequest {
        request_id: request_id(),
        card_id,
        benefit_code,
        studio_id,
    };
    let reply = house.ask(request).await?;
    desk.output
        .reply::<pb::CheckInRequest>(&reply, |r| benefits(r.benefit.as_slice()))
}

async fn show(desk: &Desk, house: &House, person_id: String) -> Result<(), Failure> {
    let reply = house
        .ask(pb::GetPersonRequest {
            person_id: person_id.clone(),
        })
        .await?;
    let person = held(reply.person.clone(), "person")?;
    desk.output.reply::<pb::GetPersonRequest>(&reply, |_| {
        facts([
            ("person", person.person_id.clone()),
            ("name", person.masked_name.clone()),
            ("phone", person.masked_phone.clone()),
            ("ID number", person.masked_id_number.clone()),
            ("e-mail", person.masked_email.clone()),
            ("registered", time(person.registered_at.as_ref())),
        ])
    })?;
    let reply = house
        .ask(pb::ListCardsRequest {
            person_id,
            ..Default::default()
        })
        .await?;
    desk.output
        .reply::<pb::ListCardsRequest>(&reply, |r| cards(&r.cards))
}

fn people(people: &[pb::Person]) -> Table {
    let mut rows = table(["person", "name", "phone", "e-mail", "registered"]);
    for person in people {
        rows.add_row([
            person.person_id.clone(),
            person.masked_name.clone(),
            person.masked_phone.clone(),
            person.masked_email.clone(),
            time(person.registered_at.as_ref()),
        ]);
    }
    rows
}

fn cards(cards: &[pb::Card]) -> Table {
    let mut rows = table(["card", "product", "state", "valid until", "days left"]);
    for card in cards {
        rows.add_row([
            card.card_id.clone(),
            card.terms
                .as_ref()
                .map(|t| t.product_name.clone())
                .unwrap_or_default(),
            word(card.state().as_str_name(), "CARD_STATE_"),
            time(card.valid_until.as_ref()),
            card.remaining_days.to_string(),
        ]);
    }
    rows
}

fn benefits(benefits: &[pb::Benefit]) -> Table {
    let mut rows = table(["benefit", "name", "sold", "used", "taken back"]);
    for benefit in benefits {
        let terms = benefit.terms.clone().unwrap_or_default();
        let sold = if terms.uses == 0 {
            "without limit".to_owned()
        } else {
            terms.uses.to_string()
        };
        rows.add_row([
            terms.code,
            terms.name,
            sold,
            benefit.used.to_string(),
            benefit.revoked.to_string(),
        ]);
    }
    rows
}
