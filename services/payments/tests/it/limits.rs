//! How much may be started, and what was not let start.

mod setting;

use chrono::Duration;
use futures::future::join_all;
use kernel::{LegalEntityId, PersonId, StudioId, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::cashier_service_client::CashierServiceClient;
use rstest::rstest;
use testkit::Door;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::charging::{At, Does};
use crate::world::{PRICE, Told, World, fen, intents, reason, request_id};

pub fn cashier(door: Door) -> CashierServiceClient<Door> {
    CashierServiceClient::new(door)
}

/// A week: no test lives to see it begin anew by itself.
const WEEK_S: i32 = 604_800;

pub fn at_studio(studio: StudioId, subject: pb::LimitSubject, most_starts: i32) -> pb::SetLimitRequest {
    pb::SetLimitRequest {
        request_id: request_id(),
        studio_id: studio.to_string(),
        subject: subject.into(),
        window_s: WEEK_S,
        most_starts,
        note: "盗刷预警".to_owned(),
        ..Default::default()
    }
}

fn at_company(entity: LegalEntityId, subject: pb::LimitSubject, most_starts: i32) -> pb::SetLimitRequest {
    pb::SetLimitRequest {
        legal_entity_id: entity.to_string(),
        studio_id: String::new(),
        ..at_studio(StudioId::fresh(), subject, most_starts)
    }
}

impl World {
    fn supervisor(&self) -> Door {
        self.it.as_staff(Role::FinanceSupervisor, self.chain.operator)
    }

    pub async fn limit(&self, request: pb::SetLimitRequest) -> Result<pb::Limit, Status> {
        let set = cashier(self.supervisor()).set_limit(request).await?;
        Ok(set.into_inner().limit.unwrap())
    }

    async fn blocked_as(&self, door: Door) -> Vec<pb::BlockedStart> {
        let request = pb::ListBlockedStartsRequest::default();
        let listed = cashier(door).list_blocked_starts(request).await.unwrap();
        listed.into_inner().blocked_starts
    }

    async fn blocked(&self) -> Vec<pb::BlockedStart> {
        self.blocked_as(self.supervisor()).await
    }

    /// A due of somebody, at Chaoyang.
    pub async fn due_of(&self, person: PersonId, minor: i64) -> pb::Intent {
        let asked = pb::CreateIntentRequest {
            person_id: person.to_string(),
            amount: Some(fen(minor)),
            ..self.asked()
        };
        self.create(asked).await.unwrap()
    }

    async fn start_at(&self, device: &str) -> Result<pb::Attempt, Status> {
        let request = pb::StartAttemptRequest {
            request_id: request_id(),
            intent_id: self.intent().await.intent_id,
            method: pb::Method::WechatNative.into(),
            device: device.to_owned(),
            ..Default::default()
        };
        crate::charging::attempt_of(self.orders().start_attempt(request).await)
    }
}

pub fn retry_after(status: &Status) -> Option<std::time::Duration> {
    status
        .get_error_details()
        .retry_info()
        .and_then(|info| info.retry_delay)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_sixteen_starts_at_once_a_limit_of_three_lets_three_through() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    world
        .limit(at_studio(studio, pb::LimitSubject::Member, 3))
        .await
        .unwrap();
    let person = PersonId::fresh();
    let dues = join_all((0..16).map(|_| world.due_of(person, PRICE))).await;
    let started = join_all(dues.iter().map(|due| world.start(due))).await;
    let refused: Vec<&Status> = started.iter().filter_map(|s| s.as_ref().err()).collect();
    assert_eq!((started.len(), refused.len()), (16, 13));
    for status in refused {
        assert_eq!(
            (status.code(), reason(status).as_str()),
            (Code::FailedPrecondition, "LIMIT_REACHED")
        );
        assert!(retry_after(status).is_some());
    }
    assert_eq!(
        world
            .count("select count(*) from attempts where $1 = ''", "")
            .await,
        3
    );
    assert_eq!(
        world
            .count(
                "select starts::bigint from start_counts where subject = $1",
                "member"
            )
            .await,
        3
    );
    assert_eq!(world.blocked().await.len(), 13);
}

#[tokio::test]
async fn a_blocked_start_is_recorded_with_its_limit_and_its_refusal_stays() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    let limit = world
        .limit(at_studio(studio, pb::LimitSubject::Member, 1))
        .await
        .unwrap();
    let person = PersonId::fresh();
    let (first, second) = (world.due_of(person, 500).await, world.due_of(person, 700).await);
    let open = world.start(&first).await.unwrap();
    let request = pb::StartAttemptRequest {
        request_id: request_id(),
        intent_id: second.intent_id.clone(),
        method: pb::Method::AlipayQr.into(),
        device: "till-1".to_owned(),
        ..Default::default()
    };
    for _ in 0..2 {
        let refused = world.orders().start_attempt(request.clone()).await.unwrap_err();
        assert_eq!(reason(&refused), "LIMIT_REACHED");
        let details = refused.get_error_details();
        let metadata = &details.error_info().unwrap().metadata;
        assert_eq!(metadata.get("subject").map(String::as_str), Some("member"));
    }
    let blocked = world.blocked().await;
    let [event] = blocked.as_slice() else {
        panic!("asked again it is one event: {blocked:?}")
    };
    assert_eq!(
        (event.intent_id.as_str(), event.device.as_str()),
        (second.intent_id.as_str(), "till-1")
    );
    assert_eq!(
        (event.amount.clone(), event.started.clone(), event.starts),
        (Some(fen(700)), Some(fen(500)), 1)
    );
    assert_eq!(event.method(), pb::Method::AlipayQr);
    let held = event.limit.as_ref().unwrap();
    assert_eq!(
        (&held.limit_id, held.most_starts, &held.studio_id),
        (&limit.limit_id, 1, &limit.studio_id)
    );
    assert!(event.retry_at.is_some());

    assert_eq!(
        world.start(&first).await.unwrap().attempt_id,
        open.attempt_id,
        "what is open is answered"
    );
    let another = world.due_of(PersonId::fresh(), 500).await;
    assert!(
        world.start(&another).await.is_ok(),
        "another person is another count"
    );
    world.it.advance(std::time::Duration::from_hours(7 * 24));
    let asked = pb::CreateIntentRequest {
        person_id: person.to_string(),
        ..world.asked()
    };
    let later = world.create(asked).await.unwrap();
    assert!(world.start(&later).await.is_ok(), "the next window begins anew");
}

#[tokio::test]
async fn amounts_are_limited_and_one_that_never_fits_is_told_no_time() {
    let world = World::open().await;
    let request = pb::SetLimitRequest {
        most_starts: 0,
        most_amount: Some(fen(1_000)),
        ..at_studio(world.chain.chaoyang, pb::LimitSubject::Member, 0)
    };
    world.limit(request).await.unwrap();
    let person = PersonId::fresh();
    let never = world.start(&world.due_of(person, 1_001).await).await.unwrap_err();
    assert_eq!(
        (reason(&never).as_str(), retry_after(&never)),
        ("LIMIT_REACHED", None)
    );
    assert!(world.start(&world.due_of(person, 600).await).await.is_ok());
    let refused = world.start(&world.due_of(person, 401).await).await.unwrap_err();
    assert!(retry_after(&refused).is_some());
    assert!(
        world.start(&world.due_of(person, 400).await).await.is_ok(),
        "what is blocked is not counted"
    );
}

#[tokio::test]
async fn devices_are_counted_by_their_name_and_studios_as_a_whole() {
    let world = World::open().await;
    let studio = world.chain.chaoyang;
    for (subject, most) in [(pb::LimitSubject::Device, 1), (pb::LimitSubject::Studio, 3)] {
        world.limit(at_studio(studio, subject, most)).await.unwrap();
    }
    assert!(world.start_at("till-1").await.is_ok());
    assert_eq!(
        reason(&world.start_at("till-1").await.unwrap_err()),
        "LIMIT_REACHED"
    );
    assert!(world.start_at("till-2").await.is_ok());
    assert!(world.start_at("").await.is_ok());
    let refused = world.start_at("").await.unwrap_err();
    let details = refused.get_error_details();
    assert_eq!(details.error_info().unwrap().metadata["subject"], "studio");
    let elsewhere = world.asked_of(world.chain.haidian, world.chain.beijing_company);
    let elsewhere = world.create(elsewhere).await.unwrap();
    assert!(world.start(&elsewhere).await.is_ok());
}

#[rstest]
#[tokio::test]
async fn a_code_of_a_blocked_start_never_reaches_the_channel(#[values(At::Wechat, At::Alipay)] at: At) {
    let world = World::open().await;
    world
        .limit(at_studio(world.chain.chaoyang, pb::LimitSubject::Studio, 1))
        .await
        .unwrap();
    at.next(&world, Does::Pays, &[]);
    world.charge(at, &world.intent().await, 1).await.unwrap();
    let refused = world.charge(at, &world.intent().await, 2).await.unwrap_err();
    assert_eq!(reason(&refused), "LIMIT_REACHED");
    world.it.settle().await;
    assert_eq!(at.truth(&world).len(), 1);
}

#[tokio::test]
async fn a_studios_limit_takes_the_place_of_its_companys_and_that_of_the_configured() {
    let world = World::open_told(Told {
        cashier: "[[service.cashier.limits]]\nsubject = 'member'\nwindow_s = 604800\nmost_starts = 1",
        ..Told::default()
    })
    .await;
    let (member, studio) = (pb::LimitSubject::Member, world.chain.chaoyang);
    let person = PersonId::fresh();
    let tries = async || {
        let due = world.due_of(person, PRICE).await;
        world
            .start(&due)
            .await
            .map(drop)
            .map_err(|refused| reason(&refused))
    };
    let reached = Err("LIMIT_REACHED".to_owned());
    assert_eq!(
        (tries().await, tries().await),
        (Ok(()), reached.clone()),
        "as configured"
    );
    let [event] = &world.blocked().await[..] else {
        panic!("one event")
    };
    assert_eq!(event.limit.as_ref().unwrap().limit_id, "", "nobody set it");

    let company = at_company(world.chain.beijing_company, member, 2);
    world.limit(company).await.unwrap();
    assert_eq!(
        (tries().await, tries().await, tries().await),
        (Ok(()), Ok(()), reached.clone())
    );

    let tomorrow = world.it.clock().now() + Duration::hours(1);
    let lifted = pb::SetLimitRequest {
        effective_from: Some(to_proto_time(tomorrow)),
        ..at_studio(studio, member, 0)
    };
    world.limit(lifted).await.unwrap();
    assert_eq!(tries().await, reached, "it is not in force yet");
    world.it.advance(std::time::Duration::from_secs(3_601));
    assert_eq!(
        (tries().await, tries().await),
        (Ok(()), Ok(())),
        "the studio has none"
    );
}

#[tokio::test]
async fn desks_see_what_was_blocked_at_their_studio_and_a_member_is_blocked_alike() {
    let world = World::open().await;
    world
        .limit(at_company(
            world.chain.beijing_company,
            pb::LimitSubject::Member,
            1,
        ))
        .await
        .unwrap();
    let person = PersonId::fresh();
    let start = async |intent: &pb::Intent| {
        let request = pb::StartAttemptRequest {
            request_id: request_id(),
            intent_id: intent.intent_id.clone(),
            method: pb::Method::WechatNative.into(),
            ..Default::default()
        };
        intents(world.it.as_member(person)).start_attempt(request).await
    };
    let (first, second) = (world.due_of(person, 500).await, world.due_of(person, 500).await);
    assert!(start(&first).await.is_ok());
    assert_eq!(reason(&start(&second).await.unwrap_err()), "LIMIT_REACHED");
    for (studio, seen) in [(world.chain.chaoyang, 1), (world.chain.haidian, 0)] {
        let desk = world.it.as_staff(Role::FrontDesk, studio);
        assert_eq!(world.blocked_as(desk).await.len(), seen);
    }
    let narrowed = async |person_id: String, subject: pb::LimitSubject| {
        let request = pb::ListBlockedStartsRequest {
            person_id,
            subject: subject.into(),
            studio_id: world.chain.chaoyang.to_string(),
            blocked_before: Some(to_proto_time(world.it.clock().now() + Duration::minutes(1))),
            ..Default::default()
        };
        let listed = cashier(world.supervisor())
            .list_blocked_starts(request)
            .await
            .unwrap();
        listed.into_inner().blocked_starts.len()
    };
    assert_eq!(narrowed(person.to_string(), pb::LimitSubject::Member).await, 1);
    assert_eq!(
        narrowed(PersonId::fresh().to_string(), pb::LimitSubject::Member).await,
        0
    );
    assert_eq!(narrowed(String::new(), pb::LimitSubject::Device).await, 0);
}

impl World {
    /// The standing task of a kind is due, as a process leaves it when it starts.
    pub async fn left_standing(&self, kind: &str) {
        sqlx::query(
            "insert into tasks (task_id, kind, aggregate, lane, payload, due_at)
             values (gen_random_uuid(), $1, gen_random_uuid(), $1, 'null', $2)",
        )
        .bind(kind)
        .bind(self.it.clock().now())
        .execute(self.it.pool())
        .await
        .unwrap();
    }
}

#[tokio::test]
async fn counts_of_windows_that_are_over_are_forgotten() {
    let world = World::open().await;
    let limit = at_studio(world.chain.chaoyang, pb::LimitSubject::Studio, 9);
    world.limit(limit).await.unwrap();
    world.start_at("").await.unwrap();
    for (counted, hours_over) in [("over", 1), ("goes on", -1)] {
        let began_at =
            world.it.clock().now() - Duration::seconds(WEEK_S.into()) - Duration::hours(hours_over);
        sqlx::query("insert into start_counts select place, subject, $1, window_s, $2, starts, started_minor from start_counts limit 1")
            .bind(counted)
            .bind(began_at)
            .execute(world.it.pool())
            .await
            .unwrap();
    }
    world.left_standing("forget_counts").await;
    world.it.settle().await;
    let kept = async |counted| {
        world
            .count("select count(*) from start_counts where counted = $1", counted)
            .await
    };
    assert_eq!((kept("over").await, kept("goes on").await), (0, 1));
}
