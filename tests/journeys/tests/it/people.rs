//! Members of journeys: who they are and what they do.

use journeys::people::application;
use journeys::steps;
use kernel::{PersonId, StudioId};
use proto::studio::members::v1::Card;
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use testkit::Identity;
use tonic::Status;

use crate::world::World;

/// A request id of one's own.
pub fn id() -> String {
    kernel::fresh_uuid().to_string()
}

/// Somebody who belongs to nobody.
pub struct Member {
    pub id: PersonId,
    /// Where they are at home.
    pub studio: StudioId,
    pub who: Identity,
    pub phone: String,
    pub id_number: String,
    pub email: String,
}

impl World {
    /// Registers somebody, as the website does for a stranger.
    pub async fn registers(&self, number: u32) -> Member {
        self.registers_at(number, self.chain.chaoyang).await
    }

    pub async fn registers_at(&self, number: u32, studio: StudioId) -> Member {
        let request = application(id(), number, studio);
        let (phone, id_number, email) = (
            request.phone.clone(),
            request.id_number.clone(),
            request.email.clone(),
        );
        let mut people = PeopleServiceClient::new(self.at_members(&Identity::anonymous()));
        let person = people
            .register_person(request)
            .await
            .unwrap()
            .into_inner()
            .person_id;
        let id: PersonId = person.parse().unwrap();
        Member {
            id,
            studio,
            who: Identity::member(id),
            phone,
            id_number,
            email,
        }
    }

    pub async fn card_of(&self, member: &Member, order_id: &str) -> Card {
        let mut cards = CardServiceClient::new(self.at_members(&member.who));
        cards
            .get_card(steps::card_of_order(order_id))
            .await
            .unwrap()
            .into_inner()
            .card
            .unwrap()
    }

    /// Asks for a code, reads it in the mail, and activates.
    pub async fn activates(&self, member: &Member, card: &Card) -> Result<Card, Status> {
        let mut cards = CardServiceClient::new(self.at_members(&member.who));
        let asked = steps::activation_code(id(), card, &member.phone, &member.id_number);
        let challenge = cards.request_activation_code(asked.clone()).await?.into_inner();
        self.settle().await;
        let request = steps::activate(asked, id(), challenge.challenge_id, self.code_mailed_to(member));
        Ok(cards.activate_card(request).await?.into_inner().card.unwrap())
    }

    /// The six digits in the newest mail that has any.
    pub fn code_mailed_to(&self, member: &Member) -> String {
        let mails = self.mail.to(&member.email);
        let codes = mails.iter().rev().find_map(|mail| {
            let digits = mail.text.split(|c: char| !c.is_ascii_digit());
            digits.filter(|run| run.len() == 6).map(str::to_owned).next()
        });
        codes.unwrap_or_else(|| panic!("no code came to {}", member.email))
    }

    /// The subjects of all mails to somebody, oldest first.
    pub fn subjects(&self, member: &Member) -> Vec<String> {
        self.mail
            .to(&member.email)
            .into_iter()
            .map(|mail| mail.subject)
            .collect()
    }
}
