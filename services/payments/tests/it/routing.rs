//! Which account collects, and why that one.

use proto::studio::payments::v1 as pb;
use testkit::{chain, wechat};
use tonic::Status;

use crate::world::{Told, World, intents, request_id};

/// A second merchant of Beijing's company, whose account at WeChat follows.
pub fn second() -> String {
    format!(
        "[[service.routes]]\nname = 'members'\nmerchant = 'second'\nclients = ['mini-program']\n\
         [service.merchants.second]\nlegal_entity_ids = ['{}']\nby_rule_only = true\n\
         [service.merchants.second.wechat]\n",
        chain().beijing_company
    )
}

/// Where nobody listens.
const NOWHERE: &str = "http://127.0.0.1:9";
/// An application that WeChat Pay does not know.
const STRANGE: &str = "wx9999999999999999";

impl World {
    async fn with_second(appid: &'static str, url: Option<&'static str>) -> Self {
        Self::open_told(Told {
            second: Some((appid, url)),
            breaker: Some((1, 86_400)),
            ..Told::default()
        })
        .await
    }

    async fn start_from(&self, client: &str, intent: &pb::Intent) -> Result<pb::Attempt, Status> {
        let request = pb::StartAttemptRequest {
            request_id: request_id(),
            intent_id: intent.intent_id.clone(),
            method: pb::Method::WechatNative.into(),
            client: client.to_owned(),
            ..Default::default()
        };
        let reply = intents(self.it.as_service("orders"))
            .start_attempt(request)
            .await?;
        Ok(reply.into_inner().attempt.unwrap())
    }
}

fn route(merchant: &str, rule: &str, passed_over: Option<pb::PassedOverReason>) -> pb::Route {
    let passed_over = passed_over.map(|reason| pb::PassedOver {
        merchant: "second".to_owned(),
        reason: reason.into(),
    });
    pb::Route {
        merchant: merchant.to_owned(),
        rule: rule.to_owned(),
        passed_over: passed_over.into_iter().collect(),
    }
}

#[tokio::test]
async fn a_rule_sends_what_it_names_to_its_account_and_the_rest_to_the_main_one() {
    let world = World::with_second(wechat::APPID, None).await;
    let (ruled, rest) = (world.intent().await, world.intent().await);
    let by_rule = world.start_from("mini-program", &ruled).await.unwrap();
    assert_eq!(by_rule.route, Some(route("second", "members", None)));
    let other = world.start_from("desk", &rest).await.unwrap();
    assert_eq!(other.route, Some(route("house", "", None)));

    world.it.settle().await;
    world.pay(&world.attempt(&by_rule.attempt_id).await).await;
    let paid = world.attempt(&by_rule.attempt_id).await;
    assert_eq!(paid.state(), pb::AttemptState::Paid);
    assert_eq!(paid.route, by_rule.route);
    world.books_balance().await;
}

#[tokio::test]
async fn an_account_whose_channel_does_not_answer_is_passed_over_and_the_attempt_says_so() {
    let world = World::with_second(wechat::APPID, Some(NOWHERE)).await;
    let unheard = world.intent().await;
    let first = world.start_from("mini-program", &unheard).await.unwrap();
    assert_eq!(first.route, Some(route("second", "members", None)));
    world.it.settle().await;

    let next = world
        .start_from("mini-program", &world.intent().await)
        .await
        .unwrap();
    assert_eq!(
        next.route,
        Some(route("house", "", Some(pb::PassedOverReason::Down)))
    );
    // what is unknown is no failure: the first attempt stays where it is
    let again = world.start_from("mini-program", &unheard).await.unwrap();
    assert_eq!((again.attempt_id, again.route), (first.attempt_id, first.route));
}

#[tokio::test]
async fn a_second_account_is_tried_only_after_the_first_refused_for_good() {
    let world = World::with_second(STRANGE, None).await;
    let intent = world.intent().await;
    let first = world.start_from("mini-program", &intent).await.unwrap();
    world.it.settle().await;
    assert_eq!(
        world.attempt(&first.attempt_id).await.state(),
        pb::AttemptState::Failed
    );

    let second = world.start_from("mini-program", &intent).await.unwrap();
    assert_eq!(
        second.route,
        Some(route("house", "", Some(pb::PassedOverReason::Refused)))
    );
    world.it.settle().await;
    world.pay(&world.attempt(&second.attempt_id).await).await;
    let payment = world.payment_of(&world.intent_now(&intent).await).await;
    assert_eq!(payment.attempt_id, second.attempt_id);
    // another intent was refused nothing
    let other = world
        .start_from("mini-program", &world.intent().await)
        .await
        .unwrap();
    assert_eq!(other.route, Some(route("second", "members", None)));
    world.books_balance().await;
}
