use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::transfer_service_client::TransferServiceClient;
use tonic::{Code, Status};

use super::{desk, request};
use crate::world::{World, reason, request_id};

fn slip(intent: &pb::Intent, page: u8) -> pb::AttachProofRequest {
    pb::AttachProofRequest {
        request_id: request_id(),
        intent_id: intent.intent_id.clone(),
        r#type: pb::ProofType::Pdf.into(),
        content: [b"%PDF-1.7 \xe6\x9d\x8e\xe9\x9b\xb7 ".as_slice(), &[page]].concat(),
    }
}

async fn attach(world: &World, request: pb::AttachProofRequest) -> Result<pb::AttachProofResponse, Status> {
    Ok(desk(world).attach_proof(request).await?.into_inner())
}

#[tokio::test]
async fn a_slip_is_kept_once_sealed_and_read_by_finance() {
    let world = World::open().await;
    let intent = world.intent().await;
    let early = attach(&world, slip(&intent, 1)).await.unwrap_err();
    assert_eq!(reason(&early), "NO_TRANSFER");
    request(&world, &intent).await.unwrap();
    let kept = attach(&world, slip(&intent, 1)).await.unwrap();
    assert_eq!(kept, attach(&world, slip(&intent, 1)).await.unwrap());
    let bytes: Vec<u8> = sqlx::query_scalar("select bytes from transfer_proofs")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert!(!bytes.windows(5).any(|part| part == b"%PDF-"));

    let asked = pb::GetProofsRequest {
        intent_id: intent.intent_id.clone(),
    };
    let door = world.it.as_staff(Role::FinanceStaff, world.chain.chaoyang);
    let read = TransferServiceClient::new(door)
        .get_proofs(asked)
        .await
        .unwrap()
        .into_inner();
    assert_eq!(read.proofs.len(), 1);
    assert_eq!(read.proofs[0].content, slip(&intent, 1).content);
    assert_eq!(read.proofs[0].digest, kept.digest);
}

#[tokio::test]
async fn what_is_no_slip_or_one_too_many_is_refused() {
    let world = World::open().await;
    let intent = world.intent().await;
    request(&world, &intent).await.unwrap();
    let page = pb::AttachProofRequest {
        content: b"<html>".to_vec(),
        ..slip(&intent, 1)
    };
    assert_eq!(
        reason(&attach(&world, page).await.unwrap_err()),
        "PROOF_UNREADABLE"
    );
    for page in 0..5 {
        attach(&world, slip(&intent, page)).await.unwrap();
    }
    let sixth = attach(&world, slip(&intent, 5)).await.unwrap_err();
    assert_eq!(reason(&sixth), "TOO_MANY_PROOFS");
    assert!(
        attach(&world, slip(&intent, 4)).await.is_ok(),
        "one of the five again"
    );
}

#[tokio::test]
async fn nobody_elses_intent_is_asked_for_or_attached_to() {
    let world = World::open().await;
    let intent = world.intent().await;
    let mut stranger = TransferServiceClient::new(world.it.as_member(PersonId::fresh()));
    let asked = pb::RequestTransferRequest {
        request_id: request_id(),
        intent_id: intent.intent_id.clone(),
    };
    let refused = stranger.request_transfer(asked).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    request(&world, &intent).await.unwrap();
    let refused = stranger.attach_proof(slip(&intent, 1)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let own = PersonId::parse("person_id", &intent.person_id).unwrap();
    let mut own = TransferServiceClient::new(world.it.as_member(own));
    assert!(own.attach_proof(slip(&intent, 1)).await.is_ok());
}
