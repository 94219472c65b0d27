use std::time::Duration;

use kernel::{PaymentId, PersonId, fresh_uuid};
use platform::Service as _;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::members::v1::{MembersEvent, PersonRegistered};
use proto::studio::money::v1::Money;
use proto::studio::payments::v1::payments_event::Fact as Payment;
use proto::studio::payments::v1::{PaymentCaptured, PaymentsEvent, Purpose};
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::recharge_service_client::RechargeServiceClient;
use testkit::{Door, chain};

use super::Wallet;

/// In each wallet; a call takes one fen.
const FUNDS: i64 = 900_000;

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

/// Members whose wallets hold more than the whole load takes.
pub async fn members(it: &Wallet, count: usize) -> Vec<PersonId> {
    let mut members = Vec::new();
    for _ in 0..count {
        let person = PersonId::fresh();
        registered(it, person).await;
        recharged(it, person).await;
        members.push(person);
    }
    members
}

async fn registered(it: &Wallet, person: PersonId) {
    let fact = PersonRegistered {
        person_id: person.to_string(),
        home_studio_id: chain().chaoyang.to_string(),
        ..PersonRegistered::default()
    };
    let event = MembersEvent {
        fact: Some(Member::PersonRegistered(fact)),
    };
    it.hear(person, 1, &event).await.unwrap();
}

fn staff(it: &Wallet, role: Role) -> RechargeServiceClient<Door> {
    RechargeServiceClient::new(it.as_staff(role, chain().chaoyang))
}

async fn see(it: &Wallet, recharge_id: &str) -> pb::Recharge {
    let ask = pb::GetRechargeRequest {
        recharge_id: recharge_id.to_owned(),
    };
    let reply = staff(it, Role::FinanceAuditor).get_recharge(ask).await.unwrap();
    reply.into_inner().recharge.unwrap()
}

/// Applied for, accepted, paid and posted.
async fn recharged(it: &Wallet, person: PersonId) {
    let ask = pb::ApplyRechargeRequest {
        request_id: id(),
        person_id: person.to_string(),
        studio_id: chain().chaoyang.to_string(),
        amount: fen(FUNDS),
        method: pb::RechargeMethod::WechatNative.into(),
    };
    let mut own = RechargeServiceClient::new(it.as_member(person));
    let recharge_id = own.apply_recharge(ask).await.unwrap().into_inner().recharge_id;
    let accept = pb::AcceptRechargeRequest {
        request_id: id(),
        version: see(it, &recharge_id).await.version,
        recharge_id: recharge_id.clone(),
    };
    staff(it, Role::RechargeSpecialist)
        .accept_recharge(accept)
        .await
        .unwrap();
    let recharge = see(it, &recharge_id).await;
    let fact = PaymentCaptured {
        payment_id: PaymentId::fresh().to_string(),
        intent_id: id(),
        attempt_id: id(),
        purpose: Purpose::Recharge.into(),
        due_id: recharge.due_id,
        person_id: recharge.person_id,
        studio_id: recharge.studio_id,
        legal_entity_id: recharge.legal_entity_id,
        amount: fen(FUNDS),
        channel_transaction: "4200001".to_owned(),
        ..PaymentCaptured::default()
    };
    let event = PaymentsEvent {
        fact: Some(Payment::PaymentCaptured(fact)),
    };
    it.hear(fresh_uuid(), 1, &event).await.unwrap();
    let recharge = see(it, &recharge_id).await;
    let post = pb::PostRechargeRequest {
        request_id: id(),
        recharge_id,
        version: recharge.version,
        amount: recharge.received_amount,
        consultation: String::new(),
    };
    staff(it, Role::FinanceAuditor).post_recharge(post).await.unwrap();
}

/// Every balance follows from the transfers, whatever was acknowledged is
/// there, and nothing is there that nobody asked for.
pub async fn agree(it: &Wallet, acknowledged: &[String], unknown: usize) {
    // The wallet's own: it was told of everything by hand, so it has no feed to agree with.
    for check in wallet::App::checks() {
        let found = it.app().run_check(&check, Duration::from_mins(1)).await.unwrap();
        assert_eq!(found, platform::checks::Found::default(), "{}", check.name);
    }
    let kept: Vec<uuid::Uuid> =
        sqlx::query_scalar("select distinct cause_id from transfers where cause = 'spend'")
            .fetch_all(it.pool())
            .await
            .unwrap();
    let kept: std::collections::HashSet<String> = kept.iter().map(ToString::to_string).collect();
    let lost = acknowledged.iter().filter(|due| !kept.contains(*due)).count();
    assert_eq!(lost, 0, "acknowledged and gone");
    assert!(
        kept.len() <= acknowledged.len() + unknown,
        "{} were done, {} acknowledged, {unknown} unknown",
        kept.len(),
        acknowledged.len()
    );
}
