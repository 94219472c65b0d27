use kernel::{MessageId, fresh_uuid};
use platform::Error;
use proto::studio::access::v1::Role;
use proto::studio::members::v1::Language;
use proto::studio::notifications::v1 as pb;
use testkit::Identity;
use testkit::smtp::Refusal;

use crate::world::{ADDRESS, World, reason};

#[tokio::test]
async fn a_payment_is_told_by_mail_and_in_the_inbox() {
    let world = World::open().await;
    world.hears(world.payment()).await;
    let mails = world.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "付款成功");
    assert!(
        mails[0].text.contains("¥1288.00")
            && mails[0].text.contains("微信支付")
            && mails[0].text.contains("朝阳馆")
    );
    let messages = world.messages().await;
    assert_eq!(messages[0].template, "payment_received");
    assert!(messages[0].body.contains("¥1288.00"));
}

#[tokio::test]
async fn a_member_who_asked_for_english_reads_english() {
    let world = World::open().await;
    world.members.knows(world.person, ADDRESS, Language::En);
    world.hears(world.payment()).await;
    assert_eq!(world.mails()[0].subject, "Payment received");
    let english = pb::ListMessagesRequest {
        language: pb::Language::En.into(),
        ..Default::default()
    };
    let messages = world
        .inbox()
        .list_messages(english)
        .await
        .unwrap()
        .into_inner()
        .messages;
    assert!(messages[0].body.contains("WeChat Pay"));
}

#[tokio::test]
async fn a_fact_that_is_delivered_twice_is_told_once() {
    let world = World::open().await;
    let envelope = world.it.hear(fresh_uuid(), 1, &world.payment()).await.unwrap();
    world.it.deliver("payments", &envelope).await.unwrap();
    world.it.settle().await;
    assert_eq!(world.mails().len(), 1);
    assert_eq!(world.count("messages").await, 2);
    // Even if the inbox forgot the fact, its messages are there.
    sqlx::query("delete from inbox")
        .execute(world.it.pool())
        .await
        .unwrap();
    world.it.deliver("payments", &envelope).await.unwrap();
    world.it.settle().await;
    assert_eq!((world.mails().len(), world.count("messages").await), (1, 2));
}

#[tokio::test]
async fn the_address_is_asked_at_the_time_of_sending_and_kept_nowhere() {
    let world = World::open().await;
    world.it.hear(fresh_uuid(), 1, &world.payment()).await.unwrap();
    world
        .members
        .knows(world.person, "new@example.com", Language::ZhCn);
    world.it.settle().await;
    assert!(world.mails().is_empty());
    assert_eq!(world.mail.to("new@example.com").len(), 1);
    for table in ["messages", "tasks", "outbox", "audit", "claims"] {
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from {table} t where t::text like '%example.com%' or t::text like '%林晓%'"
        )))
        .fetch_one(world.it.pool())
        .await
        .unwrap();
        assert_eq!(found, 0, "{table}");
    }
}

#[tokio::test]
async fn a_mail_that_is_turned_away_for_now_is_tried_again_under_the_same_message_id() {
    let world = World::open().await;
    world.mail.refuse(Refusal {
        to: ADDRESS.to_owned(),
        code: 451,
        times: 2,
    });
    world.hears(world.payment()).await;
    let mails = world.mails();
    assert_eq!(mails.len(), 1);
    let id: MessageId = sqlx::query_scalar("select message_id from messages where channel = 'email'")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(
        mails[0].header("Message-ID"),
        Some(format!("<{id}@studio.example>").as_str())
    );
    let attempts: i32 = sqlx::query_scalar("select attempts from messages where channel = 'email'")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!((attempts, world.mail_state().await.0), (3, "sent".to_owned()));
}

#[tokio::test]
async fn a_mail_whose_outcome_was_lost_is_sent_again_as_the_same_mail() {
    let world = World::open().await;
    world.hears(world.payment()).await;
    // As if the process had died after the server took the mail and before that was written down.
    let undone = [
        "set local session_replication_role = replica",
        "update messages set state = 'sending', sent_at = null where channel = 'email'",
        "update tasks set state = 'waiting', done_at = null where kind = 'send_mail'",
    ];
    let mut tx = world.it.pool().begin().await.unwrap();
    for statement in undone {
        sqlx::query(statement).execute(&mut *tx).await.unwrap();
    }
    tx.commit().await.unwrap();
    world.it.settle().await;
    let mails = world.mails();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
}

#[tokio::test]
async fn a_mail_that_is_refused_for_good_fails_and_is_sent_again_by_staff() {
    let world = World::open().await;
    world.mail.refuse(Refusal {
        to: ADDRESS.to_owned(),
        code: 550,
        times: 1,
    });
    world.hears(world.payment()).await;
    assert_eq!(
        world.mail_state().await,
        ("failed".to_owned(), "refused_by_server".to_owned())
    );

    let mut staff = world.deliveries(Identity::staff(Role::CustomerService, world.studio));
    let failed = pb::ListDeliveriesRequest {
        state: pb::MessageState::Failed.into(),
        ..Default::default()
    };
    let failed = staff
        .list_deliveries(failed)
        .await
        .unwrap()
        .into_inner()
        .deliveries;
    assert_eq!(failed.len(), 1);
    let resend = pb::ResendDeliveryRequest {
        request_id: fresh_uuid().to_string(),
        message_id: failed[0].message_id.clone(),
    };
    staff.resend_delivery(resend.clone()).await.unwrap();
    world.it.settle().await;
    assert_eq!(world.mails().len(), 1);
    let sent = pb::ResendDeliveryRequest {
        request_id: fresh_uuid().to_string(),
        ..resend
    };
    assert_eq!(reason(staff.resend_delivery(sent).await), "WRONG_STATE");
}

#[tokio::test]
async fn a_mail_is_given_up_when_it_was_tried_too_often() {
    let world = World::open_with("service.max_tries = 3").await;
    world.mail.refuse(Refusal {
        to: ADDRESS.to_owned(),
        code: 451,
        times: 1000,
    });
    world.hears(world.payment()).await;
    assert_eq!(
        world.mail_state().await,
        ("failed".to_owned(), "tried_too_often".to_owned())
    );
}

#[tokio::test]
async fn somebody_without_an_address_still_reads_it_in_the_inbox() {
    let world = World::open().await;
    world.members.forgets(world.person);
    world.hears(world.payment()).await;
    assert_eq!(
        world.mail_state().await,
        ("failed".to_owned(), "no_address".to_owned())
    );
    assert_eq!(world.messages().await.len(), 1);
}

#[tokio::test]
async fn a_mail_waits_while_members_cannot_be_reached() {
    let world = World::open().await;
    world.members.is_away(true);
    world.it.hear(fresh_uuid(), 1, &world.payment()).await.unwrap();
    world.it.try_tasks().await;
    assert_eq!(world.mail_state().await.0, "sending");
    world.members.is_away(false);
    world.it.settle().await;
    assert_eq!(world.mail_state().await.0, "sent");
}

#[tokio::test]
async fn a_fact_with_nonsense_in_it_is_not_applied() -> Result<(), Error> {
    let world = World::open().await;
    let mut captured = world.captured();
    captured.person_id = "nobody".to_owned();
    let fact = proto::studio::payments::v1::payments_event::Fact::PaymentCaptured(captured);
    let event = proto::studio::payments::v1::PaymentsEvent { fact: Some(fact) };
    assert!(world.it.hear(fresh_uuid(), 1, &event).await.is_err());
    assert_eq!(world.count("messages").await, 0);
    Ok(())
}
