//! Plain spends from the wallets of those who went through their journeys.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use faults::house::House;
use kernel::fresh_uuid;
use proto::studio::money::v1::Money;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use proto::studio::wallet::v1::{GetWalletRequest, SpendRequest};
use testkit::{Door, Identity};
use tokio::task::JoinSet;
use tonic::{Code, Status};
use uuid::Uuid;

/// Who has less is not asked: a run takes a fen at a time.
const ENOUGH: i64 = 20_000;

/// Members with money, and the service that spends it for them.
pub struct Payers {
    people: Vec<String>,
    studio: String,
    wallet: Door,
}

impl Payers {
    pub async fn of(house: &Arc<House>) -> Result<Self> {
        let wallet = house.door("wallet", &Identity::service("orders"))?;
        let everybody: Vec<Uuid> = sqlx::query_scalar("select person_id from wallets order by person_id")
            .fetch_all(house.pool("wallet")?)
            .await?;
        let mut people = Vec::new();
        for person in everybody {
            let person_id = person.to_string();
            let request = GetWalletRequest {
                person_id: person_id.clone(),
            };
            let reply = WalletServiceClient::new(wallet.clone())
                .get_wallet(request)
                .await?
                .into_inner();
            let spendable = reply.wallet.and_then(|w| w.spendable).map_or(0, |m| m.minor);
            if spendable >= ENOUGH {
                people.push(person_id);
            }
        }
        ensure!(!people.is_empty(), "nobody has money");
        let studio = house.chain.chaoyang.to_string();
        Ok(Self {
            people,
            studio,
            wallet,
        })
    }

    fn ask(&self, which: usize) -> SpendRequest {
        SpendRequest {
            request_id: fresh_uuid().to_string(),
            person_id: self.people[which % self.people.len()].clone(),
            due_id: fresh_uuid().to_string(),
            order_id: fresh_uuid().to_string(),
            amount: Some(Money {
                minor: 1,
                currency: "CNY".to_owned(),
            }),
            studio_id: self.studio.clone(),
            acting_person_id: String::new(),
        }
    }

    /// Microseconds of each.
    pub async fn one_at_a_time(&self, count: usize) -> Result<Vec<i64>> {
        let mut client = WalletServiceClient::new(self.wallet.clone());
        let mut took = Vec::with_capacity(count);
        for n in 0..count {
            let began = Instant::now();
            spend(&mut client, self.ask(n))
                .await
                .context("an unloaded spend")?;
            took.push(i64::try_from(began.elapsed().as_micros())?);
        }
        Ok(took)
    }

    /// Spends a second while `in_flight` callers wait for each answer.
    pub async fn closed_loop(&self, in_flight: usize, lasts: Duration) -> Result<u64> {
        let began = Instant::now();
        let mut callers = JoinSet::new();
        for caller in 0..in_flight {
            let asks: Vec<SpendRequest> = (0..self.people.len()).map(|n| self.ask(caller + n)).collect();
            let mut client = WalletServiceClient::new(self.wallet.clone());
            callers.spawn(async move {
                let mut done: u64 = 0;
                for ask in asks.iter().cycle() {
                    if began.elapsed() >= lasts {
                        break;
                    }
                    spend(&mut client, again(ask)).await?;
                    done += 1;
                }
                Ok::<_, Status>(done)
            });
        }
        let mut all = 0;
        for done in callers.join_all().await {
            all += done?;
        }
        Ok(all / began.elapsed().as_secs().max(1))
    }

    /// As many spends a second as told, answered or not. Answers how many a
    /// second were done.
    pub async fn open_loop(&self, a_second: u64, lasts: Duration) -> Result<u64> {
        let began = Instant::now();
        let mut under_way = JoinSet::new();
        let mut sent: u64 = 0;
        while began.elapsed() < lasts {
            let due = a_second * u64::try_from(began.elapsed().as_millis())? / 1000;
            while sent < due {
                sent += 1;
                let ask = self.ask(usize::try_from(sent)?);
                let mut client = WalletServiceClient::new(self.wallet.clone());
                under_way.spawn(async move { spend(&mut client, ask).await });
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        for done in under_way.join_all().await {
            done?;
        }
        Ok(sent / lasts.as_secs())
    }
}

/// Asks again under the same id when the connection was closed for its age.
async fn spend(client: &mut WalletServiceClient<Door>, ask: SpendRequest) -> Result<(), Status> {
    match client.spend(ask.clone()).await {
        Err(status) if matches!(status.code(), Code::Unknown | Code::Unavailable) => {
            client.spend(ask).await.map(drop)
        }
        answer => answer.map(drop),
    }
}

/// The same spend by somebody who asks for the first time.
fn again(ask: &SpendRequest) -> SpendRequest {
    SpendRequest {
        request_id: fresh_uuid().to_string(),
        due_id: fresh_uuid().to_string(),
        order_id: fresh_uuid().to_string(),
        ..ask.clone()
    }
}
