//! What the tests share: the running service, members, a mail server, and
//! facts as the other services publish them.

use std::net::SocketAddr;

use kernel::{PersonId, StudioId, fresh_uuid, to_proto_time};
use notifications::App;
use platform::Error;
use proto::Event;
use proto::studio::members::v1::Language;
use proto::studio::money::v1::Money;
use proto::studio::notifications::v1 as pb;
use proto::studio::notifications::v1::delivery_service_client::DeliveryServiceClient;
use proto::studio::notifications::v1::inbox_service_client::InboxServiceClient;
use proto::studio::payments::v1::payments_event::Fact;
use proto::studio::payments::v1::{Method, PaymentCaptured, PaymentsEvent, Purpose};
use testkit::made_up::Serving;
use testkit::smtp::{Mail, Sink};
use testkit::{Door, Identity, Running, chain};
use tonic::{Response, Status};

use crate::members::Members;
use crate::orders::Orders;

pub const ADDRESS: &str = "lin@example.com";

pub struct World {
    pub it: Running<App>,
    pub members: Members,
    pub orders: Orders,
    pub mail: Sink,
    pub person: PersonId,
    pub studio: StudioId,
    _peers: [Serving; 2],
}

impl World {
    pub async fn open() -> Self {
        Self::open_with("").await
    }

    pub async fn open_with(overrides: &str) -> Self {
        let members = Members::default();
        let orders = Orders::default();
        let peers = [members.serve().await, orders.serve().await];
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let mail = Sink::start(anywhere, anywhere).await.unwrap();
        let settings = format!(
            "peers.members = '{}'\npeers.orders = '{}'\nservice.smtp.host = '127.0.0.1'\nservice.smtp.port = {}\nservice.smtp.timeout_ms = 2000\n{overrides}",
            peers[0].address,
            peers[1].address,
            mail.smtp_address().port(),
        );
        let it = Running::<App>::start_with(&settings).await;
        let person = PersonId::fresh();
        members.knows(person, ADDRESS, Language::ZhCn);
        Self {
            it,
            members,
            orders,
            mail,
            person,
            studio: chain().chaoyang,
            _peers: peers,
        }
    }

    /// Hears a fact and sends what it causes.
    pub async fn hears<E: Event>(&self, event: E) {
        self.it.hear(fresh_uuid(), 1, &event).await.unwrap();
        self.it.settle().await;
    }

    pub fn mails(&self) -> Vec<Mail> {
        self.mail.to(ADDRESS)
    }

    pub fn inbox(&self) -> InboxServiceClient<Door> {
        InboxServiceClient::new(self.it.as_member(self.person))
    }

    /// The member's inbox in Chinese, the newest first.
    pub async fn messages(&self) -> Vec<pb::Message> {
        let reply = self
            .inbox()
            .list_messages(pb::ListMessagesRequest::default())
            .await
            .unwrap();
        reply.into_inner().messages
    }

    pub fn deliveries(&self, who: Identity) -> DeliveryServiceClient<Door> {
        DeliveryServiceClient::new(self.it.door(who))
    }

    pub fn payment(&self) -> PaymentsEvent {
        PaymentsEvent {
            fact: Some(Fact::PaymentCaptured(self.captured())),
        }
    }

    pub fn captured(&self) -> PaymentCaptured {
        PaymentCaptured {
            payment_id: fresh_uuid().to_string(),
            intent_id: fresh_uuid().to_string(),
            attempt_id: fresh_uuid().to_string(),
            purpose: Purpose::Order.into(),
            due_id: fresh_uuid().to_string(),
            person_id: self.person.to_string(),
            studio_id: self.studio.to_string(),
            legal_entity_id: chain().beijing_company.to_string(),
            amount: money(128_800),
            method: Method::WechatNative.into(),
            channel_transaction: "4200001".to_owned(),
            paid_at: Some(to_proto_time(self.it.clock().now())),
            captured_at: Some(to_proto_time(self.it.clock().now())),
        }
    }

    /// The state and the failure of the one mail there is.
    pub async fn mail_state(&self) -> (String, String) {
        sqlx::query_as("select state, failure from messages where channel = 'email'")
            .fetch_one(self.it.pool())
            .await
            .unwrap()
    }

    pub async fn count(&self, table: &str) -> i64 {
        sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}")))
            .fetch_one(self.it.pool())
            .await
            .unwrap()
    }
}

#[expect(clippy::unnecessary_wraps, reason = "a message field is optional")]
pub fn money(minor: i64) -> Option<Money> {
    Some(Money {
        minor,
        currency: "CNY".to_owned(),
    })
}

/// The reason of a refusal.
pub fn reason<T: std::fmt::Debug>(answer: Result<Response<T>, Status>) -> String {
    Error::from(answer.unwrap_err()).reason().unwrap_or_default()
}
