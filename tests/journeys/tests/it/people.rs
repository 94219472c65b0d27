//! Members of journeys: who they are and what they do.

use kernel::{PersonId, StudioId};
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::members::v1::{
    ActivateCardRequest, Card, GetCardRequest, Language, RegisterPersonRequest, RequestActivationCodeRequest,
    get_card_request,
};
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

/// The details with which somebody registers.
pub fn application(number: u32, studio: StudioId) -> RegisterPersonRequest {
    RegisterPersonRequest {
        request_id: id(),
        name: "林静".to_owned(),
        phone: format!("154{number:08}"),
        id_number: id_number(number),
        email: format!("member{number}@example.com"),
        home_studio_id: studio.to_string(),
        language: Language::ZhCn.into(),
        consents: Vec::new(),
    }
}

impl World {
    /// Registers somebody, as the website does for a stranger.
    pub async fn registers(&self, number: u32) -> Member {
        self.registers_at(number, self.chain.chaoyang).await
    }

    pub async fn registers_at(&self, number: u32, studio: StudioId) -> Member {
        let request = application(number, studio);
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
        let request = GetCardRequest {
            key: Some(get_card_request::Key::OrderId(order_id.to_owned())),
        };
        let mut cards = CardServiceClient::new(self.at_members(&member.who));
        cards.get_card(request).await.unwrap().into_inner().card.unwrap()
    }

    /// Asks for a code, reads it in the mail, and activates.
    pub async fn activates(&self, member: &Member, card: &Card) -> Result<Card, Status> {
        let mut cards = CardServiceClient::new(self.at_members(&member.who));
        let challenge = cards
            .request_activation_code(RequestActivationCodeRequest {
                request_id: id(),
                card_id: card.card_id.clone(),
                phone: member.phone.clone(),
                id_number: member.id_number.clone(),
            })
            .await?
            .into_inner();
        self.settle().await;
        let request = ActivateCardRequest {
            request_id: id(),
            card_id: card.card_id.clone(),
            challenge_id: challenge.challenge_id,
            phone: member.phone.clone(),
            id_number: member.id_number.clone(),
            code: self.code_mailed_to(member),
        };
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

/// A number with a right check digit, of an area that never was.
pub fn id_number(number: u32) -> String {
    let body = format!("990000{}{:03}", 19_900_101 + number % 28, number % 1000);
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body
        .chars()
        .zip(weights)
        .map(|(c, weight)| c.to_digit(10).unwrap() * weight)
        .sum();
    let check = "10X98765432".as_bytes()[usize::try_from(sum % 11).unwrap()];
    format!("{body}{}", char::from(check))
}
