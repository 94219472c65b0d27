//! Maker and checker are two persons: every call with four eyes, asked by
//! everybody who must not under every name they can come under; and then what
//! was edited, sent again, or decided twice at once.

mod accounts;
mod cases;
mod ground;
mod guises;
mod subjects;

use std::collections::BTreeSet;

use journeys::seed;
use platform::access::Rules;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::world::World;
use cases::{another, ask, ask_as, besieged, edited, reason};
use ground::{Ground, KINDS};
use subjects::Subject;

/// As many as must be tried, all calls together.
const CASES: usize = 500;
/// Under how many names each person who must not decide comes to each call.
const GUISES: usize = 8;

/// Calls whose ground only payments' own tests have, a day's bills, money that
/// went wrong, a studio's day of drawers, a renewed credential, money in suspense and
/// a refund that hangs: `reconciling::closing`, `exceptions::worked`, `drawers::days`,
/// `credentials`, `transfers` and `redirecting` try them.
const IN_PAYMENTS: [&str; 7] = [
    "/studio.payments.v1.CredentialService/ConfirmRotation",
    "/studio.payments.v1.DrawerService/ConfirmDrawerDay",
    "/studio.payments.v1.ExceptionService/ConfirmRemedy",
    "/studio.payments.v1.ReconciliationService/CloseDay",
    "/studio.payments.v1.ReconciliationService/ConfirmResolution",
    "/studio.payments.v1.RedirectionService/DecideRedirection",
    "/studio.payments.v1.SuspenseService/ConfirmSuspenseEnd",
];

/// The calls that want a second person, as their contracts say.
fn wanted() -> BTreeSet<&'static str> {
    let rules = Rules::of_house().unwrap();
    let calls = rules.calls().filter(|call| call.rule.four_eyes);
    let calls = calls.map(|call| call.path);
    calls.filter(|path| !IN_PAYMENTS.contains(path)).collect()
}

/// Another person decides, once: sent again it is the same answer, and
/// nobody decides it a second time.
async fn decided(world: &World, subject: &Subject) -> usize {
    let who = another(subject);
    let request_id = kernel::fresh_uuid().to_string();
    let first = ask_as(world, subject, &who, &request_id).await;
    let first = first.unwrap_or_else(|e| panic!("{} by another person: {e:?}", subject.path));
    let again = ask_as(world, subject, &who, &request_id).await.unwrap();
    assert_eq!(first, again, "{}: a replay is answered otherwise", subject.path);
    let other = another(subject);
    for (whose, who) in [("the same", &who), ("another", &other)] {
        let twice = ask(world, subject, who).await;
        assert!(
            twice.is_err(),
            "{}: decided twice by {whose} person",
            subject.path
        );
    }
    let stolen = ask_as(world, subject, &other, &request_id).await;
    assert!(
        stolen.is_err(),
        "{}: an approval was replayed by another",
        subject.path
    );
    4
}

/// Tries everybody at every way of one thing to be decided, then decides it in
/// one of them.
async fn tried(world: &World, ways: &[Subject], taken: usize, rng: &mut StdRng, guises: usize) -> usize {
    let mut tried = 0;
    for subject in ways {
        tried += besieged(world, subject, rng, guises).await;
        tried += edited(world, subject, rng).await;
    }
    tried + decided(world, &ways[taken % ways.len()]).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_decides_what_they_made_nor_anything_twice() {
    let world = World::open().await;
    let ground = Ground::open(&world).await;
    let mut rng = seed::chance("four eyes");
    let guises = GUISES * seed::scale();
    let (mut cases, mut calls) = (0, BTreeSet::new());
    for kind in KINDS {
        let mut turn = 0;
        loop {
            let ways = ground.prepare(kind).await;
            calls.extend(ways.iter().map(|way| way.path));
            cases += tried(&world, &ways, turn, &mut rng, guises).await;
            turn += 1;
            // Each way of deciding is once the one that is taken.
            if turn >= ways.len() {
                break;
            }
        }
    }
    assert_eq!(
        calls,
        wanted(),
        "left: calls that are tried; right: calls with four eyes"
    );
    println!("four eyes: {cases} cases, no bypass");
    assert!(cases >= CASES, "{cases} cases");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_who_decide_at_once_come_to_one_decision() {
    let world = World::open().await;
    let ground = Ground::open(&world).await;
    let mut rng = seed::chance("four eyes at once");
    for round in 0..2 * seed::scale() {
        for kind in KINDS.into_iter().filter(|kind| kind.is_a_choice()) {
            let ways = ground.prepare(kind).await;
            // First yes and no, afterwards any two: also twice the same.
            let (one, two) = match round {
                0 => (&ways[0], &ways[1]),
                _ => (ways.choose(&mut rng).unwrap(), ways.choose(&mut rng).unwrap()),
            };
            let barred = cases::barred(&world, one, &mut rng);
            let (first, second) = (another(one), another(two));
            let (barred, first, second) = tokio::join!(
                ask(&world, one, &barred),
                ask(&world, one, &first),
                ask(&world, two, &second)
            );
            assert!(
                barred.is_err(),
                "{}: the maker slipped through between two others",
                one.path
            );
            assert!(
                first.is_ok() != second.is_ok(),
                "{} and {}: both or neither decided: {first:?} {second:?}",
                one.path,
                two.path
            );
        }
    }
}

#[tokio::test]
async fn a_quote_that_was_made_anew_is_not_the_one_that_was_looked_at() {
    let world = World::open().await;
    let ground = Ground::open(&world).await;
    let (looked_at, now) = ground.quoted_anew().await;
    let outdated = ask(&world, &looked_at, &another(&looked_at)).await.unwrap_err();
    assert_eq!(reason(&outdated), "QUOTE_DIFFERS", "{outdated:?}");
    ask(&world, &now, &another(&now)).await.unwrap();
}
