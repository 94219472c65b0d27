//! Strangers send whatever they like, to every call of every service: good
//! messages, spoiled ones, and what is no message at all. Nothing breaks,
//! every answer is one of the contract's, and the memory stays flat.

#[expect(dead_code, reason = "journeys use more of the world than strangers do")]
#[path = "../../../journeys/tests/it/world.rs"]
mod world;

mod known;
mod mutate;
mod verdict;
mod wire;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kernel::PersonId;
use platform::access::{CallRule, Rules};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use proto::studio::access::v1::Role;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};
use testkit::{At, Identity};
use tokio::task::JoinSet;

use known::Known;
use verdict::{Asked, Seen};
use wire::{Answer, Line, Sent};
use world::World;

/// Messages to each call of an ordinary run.
const MESSAGES: usize = 40;
/// And of a long one, at each step of its scale.
const MESSAGES_OF_LONG: usize = 1_000;
/// Strangers at a time.
const STRANGERS: usize = 12;
/// How long after its deadline an answer may come: services and strangers share
/// threads here, and either takes a while over the largest messages.
const LATE: Duration = Duration::from_secs(1);
/// How much the memory may grow from the middle of a run to its end.
const GROWTH: u64 = 64 << 20;

/// A call of one service, and who may make it.
struct Target {
    call: &'static CallRule,
    /// Of the service, among the addresses of the house.
    at: usize,
    right: Vec<Identity>,
}

struct House {
    addresses: Vec<String>,
    targets: Vec<Target>,
    known: Mutex<Known>,
    seen: Mutex<Seen>,
}

static PANICS: AtomicU64 = AtomicU64::new(0);

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn strangers_break_nothing_whatever_they_send() {
    count_panics();
    let mut chance = super::chance("hostile input");
    let world = World::open().await;
    let house = Arc::new(house(&world));
    let naps = Naps::watch();
    let messages = super::amount(MESSAGES, MESSAGES_OF_LONG);
    storm(&house, messages / 2, &mut chance).await;
    let halfway = resident();
    storm(&house, messages - messages / 2, &mut chance).await;
    let (end, overslept) = (resident(), naps.longest());
    is_healthy(&house, &world).await;

    let seen = house.seen.lock().unwrap();
    println!("{:?}", seen.answers);
    println!(
        "memory {} MiB halfway, {} MiB at the end",
        halfway >> 20,
        end >> 20
    );
    let shut: Vec<_> = seen
        .through
        .iter()
        .filter(|(_, (_, through))| *through == 0)
        .collect();
    println!("never past the rules: {shut:?}");
    assert_eq!(PANICS.load(Ordering::Relaxed), 0, "panics");
    assert!(
        seen.offences.is_empty(),
        "{} offences:\n{}",
        seen.offences.len(),
        told(&seen.offences)
    );
    // A machine that forgets a sleeper forgets an answer for as long.
    let late: Vec<_> = seen
        .late
        .iter()
        .filter(|(over, _)| *over > LATE + overslept * 2)
        .collect();
    assert!(
        late.is_empty(),
        "{} answers after their deadline, as {:?}",
        late.len(),
        late.first()
    );
    assert!(end < halfway + GROWTH, "the memory grew from {halfway} to {end}");
    let (valid, through) = seen
        .through
        .values()
        .fold((0, 0), |sum, n| (sum.0 + n.0, sum.1 + n.1));
    assert!(
        through * 2 > valid,
        "of {valid} good messages only {through} reached a handler"
    );
}

/// Offences by their text, each once.
fn told(offences: &[String]) -> String {
    let mut kinds: HashMap<String, (usize, &String)> = HashMap::new();
    for offence in offences {
        let call = offence.split(' ').next().unwrap_or_default();
        let text = offence.split("): ").nth(1).unwrap_or_default();
        let text: String = text.chars().filter(|c| !c.is_ascii_digit()).take(160).collect();
        kinds.entry(format!("{call}{text}")).or_insert((0, offence)).0 += 1;
    }
    let mut lines: Vec<String> = kinds
        .values()
        .map(|(n, one)| format!("{n} × {}", one.chars().take(600).collect::<String>()))
        .collect();
    lines.sort();
    lines.join("\n")
}

/// Every call of every service, and what is there to be asked for.
fn house(world: &World) -> House {
    let mut known = Known::of_house();
    let members: Vec<PersonId> = (0..3).map(|_| PersonId::fresh()).collect();
    for member in &members {
        known.add("person_id", &member.to_string());
    }
    let services = [
        ("members", world.members.address()),
        ("payments", world.payments.address()),
        ("wallet", world.wallet.address()),
        ("orders", world.orders.address()),
        ("refunds", world.refunds.address()),
        ("notifications", world.notifications.address()),
        ("oversight", world.oversight.as_ref().unwrap().address()),
    ];
    let rules = Rules::of_house().unwrap();
    let mut targets = Vec::new();
    for (at, (name, _)) in services.iter().enumerate() {
        let served = rules.served_by(name);
        let mut calls: Vec<_> = rules
            .calls()
            .filter(|c| served.contains(&c.service.as_str()))
            .collect();
        calls.sort_by_key(|c| c.path);
        targets.extend(calls.into_iter().map(|call| Target {
            call,
            at,
            right: right(call, &members),
        }));
    }
    House {
        addresses: services.into_iter().map(|(_, address)| address).collect(),
        targets,
        known: Mutex::new(known),
        seen: Mutex::default(),
    }
}

/// Everybody whom the rule of the call lets pass.
fn right(call: &CallRule, members: &[PersonId]) -> Vec<Identity> {
    let mut right: Vec<Identity> = call.rule.services.iter().map(|s| Identity::service(s)).collect();
    for role in call.rule.roles() {
        match role {
            Role::Anonymous => right.push(Identity::anonymous()),
            Role::Member => right.extend(members.iter().map(|m| Identity::member(*m))),
            role => right.push(Identity::staff(role, At::Everywhere)),
        }
    }
    right
}

/// So many messages to each call, in no order.
async fn storm(house: &Arc<House>, messages: usize, chance: &mut StdRng) {
    let mut strangers = JoinSet::new();
    for n in 0..STRANGERS {
        let (house, mut chance) = (house.clone(), StdRng::seed_from_u64(chance.random()));
        let rounds = messages / STRANGERS + usize::from(n < messages % STRANGERS);
        strangers.spawn(async move {
            let mut lines: Vec<Line> = house.addresses.iter().map(|a| Line::to(a)).collect();
            for _ in 0..rounds {
                let first = chance.random_range(0..house.targets.len());
                for at in 0..house.targets.len() {
                    let target = &house.targets[(first + at) % house.targets.len()];
                    one(&house, target, &mut lines[target.at], &mut chance).await;
                }
            }
        });
    }
    while let Some(ended) = strangers.join_next().await {
        ended.unwrap();
    }
}

/// One message of some kind by somebody.
async fn one(house: &House, target: &Target, line: &mut Line, chance: &mut StdRng) {
    let (sent, asked, valid) = compose(house, target, chance);
    let came = line.ask(sent, target.call.streams).await;
    if let Answer::Reply(bytes) = &came.what
        && let Some(bytes) = bytes.get(5..)
        && let Ok(reply) = DynamicMessage::decode(method(target.call).output(), bytes)
    {
        house.known.lock().unwrap().learn(&reply);
    }
    let mut seen = house.seen.lock().unwrap();
    if valid {
        seen.valid(target.call.path, &came);
    }
    seen.note(&asked, &came);
}

/// What somebody sends, and whether it is a good message of a right caller.
fn compose(house: &House, target: &Target, chance: &mut StdRng) -> (Sent, Asked, bool) {
    let (who, name) = somebody(target, chance);
    let method = method(target.call);
    let patience = match (
        target.call.service.ends_with("FeedService"),
        chance.random_range(0..10),
    ) {
        (true, _) => Some(Duration::from_millis(chance.random_range(60..200))),
        (_, 0) => Some(Duration::from_millis(chance.random_range(1..150))),
        (_, 1..4) => None,
        _ => Some(Duration::from_secs(2)),
    };
    let mut message = house.known.lock().unwrap().message(&method.input(), chance);
    let mut asked = Asked {
        call: target.call.path.to_owned(),
        who: name.to_owned(),
        how: String::new(),
        head: false,
        patience,
    };
    let mut valid = false;
    let sent = match chance.random_range(0..20) {
        0..6 => {
            valid = name == "right" && patience.is_none_or(|p| p > Duration::from_secs(1));
            "as it should be".clone_into(&mut asked.how);
            Sent::new(target.call.path, &who, &message.encode_to_vec(), patience)
        }
        6..13 => {
            let spoiled: Vec<String> = (0..chance.random_range(1..4))
                .map(|_| mutate::spoil(&mut message, chance))
                .collect();
            asked.how = spoiled.join(", ");
            Sent::new(target.call.path, &who, &message.encode_to_vec(), patience)
        }
        13..17 => {
            let (wire, how) = mutate::spoil_wire(&message, chance);
            how.clone_into(&mut asked.how);
            Sent::new(target.call.path, &who, &wire, patience)
        }
        17 => {
            let mut sent = Sent::new(target.call.path, &who, &message.encode_to_vec(), patience);
            sent.spoil_frame(chance).clone_into(&mut asked.how);
            sent
        }
        _ => {
            let mut sent = Sent::new(target.call.path, &who, &message.encode_to_vec(), patience);
            sent.spoil_head(chance).clone_into(&mut asked.how);
            asked.head = true;
            sent
        }
    };
    let asked = asked.after(&sent);
    (sent, asked, valid)
}

fn somebody(target: &Target, chance: &mut StdRng) -> (Identity, &'static str) {
    match chance.random_range(0..10) {
        0 => (Identity::anonymous(), "nobody"),
        1 => (Identity::member(PersonId::fresh()), "a stranger"),
        _ => (target.right.choose(chance).unwrap().clone(), "right"),
    }
}

fn method(call: &CallRule) -> prost_reflect::MethodDescriptor {
    let service = testkit::messages::pool()
        .get_service_by_name(&call.service)
        .unwrap();
    service.methods().find(|m| m.name() == call.method).unwrap()
}

/// Every service answers a good call as if nothing had happened, and what the
/// strangers' facts did to others is nothing that waits for a person.
async fn is_healthy(house: &House, world: &World) {
    for target in &house.targets {
        if target.call.method == "GetFeedStatus" {
            let who = Identity::staff(Role::Operations, At::Everywhere);
            let sent = Sent::new(target.call.path, &who, &[], None);
            let came = Line::to(&house.addresses[target.at]).ask(sent, false).await;
            assert!(
                matches!(came.what, Answer::Reply(_)),
                "{}: {:?}",
                target.call.path,
                came.what
            );
        }
    }
    macro_rules! nothing_parked {
        ($($service:expr),*) => {$(
            let parked: Vec<(String, String)> = sqlx::query_as("select source, error from parked_events")
                .fetch_all($service.pool()).await.unwrap();
            assert!(parked.is_empty(), "{parked:?}");
        )*};
    }
    nothing_parked!(
        world.members,
        world.payments,
        world.wallet,
        world.orders,
        world.refunds,
        world.notifications
    );
}

/// Counts panics of the whole process, and says where they were.
fn count_panics() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        before(panic);
    }));
}

/// The memory of this process that is really there, in bytes.
fn resident() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
    pages.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// By how much the machine oversleeps.
struct Naps {
    longest: Arc<AtomicU64>,
    awake: Arc<AtomicBool>,
}

impl Naps {
    fn watch() -> Self {
        let naps = Self {
            longest: Arc::default(),
            awake: Arc::new(AtomicBool::new(true)),
        };
        let (longest, awake) = (naps.longest.clone(), naps.awake.clone());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        drop(tokio::spawn(async move {
            while awake.load(Ordering::Relaxed) {
                let began = Instant::now();
                tokio::time::sleep(Duration::from_millis(10)).await;
                let over = began.elapsed().saturating_sub(Duration::from_millis(10));
                longest.fetch_max(u64::try_from(over.as_millis()).unwrap(), Ordering::Relaxed);
            }
        }));
        naps
    }

    fn longest(&self) -> Duration {
        self.awake.store(false, Ordering::Relaxed);
        Duration::from_millis(self.longest.load(Ordering::Relaxed))
    }
}
