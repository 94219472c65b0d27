use kernel::{PersonId, fresh_uuid};
use proto::studio::access::v1::Role;
use proto::studio::notifications::v1 as pb;
use proto::studio::notifications::v1::board_service_client::BoardServiceClient;
use proto::studio::notifications::v1::inbox_service_client::InboxServiceClient;
use proto::studio::notifications::v1::send_service_client::SendServiceClient;
use proto::studio::notifications::v1::template_service_client::TemplateServiceClient;
use testkit::{Identity, chain};
use tonic::Code;

use crate::world::{World, reason};

fn mark(message: &pb::Message) -> pb::MarkReadRequest {
    pb::MarkReadRequest {
        request_id: fresh_uuid().to_string(),
        message_id: message.message_id.clone(),
    }
}

#[tokio::test]
async fn a_message_is_read_once_and_by_its_member_alone() {
    let world = World::open().await;
    world.hears(world.payment()).await;
    let message = world.messages().await.remove(0);
    let mut stranger = InboxServiceClient::new(world.it.as_member(PersonId::fresh()));
    assert_eq!(reason(stranger.mark_read(mark(&message)).await), "NOT_FOUND");
    world.inbox().mark_read(mark(&message)).await.unwrap();
    let first = world.messages().await[0].read_at;
    assert!(first.is_some());
    world.inbox().mark_read(mark(&message)).await.unwrap();
    assert_eq!(world.messages().await[0].read_at, first);
    let unread = pb::ListMessagesRequest {
        unread_only: true,
        ..Default::default()
    };
    let reply = world.inbox().list_messages(unread).await.unwrap().into_inner();
    assert_eq!((reply.messages.len(), reply.unread), (0, 0));
}

#[tokio::test]
async fn an_inbox_is_paged_and_shows_nothing_of_others() {
    let world = World::open().await;
    for _ in 0..3 {
        world.hears(world.payment()).await;
    }
    let page = pb::ListMessagesRequest {
        page_size: 2,
        ..Default::default()
    };
    let first = world
        .inbox()
        .list_messages(page.clone())
        .await
        .unwrap()
        .into_inner();
    let rest = pb::ListMessagesRequest {
        page_token: first.next_page_token,
        ..page
    };
    let second = world.inbox().list_messages(rest).await.unwrap().into_inner();
    assert_eq!(
        (first.messages.len(), second.messages.len(), second.unread),
        (2, 1, 3)
    );
    let mut stranger = InboxServiceClient::new(world.it.as_member(PersonId::fresh()));
    let theirs = stranger
        .list_messages(pb::ListMessagesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(theirs.messages.is_empty());
}

#[tokio::test]
async fn staff_see_deliveries_of_their_studios_and_no_inbox() {
    let world = World::open().await;
    world.hears(world.payment()).await;
    let list = || pb::ListDeliveriesRequest::default();
    let mut here = world.deliveries(Identity::staff(Role::CustomerService, world.studio));
    let seen = here
        .list_deliveries(list())
        .await
        .unwrap()
        .into_inner()
        .deliveries;
    assert_eq!(seen.len(), 2);
    let mut elsewhere = world.deliveries(Identity::staff(Role::CustomerService, chain().xuhui));
    assert!(
        elsewhere
            .list_deliveries(list())
            .await
            .unwrap()
            .into_inner()
            .deliveries
            .is_empty()
    );
    let get = pb::GetDeliveryRequest {
        message_id: seen[0].message_id.clone(),
    };
    assert_eq!(reason(elsewhere.get_delivery(get.clone()).await), "NOT_FOUND");
    assert!(here.get_delivery(get).await.is_ok());
    let mut member = world.deliveries(Identity::member(world.person));
    assert_eq!(
        member.list_deliveries(list()).await.unwrap_err().code(),
        Code::PermissionDenied
    );
    let mut inbox = InboxServiceClient::new(world.it.as_staff(Role::CustomerService, world.studio));
    let refused = inbox.list_messages(pb::ListMessagesRequest::default()).await;
    assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
}

#[tokio::test]
async fn a_payment_is_announced_to_the_departments_of_its_studio() {
    let world = World::open().await;
    world.hears(world.payment()).await;
    for role in [Role::FinanceStaff, Role::Coach, Role::FrontDesk] {
        let mut board = BoardServiceClient::new(world.it.as_staff(role, world.studio));
        let notices = board
            .list_notices(pb::ListNoticesRequest::default())
            .await
            .unwrap()
            .into_inner()
            .notices;
        assert_eq!(notices.len(), 1, "{role:?}");
        assert!(notices[0].body.contains("¥1288.00"));
    }
    let mut elsewhere = BoardServiceClient::new(world.it.as_staff(Role::FinanceStaff, chain().haidian));
    let none = elsewhere
        .list_notices(pb::ListNoticesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(none.notices.is_empty());
    let mut reviewer = BoardServiceClient::new(world.it.as_staff(Role::Reviewer, world.studio));
    let other = reviewer
        .list_notices(pb::ListNoticesRequest::default())
        .await
        .unwrap()
        .into_inner();
    assert!(other.notices.is_empty());
}

fn ticket_notice(world: &World) -> pb::SendNoticeRequest {
    let value = |name: &str, text: &str| pb::Value {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    pb::SendNoticeRequest {
        request_id: fresh_uuid().to_string(),
        person_id: world.person.to_string(),
        studio_id: world.studio.to_string(),
        template: "ticket_opened".to_owned(),
        about_id: fresh_uuid().to_string(),
        values: vec![
            value("ticket_number", "T-7KQ2M9XA"),
            value("respond_by", "2026-11-24T02:00:00Z"),
        ],
    }
}

#[tokio::test]
async fn oversight_has_a_notice_sent_once_however_often_it_asks() {
    let world = World::open().await;
    let mut oversight = SendServiceClient::new(world.it.as_service("oversight"));
    let request = ticket_notice(&world);
    let first = oversight.send_notice(request.clone()).await.unwrap().into_inner();
    let again = oversight.send_notice(request).await.unwrap().into_inner();
    assert_eq!((first.message_ids.len(), &first), (2, &again));
    world.it.settle().await;
    assert_eq!(world.mails().len(), 1);
    assert!(
        world.mails()[0].text.contains("T-7KQ2M9XA")
            && world.mails()[0].text.contains("2026年11月24日 10:00")
    );
}

#[tokio::test]
async fn a_notice_with_a_foreign_template_or_a_missing_value_is_refused() {
    let world = World::open().await;
    let mut oversight = SendServiceClient::new(world.it.as_service("oversight"));
    let foreign = pb::SendNoticeRequest {
        template: "payment_received".to_owned(),
        ..ticket_notice(&world)
    };
    assert_eq!(reason(oversight.send_notice(foreign).await), "UNKNOWN_TEMPLATE");
    let short = pb::SendNoticeRequest {
        values: Vec::new(),
        ..ticket_notice(&world)
    };
    assert_eq!(reason(oversight.send_notice(short).await), "VALUES_MISSING");
    let bad = pb::SendNoticeRequest {
        template: "No Such".to_owned(),
        ..ticket_notice(&world)
    };
    assert_eq!(reason(oversight.send_notice(bad).await), "INVALID_FIELDS");
}

#[tokio::test]
async fn nobody_but_oversight_has_notices_sent() {
    let world = World::open().await;
    for who in [
        Identity::service("orders"),
        Identity::member(world.person),
        Identity::anonymous(),
    ] {
        let mut client = SendServiceClient::new(world.it.door(who));
        let refused = client.send_notice(ticket_notice(&world)).await.unwrap_err();
        assert!(
            matches!(refused.code(), Code::PermissionDenied | Code::Unauthenticated),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn staff_read_the_texts_in_the_language_they_ask_for() {
    let world = World::open().await;
    let mut templates = TemplateServiceClient::new(world.it.as_staff(Role::CustomerService, world.studio));
    let english = pb::ListTemplatesRequest {
        language: pb::Language::En.into(),
    };
    let english = templates
        .list_templates(english)
        .await
        .unwrap()
        .into_inner()
        .templates;
    let all = templates
        .list_templates(pb::ListTemplatesRequest::default())
        .await
        .unwrap()
        .into_inner()
        .templates;
    assert_eq!(all.len(), 2 * english.len());
    let receipt = english.iter().find(|t| t.name == "receipt_issued").unwrap();
    assert!(receipt.body.contains("{receipt_number}"));
}
