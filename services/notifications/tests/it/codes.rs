use kernel::{ChallengeId, fresh_uuid};
use proto::studio::access::v1::Role;
use proto::studio::members::v1::members_event::Fact;
use proto::studio::members::v1::{ActivationCodeRequested, MembersEvent, SignInCodeRequested};
use proto::studio::notifications::v1 as pb;
use testkit::smtp::Refusal;
use testkit::{At, Identity};

use crate::world::{ADDRESS, World, reason};

fn sign_in(world: &World, challenge: ChallengeId) -> MembersEvent {
    let fact = SignInCodeRequested {
        challenge_id: challenge.to_string(),
        person_id: world.person.to_string(),
        expire_at: None,
    };
    MembersEvent {
        fact: Some(Fact::SignInCodeRequested(fact)),
    }
}

#[tokio::test]
async fn a_code_goes_out_by_mail_and_is_kept_nowhere() {
    let world = World::open().await;
    let challenge = ChallengeId::fresh();
    world.members.challenges(challenge, "402911");
    world.hears(sign_in(&world, challenge)).await;
    assert_eq!(world.mails()[0].code(6).as_deref(), Some("402911"));
    assert!(world.messages().await.is_empty(), "no code in the inbox");
    for table in ["messages", "tasks", "outbox", "audit"] {
        let found: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
            "select count(*) from {table} t where t::text like '%402911%'"
        )))
        .fetch_one(world.it.pool())
        .await
        .unwrap();
        assert_eq!(found, 0, "{table}");
    }
    assert_eq!(
        world.members.sent(),
        [challenge.to_string()],
        "its readable copy is destroyed"
    );
}

#[tokio::test]
async fn an_activation_code_goes_out_by_mail() {
    let world = World::open().await;
    let challenge = ChallengeId::fresh();
    world.members.challenges(challenge, "773310");
    let fact = ActivationCodeRequested {
        challenge_id: challenge.to_string(),
        person_id: world.person.to_string(),
        card_id: fresh_uuid().to_string(),
        expire_at: None,
    };
    world
        .hears(MembersEvent {
            fact: Some(Fact::ActivationCodeRequested(fact)),
        })
        .await;
    let mails = world.mails();
    assert_eq!(
        (mails[0].subject.as_str(), mails[0].code(6).as_deref()),
        ("会员卡激活验证码", Some("773310"))
    );
}

#[tokio::test]
async fn a_code_that_is_out_of_date_is_not_sent() {
    let world = World::open().await;
    world.hears(sign_in(&world, ChallengeId::fresh())).await;
    assert!(world.mails().is_empty());
    assert_eq!(
        world.mail_state().await,
        ("failed".to_owned(), "code_out_of_date".to_owned())
    );
}

#[tokio::test]
async fn a_code_is_never_sent_again_by_staff() {
    let world = World::open().await;
    world.mail.refuse(Refusal {
        to: ADDRESS.to_owned(),
        code: 550,
        times: 1,
    });
    let challenge = ChallengeId::fresh();
    world.members.challenges(challenge, "111222");
    world.hears(sign_in(&world, challenge)).await;
    let id: kernel::MessageId = sqlx::query_scalar("select message_id from messages")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    let resend = pb::ResendDeliveryRequest {
        request_id: fresh_uuid().to_string(),
        message_id: id.to_string(),
    };
    let mut operations = world.deliveries(Identity::staff(Role::Operations, At::Everywhere));
    assert_eq!(
        reason(operations.resend_delivery(resend).await),
        "CODE_OUT_OF_DATE"
    );
}

#[tokio::test]
async fn no_row_can_put_a_code_into_the_inbox() {
    let world = World::open().await;
    let challenge = ChallengeId::fresh();
    world.members.challenges(challenge, "402911");
    world
        .it
        .hear(fresh_uuid(), 1, &sign_in(&world, challenge))
        .await
        .unwrap();
    let forged = sqlx::query("update messages set channel = 'in_app', version = version + 1")
        .execute(world.it.pool())
        .await;
    assert!(forged.is_err());
    world.it.settle().await;
}
