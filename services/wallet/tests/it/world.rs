//! The wallet with the people around it, in sentences.

use kernel::{DueId, PaymentId, PersonId, RefundLegId, StudioId, fresh_uuid};
use platform::Error;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::members::v1::{MembersEvent, PersonRegistered};
use proto::studio::money::v1::Money;
use proto::studio::payments::v1::payments_event::Fact as Payment;
use proto::studio::payments::v1::{PaymentCaptured, PaymentsEvent, Purpose};
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::recharge_service_client::RechargeServiceClient;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use testkit::{Chain, Door, Running, chain};
use tonic::{Code, Status};
use wallet::App;

use crate::payments::Payments;

pub struct World {
    pub it: Running<App>,
    pub payments: Payments,
    pub chain: Chain,
}

pub fn id() -> String {
    fresh_uuid().to_string()
}

#[expect(clippy::unnecessary_wraps, reason = "the contract's fields are optional")]
pub fn fen(minor: i64) -> Option<Money> {
    Some(Money {
        minor,
        currency: "CNY".to_owned(),
    })
}

pub fn minor(money: Option<Money>) -> i64 {
    money.unwrap().minor
}

/// The reason of a refusal, as INSUFFICIENT_FUNDS.
pub fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> String {
    Error::from(answer.unwrap_err()).reason().unwrap_or_default()
}

pub fn code<T: std::fmt::Debug>(answer: Result<T, Status>) -> Code {
    answer.unwrap_err().code()
}

pub fn wallet(who: Door) -> WalletServiceClient<Door> {
    WalletServiceClient::new(who)
}

pub fn recharges(who: Door) -> RechargeServiceClient<Door> {
    RechargeServiceClient::new(who)
}

pub fn spend_at(person: PersonId, amount: i64, studio: StudioId) -> pb::SpendRequest {
    pb::SpendRequest {
        request_id: id(),
        person_id: person.to_string(),
        due_id: DueId::fresh().to_string(),
        order_id: id(),
        amount: fen(amount),
        studio_id: studio.to_string(),
        acting_person_id: String::new(),
    }
}

impl World {
    pub async fn open() -> Self {
        Self::open_with("").await
    }

    /// With settings of its own, as TOML.
    pub async fn open_with(settings: &str) -> Self {
        let payments = Payments::start().await;
        let settings = format!("peers.payments = '{}'\n{settings}", payments.address);
        let it = Running::start_with(&settings).await;
        Self {
            it,
            payments,
            chain: chain(),
        }
    }

    pub fn orders(&self) -> WalletServiceClient<Door> {
        wallet(self.it.as_service("orders"))
    }

    pub fn refunds(&self) -> WalletServiceClient<Door> {
        wallet(self.it.as_service("refunds"))
    }

    pub fn staff(&self, role: Role) -> RechargeServiceClient<Door> {
        recharges(self.it.as_staff(role, self.chain.chaoyang))
    }

    pub fn specialist(&self) -> RechargeServiceClient<Door> {
        self.staff(Role::RechargeSpecialist)
    }

    pub fn auditor(&self) -> RechargeServiceClient<Door> {
        self.staff(Role::FinanceAuditor)
    }

    /// A person of Chaoyang who has a wallet and nothing in it.
    pub async fn member(&self) -> PersonId {
        let person = PersonId::fresh();
        self.registered(person).await;
        person
    }

    pub async fn registered(&self, person: PersonId) {
        let fact = PersonRegistered {
            person_id: person.to_string(),
            home_studio_id: self.chain.chaoyang.to_string(),
            ..PersonRegistered::default()
        };
        let event = MembersEvent {
            fact: Some(Member::PersonRegistered(fact)),
        };
        self.it.hear(person, 1, &event).await.unwrap();
    }

    /// A member whose recharges were posted, one lot each.
    pub async fn member_with(&self, lots: &[i64]) -> PersonId {
        let person = self.member().await;
        for amount in lots {
            self.recharged(person, *amount).await;
        }
        person
    }

    pub async fn recharged(&self, person: PersonId, amount: i64) -> pb::Recharge {
        let recharge = self.received(person, amount, amount).await;
        self.auditor().post_recharge(post(&recharge)).await.unwrap();
        self.see(&recharge.recharge_id).await
    }

    pub async fn applied(&self, person: PersonId, amount: i64) -> pb::Recharge {
        self.applied_by(person, amount, pb::RechargeMethod::WechatNative)
            .await
    }

    async fn applied_by(&self, person: PersonId, amount: i64, method: pb::RechargeMethod) -> pb::Recharge {
        let ask = pb::ApplyRechargeRequest {
            method: method.into(),
            ..self.application(person, amount)
        };
        let reply = recharges(self.it.as_member(person))
            .apply_recharge(ask)
            .await
            .unwrap()
            .into_inner();
        self.see(&reply.recharge_id).await
    }

    pub fn application(&self, person: PersonId, amount: i64) -> pb::ApplyRechargeRequest {
        pb::ApplyRechargeRequest {
            request_id: id(),
            person_id: person.to_string(),
            studio_id: self.chain.chaoyang.to_string(),
            amount: fen(amount),
            method: pb::RechargeMethod::WechatNative.into(),
        }
    }

    pub async fn accepted(&self, person: PersonId, amount: i64) -> pb::Recharge {
        self.accepted_by(person, amount, pb::RechargeMethod::WechatNative)
            .await
    }

    pub async fn accepted_by(
        &self,
        person: PersonId,
        amount: i64,
        method: pb::RechargeMethod,
    ) -> pb::Recharge {
        let recharge = self.applied_by(person, amount, method).await;
        let (recharge_id, version) = (recharge.recharge_id, recharge.version);
        let ask = pb::AcceptRechargeRequest {
            request_id: id(),
            recharge_id: recharge_id.clone(),
            version,
        };
        self.specialist().accept_recharge(ask).await.unwrap();
        self.see(&recharge_id).await
    }

    pub async fn paying(&self, person: PersonId, amount: i64) -> pb::Recharge {
        let recharge = self.accepted(person, amount).await;
        let ask = pb::StartRechargePaymentRequest {
            request_id: id(),
            recharge_id: recharge.recharge_id.clone(),
        };
        recharges(self.it.as_member(person))
            .start_recharge_payment(ask)
            .await
            .unwrap();
        self.see(&recharge.recharge_id).await
    }

    /// Money came, possibly another amount than was applied for.
    pub async fn received(&self, person: PersonId, applied: i64, came: i64) -> pb::Recharge {
        let recharge = self.paying(person, applied).await;
        self.capture(&recharge, came).await.unwrap();
        self.see(&recharge.recharge_id).await
    }

    pub async fn capture(&self, recharge: &pb::Recharge, came: i64) -> Result<(), Error> {
        let payment = PaymentId::fresh();
        let fact = PaymentCaptured {
            payment_id: payment.to_string(),
            intent_id: recharge.intent_id.clone(),
            attempt_id: id(),
            purpose: Purpose::Recharge.into(),
            due_id: recharge.due_id.clone(),
            person_id: recharge.person_id.clone(),
            studio_id: recharge.studio_id.clone(),
            legal_entity_id: recharge.legal_entity_id.clone(),
            amount: fen(came),
            channel_transaction: "4200001".to_owned(),
            ..PaymentCaptured::default()
        };
        self.hear(PaymentsEvent {
            fact: Some(Payment::PaymentCaptured(fact)),
        })
        .await
    }

    pub async fn hear(&self, event: PaymentsEvent) -> Result<(), Error> {
        self.it.hear(fresh_uuid(), 1, &event).await.map(|_| ())
    }

    pub async fn see(&self, recharge_id: &str) -> pb::Recharge {
        let ask = pb::GetRechargeRequest {
            recharge_id: recharge_id.to_owned(),
        };
        self.auditor()
            .get_recharge(ask)
            .await
            .unwrap()
            .into_inner()
            .recharge
            .unwrap()
    }

    pub async fn purse(&self, person: PersonId) -> pb::Wallet {
        let ask = pb::GetWalletRequest {
            person_id: person.to_string(),
        };
        self.orders()
            .get_wallet(ask)
            .await
            .unwrap()
            .into_inner()
            .wallet
            .unwrap()
    }

    pub async fn spendable(&self, person: PersonId) -> i64 {
        minor(self.purse(person).await.spendable)
    }

    pub fn spend(&self, person: PersonId, amount: i64) -> pb::SpendRequest {
        spend_at(person, amount, self.chain.chaoyang)
    }

    pub async fn count(&self, table: &str) -> i64 {
        let query = format!("select count(*) from {table}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_one(self.it.pool())
            .await
            .unwrap()
    }

    /// Every balance follows from the transfers.
    pub async fn books_agree(&self) {
        let books = |line: &String| line.starts_with("I1") || line.starts_with("I3");
        let found: Vec<String> = self.it.violations().await.into_iter().filter(books).collect();
        assert_eq!(found, Vec::<String>::new());
    }
}

pub fn post(recharge: &pb::Recharge) -> pb::PostRechargeRequest {
    pb::PostRechargeRequest {
        request_id: id(),
        recharge_id: recharge.recharge_id.clone(),
        version: recharge.version,
        amount: recharge.received_amount.clone(),
        consultation: String::new(),
    }
}

pub fn back(spend: &pb::SpendRequest, amount: i64) -> pb::ReturnSpendRequest {
    pb::ReturnSpendRequest {
        request_id: id(),
        due_id: spend.due_id.clone(),
        leg_id: RefundLegId::fresh().to_string(),
        amount: fen(amount),
        case_id: String::new(),
    }
}
