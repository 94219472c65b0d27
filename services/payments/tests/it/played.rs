//! Whole days of business against both simulators, with everything that they
//! can do wrong and somebody who writes callbacks of his own. The seed is
//! printed; `FAULTS_SEED` plays the same orders again, `FAULTS_SCALE` above 1
//! plays fifty times as many.

mod accidents;
mod hostile;
mod order;
mod overdue;
mod plan;
mod tap;
mod truth;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use chrono::TimeDelta;
use futures::StreamExt as _;
use payments::domain::statement::figures;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::Value;
use testkit::seed::{scale, seed};
use testkit::wechat::RefundEnd;

use self::hostile::Enemy;
use self::order::Order;
use self::plan::Plan;
use self::tap::Tap;
use crate::world::{Told, World};

/// Orders of one world.
const ORDERS: usize = 1_000;
/// Worlds of a large run.
const WORLDS: u64 = 50;
/// Tasks that run at once.
const HANDS: usize = 8;
/// Members at once.
const MEMBERS: usize = 8;
/// Until the last order has done what it planned.
const TICKS: u32 = 36;
/// Steps to the end after that, and the business time of each.
const CALM: u32 = 24;
const CALM_STEP: Duration = Duration::from_mins(3);
/// Business time of a tick, in seconds.
const TICK_S: std::ops::Range<u64> = 40..150;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn whatever_the_channels_and_an_enemy_do_our_books_are_the_channels() {
    let first = seed("played");
    let worlds = if scale() > 1 { WORLDS } else { 1 };
    for seed in first..first + worlds {
        let told = play(StdRng::seed_from_u64(seed)).await;
        println!("played: seed {seed}: {told}");
    }
}

/// Plays one world to its end.
async fn play(mut chance: StdRng) -> String {
    // Where channels hang again and again, nobody waits for them for long.
    let world = World::open_told(Told {
        timeout_ms: Some(700),
        ..Told::default()
    })
    .await;
    let first = figures::day(world.it.clock().now());
    let tap = Tap::open(&world).await;
    let mut enemy = Enemy::new(StdRng::from_rng(&mut chance), tap);
    let mut orders: Vec<Order> = (0..ORDERS)
        .map(|_| Order::new(Plan::drawn(&mut chance)))
        .collect();
    for tick in 0..TICKS {
        turn_keys(&world, tick);
        begin(&world, &mut orders, tick).await;
        tokio::join!(
            world.it.settle_by(HANDS),
            go_on(&world, &mut orders, tick),
            enemy.strike(&world, ORDERS.div_ceil(usize::try_from(TICKS).unwrap())),
        );
        overdue::none(&world, &held_back(&orders)).await;
        advance(&world, Duration::from_secs(chance.random_range(TICK_S)));
    }
    calm_down(&world, &mut orders, &mut chance).await;
    truth::none_late(&world, &orders).await;
    truth::judge(&world, first).await;
    assert!(enemy.sent >= ORDERS / 2);
    summary(&world, enemy.sent).await
}

/// WeChat Pay signs with certificates that come and go.
fn turn_keys(world: &World, tick: u32) {
    match tick {
        6 | 14 => {
            let serial = world.sim.issue_certificate().unwrap();
            world.sim.sign_with(Some(&serial)).unwrap();
        }
        24 => world.sim.sign_with(None).unwrap(),
        _ => {}
    }
}

async fn begin(world: &World, orders: &mut [Order], tick: u32) {
    let all = futures::stream::iter(orders.iter_mut());
    all.for_each_concurrent(MEMBERS, |order| order.begin(world, tick))
        .await;
}

async fn go_on(world: &World, orders: &mut [Order], tick: u32) {
    let all = futures::stream::iter(orders.iter_mut());
    all.for_each_concurrent(MEMBERS, |order| order.go_on(world, tick))
        .await;
}

/// Nothing goes wrong any more, persons at the channels end what hangs there, and
/// time goes on until everything has its end.
async fn calm_down(world: &World, orders: &mut [Order], chance: &mut StdRng) {
    let mut held = held_back(orders);
    for order in orders.iter_mut() {
        order.heal(world);
    }
    for step in 0..CALM {
        quiet(world).await;
        end_refunds(world, chance);
        advance(world, CALM_STEP);
        world.it.settle_by(HANDS).await;
        if step >= CALM / 2 {
            held.clear();
        }
        overdue::none(world, &held).await;
    }
    for _ in 0..2 {
        quiet(world).await;
        world.it.settle_by(HANDS).await;
        advance(world, Duration::from_mins(241));
        world.it.settle_by(HANDS).await;
    }
}

/// Time goes on, also at the channels.
fn advance(world: &World, by: Duration) {
    world.it.advance(by);
    let ahead = TimeDelta::milliseconds(world.it.clock().offset_ms());
    world.sim.run_ahead(ahead);
    world.alipay.run_ahead(ahead);
}

/// Numbers whose refunds a channel keeps waiting.
fn held_back(orders: &[Order]) -> BTreeSet<String> {
    orders
        .iter()
        .flat_map(Order::held_back)
        .map(str::to_owned)
        .collect()
}

/// Everything that the channels want to tell is told.
async fn quiet(world: &World) {
    for _ in 0..12_000 {
        if !world.sim.is_busy() && !world.alipay.is_busy() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the channels do not come to rest");
}

/// What hangs at a channel is ended there: it goes back, or is closed for good.
fn end_refunds(world: &World, chance: &mut StdRng) {
    let text = |refund: &Value, name: &str| refund[name].as_str().unwrap().to_owned();
    for refund in world.sim.refunds() {
        if matches!(refund["status"].as_str(), Some("PROCESSING" | "ABNORMAL")) {
            let closed = chance.random_bool(0.2);
            let how = if closed {
                RefundEnd::Closed
            } else {
                RefundEnd::Success
            };
            world
                .sim
                .end_refund(&text(&refund, "out_refund_no"), how)
                .unwrap();
        }
    }
    for refund in world.alipay.refunds() {
        if refund["status"] == "PROCESSING" {
            let (order, number) = (text(&refund, "out_trade_no"), text(&refund, "out_refund_no"));
            world.alipay.end_refund(&order, &number);
        }
    }
}

/// How much of everything there was; each of it has to be there.
async fn summary(world: &World, letters: usize) -> String {
    const COUNTS: [(&str, &str); 14] = [
        ("attempts", "select count(*) from attempts"),
        ("payments", "select count(*) from payments"),
        (
            "in the app",
            "select count(*) from payments where method = 'wechat_jsapi'",
        ),
        (
            "by a shown code",
            "select count(*) from payments where method in ('wechat_codepay', 'alipay_barcode')",
        ),
        ("reversed", "select count(*) from attempts where reversing"),
        ("failed", "select count(*) from attempts where state = 'failed'"),
        ("expired", "select count(*) from attempts where state = 'expired'"),
        (
            "taken back",
            "select count(*) from attempts where state = 'cancelled'",
        ),
        ("late", "select count(*) from isolated_money where cause = 'late'"),
        (
            "paid twice",
            "select count(*) from isolated_money where cause = 'duplicate'",
        ),
        (
            "sent back anew",
            "select count(*) from isolated_money where return_try > 1",
        ),
        (
            "refunds",
            "select count(*) from refunds where state = 'succeeded'",
        ),
        ("bounced", "select count(*) from refunds where state = 'bounced'"),
        ("quarantined", "select count(*) from quarantine"),
    ];
    let mut told = format!("{ORDERS} orders, {letters} letters");
    for (what, sql) in COUNTS {
        let count: i64 = sqlx::query_scalar(sql).fetch_one(world.it.pool()).await.unwrap();
        assert!(count > 0, "none {what}: {told}");
        write!(told, ", {count} {what}").unwrap();
    }
    told
}
