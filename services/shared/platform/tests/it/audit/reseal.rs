use proto::studio::access::v1::Role;
use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::audit_service_client::AuditServiceClient;
use testkit::At;
use tonic::{Code, Status};

use super::Two;

async fn reseal(two: &Two, evidence: Vec<pb::AuditHead>) -> Result<pb::ResealResponse, Status> {
    let request = pb::ResealRequest {
        request_id: kernel::fresh_uuid().to_string(),
        reason: "restored to 03:00 after a disk failure".to_owned(),
        evidence,
    };
    let operations = two.toy.as_staff(Role::Operations, At::Everywhere);
    AuditServiceClient::new(operations)
        .reseal(request)
        .await
        .map(tonic::Response::into_inner)
}

async fn held(two: &Two) -> Vec<pb::AuditHead> {
    let evidence = two.evidence().await;
    evidence
        .witnessed
        .into_iter()
        .filter(|(_, seen)| seen.conflict.is_empty())
        .filter_map(|(_, seen)| seen.head)
        .collect()
}

/// As a restore to the time of entry `seq` leaves the database.
async fn restore(two: &Two, seq: i64) {
    two.as_superuser(&format!(
        "delete from audit_links where first_seq > {seq}; delete from audit_heads where seq > {seq}"
    ))
    .await;
    two.as_superuser(
        "delete from audit a where not exists (select from audit_chain where source = 'audit' and row_id = a.audit_id);
         delete from notes n where not exists (select from audit_chain where source = 'notes' and row_id = n.note_id)",
    )
    .await;
}

#[tokio::test]
async fn a_restore_breaks_the_chain_visibly_until_a_person_declares_what_was_lost() {
    let two = Two::start().await;
    two.write(2).await;
    two.sign().await;
    let common = two.report().await.head_seq;
    two.write(3).await;
    two.sign().await;
    let lost = two.report().await.head_seq;
    restore(&two, common).await;
    two.write(1).await;
    assert!(!two.report().await.findings.is_empty(), "the break shows");

    let reply = reseal(&two, held(&two).await).await.unwrap();
    assert_eq!((reply.common_seq, reply.lost_until), (common, lost));
    two.toy.settle().await;
    let report = two.report().await;
    assert_eq!(report.findings, []);
    let [reseal] = &report.reseals[..] else {
        panic!("{report:?}")
    };
    assert_eq!((reseal.common_seq, reseal.lost_until), (common, lost));
    assert!(report.head_seq > lost, "it goes on above what was witnessed");

    two.toy.app().sign_head().await.unwrap().unwrap();
    two.write(1).await;
    two.sign().await;
    let report = two.report().await;
    assert_eq!(
        (report.findings.as_slice(), report.witnessed_until),
        (&[][..], report.head_seq)
    );
}

#[tokio::test]
async fn a_whole_chain_and_evidence_that_nobody_signed_reseal_nothing() {
    let two = Two::start().await;
    two.write(2).await;
    two.sign().await;
    let evidence = held(&two).await;
    let whole = reseal(&two, evidence.clone()).await.unwrap_err();
    assert_eq!(whole.code(), Code::FailedPrecondition);
    let beyond = pb::AuditHead {
        seq: 999,
        ..evidence[0].clone()
    };
    assert_eq!(
        reseal(&two, vec![beyond]).await.unwrap_err().code(),
        Code::InvalidArgument
    );
}
