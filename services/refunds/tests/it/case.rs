use kernel::PersonId;
use proto::studio::access::v1::Role;
use proto::studio::refunds::v1 as pb;
use testkit::{At, Identity, staff_person};
use tonic::Code;

use crate::world::{World, approve, code, id, minor, money, open, reason, refunds};

pub fn reject(case: &pb::RefundCase) -> pb::RejectCaseRequest {
    pb::RejectCaseRequest {
        request_id: id(),
        case_id: case.case_id.clone(),
        version: case.version,
        reason: pb::CaseRejectReason::ConditionsNotMet.into(),
        note: "used more than stated".to_owned(),
    }
}

#[tokio::test]
async fn a_case_is_opened_online_by_the_member_or_at_the_desk_by_a_clerk() {
    let world = World::with_policy().await;
    let (online, desk) = (world.sold(10_000), world.sold(20_000));
    let case = world.opened(&online).await;
    assert_eq!(
        (case.state(), &case.opened_by),
        (pb::CaseState::Requested, &online.person.to_string())
    );
    assert!(case.number.starts_with("F-"));
    let reply = world.clerk().open_case(open(&desk)).await.unwrap().into_inner();
    assert_eq!(minor(reply.amount), 20_000);
    let case = world.see(&reply.case_id).await;
    assert_eq!(
        case.opened_by,
        staff_person(Role::RefundClerk, world.chain.chaoyang).to_string()
    );
    assert_eq!(case.person_id, desk.person.to_string());
    assert_eq!(world.told().await, ["refund_requested", "refund_requested"]);
}

#[tokio::test]
async fn one_case_an_order_is_open_at_a_time() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let case = world.opened(&sale).await;
    let part = || pb::OpenCaseRequest {
        due_id: sale.dues[0].clone(),
        ..open(&sale)
    };
    assert_eq!(reason(world.clerk().open_case(open(&sale)).await), "CASE_OPEN");
    assert_eq!(reason(world.clerk().open_case(part()).await), "CASE_OPEN");
    world.approver().reject_case(reject(&case)).await.unwrap();
    world.clerk().open_case(part()).await.unwrap();
    assert_eq!(reason(world.clerk().open_case(open(&sale)).await), "CASE_OPEN");
}

#[tokio::test]
async fn a_repeated_request_answers_with_the_first_case() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let ask = open(&sale);
    let mut member = world.member(sale.person);
    let first = member.open_case(ask.clone()).await.unwrap().into_inner();
    assert_eq!(member.open_case(ask.clone()).await.unwrap().into_inner(), first);
    let other = pb::OpenCaseRequest {
        requested_amount: Some(money(1)),
        ..ask
    };
    assert_eq!(reason(member.open_case(other).await), "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(world.count("cases").await, 1);
}

#[tokio::test]
async fn nobody_opens_a_case_about_anothers_order() {
    let world = World::with_policy().await;
    let (sale, other) = (world.sold(10_000), world.sold(10_000));
    assert_eq!(
        reason(world.member(other.person).open_case(open(&sale)).await),
        "NOT_FOUND"
    );
    let elsewhere = refunds(world.it.as_staff(Role::RefundClerk, world.chain.xuhui));
    assert_eq!(
        reason(elsewhere.clone().open_case(open(&sale)).await),
        "NOT_FOUND"
    );
    assert_eq!(
        code(world.staff(Role::Coach).open_case(open(&sale)).await),
        Code::PermissionDenied
    );
    assert_eq!(
        code(
            refunds(world.it.as_service("orders"))
                .open_case(open(&sale))
                .await
        ),
        Code::PermissionDenied
    );
    let case = world.opened(&sale).await;
    let ask = || pb::GetCaseRequest {
        case_id: case.case_id.clone(),
    };
    assert_eq!(
        reason(world.member(other.person).get_case(ask()).await),
        "NOT_FOUND"
    );
    assert_eq!(reason(elsewhere.clone().get_case(ask()).await), "NOT_FOUND");
    world.member(sale.person).get_case(ask()).await.unwrap();
}

#[tokio::test]
async fn neither_who_opened_a_case_nor_who_gets_the_money_decides_it() {
    let world = World::with_policy().await;
    let at: At = world.chain.chaoyang.into();
    let sale = world.sold(10_000);
    let case_id = world
        .clerk()
        .open_case(open(&sale))
        .await
        .unwrap()
        .into_inner()
        .case_id;
    let case = world.see(&case_id).await;
    for person in [staff_person(Role::RefundClerk, at), sale.person] {
        let both = Identity::posts(person, &[(Role::RefundClerk, at), (Role::RefundApprover, at)]);
        let mut door = refunds(world.it.door(both));
        assert_eq!(reason(door.approve_case(approve(&case)).await), "SAME_PERSON");
        assert_eq!(reason(door.reject_case(reject(&case)).await), "SAME_PERSON");
    }
    world.approver().approve_case(approve(&case)).await.unwrap();
}

#[tokio::test]
async fn the_database_itself_refuses_a_decision_by_the_opener_or_the_beneficiary() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let case_id = world
        .clerk()
        .open_case(open(&sale))
        .await
        .unwrap()
        .into_inner()
        .case_id;
    for person in [staff_person(Role::RefundClerk, world.chain.chaoyang), sale.person] {
        let forced = sqlx::query(
            "update cases set state = 'approved', decided_by = $2, decided_at = now(), decision_note = '',
             version = version + 1 where case_id = $1::uuid",
        )
        .bind(&case_id)
        .bind(person.0)
        .execute(world.it.pool())
        .await;
        let error = forced.unwrap_err().to_string();
        assert!(error.contains("cases_decided_by_another"), "{error}");
    }
}

#[tokio::test]
async fn only_an_approver_of_the_studio_approves_and_only_what_was_looked_at() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let case = world.opened(&sale).await;
    for role in [Role::RefundClerk, Role::CustomerService, Role::FinanceSupervisor] {
        assert_eq!(
            code(world.staff(role).approve_case(approve(&case)).await),
            Code::PermissionDenied
        );
    }
    let elsewhere = refunds(world.it.as_staff(Role::RefundApprover, world.chain.haidian));
    assert_eq!(
        reason(elsewhere.clone().approve_case(approve(&case)).await),
        "NOT_FOUND"
    );
    let other = pb::ApproveCaseRequest {
        subject_hash: "0".repeat(64),
        ..approve(&case)
    };
    assert_eq!(
        reason(world.approver().approve_case(other).await),
        "SUBJECT_CHANGED"
    );
    let outdated = pb::ApproveCaseRequest {
        version: case.version + 1,
        ..approve(&case)
    };
    assert_eq!(
        reason(world.approver().approve_case(outdated).await),
        "VERSION_CONFLICT"
    );
    assert_eq!(world.below().returned.len(), 0);
}

#[tokio::test]
async fn a_rejected_case_is_over_and_says_why() {
    let world = World::with_policy().await;
    let case = world.opened(&world.sold(10_000)).await;
    world.approver().reject_case(reject(&case)).await.unwrap();
    let case = world.see(&case.case_id).await;
    assert_eq!(
        (case.state(), case.reject_reason()),
        (pb::CaseState::Rejected, pb::CaseRejectReason::ConditionsNotMet)
    );
    assert_eq!(
        reason(world.approver().approve_case(approve(&case)).await),
        "WRONG_STATE"
    );
    assert_eq!(world.told().await, ["refund_requested", "refund_rejected"]);
    assert_eq!(world.count("due_refunds").await, 0);
}

#[tokio::test]
async fn a_case_has_a_named_owner_while_it_is_open() {
    let world = World::with_policy().await;
    let case = world.opened(&world.sold(10_000)).await;
    let owner = PersonId::fresh();
    let assign = |version| pb::AssignCaseRequest {
        request_id: id(),
        case_id: case.case_id.clone(),
        version,
        owner_person_id: owner.to_string(),
    };
    world.clerk().assign_case(assign(1)).await.unwrap();
    assert_eq!(world.see(&case.case_id).await.owner_person_id, owner.to_string());
    assert_eq!(
        reason(world.clerk().assign_case(assign(1)).await),
        "VERSION_CONFLICT"
    );
    let case = world.see(&case.case_id).await;
    world.approver().reject_case(reject(&case)).await.unwrap();
    assert_eq!(reason(world.clerk().assign_case(assign(3)).await), "WRONG_STATE");
}

#[tokio::test]
async fn a_queue_shows_what_is_within_reach_in_pages() {
    let world = World::with_policy().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(world.opened(&world.sold(10_000)).await.case_id);
    }
    let queue = |token: &str| pb::ListCasesRequest {
        state: pb::CaseState::Requested.into(),
        page_size: 2,
        page_token: token.to_owned(),
        ..pb::ListCasesRequest::default()
    };
    let first = world.approver().list_cases(queue("")).await.unwrap().into_inner();
    let second = world
        .approver()
        .list_cases(queue(&first.next_page_token))
        .await
        .unwrap()
        .into_inner();
    let seen: Vec<_> = first
        .cases
        .iter()
        .chain(&second.cases)
        .map(|c| c.case_id.clone())
        .collect();
    assert_eq!(seen, ids);
    let elsewhere = refunds(world.it.as_staff(Role::RefundApprover, world.chain.haidian));
    assert_eq!(
        elsewhere
            .clone()
            .list_cases(queue(""))
            .await
            .unwrap()
            .into_inner()
            .cases,
        vec![]
    );
    let stranger = world
        .member(PersonId::fresh())
        .list_cases(queue(""))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(stranger.cases, vec![]);
}
