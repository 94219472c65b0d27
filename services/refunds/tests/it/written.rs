//! What people write about a case is sealed, shown by GetCase alone, and goes
//! with the person.

use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::members::v1::{MemberErased, MembersEvent};
use proto::studio::refunds::v1 as pb;

use crate::case::reject;
use crate::world::{Sale, World, approve, open};

const WORDS: &str = "林晓住院了";

async fn opened(world: &World, sale: &Sale) -> pb::RefundCase {
    let ask = pb::OpenCaseRequest {
        explanation: WORDS.to_owned(),
        ..open(sale)
    };
    let reply = world.clerk().open_case(ask).await.unwrap().into_inner();
    world.see(&reply.case_id).await
}

#[tokio::test]
async fn what_is_written_about_a_case_is_shown_with_it_and_nowhere_in_the_clear() {
    let world = World::with_policy().await;
    let case = opened(&world, &world.sold(10_000)).await;
    assert_eq!(case.explanation, WORDS);
    let no = pb::RejectCaseRequest {
        note: WORDS.to_owned(),
        ..reject(&case)
    };
    world.approver().reject_case(no).await.unwrap();
    assert_eq!(world.see(&case.case_id).await.decision_note, WORDS);

    let case = opened(&world, &world.sold(10_000)).await;
    let yes = pb::ApproveCaseRequest {
        note: WORDS.to_owned(),
        ..approve(&case)
    };
    world.approver().approve_case(yes).await.unwrap();
    assert_eq!(world.see(&case.case_id).await.decision_note, WORDS);

    let listed = world
        .clerk()
        .list_cases(pb::ListCasesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .cases;
    assert_eq!(listed.len(), 2);
    assert!(
        listed
            .iter()
            .all(|case| case.explanation.is_empty() && case.decision_note.is_empty())
    );
    world.it.settle().await;
    let tables = testkit::tables_that_tell(world.it.pool(), WORDS).await;
    assert!(tables.is_empty(), "{tables:?}");
}

#[tokio::test]
async fn an_erased_persons_case_is_decided_without_words() {
    let world = World::with_policy().await;
    let sale = world.sold(10_000);
    let case = opened(&world, &sale).await;
    let erased = MembersEvent {
        fact: Some(Member::MemberErased(MemberErased {
            person_id: sale.person.to_string(),
        })),
    };
    world.it.hear(sale.person, 1, &erased).await.unwrap();
    assert_eq!(world.see(&case.case_id).await.explanation, "");
    world.approver().approve_case(approve(&case)).await.unwrap();
    assert_eq!(world.see(&case.case_id).await.decision_note, "");
}
