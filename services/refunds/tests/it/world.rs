//! Refunds with the people and services around it, in sentences.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use kernel::{BenefitId, CardId, OrderId, PersonId, fresh_uuid};
use platform::Error;
use proto::studio::access::v1::Role;
use proto::studio::money::v1::Money;
use proto::studio::orders::v1 as orders;
use proto::studio::payments::v1 as payments;
use proto::studio::refunds::v1 as pb;
use proto::studio::refunds::v1::policy_service_client::PolicyServiceClient;
use proto::studio::refunds::v1::refund_service_client::RefundServiceClient;
use refunds::App;
use testkit::{Chain, Door, Running, chain};
use tonic::{Code, Status};

use crate::below::{Below, card_of, due, play, sold};
use crate::peers::Serving;

pub struct World {
    pub it: Running<App>,
    pub peers: Serving,
    pub chain: Chain,
    below: Arc<Mutex<Below>>,
}

/// An order as a test sells it.
pub struct Sale {
    pub order: String,
    pub card: String,
    pub benefit: String,
    pub person: PersonId,
    pub dues: Vec<String>,
}

pub fn id() -> String {
    fresh_uuid().to_string()
}

pub fn money(minor: i64) -> Money {
    Money {
        minor,
        currency: "CNY".to_owned(),
    }
}

pub fn minor(money: Option<Money>) -> i64 {
    money.unwrap().minor
}

/// The reason of a refusal, as CASE_OPEN.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    Error::from(answer.unwrap_err()).reason().unwrap_or_default()
}

pub fn code<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}

pub fn refunds(who: Door) -> RefundServiceClient<Door> {
    RefundServiceClient::new(who)
}

pub fn policies(who: Door) -> PolicyServiceClient<Door> {
    PolicyServiceClient::new(who)
}

/// All of what is not used, less nothing.
pub fn policy(ratio: &str) -> pb::PublishPolicyRequest {
    pb::PublishPolicyRequest {
        request_id: id(),
        legal_entity_id: String::new(),
        title: "standard".to_owned(),
        window_days: 90,
        rules: vec![pb::PolicyRule {
            code: "standard".to_owned(),
            reasons: vec![],
            within_days: 0,
            usage: pb::Usage::Any.into(),
            base: pb::RefundBase::Unused.into(),
            ratio: ratio.to_owned(),
            fee: None,
        }],
        methods: vec![pb::RefundMethod::Origin.into()],
        effective_from: None,
    }
}

pub fn open(sale: &Sale) -> pb::OpenCaseRequest {
    pb::OpenCaseRequest {
        request_id: id(),
        order_id: sale.order.clone(),
        reason: pb::RefundReason::Personal.into(),
        explanation: "moved away".to_owned(),
        due_id: String::new(),
        requested_amount: None,
    }
}

pub fn approve(case: &pb::RefundCase) -> pb::ApproveCaseRequest {
    pb::ApproveCaseRequest {
        request_id: id(),
        case_id: case.case_id.clone(),
        version: case.version,
        subject_hash: case.subject_hash.clone(),
        note: "fits the policy".to_owned(),
    }
}

impl World {
    pub async fn open() -> Self {
        let below: Arc<Mutex<Below>> = Arc::default();
        let peers = play(&below).serve().await;
        let at = peers.address;
        let addresses =
            ["orders", "members", "wallet", "payments"].map(|peer| format!("peers.{peer} = '{at}'"));
        let it = Running::start_with(&addresses.join("\n")).await;
        Self {
            it,
            peers,
            chain: chain(),
            below,
        }
    }

    /// With a policy in force that gives back all of what is not used.
    pub async fn with_policy() -> Self {
        let world = Self::open().await;
        world.publish(policy("1")).await;
        world
    }

    pub async fn publish(&self, policy: pb::PublishPolicyRequest) -> pb::PublishPolicyResponse {
        self.supervisor()
            .publish_policy(policy)
            .await
            .unwrap()
            .into_inner()
    }

    pub fn supervisor(&self) -> PolicyServiceClient<Door> {
        policies(self.it.as_staff(Role::FinanceSupervisor, self.chain.operator))
    }

    pub fn below(&self) -> MutexGuard<'_, Below> {
        self.below.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn staff(&self, role: Role) -> RefundServiceClient<Door> {
        refunds(self.it.as_staff(role, self.chain.chaoyang))
    }

    pub fn clerk(&self) -> RefundServiceClient<Door> {
        self.staff(Role::RefundClerk)
    }

    pub fn approver(&self) -> RefundServiceClient<Door> {
        self.staff(Role::RefundApprover)
    }

    pub fn member(&self, person: PersonId) -> RefundServiceClient<Door> {
        refunds(self.it.as_member(person))
    }

    /// An order of Chaoyang, paid from the wallet, with a card of ten visits.
    pub fn sold(&self, minor: i64) -> Sale {
        self.sold_for(&[(minor, orders::PaymentMethod::Wallet)])
    }

    pub fn sold_for(&self, paid: &[(i64, orders::PaymentMethod)]) -> Sale {
        let person = PersonId::fresh();
        let (order, card, benefit) = (OrderId::fresh(), CardId::fresh(), BenefitId::fresh());
        let now = self.it.clock().now();
        let dues: Vec<_> = paid
            .iter()
            .map(|(minor, method)| due(*minor, *method, now))
            .collect();
        let sale = Sale {
            order: order.to_string(),
            card: card.to_string(),
            benefit: benefit.to_string(),
            person,
            dues: dues.iter().map(|due| due.due_id.clone()).collect(),
        };
        let sold = sold(&sale, dues, self.chain.chaoyang, self.chain.beijing_company, now);
        let mut below = self.below();
        below.orders.insert(sale.order.clone(), sold);
        below.cards.insert(sale.card.clone(), card_of(&sale));
        drop(below);
        sale
    }

    /// The member came so many times.
    pub fn visited(&self, sale: &Sale, times: i32) {
        let mut below = self.below();
        let benefit = &mut below.cards.get_mut(&sale.card).unwrap().benefits[0];
        (benefit.used, benefit.left) = (times, 10 - times);
    }

    pub async fn opened(&self, sale: &Sale) -> pb::RefundCase {
        let reply = self
            .member(sale.person)
            .open_case(open(sale))
            .await
            .unwrap()
            .into_inner();
        self.see(&reply.case_id).await
    }

    pub async fn approved(&self, sale: &Sale) -> pb::RefundCase {
        let case = self.opened(sale).await;
        self.approver().approve_case(approve(&case)).await.unwrap();
        self.see(&case.case_id).await
    }

    pub async fn see(&self, case_id: &str) -> pb::RefundCase {
        let ask = pb::GetCaseRequest {
            case_id: case_id.to_owned(),
        };
        self.approver()
            .get_case(ask)
            .await
            .unwrap()
            .into_inner()
            .refund_case
            .unwrap()
    }

    pub async fn hear(&self, fact: payments::payments_event::Fact) {
        let event = payments::PaymentsEvent { fact: Some(fact) };
        self.it.hear(fresh_uuid(), 1, &event).await.unwrap();
    }

    /// Names of the facts told so far, in order.
    pub async fn told(&self) -> Vec<String> {
        let query = "select type from outbox where type <> 'policy_published' order by id";
        sqlx::query_scalar(query).fetch_all(self.it.pool()).await.unwrap()
    }

    pub async fn count(&self, table: &str) -> i64 {
        let query = format!("select count(*) from {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_one(self.it.pool())
            .await
            .unwrap()
    }

    /// The next write of a row of this table fails, as if the process died.
    pub async fn crash_once_at(&self, table: &str) {
        let crash = format!(
            "create sequence crashes;
             create function crash() returns trigger language plpgsql as $$ begin
                 if nextval('crashes') = 1 then raise exception 'crash'; end if; return new; end $$;
             grant usage on sequence crashes to public;
             create trigger crash before update on {table} for each row execute function crash();"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(crash))
            .execute(self.it.pool())
            .await
            .unwrap();
    }
}
