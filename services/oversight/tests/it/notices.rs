use crate::world::{World, accept, decline, progress};

#[tokio::test]
async fn every_step_is_told_to_the_member_in_order() {
    let world = World::open().await;
    world.director().await;
    let ticket = world.opened().await;
    world
        .as_director()
        .record_progress(progress(&ticket))
        .await
        .unwrap();
    let proposed = world.propose(&ticket.ticket_id).await;
    world
        .member()
        .decline_resolution(decline(&proposed))
        .await
        .unwrap();
    let again = world.propose(&ticket.ticket_id).await;
    world.member().accept_resolution(accept(&again)).await.unwrap();
    world.it.settle().await;
    assert_eq!(
        world.told.templates(),
        [
            "ticket_opened",
            "ticket_progressed",
            "ticket_proposed",
            "ticket_declined",
            "ticket_proposed",
            "ticket_closed"
        ]
    );
}

#[tokio::test]
async fn a_notice_names_the_ticket_and_tells_nothing_of_its_text() {
    let world = World::open().await;
    let ticket = world.opened().await;
    world.it.settle().await;
    let notice = world.told.notices().remove(0);
    assert_eq!(notice.person_id, world.member.to_string());
    assert_eq!(notice.about_id, ticket.ticket_id);
    let number = notice.values.iter().find(|v| v.name == "ticket_number");
    assert_eq!(
        number.map(|v| v.text.as_str()),
        Some(ticket.ticket_number.as_str())
    );
    assert!(notice.values.iter().all(|v| !v.text.contains("138")));
}

#[tokio::test]
async fn a_notice_whose_answer_is_lost_is_asked_for_again_under_the_same_id() {
    let world = World::open().await;
    world.told.loses_answers(2);
    world.opened().await;
    world.it.settle().await;
    let ids: Vec<String> = world.told.notices().into_iter().map(|n| n.request_id).collect();
    assert!(ids.len() >= 3, "{ids:?}");
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn a_complaint_is_recorded_although_notifications_cannot_be_reached() {
    let world = World::open().await;
    world.told.loses_answers(u32::MAX);
    let ticket = world.opened().await;
    assert!(!ticket.ticket_number.is_empty());
}
