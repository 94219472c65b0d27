//! Random acts on wallets, one after the other and several at once, against a
//! model of a page. Whatever was asked took effect once or not at all, and its
//! answer says which; what answered is asked again and answers alike.

mod book;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kernel::{DueId, PersonId, to_proto_time};
use proto::studio::access::v1::Role;
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::hold_service_client::HoldServiceClient;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testkit::seed::{amount, seed};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tonic::Status;

use crate::world::{World, back, fen, id, minor, reason, wallet};
use book::{Act, Book, Said};

/// Sequences under way side by side.
const BESIDE: usize = 12;
/// Acts of one sequence, in rounds.
const ROUNDS: usize = 4;
const HOUR: Duration = Duration::from_hours(1);

/// A member, and by which names their acts are known to the service.
struct Played {
    world: Arc<World>,
    person: PersonId,
    spends: HashMap<usize, pb::SpendRequest>,
    holds: HashMap<usize, String>,
    chance: StdRng,
}

/// A call as it was made, so that it can be made again.
#[derive(Clone)]
enum Call {
    Spend(pb::SpendRequest),
    Return(pb::ReturnSpendRequest),
    Hold(pb::PlaceHoldRequest),
    Capture(pb::CaptureHoldRequest),
    Release(pb::ReleaseHoldRequest),
    Freeze(pb::FreezeWalletRequest),
    Unfreeze(pb::UnfreezeWalletRequest),
}

/// What was answered, and under which id a hold stands since.
type Answer = (Said, Option<String>);

fn said<T: std::fmt::Debug>(answer: Result<T, Status>, of: impl Fn(T) -> Answer) -> Answer {
    match answer {
        Ok(reply) => of(reply),
        Err(status) => (Said::No(reason::<T>(Err(status))), None),
    }
}

fn now<M>(
    reply: tonic::Response<M>,
    balance: impl Fn(M) -> Option<proto::studio::money::v1::Money>,
) -> Answer {
    (Said::Yes(Some(minor(balance(reply.into_inner())))), None)
}

impl Played {
    async fn new(world: Arc<World>, seed: u64) -> (Self, Book) {
        let mut chance = StdRng::seed_from_u64(seed);
        let lots: Vec<i64> = (0..chance.random_range(1..=2))
            .map(|_| chance.random_range(100..1_000))
            .collect();
        let person = world.member_with(&lots).await;
        let played = Self {
            world,
            person,
            spends: HashMap::new(),
            holds: HashMap::new(),
            chance,
        };
        (played, Book::filled(&lots))
    }

    /// The call that an act is.
    fn call(&self, act: Act) -> Call {
        match act {
            Act::Spend { amount, .. } => Call::Spend(self.world.spend(self.person, amount)),
            Act::SpendAgain { spend } => Call::Spend(pb::SpendRequest {
                request_id: id(),
                ..self.spends[&spend].clone()
            }),
            Act::Return { spend, amount } => Call::Return(back(&self.spends[&spend], amount)),
            Act::Hold { amount, .. } => Call::Hold(pb::PlaceHoldRequest {
                request_id: id(),
                person_id: self.person.to_string(),
                due_id: DueId::fresh().to_string(),
                order_id: id(),
                amount: fen(amount),
                studio_id: self.world.chain.chaoyang.to_string(),
                expire_at: Some(to_proto_time(self.world.it.clock().now() + HOUR)),
                acting_person_id: String::new(),
            }),
            Act::Capture { hold, amount, .. } => Call::Capture(pb::CaptureHoldRequest {
                request_id: id(),
                hold_id: self.holds[&hold].clone(),
                amount: fen(amount),
            }),
            Act::Release { hold } => Call::Release(pb::ReleaseHoldRequest {
                request_id: id(),
                hold_id: self.holds[&hold].clone(),
            }),
            Act::Freeze => Call::Freeze(pb::FreezeWalletRequest {
                request_id: id(),
                person_id: self.person.to_string(),
                reason: "a lost phone".to_owned(),
            }),
            Act::Unfreeze => Call::Unfreeze(pb::UnfreezeWalletRequest {
                request_id: id(),
                person_id: self.person.to_string(),
                reason: "it is found".to_owned(),
            }),
        }
    }

    async fn ask(&self, call: Call) -> Answer {
        let world = &self.world;
        let mut holds = HoldServiceClient::new(world.it.as_service("orders"));
        let staff = |role| wallet(world.it.as_staff(role, world.chain.chaoyang));
        match call {
            Call::Spend(ask) => said(world.orders().spend(ask).await, |r| now(r, |r| r.balance)),
            Call::Return(ask) => said(world.refunds().return_spend(ask).await, |r| now(r, |r| r.balance)),
            Call::Hold(ask) => said(holds.place_hold(ask).await, |r| {
                let reply = r.into_inner();
                (Said::Yes(Some(minor(reply.spendable))), Some(reply.hold_id))
            }),
            Call::Capture(ask) => said(holds.capture_hold(ask).await, |r| now(r, |r| r.spendable)),
            Call::Release(ask) => said(holds.release_hold(ask).await, |r| now(r, |r| r.spendable)),
            Call::Freeze(ask) => said(staff(Role::RechargeManager).freeze_wallet(ask).await, |_| {
                (Said::Yes(None), None)
            }),
            Call::Unfreeze(ask) => said(staff(Role::RechargeSupervisor).unfreeze_wallet(ask).await, |_| {
                (Said::Yes(None), None)
            }),
        }
    }

    /// Several acts at once, each asked a second time when it was done. What the
    /// books may be afterwards: those of some order in which they answer alike.
    async fn round(&mut self, books: Vec<Book>, width: usize) -> Vec<Book> {
        let first = &books[0];
        let acts: Vec<Act> = (0..width).map(|at| first.draw(&mut self.chance, at)).collect();
        let calls: Vec<Call> = acts.iter().map(|act| self.call(*act)).collect();
        let answers = join_all(calls.iter().map(|call| self.ask(call.clone()))).await;
        for (call, answer) in calls.iter().zip(&answers) {
            if let Said::Yes(_) = answer.0 {
                assert_eq!(&self.ask(call.clone()).await, answer, "the same request again");
            }
        }
        let heard: Vec<(Act, Said)> = acts
            .iter()
            .copied()
            .zip(answers.iter().map(|a| a.0.clone()))
            .collect();
        for (at, (act, call)) in acts.iter().zip(&calls).enumerate() {
            match (act, call, &answers[at]) {
                (Act::Spend { number, .. }, Call::Spend(ask), (Said::Yes(_), _)) => {
                    self.spends.insert(*number, ask.clone());
                }
                (Act::Hold { number, .. }, _, (Said::Yes(_), Some(hold))) => {
                    self.holds.insert(*number, hold.clone());
                }
                (Act::Capture { number, hold, .. }, _, (Said::Yes(_), _)) => {
                    let ask = self.spent_by(*hold).await;
                    self.spends.insert(*number, ask);
                }
                _ => {}
            }
        }
        let after: Vec<Book> = books.iter().flat_map(|book| book.orders_of(&heard)).collect();
        assert!(
            !after.is_empty(),
            "no order of {heard:?} answers like this after {books:?}"
        );
        let seen = self.world.purse(self.person).await;
        let agree: Vec<Book> = after.iter().filter(|book| agrees(book, &seen)).cloned().collect();
        assert!(!agree.is_empty(), "{seen:?} is none of {after:?}");
        agree
    }

    /// What a captured hold paid, as a spend that can come back.
    async fn spent_by(&self, hold: usize) -> pb::SpendRequest {
        let ask = pb::GetHoldRequest {
            hold_id: self.holds[&hold].clone(),
        };
        let mut holds = HoldServiceClient::new(self.world.it.as_service("orders"));
        let hold = holds.get_hold(ask).await.unwrap().into_inner().hold.unwrap();
        pb::SpendRequest {
            due_id: hold.due_id,
            amount: hold.captured,
            ..self.world.spend(self.person, 1)
        }
    }
}

fn agrees(book: &Book, seen: &pb::Wallet) -> bool {
    let lots: Vec<i64> = seen.lots.iter().map(|lot| minor(lot.remaining.clone())).collect();
    let kept: Vec<i64> = book.left().filter(|left| *left > 0).collect();
    let frozen = seen.state() == pb::WalletState::Frozen;
    lots == kept
        && frozen == book.frozen
        && minor(seen.principal.clone()) == book.left().sum::<i64>()
        && minor(seen.held.clone()) == book.held()
        && minor(seen.spendable.clone()) == book.spendable()
}

async fn play(world: Arc<World>, seed: u64) {
    let (mut played, book) = Played::new(world, seed).await;
    let mut books = vec![book];
    for _ in 0..ROUNDS {
        // Half of the rounds are one act by itself.
        let width = if played.chance.random() {
            1
        } else {
            played.chance.random_range(2..=4)
        };
        books = played.round(books, width).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_asked_of_wallets_in_whatever_order_their_books_are_a_models() {
    let first = seed("model");
    let sequences = amount(2_000, 10_000);
    let world = Arc::new(World::open().await);
    let room = Arc::new(Semaphore::new(BESIDE));
    let mut all = JoinSet::new();
    for sequence in 0..sequences {
        let place = room.clone().acquire_owned().await.unwrap();
        let world = world.clone();
        let seed = first.wrapping_add(u64::try_from(sequence).unwrap());
        all.spawn(async move {
            play(world, seed).await;
            drop(place);
        });
        while let Some(played) = all.try_join_next() {
            played.unwrap_or_else(|broken| panic!("a sequence near {seed}: {broken}"));
        }
    }
    while let Some(played) = all.join_next().await {
        played.unwrap();
    }
    world.books_agree().await;
    println!("{sequences} sequences of {ROUNDS} rounds, seeds {first} and on");
}
