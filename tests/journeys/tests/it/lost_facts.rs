//! One service's database loses its last facts: whoever had read them notices
//! before anything follows, and goes on when two persons have decided.

use platform::Service;
use proto::studio::access::v1::Role;
use proto::studio::operations::v1::operations_service_client::OperationsServiceClient;
use proto::studio::operations::v1::{
    Divergence, ListDivergencesRequest, ProposeResumptionRequest, ResumeFeedRequest,
};
use proto::studio::orders::v1::OrderState;
use testkit::{At, Door, Identity, Running};

use crate::people::id;
use crate::world::{World, head_office};

fn operations<S: Service>(it: &Running<S>, who: Identity) -> OperationsServiceClient<Door> {
    OperationsServiceClient::new(it.door(who))
}

async fn open<S: Service>(it: &Running<S>) -> Vec<Divergence> {
    let request = ListDivergencesRequest {
        open_only: true,
        ..ListDivergencesRequest::default()
    };
    let reply = operations(it, head_office(Role::Operations))
        .list_divergences(request)
        .await;
    reply.unwrap().into_inner().divergences
}

async fn notices_and_resumes<S: Service>(it: &Running<S>) {
    assert!(it.pull().await.is_err(), "{} noticed nothing", S::NAME);
    assert!(it.pull().await.is_err(), "{} went on by itself", S::NAME);
    let found = open(it).await;
    assert_eq!(found.len(), 1, "{}", S::NAME);
    assert_eq!(
        (found[0].source.as_str(), found[0].orphans),
        ("payments", 2),
        "{}",
        S::NAME
    );
    let proposal = ProposeResumptionRequest {
        request_id: id(),
        divergence_id: found[0].divergence_id.clone(),
        version: found[0].version,
        reason: "compared with the channel's statement".to_owned(),
    };
    operations(it, head_office(Role::Operations))
        .propose_resumption(proposal)
        .await
        .unwrap();
    let resume = ResumeFeedRequest {
        request_id: id(),
        divergence_id: found[0].divergence_id.clone(),
        version: open(it).await[0].version,
    };
    let colleague = Identity::posts(kernel::PersonId::fresh(), &[(Role::Operations, At::Everywhere)]);
    operations(it, colleague).resume_feed(resume).await.unwrap();
    it.pull().await.unwrap();
}

#[tokio::test]
async fn facts_of_payments_that_are_lost_stop_their_readers_and_the_next_purchase_succeeds() {
    let world = World::open().await;
    let (year, _) = world.sells().await;
    let member = world.registers(51).await;
    let order = world.confirmed_order(&member, &year).await;
    world.pays_by_qr(&member, &order).await;
    world
        .until("the order is fulfilled", async || {
            world.order(&member, &order.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    world.settle().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
        "{} delete from feed_runs where first_seq > (select max(seq) - 2 from feed);
         delete from outbox where id not in (select first_id from feed_runs)",
        testkit::ONE_BY_ONE
    )))
    .execute(world.payments.pool())
    .await
    .unwrap();
    notices_and_resumes(&world.wallet).await;
    notices_and_resumes(&world.orders).await;
    notices_and_resumes(&world.refunds).await;
    notices_and_resumes(&world.notifications).await;

    let other = world.registers(52).await;
    let next = world.confirmed_order(&other, &year).await;
    world.pays_by_qr(&other, &next).await;
    world
        .until("the next order is fulfilled", async || {
            world.order(&other, &next.order_id).await.state() == OrderState::Fulfilled
        })
        .await;
    assert_eq!(
        world.order(&member, &order.order_id).await.state(),
        OrderState::Fulfilled
    );
}
