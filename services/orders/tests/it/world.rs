//! Orders with the people around it, in sentences.

use std::time::Duration;

use kernel::{PaymentId, PersonId, fresh_uuid, to_proto_time};
use orders::App;
use platform::Error;
use proto::Event;
use proto::studio::access::v1::Role;
use proto::studio::money::v1::Money;
use proto::studio::orders::v1 as pb;
use proto::studio::orders::v1::catalogue_service_client::CatalogueServiceClient;
use proto::studio::orders::v1::order_service_client::OrderServiceClient;
use proto::studio::orders::v1::orders_event::Fact;
use proto::studio::payments::v1::payments_event::Fact as Paid;
use proto::studio::payments::v1::{Method, PaymentCaptured, PaymentsEvent, Purpose};
use testkit::{Chain, Door, Identity, Running, chain};
use tonic::{Code, Status};

use crate::peers::{Peers, intent_of};

pub const PRICE: i64 = 398_000;
pub const HEADER: &str = "code,name,kind,price,valid_days,validity_start,start_within_days,activation,benefits,sold_at,effective_from\n";
pub const PRODUCTS: &str = "YEAR-ALL,全城通年卡,annual_card,3980.00,365,activation,90,by_identity,ENTRY:入馆训练:operator:0;GUEST:携友体验:studio:4,,\n\
    YEAR-BJ,北京年卡,annual_card,2680.00,365,payment,0,at_once,ENTRY:入馆训练:region:0;PT:私教:legal_entity:2,RG-BJ,\n\
    YEAR-SH,上海年卡,annual_card,2880.00,365,first_visit,30,by_identity,ENTRY:入馆训练:studio:0,LE-SH,\n";

pub type Orders = OrderServiceClient<Door>;

pub struct World {
    pub it: Running<App>,
    pub peers: Peers,
    pub chain: Chain,
}

pub fn id() -> String {
    fresh_uuid().to_string()
}

/// The reason of a refusal, as QUOTE_DIFFERS.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    Error::from(answer.unwrap_err()).reason().unwrap_or_default()
}

pub fn code<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}

pub fn fen(minor: i64) -> Money {
    Money {
        minor,
        currency: "CNY".to_owned(),
    }
}

#[expect(clippy::unused_self, reason = "every sentence begins with the world")]
impl World {
    /// Three products are on sale.
    pub async fn open() -> Self {
        let world = Self::bare(0).await;
        let reply = world.import(&format!("{HEADER}{PRODUCTS}"), false).await;
        assert!(reply.applied, "{reply:?}");
        world
    }

    /// Nothing is on sale, and `StartPayment` waits this long for an outcome.
    pub async fn bare(wait_ms: u64) -> Self {
        let peers = Peers::start().await;
        let address = peers.address;
        let it = Running::start_with(&format!(
            "service.payment_wait_ms = {wait_ms}\npeers.members = '{address}'\npeers.payments = '{address}'\npeers.wallet = '{address}'"
        ))
        .await;
        Self {
            it,
            peers,
            chain: chain(),
        }
    }

    pub fn orders(&self, who: Identity) -> Orders {
        OrderServiceClient::new(self.it.door(who))
    }

    pub fn member(&self, person: PersonId) -> Orders {
        self.orders(Identity::member(person))
    }

    /// Staff of Chaoyang.
    pub fn staff(&self, role: Role) -> Orders {
        self.orders(Identity::staff(role, self.chain.chaoyang))
    }

    pub fn service(&self, name: &str) -> Orders {
        self.orders(Identity::service(name))
    }

    pub fn agent(&self) -> Orders {
        self.staff(Role::CustomerService)
    }

    pub fn reviewer(&self) -> Orders {
        self.staff(Role::Reviewer)
    }

    pub fn catalogue(&self, who: Identity) -> CatalogueServiceClient<Door> {
        CatalogueServiceClient::new(self.it.door(who))
    }

    pub fn product_manager(&self) -> Identity {
        Identity::staff(Role::ProductManager, testkit::At::Everywhere)
    }

    pub async fn import(&self, file: &str, trial_run: bool) -> pb::ImportCatalogueResponse {
        let ask = pb::ImportCatalogueRequest {
            request_id: id(),
            content: file.as_bytes().to_vec(),
            trial_run,
        };
        self.catalogue(self.product_manager())
            .import_catalogue(ask)
            .await
            .unwrap()
            .into_inner()
    }

    pub async fn product(&self, code: &str) -> pb::Product {
        let ask = pb::GetProductRequest {
            code: code.to_owned(),
            ..Default::default()
        };
        self.catalogue(Identity::anonymous())
            .get_product(ask)
            .await
            .unwrap()
            .into_inner()
            .product
            .unwrap()
    }

    pub async fn application(&self, code: &str) -> pb::ApplyRequest {
        pb::ApplyRequest {
            request_id: id(),
            person_id: String::new(),
            studio_id: self.chain.chaoyang.to_string(),
            product_id: self.product(code).await.product_id,
            channel: pb::Channel::App.into(),
            needs: "想在晚上练瑜伽".to_owned(),
        }
    }

    pub async fn draft(&self, person: PersonId) -> pb::Order {
        let ask = self.application("YEAR-ALL").await;
        self.member(person)
            .apply(ask)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub fn confirm(&self, order: &pb::Order) -> pb::ConfirmApplicationRequest {
        pb::ConfirmApplicationRequest {
            request_id: id(),
            order_id: order.order_id.clone(),
            version: order.version,
        }
    }

    pub async fn submitted(&self, person: PersonId) -> pb::Order {
        let draft = self.draft(person).await;
        let ask = self.confirm(&draft);
        self.member(person)
            .confirm_application(ask)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub async fn passed(&self, person: PersonId) -> pb::Order {
        let order = self.submitted(person).await;
        let ask = pb::PassFirstReviewRequest {
            request_id: id(),
            order_id: order.order_id,
            note: "资料齐全".to_owned(),
        };
        self.agent()
            .pass_first_review(ask)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub async fn in_review(&self, person: PersonId) -> pb::Order {
        let order = self.passed(person).await;
        self.hand_over(&order.order_id).await
    }

    pub async fn hand_over(&self, order_id: &str) -> pb::Order {
        let ask = pb::SubmitForApprovalRequest {
            request_id: id(),
            order_id: order_id.to_owned(),
        };
        self.agent()
            .submit_for_approval(ask)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub fn approval(&self, order: &pb::Order) -> pb::ApproveRequest {
        pb::ApproveRequest {
            request_id: id(),
            order_id: order.order_id.clone(),
            quote_hash: order.quote.as_ref().map(|q| q.hash.clone()).unwrap_or_default(),
            policy_version: "2026-1".to_owned(),
            reason: "价格与服务合理".to_owned(),
        }
    }

    pub async fn approved(&self, person: PersonId) -> pb::Order {
        let order = self.in_review(person).await;
        let ask = self.approval(&order);
        self.reviewer()
            .approve(ask)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub fn acceptance(&self, order: &pb::Order) -> pb::AcceptQuoteRequest {
        let quote = order.quote.clone().unwrap();
        pb::AcceptQuoteRequest {
            request_id: id(),
            order_id: order.order_id.clone(),
            quote_hash: quote.hash,
            terms_version: quote.terms_version,
            proof: "box ticked in app 1.0".to_owned(),
        }
    }

    pub async fn confirmed(&self, person: PersonId) -> pb::Order {
        let order = self.approved(person).await;
        let ask = self.acceptance(&order);
        self.member(person)
            .accept_quote(ask)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub fn payment(&self, order: &pb::Order, method: pb::PaymentMethod) -> pb::StartPaymentRequest {
        pb::StartPaymentRequest {
            request_id: id(),
            order_id: order.order_id.clone(),
            method: method.into(),
        }
    }

    pub async fn start(&self, person: PersonId, order: &pb::Order, method: pb::PaymentMethod) {
        let ask = self.payment(order, method);
        self.member(person).start_payment(ask).await.unwrap();
        self.it.settle().await;
    }

    /// A QR is shown.
    pub async fn showing(&self, person: PersonId) -> pb::Order {
        let order = self.confirmed(person).await;
        self.start(person, &order, pb::PaymentMethod::WechatNative).await;
        self.see(&order.order_id).await
    }

    /// Paid by QR; the card is open.
    pub async fn fulfilled(&self, person: PersonId) -> pb::Order {
        let order = self.showing(person).await;
        self.capture(&order.dues[0], PRICE, PaymentId::fresh())
            .await
            .unwrap();
        self.it.settle().await;
        self.see(&order.order_id).await
    }

    /// Payments says that money came for a due.
    pub async fn capture(&self, due: &pb::Due, minor: i64, payment: PaymentId) -> Result<(), Error> {
        self.capture_by(due, minor, payment, Method::WechatNative).await
    }

    pub async fn capture_by(
        &self,
        due: &pb::Due,
        minor: i64,
        payment: PaymentId,
        method: Method,
    ) -> Result<(), Error> {
        self.peers.seen().paid.insert(intent_of(&due.due_id));
        let fact = PaymentCaptured {
            payment_id: payment.to_string(),
            intent_id: due.intent_id.clone(),
            purpose: Purpose::Order.into(),
            due_id: due.due_id.clone(),
            method: method.into(),
            amount: Some(fen(minor)),
            paid_at: Some(to_proto_time(self.it.clock().now())),
            ..Default::default()
        };
        let event = PaymentsEvent {
            fact: Some(Paid::PaymentCaptured(fact)),
        };
        self.it.hear(payment, 1, &event).await.map(|_| ())
    }

    pub fn cancellation(&self, order: &pb::Order) -> pb::CancelRequest {
        pb::CancelRequest {
            request_id: id(),
            order_id: order.order_id.clone(),
            reason: "改变主意".to_owned(),
        }
    }

    pub async fn see(&self, order_id: &str) -> pb::Order {
        let ask = pb::GetOrderRequest {
            order_id: order_id.to_owned(),
        };
        self.service("refunds")
            .get_order(ask)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub async fn state(&self, order_id: &str) -> pb::OrderState {
        self.see(order_id).await.state()
    }

    pub fn advance_hours(&self, hours: u64) {
        self.it.advance(Duration::from_secs(hours * 3_600));
    }

    /// The kinds of facts published of an order, in their order.
    pub async fn facts(&self, order_id: &str) -> Vec<String> {
        sqlx::query_scalar("select type from outbox where aggregate = $1::uuid order by id")
            .bind(order_id)
            .fetch_all(self.it.pool())
            .await
            .unwrap()
    }

    /// The last fact published of an order.
    pub async fn last_fact(&self, order_id: &str) -> Fact {
        let payload: Vec<u8> = sqlx::query_scalar(
            "select payload from outbox where aggregate = $1::uuid order by id desc limit 1",
        )
        .bind(order_id)
        .fetch_one(self.it.pool())
        .await
        .unwrap();
        let event: pb::OrdersEvent = prost::Message::decode(payload.as_slice()).unwrap();
        assert!(!event.kind().is_empty());
        event.fact.unwrap()
    }

    pub async fn count(&self, table: &'static str) -> i64 {
        let query = sqlx::AssertSqlSafe(format!("select count(*) from {table}"));
        sqlx::query_scalar(query).fetch_one(self.it.pool()).await.unwrap()
    }
}
