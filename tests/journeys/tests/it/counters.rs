//! What is kept of things that no journey comes by: a static code on a studio's
//! counter that somebody looked at, a due that waits for a transfer, and a refund
//! that goes to another card.

use kernel::StudioId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::counter_code_service_client::CounterCodeServiceClient;
use proto::studio::payments::v1::transfer_service_client::TransferServiceClient;
use testkit::Identity;
use uuid::Uuid;

use crate::people::id;
use crate::world::World;

pub async fn puts_up_a_code(world: &World, studio: StudioId) {
    let content = format!("wxp://f2f0{studio}");
    let client = |role| CounterCodeServiceClient::new(world.at_payments(&Identity::staff(role, studio)));
    let putting_up = pb::PutUpCodeRequest {
        request_id: id(),
        studio_id: studio.to_string(),
        channel: pb::CodeChannel::Wechat.into(),
        place: "前台".to_owned(),
        content: content.clone(),
    };
    let up = client(Role::StudioDirector)
        .put_up_code(putting_up)
        .await
        .unwrap();
    let checking = pb::CheckCodeRequest {
        request_id: id(),
        code_id: up.into_inner().code.unwrap().code_id,
        content,
    };
    client(Role::FrontDesk).check_code(checking).await.unwrap();
}

/// As if the studio's intents had been asked to be paid by transfer, since no
/// company of these journeys has an account for that; and the slip of one.
pub async fn waits_for_a_transfer(world: &World, studio: StudioId) {
    let asked: Vec<Uuid> = sqlx::query_scalar(
        "insert into transfers (intent_id, person_id, studio_id, requested_at)
         select intent_id, person_id, studio_id, now() from intents where studio_id = $1 returning intent_id",
    )
    .bind(studio.0)
    .fetch_all(world.payments.pool())
    .await
    .unwrap();
    let slip = pb::AttachProofRequest {
        request_id: id(),
        intent_id: asked[0].to_string(),
        r#type: pb::ProofType::Pdf.into(),
        content: b"%PDF-1.7".to_vec(),
    };
    let desk = Identity::staff(Role::FrontDesk, studio);
    let mut transfers = TransferServiceClient::new(world.at_payments(&desk));
    transfers.attach_proof(slip).await.unwrap();
}

/// As if the studio's refunds had hung at the channel, which in these journeys none
/// does, and somebody had named another card for each.
pub async fn goes_to_another_card(world: &World, studio: StudioId) {
    let named = sqlx::query(
        "insert into redirections (redirection_id, refund_id, person_id, studio_id, bank, number_end, number, holder,
                                   maker, proposed_at, traceparent)
         select gen_random_uuid(), refund_id, person_id, studio_id, 'ICBC_DEBIT', '1234', '\\x00', '\\x00',
                gen_random_uuid(), now(), ''
         from refunds where studio_id = $1",
    )
    .bind(studio.0)
    .execute(world.payments.pool())
    .await
    .unwrap();
    assert!(named.rows_affected() > 0);
}
