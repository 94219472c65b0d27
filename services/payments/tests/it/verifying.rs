//! The desk looks at what was paid: amount and member.

use std::time::Duration;

use futures::future::join_all;
use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::exception_service_client::ExceptionServiceClient;
use proto::studio::payments::v1::verification_service_client::VerificationServiceClient;
use testkit::{Door, staff_person, tables_that_tell};
use tonic::{Code, Status};

use crate::world::{World, fen, reason, request_id};

type Client = VerificationServiceClient<Door>;

fn desk(world: &World) -> Client {
    VerificationServiceClient::new(world.it.as_staff(Role::FrontDesk, world.chain.chaoyang))
}

fn finance(world: &World) -> ExceptionServiceClient<Door> {
    ExceptionServiceClient::new(world.it.as_staff(Role::FinanceStaff, world.chain.chaoyang))
}

fn seen(payment: &pb::Payment) -> pb::VerifyPaymentRequest {
    pb::VerifyPaymentRequest {
        request_id: request_id(),
        payment_id: payment.payment_id.clone(),
        amount: payment.amount.clone(),
        person_id: payment.person_id.clone(),
    }
}

async fn verify(mut who: Client, request: pb::VerifyPaymentRequest) -> Result<pb::Verification, Status> {
    let verified = who.verify_payment(request).await?;
    Ok(verified.into_inner().verification.unwrap())
}

const SAW: &str = "会员张小云说只应付三千";
const TALKED: &str = "已电话联系张小云";

async fn report(mut who: Client, payment: &pb::Payment) -> Result<pb::Verification, Status> {
    let request = pb::ReportAnomalyRequest {
        request_id: request_id(),
        payment_id: payment.payment_id.clone(),
        anomaly: pb::PaymentAnomaly::WrongAmount.into(),
        text: SAW.to_owned(),
        contact: TALKED.to_owned(),
    };
    let reported = who.report_anomaly(request).await?;
    Ok(reported.into_inner().verification.unwrap())
}

async fn list(mut who: Client, request: pb::ListVerificationsRequest) -> Vec<pb::Verification> {
    let listed = who.list_verifications(request).await.unwrap();
    listed.into_inner().verifications
}

fn awaiting() -> pb::ListVerificationsRequest {
    pb::ListVerificationsRequest {
        state: pb::VerificationState::Awaiting.into(),
        ..Default::default()
    }
}

async fn history(world: &World, exception_id: &str) -> pb::GetExceptionResponse {
    let request = pb::GetExceptionRequest {
        exception_id: exception_id.to_owned(),
    };
    finance(world).get_exception(request).await.unwrap().into_inner()
}

fn said(case: &pb::GetExceptionResponse) -> Vec<(pb::ExceptionEntryKind, &str)> {
    let entries = case.entries.iter();
    entries.map(|entry| (entry.kind(), entry.text.as_str())).collect()
}

#[tokio::test]
async fn what_was_paid_waits_for_the_desk_until_amount_and_member_fit() {
    let world = World::open().await;
    let payment = world.payment().await;
    let waiting = list(desk(&world), awaiting()).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(
        (&waiting[0].payment_id, waiting[0].overdue),
        (&payment.payment_id, false)
    );

    let other = pb::VerifyPaymentRequest {
        amount: Some(fen(1)),
        ..seen(&payment)
    };
    let refused = verify(desk(&world), other).await.unwrap_err();
    assert_eq!(reason(&refused), "VERIFICATION_DIFFERS");
    let somebody = pb::VerifyPaymentRequest {
        person_id: PersonId::fresh().to_string(),
        ..seen(&payment)
    };
    let refused = verify(desk(&world), somebody).await.unwrap_err();
    assert_eq!(reason(&refused), "VERIFICATION_DIFFERS");

    let verified = verify(desk(&world), seen(&payment)).await.unwrap();
    assert_eq!(verified.state(), pb::VerificationState::Verified);
    let who = staff_person(Role::FrontDesk, world.chain.chaoyang);
    assert_eq!(verified.verified_by, who.to_string());
    assert_eq!(list(desk(&world), awaiting()).await, []);
    let again = verify(desk(&world), seen(&payment)).await.unwrap_err();
    assert_eq!(reason(&again), "VERIFICATION_STATE");
}

#[tokio::test]
async fn an_anomaly_is_a_case_with_what_was_said_and_is_told_once() {
    let world = World::open().await;
    let payment = world.payment().await;
    let reported = report(desk(&world), &payment).await.unwrap();
    assert_eq!(
        (reported.state(), reported.anomaly()),
        (pb::VerificationState::Anomaly, pb::PaymentAnomaly::WrongAmount)
    );
    let again = report(desk(&world), &payment).await.unwrap_err();
    assert_eq!(reason(&again), "VERIFICATION_STATE");
    assert_eq!(world.facts("payment_anomaly_found").await, 1);
    assert_eq!(world.facts("exception_opened").await, 1);

    let case = history(&world, &reported.exception_id).await;
    let opened = case.exception.clone().unwrap();
    assert_eq!(
        (opened.r#type(), opened.attempt_id.as_str()),
        (pb::ExceptionType::Mismatch, payment.attempt_id.as_str())
    );
    let told = [
        (pb::ExceptionEntryKind::Opened, SAW),
        (pb::ExceptionEntryKind::Contacted, TALKED),
    ];
    assert_eq!(said(&case), told);
    let telling = tables_that_tell(world.it.pool(), "张小云").await;
    assert_eq!(telling, Vec::<String>::new(), "a name stands in the clear");
}

#[tokio::test]
async fn an_anomaly_goes_to_the_case_that_the_payment_has() {
    let world = World::open().await;
    let payment = world.payment().await;
    let request = pb::OpenExceptionRequest {
        request_id: request_id(),
        attempt_id: payment.attempt_id.clone(),
        r#type: pb::ExceptionType::DuplicateCharge.into(),
        text: "扣了两次".to_owned(),
    };
    let opened = finance(&world).open_exception(request).await.unwrap();
    let opened = opened.into_inner().exception.unwrap();
    let reported = report(desk(&world), &payment).await.unwrap();
    assert_eq!(reported.exception_id, opened.exception_id);
    assert_eq!(world.facts("exception_opened").await, 1);
    assert_eq!(world.facts("payment_anomaly_found").await, 1);
    let case = history(&world, &opened.exception_id).await;
    assert_eq!(said(&case)[1], (pb::ExceptionEntryKind::Noticed, SAW));
}

#[tokio::test]
async fn what_was_verified_can_still_be_found_wrong_and_begins_an_answered_case_anew() {
    let world = World::open().await;
    let payment = world.payment().await;
    verify(desk(&world), seen(&payment)).await.unwrap();
    let reported = report(desk(&world), &payment).await.unwrap();
    assert!(!reported.verified_by.is_empty(), "who had verified it stays");

    let other = world.payment().await;
    let request = pb::OpenExceptionRequest {
        request_id: request_id(),
        attempt_id: other.attempt_id.clone(),
        r#type: pb::ExceptionType::PaidNotCredited.into(),
        text: "没有到账".to_owned(),
    };
    let case = finance(&world).open_exception(request).await.unwrap();
    let case = case.into_inner().exception.unwrap();
    explained(&world, &case.exception_id).await;
    let reported = report(desk(&world), &other).await.unwrap();
    let anew = history(&world, &reported.exception_id).await.exception.unwrap();
    assert_eq!(
        (anew.state(), anew.reopened, anew.r#type()),
        (pb::ExceptionState::Open, 1, pb::ExceptionType::Mismatch)
    );
}

/// Finance takes a case, explains it, and answers the member.
async fn explained(world: &World, exception_id: &str) {
    let exception_id = exception_id.to_owned();
    let take = pb::TakeExceptionRequest {
        request_id: request_id(),
        exception_id: exception_id.clone(),
    };
    finance(world).take_exception(take).await.unwrap();
    let propose = pb::ProposeRemedyRequest {
        request_id: request_id(),
        exception_id: exception_id.clone(),
        remedy: pb::Remedy::Explain.into(),
        text: "已到账".to_owned(),
    };
    finance(world).propose_remedy(propose).await.unwrap();
    let answer = pb::AnswerExceptionRequest {
        request_id: request_id(),
        exception_id,
        text: "款项已到账".to_owned(),
    };
    finance(world).answer_exception(answer).await.unwrap();
}

#[tokio::test]
async fn talks_with_the_member_are_kept_in_the_case_and_not_shown_to_them() {
    let world = World::open().await;
    let payment = world.payment().await;
    let reported = report(desk(&world), &payment).await.unwrap();
    let request = pb::LogContactRequest {
        request_id: request_id(),
        exception_id: reported.exception_id.clone(),
        text: "再次致电，无人接听".to_owned(),
    };
    finance(&world).log_contact(request.clone()).await.unwrap();
    let case = history(&world, &reported.exception_id).await;
    let last = said(&case).pop().unwrap();
    assert_eq!(last, (pb::ExceptionEntryKind::Contacted, "再次致电，无人接听"));

    let owner: PersonId = payment.person_id.parse().unwrap();
    let member = || ExceptionServiceClient::new(world.it.as_member(owner));
    let own = pb::LogContactRequest {
        request_id: request_id(),
        ..request
    };
    let refused = member().log_contact(own).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let asked = pb::GetExceptionRequest {
        exception_id: reported.exception_id,
    };
    let read = member().get_exception(asked).await.unwrap().into_inner();
    let kinds: Vec<_> = read.entries.iter().map(pb::ExceptionEntry::kind).collect();
    assert_eq!(kinds, [pb::ExceptionEntryKind::Opened]);
    assert_eq!(read.entries[0].text, "", "what the desk said is not the member's");
}

#[tokio::test]
async fn desks_look_at_their_own_studios_payments_and_nobody_else_does() {
    let world = World::open().await;
    let payment = world.payment().await;
    let at = |role, studio| VerificationServiceClient::new(world.it.as_staff(role, studio));
    let elsewhere = || at(Role::FrontDesk, world.chain.xuhui);
    let refused = verify(elsewhere(), seen(&payment)).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    let refused = report(elsewhere(), &payment).await.unwrap_err();
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(list(elsewhere(), awaiting()).await, []);
    for role in [Role::FinanceStaff, Role::CustomerService, Role::Coach] {
        let refused = verify(at(role, world.chain.chaoyang), seen(&payment)).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied, "{role:?}");
    }
}

#[tokio::test]
async fn what_nobody_looked_at_in_time_is_overdue() {
    let world = World::open().await;
    let payment = world.payment().await;
    let overdue = || pb::ListVerificationsRequest {
        overdue: true,
        ..Default::default()
    };
    assert_eq!(list(desk(&world), overdue()).await, []);
    world.later(Duration::from_hours(25)).await;
    let late = list(desk(&world), overdue()).await;
    assert_eq!(late.len(), 1);
    assert!(late[0].overdue && late[0].age_s >= 24 * 3600, "{late:#?}");
    verify(desk(&world), seen(&payment)).await.unwrap();
    assert_eq!(list(desk(&world), overdue()).await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_looks_racing_at_one_payment_one_is_kept() {
    let world = World::open().await;
    for _ in 0..3 {
        let payment = world.payment().await;
        let studio = world.chain.chaoyang;
        let looks = (0..8).map(|n| {
            let role = [Role::FrontDesk, Role::StudioDirector][n % 2];
            let who = VerificationServiceClient::new(world.it.as_staff(role, studio));
            verify(who, seen(&payment))
        });
        let looks = join_all(looks).await;
        let kept: Vec<_> = looks.iter().filter_map(|look| look.as_ref().ok()).collect();
        assert_eq!(kept.len(), 1);
        for refused in looks.iter().filter_map(|look| look.as_ref().err()) {
            assert_eq!(reason(refused), "VERIFICATION_STATE");
        }
        let request = pb::ListVerificationsRequest {
            payment_id: payment.payment_id.clone(),
            ..Default::default()
        };
        let now = list(desk(&world), request).await;
        assert_eq!(now[0].verified_by, kept[0].verified_by);
        assert_eq!(now[0].version, 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_eight_reports_racing_about_one_payment_one_is_told() {
    let world = World::open().await;
    let payment = world.payment().await;
    let reports = join_all((0..8).map(|_| report(desk(&world), &payment))).await;
    let kept = reports.iter().filter(|report| report.is_ok()).count();
    assert_eq!(kept, 1);
    assert_eq!(world.facts("payment_anomaly_found").await, 1);
    assert_eq!(world.facts("exception_opened").await, 1);
}
