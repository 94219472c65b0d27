use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_lc_rs::hmac;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use kernel::PersonId;
use proto::studio::access::v1::Role;
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use tonic::body::Body;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tower::{Service as _, ServiceExt as _};

use super::{Door, Doorway};
use crate::Caller;
use crate::access::{Access, Rules};
use crate::config::{Deadlines, Limits, Rate};
use crate::limits::{Callers, Rooms};
use crate::organisation::Organisation;
use crate::token::{Grant, GrantNode, PersonKind, PersonToken, Signer, Verifier, generate_keys};

const READ: &str = "/studio.wallet.v1.WalletService/GetWallet";
const REPORT: &str = "/studio.wallet.v1.RechargeService/ListRecharges";
const WRITE: &str = "/studio.wallet.v1.WalletService/FreezeWallet";
const HOUSE: &str = "/studio.operations.v1.OperationsService/GetClock";

/// A door with a service behind it that takes its time and counts what it ended.
struct House {
    door: Arc<Door>,
    signer: Signer,
    takes: Duration,
    ended: Arc<AtomicUsize>,
}

fn house(takes: Duration) -> House {
    house_that(watch::Sender::new(true).subscribe(), takes)
}

fn house_that(ready: watch::Receiver<bool>, takes: Duration) -> House {
    let keys = generate_keys().unwrap();
    let verifier = Verifier::new("studio", [("person".to_owned(), keys.public_pem)]).unwrap();
    let mut limits = Limits {
        message_bytes: 1000,
        concurrency: 2,
        reads_percent: 50,
        house: 1,
        ..Limits::of_house()
    };
    limits.rates.stranger.read = Rate {
        per_second: 1,
        burst: 2,
    };
    let door = Door {
        name: "wallet",
        rules: Rules::of_house().unwrap(),
        access: Access::new(Arc::new(verifier), Organisation::default()),
        deadlines: Deadlines {
            default_ms: 200,
            least_ms: 5,
            most_ms: 30_000,
            stream_ms: 600_000,
        },
        rooms: Rooms::for_calls(&limits),
        streams: Arc::new(Semaphore::new(1)),
        callers: Callers::new("wallet", &limits, hmac::Key::new(hmac::HMAC_SHA256, &[7; 32])),
        limits,
        mtls: false,
        ready,
        running: TaskTracker::new(),
    };
    let signer = Signer::from_pem("person", &keys.private_pem).unwrap();
    House {
        door: Arc::new(door),
        signer,
        takes,
        ended: Arc::default(),
    }
}

impl House {
    fn request(&self, path: &str, role: Option<Role>) -> Request<Body> {
        let mut request = Request::builder().uri(path).method("POST");
        if let Some(role) = role {
            let grants = vec![Grant {
                role,
                node: GrantNode::All,
            }];
            let person = PersonId::fresh();
            let token = PersonToken {
                account: "wu".to_owned(),
                person,
                kind: PersonKind::Staff,
                grants,
            };
            let token = self
                .signer
                .person("studio", &token, Duration::from_mins(1))
                .unwrap();
            request = request.header("authorization", format!("Bearer {token}"));
        }
        request.body(Body::empty()).unwrap()
    }

    async fn send(&self, request: Request<Body>) -> Result<(), Status> {
        let (takes, ended) = (self.takes, self.ended.clone());
        let inner = tower::service_fn(move |request: Request<Body>| {
            let ended = ended.clone();
            async move {
                let known = request.extensions().get::<Caller>().is_some();
                let read = request.into_body().collect().await;
                tokio::time::sleep(takes).await;
                ended.fetch_add(1, Ordering::SeqCst);
                let answer = match read {
                    Err(status) => status.into_http(),
                    Ok(_) if known => Response::new(Body::empty()),
                    Ok(_) => Status::internal("nobody calls").into_http(),
                };
                Ok::<_, Infallible>(answer)
            }
        });
        let mut door = Doorway::new(self.door.clone(), inner);
        let response = door.ready().await.unwrap().call(request).await.unwrap();
        match Status::from_header_map(response.headers()) {
            Some(status) if status.code() != Code::Ok => Err(status),
            _ => Ok(()),
        }
    }

    async fn staff(&self, path: &str) -> Result<(), Status> {
        let role = if path == HOUSE {
            Role::Operations
        } else {
            Role::RechargeManager
        };
        self.send(self.request(path, Some(role))).await
    }
}

fn reason(status: &Status) -> String {
    status
        .get_error_details()
        .error_info()
        .map(|info| info.reason.clone())
        .unwrap_or_default()
}

#[tokio::test]
async fn whom_the_rule_permits_comes_through_and_is_known() {
    house(Duration::ZERO).staff(READ).await.unwrap();
    house(Duration::ZERO).staff(WRITE).await.unwrap();
}

#[tokio::test]
async fn a_process_that_has_just_begun_refuses_nothing_for_good() {
    let ready = watch::Sender::new(false);
    let house = house_that(ready.subscribe(), Duration::ZERO);
    assert_eq!(house.staff(READ).await.unwrap_err().code(), Code::Unavailable);
    ready.send_replace(true);
    house.staff(READ).await.unwrap();
}

#[tokio::test]
async fn another_role_is_refused_with_the_reason() {
    let house = house(Duration::ZERO);
    let refused = house
        .send(house.request(READ, Some(Role::Coach)))
        .await
        .unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::PermissionDenied, "ROLE_MISSING")
    );
    assert_eq!(house.ended.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn strangers_are_asked_to_sign_in_and_soon_told_to_wait() {
    let house = house(Duration::ZERO);
    let refused = house.send(house.request(READ, None)).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::Unauthenticated, "UNAUTHENTICATED")
    );
    let refused = house.send(house.request(READ, None)).await.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "OVERLOADED")
    );
    house.staff(READ).await.unwrap();
}

#[tokio::test]
async fn a_bad_token_is_refused_even_where_none_is_needed() {
    let house = house(Duration::ZERO);
    let mut request = house.request("/studio.members.v1.PeopleService/RegisterPerson", None);
    request
        .headers_mut()
        .insert("authorization", "Bearer nonsense".parse().unwrap());
    assert_eq!(
        house.send(request).await.unwrap_err().code(),
        Code::Unauthenticated
    );
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_answered_deadline_exceeded() {
    for path in [READ, WRITE] {
        let house = house(Duration::from_millis(500));
        let late = house.staff(path).await.unwrap_err();
        assert_eq!(
            (late.code(), reason(&late).as_str()),
            (Code::DeadlineExceeded, "DEADLINE"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_call_with_no_time_left_is_not_begun() {
    let house = house(Duration::ZERO);
    let mut request = house.request(WRITE, Some(Role::RechargeManager));
    request
        .headers_mut()
        .insert("grpc-timeout", "1m".parse().unwrap());
    assert_eq!(
        house.send(request).await.unwrap_err().code(),
        Code::DeadlineExceeded
    );
    assert_eq!(house.ended.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_write_ends_although_its_deadline_passed() {
    let house = house(Duration::from_millis(500));
    house.staff(WRITE).await.unwrap_err();
    assert_eq!(house.ended.load(Ordering::SeqCst), 0);
    house.door.running.close();
    house.door.running.wait().await;
    assert_eq!(house.ended.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_write_ends_although_its_caller_goes_away_and_a_read_does_not() {
    for (path, ends) in [(WRITE, 1), (READ, 0)] {
        let house = house(Duration::from_millis(100));
        let gone = tokio::time::timeout(Duration::from_millis(30), house.staff(path)).await;
        assert!(gone.is_err());
        house.door.running.close();
        house.door.running.wait().await;
        assert_eq!(house.ended.load(Ordering::SeqCst), ends, "{path}");
    }
}

#[tokio::test]
async fn more_calls_than_there_is_room_for_are_told_when_to_come_back() {
    let house = house(Duration::from_millis(100));
    let (a, b, c) = tokio::join!(house.staff(READ), house.staff(WRITE), house.staff(READ));
    assert!(a.is_ok() && b.is_ok());
    let refused = c.unwrap_err();
    assert_eq!(
        (refused.code(), reason(&refused).as_str()),
        (Code::ResourceExhausted, "OVERLOADED")
    );
    let retry = refused
        .get_error_details()
        .retry_info()
        .and_then(|retry| retry.retry_delay);
    assert_eq!(retry, Some(Duration::from_millis(500)));
    house.staff(READ).await.unwrap();
}

#[tokio::test]
async fn a_write_keeps_its_room_until_it_has_really_ended() {
    let house = house(Duration::from_millis(500));
    let (a, b) = tokio::join!(house.staff(WRITE), house.staff(WRITE));
    assert!(a.is_err() && b.is_err());
    assert_eq!(
        house.staff(READ).await.unwrap_err().code(),
        Code::ResourceExhausted
    );
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_refused() {
    let house = house(Duration::ZERO);
    for (bytes, code) in [(1000, None), (1100, Some(Code::OutOfRange))] {
        let request = house.request(READ, Some(Role::RechargeManager));
        let request = request.map(|_| Body::new(Full::new(bytes::Bytes::from(vec![0; bytes]))));
        assert_eq!(
            house.send(request).await.err().map(|status| status.code()),
            code,
            "{bytes}"
        );
    }
}

#[tokio::test]
async fn a_call_that_no_contract_knows_is_unimplemented() {
    let house = house(Duration::ZERO);
    let unknown = house
        .staff("/studio.wallet.v1.WalletService/Mint")
        .await
        .unwrap_err();
    assert_eq!(unknown.code(), Code::Unimplemented);
}

#[tokio::test]
async fn reports_are_refused_before_reads_and_money_and_the_house_have_places_left() {
    let house = house(Duration::from_millis(100));
    let (read, report, money, internal) = tokio::join!(
        house.staff(READ),
        house.staff(REPORT),
        house.staff(WRITE),
        house.staff(HOUSE)
    );
    assert!(read.is_ok() && money.is_ok() && internal.is_ok());
    assert_eq!(report.unwrap_err().code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_caller_who_asks_too_much_waits_and_others_do_not() {
    let house = house(Duration::ZERO);
    let ask = |headers: &http::HeaderMap| {
        let mut request = house.request(REPORT, None);
        *request.headers_mut() = headers.clone();
        house.send(request)
    };
    let eager = house
        .request(REPORT, Some(Role::RechargeManager))
        .headers()
        .clone();
    let mut served = 0;
    let refused = loop {
        match ask(&eager).await {
            Ok(()) => served += 1,
            Err(refused) => break refused,
        }
    };
    let burst = Limits::of_house().rates.staff.report.burst / 2;
    assert_eq!(served, burst, "half the burst while Redis is away");
    assert_eq!(reason(&refused), "OVERLOADED");
    house.staff(REPORT).await.unwrap();
}
