//! Three studios, each with one thing of every kind, and a place where there
//! is nothing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use kernel::{NodeId, PersonId, StudioId, fresh_uuid, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::check_in_service_client::CheckInServiceClient;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::members::v1::{
    CheckInRequest, Consent, ConsentDocument, GetBenefitsRequest, HoldBenefitRequest, RecordConsentRequest,
};
use proto::studio::orders::v1::{AddContactLogRequest, ContactDirection, Order, OrderState, PaymentMethod};
use proto::studio::payments::v1::exception_service_client::ExceptionServiceClient;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use proto::studio::payments::v1::{ExceptionType, ListPaymentsRequest, OpenExceptionRequest};
use proto::studio::refunds::v1::refund_service_client::RefundServiceClient;
use proto::studio::refunds::v1::{OpenCaseRequest, RefundReason};
use sqlx::PgPool;
use testkit::Identity;
use uuid::Uuid;

use crate::complaint::complains;
use crate::people::{Member, id};
use journeys::steps::yuan;

use crate::stored_value::refunds_part;
use crate::world::{World, head_office};

/// Longer than the preparations take of business time.
const HELD_FOR: TimeDelta = TimeDelta::hours(12);

/// A studio with a member and the member's things.
pub struct Place {
    pub studio: StudioId,
    pub person: PersonId,
    /// What a field of this name says to mean a thing of this place.
    pub ids: BTreeMap<&'static str, String>,
}

/// Where a thing may be, seen from the staff of the own studio.
pub struct Places {
    pub own: Place,
    /// Another studio of the same company.
    pub sibling: Place,
    /// A studio of another company.
    pub other: Place,
    /// Nowhere.
    pub missing: Place,
    /// The node above all of them.
    pub operator: NodeId,
}

impl Places {
    pub fn all(&self) -> [(&'static str, &Place); 4] {
        [
            ("own", &self.own),
            ("sibling", &self.sibling),
            ("other", &self.other),
            ("missing", &self.missing),
        ]
    }
}

/// Known to everybody, so showing it tells nothing.
const PUBLIC: [&str; 6] = [
    "studio_id",
    "home_studio_id",
    "node_id",
    "legal_entity_id",
    "product_id",
    "benefit_code",
];

impl Place {
    /// Whether a reply holds anything of this place.
    pub fn shows_in(&self, reply: &[u8]) -> bool {
        self.ids
            .iter()
            .filter(|(field, _)| !PUBLIC.contains(field))
            .any(|(_, value)| reply.windows(value.len()).any(|part| part == value.as_bytes()))
    }
}

/// Fills three studios; takes some seconds.
pub async fn furnish(world: &World) -> Places {
    let products = world.sells().await;
    world.publishes_a_refund_policy().await;
    let chain = world.chain;
    let own = furnished(world, chain.chaoyang, "BJ-CY", 71, &products).await;
    let sibling = furnished(world, chain.haidian, "BJ-HD", 72, &products).await;
    let other = furnished(world, chain.xuhui, "SH-XH", 73, &products).await;
    let missing = missing(&own);
    Places {
        own,
        sibling,
        other,
        missing,
        operator: chain.operator,
    }
}

/// The same fields, about nothing.
fn missing(own: &Place) -> Place {
    let nothing = |value: &String| match value.parse::<Uuid>() {
        Ok(_) => fresh_uuid().to_string(),
        Err(_) if value == "ENTRY" => value.clone(),
        // A number of nobody, in the same form.
        Err(_) => value.chars().rev().collect(),
    };
    let mut ids: BTreeMap<_, _> = own
        .ids
        .iter()
        .map(|(field, value)| (*field, nothing(value)))
        .collect();
    ids.insert("phone", "15499999999".to_owned());
    ids.insert("id_number", journeys::people::id_number(999));
    Place {
        studio: StudioId::fresh(),
        person: PersonId::fresh(),
        ids,
    }
}

async fn furnished(
    world: &World,
    studio: StudioId,
    code: &str,
    number: u32,
    (year, pack): &(String, String),
) -> Place {
    let member = world.registers_at(number, studio).await;
    consents(world, &member).await;
    let recharge = world.received_recharge(&member, 1000).await;
    world.posts(&recharge).await;
    let bought = buys_by_qr(world, &member, year).await;
    trains(world, &member, &bought).await;
    let packed = buys_from_the_wallet(world, &member, pack).await;
    refunds_part(world, &member, &bought.order_id, 10).await;
    refunds_part(world, &member, &packed, 1).await;
    let case = asks_for_money(world, &member, &packed).await;
    let ticket = complains(world, &member).await.ticket_id;
    misses_money(world, &member).await;
    world.hires(Role::StudioDirector, code, studio).await;
    crate::drawers::works_a_drawer(world, studio).await;
    crate::counters::puts_up_a_code(world, studio).await;
    crate::counters::waits_for_a_transfer(world, studio).await;
    crate::counters::goes_to_another_card(world, studio).await;
    crate::holds::holds_value(world, &member).await;
    world.settle().await;
    let mut ids = BTreeMap::from([
        ("studio_id", studio.to_string()),
        ("home_studio_id", studio.to_string()),
        ("node_id", studio.to_string()),
        ("person_id", member.id.to_string()),
        ("phone", member.phone.clone()),
        ("id_number", member.id_number.clone()),
        ("product_id", year.clone()),
        ("benefit_code", "ENTRY".to_owned()),
        ("order_id", bought.order_id),
        ("case_id", case),
        ("ticket_id", ticket),
        ("recharge_id", recharge.recharge_id),
    ]);
    ids.extend(numbers(world, studio).await);
    Place {
        studio,
        person: member.id,
        ids,
    }
}

async fn consents(world: &World, member: &Member) {
    let request = RecordConsentRequest {
        request_id: id(),
        person_id: member.id.to_string(),
        consent: Some(Consent {
            document: ConsentDocument::Privacy.into(),
            document_version: "2026-1".to_owned(),
            given: true,
        }),
    };
    let mut people = PeopleServiceClient::new(world.at_members(&member.who));
    people.record_consent(request).await.unwrap();
}

async fn buys_by_qr(world: &World, member: &Member, product: &str) -> Order {
    let order = world.submitted_order(member, product).await;
    let log = AddContactLogRequest {
        request_id: id(),
        order_id: order.order_id.clone(),
        direction: ContactDirection::Outgoing.into(),
        reached: true,
        text: "约好周三来馆".to_owned(),
        occurred_at: None,
    };
    let mut desk = world.orders_as(&head_office(Role::CustomerService));
    desk.add_contact_log(log).await.unwrap();
    let order = world.approved_order(&order.order_id).await;
    let order = world.accepts(member, &order).await.unwrap();
    world.pays_by_qr(member, &order).await;
    fulfilled(world, member, &order.order_id).await;
    order
}

async fn buys_from_the_wallet(world: &World, member: &Member, product: &str) -> String {
    let order = world.confirmed_order(member, product).await;
    world
        .starts_payment(member, &order.order_id, PaymentMethod::Wallet)
        .await
        .unwrap();
    fulfilled(world, member, &order.order_id).await;
    order.order_id
}

async fn fulfilled(world: &World, member: &Member, order_id: &str) {
    world
        .until("the order is fulfilled", async || {
            world.order(member, order_id).await.state() == OrderState::Fulfilled
        })
        .await;
}

/// A card that is activated, a visit, and a place that is kept.
async fn trains(world: &World, member: &Member, order: &Order) {
    let card = world.card_of(member, &order.order_id).await;
    let card = world.activates(member, &card).await.unwrap();
    let desk = Identity::staff(Role::FrontDesk, member.studio);
    let visit = CheckInRequest {
        request_id: id(),
        card_id: card.card_id.clone(),
        benefit_code: "ENTRY".to_owned(),
        studio_id: member.studio.to_string(),
    };
    let mut visits = CheckInServiceClient::new(world.at_members(&desk));
    visits.check_in(visit).await.unwrap();
    let mut cards = CardServiceClient::new(world.at_members(&desk));
    let request = GetBenefitsRequest {
        card_id: card.card_id,
        ..GetBenefitsRequest::default()
    };
    let benefits = cards.get_benefits(request).await.unwrap().into_inner().benefits;
    let hold = HoldBenefitRequest {
        request_id: id(),
        benefit_id: benefits[0].benefit_id.clone(),
        studio_id: member.studio.to_string(),
        expire_at: Some(to_proto_time(world.members.clock().now() + HELD_FOR)),
    };
    cards.hold_benefit(hold).await.unwrap();
}

async fn asks_for_money(world: &World, member: &Member, order_id: &str) -> String {
    let request = OpenCaseRequest {
        request_id: id(),
        order_id: order_id.to_owned(),
        reason: RefundReason::Personal.into(),
        explanation: "搬家".to_owned(),
        due_id: String::new(),
        requested_amount: Some(yuan(100)),
    };
    let mut cases = RefundServiceClient::new(world.at_refunds(&member.who));
    cases.open_case(request).await.unwrap().into_inner().case_id
}

/// The member says of a payment that nothing came of it.
async fn misses_money(world: &World, member: &Member) {
    let mut intents = IntentServiceClient::new(world.at_payments(&member.who));
    let paid = intents
        .list_payments(ListPaymentsRequest::default())
        .await
        .unwrap();
    let request = OpenExceptionRequest {
        request_id: id(),
        attempt_id: paid.into_inner().payments[0].attempt_id.clone(),
        r#type: ExceptionType::PaidNotCredited.into(),
        text: "付了钱没有到账".to_owned(),
    };
    let mut cases = ExceptionServiceClient::new(world.at_payments(&member.who));
    cases.open_exception(request).await.unwrap();
}

/// A field, and where to read it for a studio.
type Column = (&'static str, &'static str);

const MEMBERS: [Column; 5] = [
    (
        "card_id",
        "select card_id::text from cards where studio_id = $1 order by paid_at limit 1",
    ),
    (
        "benefit_id",
        "select benefit_id::text from holds where studio_id = $1 and state = 'held' limit 1",
    ),
    (
        "hold_id",
        "select hold_id::text from holds where studio_id = $1 and state = 'held' limit 1",
    ),
    (
        "grant_id",
        "select grant_id::text from grants where node_id = $1 limit 1",
    ),
    (
        "challenge_id",
        "select challenge_id::text from challenges join people using (person_id) where home_studio_id = $1 limit 1",
    ),
];
const PAYMENTS: [Column; 10] = [
    (
        "exception_id",
        "select exception_id::text from exceptions where studio_id = $1 limit 1",
    ),
    (
        "intent_id",
        "select intent_id::text from refunds join payments using (payment_id) where payments.studio_id = $1 limit 1",
    ),
    (
        "attempt_id",
        "select attempt_id::text from refunds join payments using (payment_id) where payments.studio_id = $1 limit 1",
    ),
    (
        "payment_id",
        "select payment_id::text from refunds where studio_id = $1 limit 1",
    ),
    (
        "refund_id",
        "select refund_id::text from refunds where studio_id = $1 limit 1",
    ),
    (
        "redirection_id",
        "select redirection_id::text from redirections where studio_id = $1 limit 1",
    ),
    (
        "due_id",
        "select due_id::text from refunds join payments using (payment_id) where payments.studio_id = $1 limit 1",
    ),
    (
        "channel_transaction",
        "select channel_transaction from refunds join payments using (payment_id) where payments.studio_id = $1 limit 1",
    ),
    (
        "receipt_id",
        "select receipt_id::text from refunds join receipts using (payment_id) where receipts.studio_id = $1 limit 1",
    ),
    (
        "drawer_id",
        "select drawer_id::text from drawers where studio_id = $1 limit 1",
    ),
];
const RECEIPTS: [Column; 1] = [(
    "receipt_number",
    "select receipt_number from refunds join receipts using (payment_id) where receipts.studio_id = $1 limit 1",
)];
const ORDERS: [Column; 1] = [(
    "order_number",
    "select order_number from orders join contact_logs using (order_id) where orders.studio_id = $1 limit 1",
)];
const ENTITY: [Column; 1] = [(
    "legal_entity_id",
    "select legal_entity_id::text from orders where studio_id = $1 limit 1",
)];
const MESSAGES: [Column; 1] = [(
    "message_id",
    "select message_id::text from messages where studio_id = $1 and channel = 'in_app' limit 1",
)];

/// Ids that only the databases know.
async fn numbers(world: &World, studio: StudioId) -> BTreeMap<&'static str, String> {
    let mut ids = BTreeMap::new();
    for (pool, queries) in [
        (world.members.pool(), &MEMBERS[..]),
        (world.payments.pool(), &PAYMENTS[..]),
        (world.payments.pool(), &RECEIPTS[..]),
        (world.orders.pool(), &ORDERS[..]),
        (world.orders.pool(), &ENTITY[..]),
        (world.notifications.pool(), &MESSAGES[..]),
    ] {
        for (field, query) in queries {
            ids.insert(*field, one(pool, query, studio).await);
        }
    }
    ids
}

async fn one(pool: &PgPool, query: &'static str, studio: StudioId) -> String {
    let found: Option<String> = sqlx::query_scalar(query)
        .bind(studio.0)
        .fetch_optional(pool)
        .await
        .unwrap();
    found.unwrap_or_else(|| panic!("nothing at {studio}: {query}"))
}
