//! Cashiers that take no new payments, and what goes on there.

use futures::future::join_all;
use kernel::{LegalEntityId, PersonId, StudioId};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::notice_service_client::NoticeServiceClient;
use testkit::Door;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::charging::{At, Does};
use crate::limits::cashier;
use crate::notices::{draft, publish};
use crate::world::{World, reason, request_id};

const WHY: &str = "收银台核查中，请稍后再付";

fn at_studio(studio: StudioId, channel: pb::OfferedMethod) -> pb::CloseCashierRequest {
    pb::CloseCashierRequest {
        request_id: request_id(),
        studio_id: studio.to_string(),
        channel: channel.into(),
        reason: WHY.to_owned(),
        ..Default::default()
    }
}

fn at_company(entity: LegalEntityId) -> pb::CloseCashierRequest {
    pb::CloseCashierRequest {
        studio_id: String::new(),
        legal_entity_id: entity.to_string(),
        ..at_studio(StudioId::fresh(), ALL)
    }
}

const ALL: pb::OfferedMethod = pb::OfferedMethod::Unspecified;

impl World {
    fn finance(&self) -> Door {
        self.it.as_staff(Role::FinanceSupervisor, self.chain.operator)
    }

    async fn close_as(
        &self,
        door: Door,
        request: pb::CloseCashierRequest,
    ) -> Result<pb::CashierClosure, Status> {
        let closed = cashier(door).close_cashier(request).await?;
        Ok(closed.into_inner().closure.unwrap())
    }

    async fn close(&self, request: pb::CloseCashierRequest) -> pb::CashierClosure {
        self.close_as(self.finance(), request).await.unwrap()
    }

    async fn reopen_as(&self, door: Door, closed: &pb::CashierClosure) -> Result<(), Status> {
        let request = pb::ReopenCashierRequest {
            request_id: request_id(),
            studio_id: closed.studio_id.clone(),
            legal_entity_id: closed.legal_entity_id.clone(),
            channel: closed.channel,
        };
        cashier(door).reopen_cashier(request).await.map(drop)
    }

    async fn start_fresh(&self, method: pb::Method) -> Result<pb::Attempt, Status> {
        let intent = self.intent().await;
        self.start_by(self.it.as_service("orders"), &intent, method).await
    }
}

#[tokio::test]
async fn a_closed_cashier_starts_nothing_and_says_why_until_it_is_opened_again() {
    let world = World::open().await;
    let closed = world.close(at_studio(world.chain.chaoyang, ALL)).await;
    for method in [pb::Method::WechatNative, pb::Method::AlipayQr] {
        let refused = world.start_fresh(method).await.unwrap_err();
        assert_eq!(
            (refused.code(), reason(&refused).as_str()),
            (Code::FailedPrecondition, "CASHIER_CLOSED")
        );
        assert!(refused.message().contains(WHY), "{refused}");
        assert_eq!(
            refused.get_error_details().error_info().unwrap().metadata["reason"],
            WHY
        );
    }
    let elsewhere = world.asked_of(world.chain.haidian, world.chain.beijing_company);
    let elsewhere = world.create(elsewhere).await.unwrap();
    assert!(world.start(&elsewhere).await.is_ok());
    world.reopen_as(world.finance(), &closed).await.unwrap();
    assert!(world.start_fresh(pb::Method::WechatNative).await.is_ok());
}

#[tokio::test]
async fn a_closed_cashier_lets_everything_go_on_that_was_started() {
    let world = World::open().await;
    let (paid, intent) = (world.payment().await, world.intent().await);
    let attempt = world.qr(&intent).await;
    let lost = world.intent().await;
    let unheard = world.qr(&lost).await;
    world.close(at_company(world.chain.beijing_company)).await;
    assert_eq!(world.start(&intent).await.unwrap().attempt_id, attempt.attempt_id);
    let switched = world
        .start_by(world.it.as_service("orders"), &intent, pb::Method::AlipayQr)
        .await;
    assert_eq!(reason(&switched.unwrap_err()), "CASHIER_CLOSED");
    assert_eq!(
        world.attempt(&attempt.attempt_id).await.state(),
        pb::AttemptState::AwaitingPayment,
        "what is open stays open"
    );
    world.pay(&attempt).await;
    assert_eq!(world.intent_now(&intent).await.state(), pb::IntentState::Paid);
    world
        .refund(&paid, kernel::RefundLegId::fresh(), 100)
        .await
        .unwrap();
    world.refunds_done().await;
    assert_eq!(world.sim.refunds().len(), 1);
    world.later(std::time::Duration::from_secs(901)).await;
    assert_eq!(
        world.attempt(&unheard.attempt_id).await.state(),
        pb::AttemptState::Expired
    );
    world.books_balance().await;
}

#[tokio::test]
async fn one_channel_is_closed_and_its_codes_never_reach_it() {
    let world = World::open().await;
    world
        .close(at_studio(world.chain.chaoyang, pb::OfferedMethod::Alipay))
        .await;
    At::Alipay.next(&world, Does::Pays, &[]);
    let refused = world
        .charge(At::Alipay, &world.intent().await, 1)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "CASHIER_CLOSED");
    world.it.settle().await;
    assert!(At::Alipay.truth(&world).is_empty());
    assert_eq!(
        world
            .count("select count(*) from attempts where $1 = ''", "")
            .await,
        0
    );
    assert!(world.start_fresh(pb::Method::WechatNative).await.is_ok());
}

#[tokio::test]
async fn choices_show_what_is_closed_and_why() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let director = || world.it.as_staff(Role::StudioDirector, studio);
    let offers = [
        pb::OfferedMethod::WechatPay,
        pb::OfferedMethod::Alipay,
        pb::OfferedMethod::Wallet,
    ];
    publish(director(), draft(studio, &offers)).await.unwrap();
    let closed = async || {
        let request = pb::ListMethodChoicesRequest::default();
        let listed = NoticeServiceClient::new(director())
            .list_method_choices(request)
            .await;
        let choice = listed.unwrap().into_inner().choices.remove(0);
        assert_eq!(choice.methods().collect::<Vec<_>>(), offers);
        choice
            .closed
            .into_iter()
            .map(|closed| (closed.method(), closed.reason))
            .collect::<Vec<_>>()
    };
    assert!(closed().await.is_empty());
    let one = world.close(at_studio(studio, pb::OfferedMethod::Alipay)).await;
    let why = WHY.to_owned();
    assert_eq!(closed().await, [(pb::OfferedMethod::Alipay, why.clone())]);
    world.reopen_as(world.finance(), &one).await.unwrap();
    world.close(at_company(world.chain.beijing_company)).await;
    let both = [
        (pb::OfferedMethod::WechatPay, why.clone()),
        (pb::OfferedMethod::Alipay, why),
    ];
    assert_eq!(closed().await, both);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_closed_twice_at_once_is_closed_once_and_every_time_is_listed() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let request = || at_studio(studio, ALL);
    let asked = join_all((0..8).map(|_| world.close_as(world.finance(), request()))).await;
    let (closed, refused): (Vec<_>, Vec<_>) = asked.into_iter().partition(Result::is_ok);
    assert_eq!((closed.len(), refused.len()), (1, 7));
    assert!(
        refused
            .into_iter()
            .filter_map(Result::err)
            .all(|no| reason(&no) == "WRONG_STATE")
    );
    let first = closed.into_iter().next().unwrap().unwrap();
    world.close(at_studio(studio, pb::OfferedMethod::Alipay)).await;
    world.reopen_as(world.finance(), &first).await.unwrap();
    let again = world.reopen_as(world.finance(), &first).await.unwrap_err();
    assert_eq!(reason(&again), "WRONG_STATE");
    let list = async |door: Door, closed_only: bool| {
        let (mut found, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListClosuresRequest {
                closed_only,
                page_size: 1,
                page_token,
                ..Default::default()
            };
            let page = cashier(door.clone())
                .list_closures(request)
                .await
                .unwrap()
                .into_inner();
            found.extend(
                page.closures
                    .into_iter()
                    .map(|c| (c.channel(), c.reopened_at.is_some())),
            );
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return found;
            }
        }
    };
    let desk = || world.it.as_staff(Role::FrontDesk, studio);
    let (alipay, all) = ((pb::OfferedMethod::Alipay, false), (ALL, true));
    assert_eq!(list(desk(), false).await, [alipay, all]);
    assert_eq!(list(desk(), true).await, [alipay]);
    assert!(
        list(world.it.as_staff(Role::FrontDesk, world.chain.xuhui), false)
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn directors_close_their_studio_finance_opens_it_and_nobody_reaches_further() {
    let world = World::open().await;
    let director = || world.it.as_staff(Role::StudioDirector, world.chain.chaoyang);
    let wordless = pb::CloseCashierRequest {
        reason: " ".to_owned(),
        ..at_studio(world.chain.chaoyang, ALL)
    };
    let refused = world.close_as(director(), wordless).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_FIELDS");
    for beyond in [
        at_studio(world.chain.haidian, ALL),
        at_company(world.chain.beijing_company),
    ] {
        let refused = world.close_as(director(), beyond).await.unwrap_err();
        assert_eq!(reason(&refused), "NOT_FOUND");
    }
    let closed = world
        .close_as(director(), at_studio(world.chain.chaoyang, ALL))
        .await
        .unwrap();
    assert!(!closed.closed_by.is_empty());
    let refused = world.reopen_as(director(), &closed).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    let desk = world.it.as_staff(Role::FrontDesk, world.chain.chaoyang);
    let refused = world
        .close_as(desk, at_studio(world.chain.chaoyang, ALL))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    world
        .reopen_as(world.it.as_service("oversight"), &closed)
        .await
        .unwrap();
    let by_service = world
        .close_as(
            world.it.as_service("oversight"),
            at_company(world.chain.beijing_company),
        )
        .await
        .unwrap();
    assert_eq!(by_service.closed_by, "");
    let refused = world
        .start_as(world.it.as_member(PersonId::fresh()), &world.intent().await)
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "NOT_FOUND", "a stranger learns nothing of it");
}
