//! Members with the people around it, in sentences.

use std::time::Duration;

use kernel::{CardId, Clock, PersonId, StudioId, fresh_uuid, to_proto_time};
use members::App;
use platform::Error;
use platform::personal::IdNumber;
use proto::studio::access::v1::Role;
use proto::studio::members::v1 as pb;
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::challenge_service_client::ChallengeServiceClient;
use proto::studio::members::v1::check_in_service_client::CheckInServiceClient;
use proto::studio::members::v1::import_service_client::ImportServiceClient;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::members::v1::token_service_client::TokenServiceClient;
use proto::studio::money::v1::Money;
use testkit::{At, Chain, Door, Running, chain};
use tonic::{Code, Status};

pub struct World {
    pub it: Running<App>,
    pub chain: Chain,
}

/// Somebody who registered.
#[derive(Debug, Clone)]
pub struct Lin {
    pub id: PersonId,
    pub phone: String,
    pub id_number: String,
}

pub fn id() -> String {
    fresh_uuid().to_string()
}

/// The reason of a refusal, as CARD_ENDED.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    Error::from(answer.unwrap_err()).reason().unwrap_or_default()
}

pub fn code<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}

/// The fields that a refusal names.
pub fn fields<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<String> {
    let message = answer.unwrap_err().message().to_owned();
    message
        .split("; ")
        .map(|part| part.split(':').next().unwrap_or_default().to_owned())
        .collect()
}

/// The phone number of the nth person of a test.
pub fn phone(n: u32) -> String {
    format!("139{n:08}")
}

/// The ID number of the nth person of a test: nobody's.
pub fn id_number(n: u32) -> String {
    let body = format!("99000019900101{n:03}");
    format!("{body}{}", IdNumber::check_character(&body).unwrap())
}

pub fn cards(who: Door) -> CardServiceClient<Door> {
    CardServiceClient::new(who)
}

pub fn people(who: Door) -> PeopleServiceClient<Door> {
    PeopleServiceClient::new(who)
}

pub fn visits(who: Door) -> CheckInServiceClient<Door> {
    CheckInServiceClient::new(who)
}

pub fn imports(who: Door) -> ImportServiceClient<Door> {
    ImportServiceClient::new(who)
}

pub fn visit(card: CardId, code: &str, studio: StudioId) -> pb::CheckInRequest {
    pb::CheckInRequest {
        request_id: id(),
        card_id: card.to_string(),
        benefit_code: code.to_owned(),
        studio_id: studio.to_string(),
    }
}

impl World {
    pub async fn open() -> Self {
        Self::open_with("").await
    }

    pub async fn open_with(settings: &str) -> Self {
        Self {
            it: Running::start_with(settings).await,
            chain: chain(),
        }
    }

    pub fn tokens(&self) -> TokenServiceClient<Door> {
        TokenServiceClient::new(self.it.anonymous())
    }

    pub fn desk(&self, studio: StudioId) -> Door {
        self.it.as_staff(Role::FrontDesk, studio)
    }

    pub fn admin(&self) -> Door {
        self.it.as_staff(Role::OperatorAdmin, At::Everywhere)
    }

    pub fn registration(&self, n: u32) -> pb::RegisterPersonRequest {
        pb::RegisterPersonRequest {
            request_id: id(),
            name: "林晓".to_owned(),
            phone: phone(n),
            id_number: id_number(n),
            email: format!("lin{n}@example.com"),
            home_studio_id: self.chain.chaoyang.to_string(),
            ..Default::default()
        }
    }

    /// The nth person, at home in Chaoyang.
    pub async fn lin(&self, n: u32) -> Lin {
        let reply = people(self.it.anonymous())
            .register_person(self.registration(n))
            .await
            .unwrap();
        Lin {
            id: reply.into_inner().person_id.parse().unwrap(),
            phone: phone(n),
            id_number: id_number(n),
        }
    }

    /// A year of entries and ten classes, from activation.
    pub fn sale(&self, person: PersonId) -> pb::OpenCardRequest {
        let benefit = |code: &str, uses| pb::BenefitTerms {
            code: code.to_owned(),
            name: code.to_lowercase(),
            uses,
            ..Default::default()
        };
        pb::OpenCardRequest {
            request_id: id(),
            order_id: id(),
            person_id: person.to_string(),
            studio_id: self.chain.chaoyang.to_string(),
            terms: Some(pb::CardTerms {
                product_id: id(),
                product_version: 1,
                product_name: "年卡".to_owned(),
                price: Some(Money {
                    minor: 298_000,
                    currency: "CNY".to_owned(),
                }),
                contract_version: "2026-11".to_owned(),
                validity_start: pb::ValidityStart::AtActivation.into(),
                validity_days: 365,
                latest_start_days: 30,
                benefits: vec![benefit("ENTRY", 0), benefit("CLASS", 2)],
            }),
            paid_at: Some(to_proto_time(self.it.clock().now())),
        }
    }

    pub async fn open_card(&self, sale: &pb::OpenCardRequest) -> CardId {
        let reply = cards(self.it.as_service("orders"))
            .open_card(sale.clone())
            .await
            .unwrap();
        reply.into_inner().card_id.parse().unwrap()
    }

    pub async fn card_of(&self, person: PersonId) -> CardId {
        self.open_card(&self.sale(person)).await
    }

    /// The card as refunds sees it.
    pub async fn see(&self, card: CardId) -> pb::GetCardResponse {
        let key = pb::get_card_request::Key::CardId(card.to_string());
        let request = pb::GetCardRequest { key: Some(key) };
        cards(self.it.as_service("refunds"))
            .get_card(request)
            .await
            .unwrap()
            .into_inner()
    }

    pub async fn benefit(&self, card: CardId, code: &str) -> pb::Benefit {
        let benefits = self.see(card).await.benefits;
        benefits
            .into_iter()
            .find(|b| b.terms.as_ref().is_some_and(|t| t.code == code))
            .unwrap()
    }

    /// The code of a challenge, as notifications gets it.
    pub async fn code_of(&self, challenge: &str) -> Result<String, Status> {
        let request = pb::RevealChallengeCodeRequest {
            challenge_id: challenge.to_owned(),
        };
        let mut client = ChallengeServiceClient::new(self.it.as_service("notifications"));
        client
            .reveal_challenge_code(request)
            .await
            .map(|reply| reply.into_inner().code)
    }

    pub async fn count(&self, what: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {what}")))
            .fetch_one(self.it.pool())
            .await
            .unwrap()
    }

    /// How many facts of a kind were published.
    pub async fn told(&self, kind: &str) -> i64 {
        self.count(&format!("outbox where type = '{kind}'")).await
    }

    pub fn days_pass(&self, days: u64) {
        self.it.advance(Duration::from_hours(24 * days));
    }

    #[expect(clippy::unnecessary_wraps, reason = "the contract's fields are optional")]
    pub fn in_an_hour(&self) -> Option<prost_types::Timestamp> {
        let clock: &Clock = self.it.clock();
        Some(to_proto_time(clock.now() + chrono::Duration::hours(1)))
    }
}

/// Another code than the right one.
pub fn other_than(code: &str) -> String {
    if code == "000000" {
        "000001".to_owned()
    } else {
        "000000".to_owned()
    }
}
