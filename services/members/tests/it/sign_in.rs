use std::time::Duration;

use proto::studio::members::v1 as pb;
use proto::studio::members::v1::challenge_service_client::ChallengeServiceClient;

use crate::world::{Lin, World, id, other_than, people, phone, reason};

fn ask(phone: &str) -> pb::RequestSignInCodeRequest {
    pb::RequestSignInCodeRequest {
        request_id: id(),
        phone: phone.to_owned(),
    }
}

fn answer(challenge: &str, phone: &str, code: &str) -> pb::SignInRequest {
    pb::SignInRequest {
        request_id: id(),
        challenge_id: challenge.to_owned(),
        phone: phone.to_owned(),
        code: code.to_owned(),
    }
}

async fn challenged(world: &World, lin: &Lin) -> (String, String) {
    let reply = world
        .tokens()
        .request_sign_in_code(ask(&lin.phone))
        .await
        .unwrap()
        .into_inner();
    let code = world.code_of(&reply.challenge_id).await.unwrap();
    (reply.challenge_id, code)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_signs_in_with_phone_and_code_and_the_token_works() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    assert_eq!(world.told("sign_in_code_requested").await, 1);
    let reply = world
        .tokens()
        .sign_in(answer(&challenge, &lin.phone, &code))
        .await
        .unwrap()
        .into_inner();
    let token = reply.token.unwrap();
    assert_eq!(token.person_id, lin.id.to_string());

    let mut request = tonic::Request::new(pb::GetPersonRequest {
        person_id: lin.id.to_string(),
    });
    request.metadata_mut().insert(
        "authorization",
        format!("Bearer {}", token.token).parse().unwrap(),
    );
    assert!(people(world.it.anonymous()).get_person(request).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_phone_gets_the_same_answer_and_no_code_is_sent() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let known = world
        .tokens()
        .request_sign_in_code(ask(&lin.phone))
        .await
        .unwrap()
        .into_inner();
    let unknown = world
        .tokens()
        .request_sign_in_code(ask(&phone(7)))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(known.challenge_id.len(), unknown.challenge_id.len());
    assert!(unknown.expire_at.is_some());
    assert_eq!(world.told("sign_in_code_requested").await, 1);
    assert_eq!(reason(world.code_of(&unknown.challenge_id).await), "CODE_GONE");
    let right = world.code_of(&known.challenge_id).await.unwrap();
    let wrong = answer(&known.challenge_id, &lin.phone, &other_than(&right));
    let decoy = answer(&unknown.challenge_id, &phone(7), "123456");
    assert_eq!(reason(world.tokens().sign_in(wrong).await), "CODE_REJECTED");
    assert_eq!(reason(world.tokens().sign_in(decoy).await), "CODE_REJECTED");
    assert_eq!(
        reason(world.tokens().sign_in(answer(&id(), &phone(7), "123456")).await),
        "CODE_REJECTED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once_and_a_repeated_call_gets_a_token_for_two_minutes() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    let request = answer(&challenge, &lin.phone, &code);
    world.tokens().sign_in(request.clone()).await.unwrap();
    let again = world
        .tokens()
        .sign_in(request.clone())
        .await
        .unwrap()
        .into_inner();
    assert!(!again.token.unwrap().token.is_empty());
    let other = answer(&challenge, &lin.phone, &code);
    assert_eq!(reason(world.tokens().sign_in(other).await), "CODE_EXPIRED");
    world.it.advance(Duration::from_secs(121));
    assert_eq!(reason(world.tokens().sign_in(request).await), "CODE_EXPIRED");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_ever_stored() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    let request = answer(&challenge, &lin.phone, &code);
    let token = world
        .tokens()
        .sign_in(request)
        .await
        .unwrap()
        .into_inner()
        .token
        .unwrap()
        .token;
    let kept: Vec<Vec<u8>> = sqlx::query_scalar("select reply from claims")
        .fetch_all(world.it.pool())
        .await
        .unwrap();
    assert!(
        kept.iter()
            .all(|reply| !String::from_utf8_lossy(reply).contains(&token))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_expires() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    world.it.advance(Duration::from_secs(301));
    assert_eq!(
        reason(
            world
                .tokens()
                .sign_in(answer(&challenge, &lin.phone, &code))
                .await
        ),
        "CODE_EXPIRED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_answers_are_counted_although_they_are_refused_and_lock_in_the_end() {
    let world = World::open_with("service.lockout.most_wrong = 4").await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    for _ in 0..4 {
        let wrong = answer(&challenge, &lin.phone, &other_than(&code));
        assert_eq!(reason(world.tokens().sign_in(wrong).await), "CODE_REJECTED");
    }
    assert_eq!(world.count("audit where decision = 'refused'").await, 4);
    let right = answer(&challenge, &lin.phone, &code);
    assert_eq!(reason(world.tokens().sign_in(right).await), "LOCKED_OUT");
    assert_eq!(
        reason(world.tokens().request_sign_in_code(ask(&lin.phone)).await),
        "LOCKED_OUT"
    );
    world.it.advance(Duration::from_mins(31));
    let (challenge, code) = challenged(&world, &lin).await;
    assert!(
        world
            .tokens()
            .sign_in(answer(&challenge, &lin.phone, &code))
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_answer_repeated_by_the_same_request_counts_once() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    let wrong = answer(&challenge, &lin.phone, &other_than(&code));
    for _ in 0..6 {
        assert_eq!(
            reason(world.tokens().sign_in(wrong.clone()).await),
            "CODE_REJECTED"
        );
    }
    assert!(
        world
            .tokens()
            .sign_in(answer(&challenge, &lin.phone, &code))
            .await
            .is_ok()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_tried_too_often_takes_no_right_answer() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    for _ in 0..5 {
        let wrong = answer(&challenge, &lin.phone, &other_than(&code));
        assert_eq!(reason(world.tokens().sign_in(wrong).await), "CODE_REJECTED");
    }
    assert_eq!(
        reason(
            world
                .tokens()
                .sign_in(answer(&challenge, &lin.phone, &code))
                .await
        ),
        "CODE_EXPIRED"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_racing_for_one_challenge_are_all_counted() {
    let world = World::open_with("service.lockout.most_wrong = 100").await;
    let lin = world.lin(1).await;
    let (challenge, code) = challenged(&world, &lin).await;
    let guess = || {
        let (mut tokens, request) = (world.tokens(), answer(&challenge, &lin.phone, &other_than(&code)));
        async move { reason(tokens.sign_in(request).await) }
    };
    let (a, b, c, d) = tokio::join!(guess(), guess(), guess(), guess());
    assert_eq!([a, b, c, d], ["CODE_REJECTED"; 4]);
    let wrong: i16 = sqlx::query_scalar("select wrong from challenges")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(wrong, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_asked_for_at_a_limited_rate_also_by_strangers() {
    let world = World::open().await;
    for number in [world.lin(1).await.phone, phone(7)] {
        world.tokens().request_sign_in_code(ask(&number)).await.unwrap();
        assert_eq!(
            reason(world.tokens().request_sign_in_code(ask(&number)).await),
            "TOO_MANY_CODES"
        );
        for _ in 0..4 {
            world.it.advance(Duration::from_secs(61));
            world.tokens().request_sign_in_code(ask(&number)).await.unwrap();
        }
        world.it.advance(Duration::from_secs(61));
        assert_eq!(
            reason(world.tokens().request_sign_in_code(ask(&number)).await),
            "TOO_MANY_CODES"
        );
        world.it.advance(Duration::from_hours(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_readable_code_is_gone_once_sent_used_or_expired() {
    let world = World::open().await;
    let (lin, wang, zhao) = (world.lin(1).await, world.lin(2).await, world.lin(3).await);
    let mut sender = ChallengeServiceClient::new(world.it.as_service("notifications"));
    let (sent, _) = challenged(&world, &lin).await;
    let mark = || pb::MarkChallengeSentRequest {
        request_id: id(),
        challenge_id: sent.clone(),
    };
    sender.mark_challenge_sent(mark()).await.unwrap();
    sender.mark_challenge_sent(mark()).await.unwrap();
    assert_eq!(reason(world.code_of(&sent).await), "CODE_GONE");

    let (used, code) = challenged(&world, &wang).await;
    world
        .tokens()
        .sign_in(answer(&used, &wang.phone, &code))
        .await
        .unwrap();
    assert_eq!(reason(world.code_of(&used).await), "CODE_GONE");

    let (expired, _) = challenged(&world, &zhao).await;
    world.it.advance(Duration::from_secs(301));
    assert_eq!(reason(world.code_of(&expired).await), "CODE_GONE");
    world.it.settle().await;
    assert_eq!(world.count("challenges where code_sealed is not null").await, 0);
    world.days_pass(2);
    world.it.settle().await;
    assert_eq!(world.count("challenges").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_notifications_reads_codes() {
    let world = World::open().await;
    let lin = world.lin(1).await;
    let (challenge, _) = challenged(&world, &lin).await;
    let request = || pb::RevealChallengeCodeRequest {
        challenge_id: challenge.clone(),
    };
    for who in [
        world.it.as_service("orders"),
        world.admin(),
        world.it.as_member(lin.id),
    ] {
        assert_eq!(
            reason(
                ChallengeServiceClient::new(who)
                    .reveal_challenge_code(request())
                    .await
            ),
            "ROLE_MISSING"
        );
    }
    assert_eq!(world.count("audit where why like 'code of challenge %'").await, 1);
}
