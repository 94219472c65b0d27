//! The one row that a spend leaves is its claim, its audit entry and its fact.

use kernel::PersonId;
use prost::Message as _;
use proto::studio::access::v1::Role;
use proto::studio::feed::v1::feed_service_client::FeedServiceClient;
use proto::studio::feed::v1::{Event, ExportRequest, PullEventsRequest};
use proto::studio::operations::v1 as ops;
use proto::studio::operations::v1::check_service_client::CheckServiceClient;
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::WalletEvent;
use proto::studio::wallet::v1::hold_service_client::HoldServiceClient;
use proto::studio::wallet::v1::wallet_event::Fact;
use testkit::At;

use crate::world::{World, back, fen, id, minor, reason, spend_at};

impl World {
    /// Everything that was told, from the beginning.
    async fn told(&self) -> Vec<Event> {
        while self.it.sequence().await.unwrap() {}
        let ask = PullEventsRequest {
            max: 1000,
            ..PullEventsRequest::default()
        };
        let mut feed = FeedServiceClient::new(self.it.as_service("notifications"));
        feed.pull_events(ask).await.unwrap().into_inner().events
    }

    async fn spent(&self, person: PersonId, amount: i64) -> (pb::SpendRequest, pb::SpendResponse) {
        let ask = spend_at(person, amount, self.chain.xuhui);
        let reply = self.orders().spend(ask.clone()).await.unwrap().into_inner();
        (ask, reply)
    }
}

fn wallet_spent(event: &Event) -> Option<pb::WalletSpent> {
    match WalletEvent::decode(event.payload.as_slice()).unwrap().fact {
        Some(Fact::WalletSpent(fact)) => Some(fact),
        _ => None,
    }
}

#[tokio::test]
async fn it_tells_what_the_spend_was_in_its_place_among_the_wallets_facts() {
    let world = World::open().await;
    let person = world.member_with(&[300, 500]).await;
    let (ask, reply) = world.spent(person, 700).await;
    world.refunds().return_spend(back(&ask, 50)).await.unwrap();

    let told = world.told().await;
    let at = told
        .iter()
        .position(|event| wallet_spent(event).is_some())
        .unwrap();
    let fact = wallet_spent(&told[at]).unwrap();
    assert_eq!(
        fact,
        pb::WalletSpent {
            wallet_id: told[at].aggregate.clone(),
            person_id: person.to_string(),
            due_id: ask.due_id,
            order_id: ask.order_id,
            studio_id: ask.studio_id,
            amount: fen(700),
            balance: fen(100),
            journal_id: reply.journal_id,
        },
        "two lots paid it, and it is told once"
    );
    assert_eq!(told[at].r#type, "wallet_spent");
    let of_wallet: Vec<_> = told
        .iter()
        .filter(|event| event.aggregate == told[at].aggregate)
        .map(|event| (event.r#type.as_str(), event.version))
        .collect();
    let (before, after) = (told[at].version - 1, told[at].version + 1);
    assert!(
        of_wallet.ends_with(&[("wallet_spent", before + 1), ("spend_returned", after)]),
        "{of_wallet:?}"
    );
    let seqs: Vec<_> = told.iter().map(|event| event.seq).collect();
    assert_eq!(
        seqs,
        (1..).take(told.len()).collect::<Vec<i64>>(),
        "numbers have no gaps"
    );
    world.books_agree().await;
}

#[tokio::test]
async fn it_claims_the_request_for_ever_whatever_is_asked_by_that_id() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let (ask, reply) = world.spent(person, 100).await;
    let again = world.orders().spend(ask.clone()).await.unwrap().into_inner();
    assert_eq!(again, reply);
    let mut holds = HoldServiceClient::new(world.it.as_service("orders"));
    let mut hold = pb::PlaceHoldRequest {
        request_id: ask.request_id.clone(),
        person_id: person.to_string(),
        due_id: id(),
        order_id: id(),
        amount: fen(10),
        studio_id: world.chain.chaoyang.to_string(),
        expire_at: Some(kernel::to_proto_time(
            world.it.clock().now() + chrono::Duration::hours(1),
        )),
        acting_person_id: String::new(),
    };
    assert_eq!(
        reason(holds.place_hold(hold.clone()).await),
        "IDEMPOTENCY_KEY_REUSED"
    );
    hold.request_id = id();
    holds.place_hold(hold.clone()).await.unwrap();
    let taken = pb::SpendRequest {
        request_id: hold.request_id,
        ..world.spend(person, 10)
    };
    assert_eq!(
        reason(world.orders().spend(taken).await),
        "IDEMPOTENCY_KEY_REUSED"
    );
    assert_eq!(world.spendable(person).await, 890);
}

#[tokio::test]
async fn it_answers_those_who_ask_what_became_of_the_request() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let (ask, reply) = world.spent(person, 100).await;
    let mut checks = CheckServiceClient::new(world.it.as_staff(Role::Operations, At::Everywhere));
    let request = ops::FindActsRequest {
        request_ids: vec![ask.request_id.clone(), id()],
    };
    let acts = checks.find_acts(request).await.unwrap().into_inner().acts;
    let reply_digest = sqlx::query_scalar("select encode(sha256($1), 'hex')")
        .bind(reply.encode_to_vec())
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    let act = ops::Act {
        request_id: ask.request_id,
        rpc: "/studio.wallet.v1.WalletService/Spend".to_owned(),
        refused: false,
        audited: 1,
        reply_digest,
    };
    assert_eq!(acts, [act]);
}

#[tokio::test]
async fn it_stays_when_the_fact_is_old_and_is_told_to_those_who_come_later() {
    let world = World::open().await;
    let person = world.member_with(&[1_000]).await;
    let (_, first) = world.spent(person, 100).await;
    let (_, last) = world.spent(person, 200).await;
    world.told().await;
    // whoever pulled before has read all of it by now
    world.it.plant("delete from feed_consumers").await;
    for table in ["outbox", "transfers"] {
        world
            .it
            .plant(&format!("update {table} set recorded_at = recorded_at - interval '36 days' where recorded_at is not null"))
            .await;
    }
    while world.it.app().sweep_once().await.unwrap() > 0 {}
    assert_eq!(world.count("feed").await, 1, "the last one stays");
    let mut feed = FeedServiceClient::new(world.it.as_service("refunds"));
    let exported = feed.export(ExportRequest::default()).await.unwrap().into_inner();
    let spends: Vec<_> = exported.events.iter().filter_map(wallet_spent).collect();
    assert_eq!(spends.len(), 1, "of each kind the last that went");
    assert_eq!(spends[0].journal_id, first.journal_id);
    assert_eq!(minor(spends[0].balance.clone()), 900);
    assert_eq!(
        world.told_after(exported.next_seq, &exported.next_event_id).await,
        [last.journal_id]
    );
    world.books_agree().await;
}

impl World {
    async fn told_after(&self, seq: i64, event_id: &str) -> Vec<String> {
        let ask = PullEventsRequest {
            after_seq: seq,
            after_event_id: event_id.to_owned(),
            max: 1000,
            wait_ms: 0,
        };
        let mut feed = FeedServiceClient::new(self.it.as_service("refunds"));
        let events = feed.pull_events(ask).await.unwrap().into_inner().events;
        events
            .iter()
            .filter_map(wallet_spent)
            .map(|fact| fact.journal_id)
            .collect()
    }
}
