use std::sync::Arc;
use std::time::Duration;

use kernel::{DueId, PersonId};
use platform::Error;
use proto::studio::wallet::v1 as pb;
use proto::studio::wallet::v1::recharge_service_client::RechargeServiceClient;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testkit::{Door, Identity, chain};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::Wallet;
use super::books::{fen, id};

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Calls that are made at a time while the capacity is measured.
const AT_A_TIME: usize = 24;
/// Of a hundred calls in the ordinary mix.
const MONEY: u32 = 15;
const REPORTS: u32 = 15;
/// Calls under way beyond which the load is not kept up.
const MOST: usize = 20_000;
const TICK: Duration = Duration::from_millis(5);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Money,
    Read,
    Report,
}

/// How one call ended; small, since there are very many of them.
pub struct End {
    pub kind: Kind,
    pub took: Duration,
    /// When the call came back, since the load began.
    pub at: Duration,
    /// The due of a spend that was not turned away, to be found again.
    pub due: Option<DueId>,
    pub answer: Answer,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Served,
    /// Told to come back, and when.
    Shed,
    /// Cut off, or not heard in time.
    TooLate,
    /// What nobody deserves, also to be shed without being told when to come back.
    Fault(String),
}

impl Answer {
    fn of(answer: Result<(), Status>) -> Self {
        match answer {
            Ok(()) => Self::Served,
            Err(status) => match status.code() {
                Code::ResourceExhausted if says_when_to_come_back(&status) => Self::Shed,
                Code::DeadlineExceeded | Code::Cancelled | Code::Unavailable => Self::TooLate,
                _ => Self::Fault(format!("{status:?}")),
            },
        }
    }
}

fn says_when_to_come_back(status: &Status) -> bool {
    use tonic_types::StatusExt as _;
    let details = status.get_error_details();
    let when = details.retry_info().and_then(|retry| retry.retry_delay);
    let reason = Error::from(status.clone()).reason();
    when.is_some_and(|when| !when.is_zero()) && reason.as_deref() == Some("OVERLOADED")
}

impl End {
    pub fn is_served(&self) -> bool {
        self.answer == Answer::Served
    }

    pub fn is_shed(&self) -> bool {
        self.answer == Answer::Shed
    }
}

/// Those who call: services, over many connections.
pub struct Callers {
    channels: Vec<Channel>,
    orders: Identity,
    readers: [Identity; 3],
    members: Vec<PersonId>,
}

impl Callers {
    pub fn new(it: &Wallet, members: Vec<PersonId>) -> Arc<Self> {
        let endpoint = Endpoint::from_shared(format!("http://{}", it.address())).unwrap();
        Arc::new(Self {
            channels: (0..16).map(|_| endpoint.connect_lazy()).collect(),
            orders: Identity::service("orders"),
            readers: ["orders", "refunds", "oversight"].map(Identity::service),
            members,
        })
    }

    fn door(&self, chance: &mut StdRng, who: &Identity) -> Door {
        let channel = &self.channels[chance.random_range(0..self.channels.len())];
        InterceptedService::new(channel.clone(), who.clone())
    }

    pub async fn call(&self, kind: Kind, seed: u64, began: Instant) -> End {
        let mut chance = StdRng::seed_from_u64(seed);
        let person = self.members[chance.random_range(0..self.members.len())].to_string();
        let started = Instant::now();
        let mut due = None;
        let answer = match kind {
            Kind::Money => {
                let fresh = DueId::fresh();
                due = Some(fresh);
                let ask = spend(person, fresh);
                let mut client = WalletServiceClient::new(self.door(&mut chance, &self.orders));
                client.spend(patient(ask)).await.map(drop)
            }
            Kind::Read => {
                let who = &self.readers[chance.random_range(0..2)];
                let mut client = WalletServiceClient::new(self.door(&mut chance, who));
                let ask = pb::GetWalletRequest { person_id: person };
                client.get_wallet(patient(ask)).await.map(drop)
            }
            Kind::Report => {
                let mut client = RechargeServiceClient::new(self.door(&mut chance, &self.readers[2]));
                let ask = pb::ListRechargesRequest::default();
                client.list_recharges(patient(ask)).await.map(drop)
            }
        };
        let answer = Answer::of(answer);
        End {
            kind,
            took: started.elapsed(),
            at: began.elapsed(),
            due: due.filter(|_| answer != Answer::Shed),
            answer,
        }
    }
}

fn patient<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.set_timeout(PATIENCE);
    request
}

fn spend(person_id: String, due: DueId) -> pb::SpendRequest {
    pb::SpendRequest {
        request_id: id(),
        person_id,
        due_id: due.to_string(),
        order_id: id(),
        amount: fen(1),
        studio_id: chain().chaoyang.to_string(),
        acting_person_id: String::new(),
    }
}

/// Callers who wait for each answer before they ask again, for so long.
pub async fn closed_loop(callers: &Arc<Callers>, lasts: Duration, chance: &mut StdRng) -> Vec<End> {
    let began = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let (callers, mut chance) = (callers.clone(), StdRng::seed_from_u64(chance.random()));
        workers.spawn(async move {
            let mut ends = Vec::new();
            while began.elapsed() < lasts {
                let kind = match chance.random_range(0..100) {
                    n if n < MONEY => Kind::Money,
                    n if n < MONEY + REPORTS => Kind::Report,
                    _ => Kind::Read,
                };
                let end = callers.call(kind, chance.random(), began).await;
                if end.is_shed() {
                    sleep_until(Instant::now() + Duration::from_millis(100)).await;
                }
                ends.push(end);
            }
            ends
        });
    }
    workers.join_all().await.into_iter().flatten().collect()
}

/// Callers who ask whether or not anybody was answered: ten times `capacity` a
/// second in all, of which as much is about money as on any other day. Also
/// answers how many calls could not even be made, and how late one timer in
/// ten was.
pub async fn open_loop(
    callers: &Arc<Callers>,
    capacity: u64,
    lasts: Duration,
    chance: &mut StdRng,
) -> (Vec<End>, usize, Duration) {
    let began = Instant::now();
    let mut late = Vec::new();
    let (mut ends, mut sent, mut unmade) = (Vec::new(), 0, 0);
    let mut under_way = JoinSet::new();
    while began.elapsed() < lasts {
        while sent < capacity * 10 * ms(began.elapsed()) / 1000 {
            sent += 1;
            let kind = match chance.random_range(0..1000) {
                n if n < MONEY => Kind::Money,
                n if n < 200 => Kind::Report,
                _ => Kind::Read,
            };
            if under_way.len() >= MOST {
                unmade += 1;
                continue;
            }
            let (callers, seed) = (callers.clone(), chance.random());
            under_way.spawn(async move { callers.call(kind, seed, began).await });
        }
        while let Some(end) = under_way.try_join_next() {
            ends.push(end.unwrap());
        }
        let tick = Instant::now() + TICK;
        sleep_until(tick).await;
        late.push(tick.elapsed());
    }
    ends.extend(under_way.join_all().await);
    late.sort();
    (ends, unmade, late[late.len() * 9 / 10])
}

pub fn ms(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap()
}
