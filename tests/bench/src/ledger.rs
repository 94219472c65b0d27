//! Spends from many wallets beside pgbench's TPC-B on the same server: how many,
//! how evenly, and at what price in processor and in WAL.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use faults::house::{House, SERVICES};
use faults::postgres;
use kernel::fresh_uuid;
use proto::studio::money::v1::Money;
use proto::studio::wallet::v1::SpendRequest;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{ConnectOptions as _, Executor as _, PgPool};
use testkit::{Door, Identity};
use tokio::task::JoinSet;
use tonic::Request;
use uuid::Uuid;

use crate::{Bar, house, percentile};

const PEOPLE: i32 = 20_000;
const ROUNDS: usize = 3;
const LASTS: Duration = Duration::from_secs(8);
const IN_FLIGHT: usize = 256;
const FEWER: usize = 64;
const PATIENCE: Duration = Duration::from_secs(20);
/// Connections over which the callers' requests go.
const CHANNELS: usize = 8;

/// Alternates pgbench, spends at one studio, and spends at all of them.
pub async fn measure(programs: &Path) -> Result<Vec<Bar>> {
    let house = house::open(programs).await?;
    for name in SERVICES.into_iter().filter(|name| *name != "wallet") {
        house.service(name)?.lock().await.stop().await?;
    }
    let pool = house.pool("wallet")?;
    let people = seed(pool).await?;
    let tpcb = Tpcb::prepare(&house).await?;
    let studios = [house.chain.chaoyang, house.chain.xuhui].map(|studio| studio.to_string());
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let bench = tpcb.run(&house, 8).await?;
        let hot = Load::at(&house, &people, &studios[..1])?
            .run(&house, IN_FLIGHT)
            .await?;
        let crowd = tpcb.run(&house, 32).await?;
        let random = Load::at(&house, &people, &studios)?
            .run(&house, IN_FLIGHT)
            .await?;
        let fewer = Load::at(&house, &people, &studios[..1])?
            .run(&house, FEWER)
            .await?;
        rounds.push(Round {
            bench,
            hot,
            crowd,
            random,
            fewer,
        });
    }
    Ok(bars(&rounds))
}

struct Round {
    /// pgbench with 8 clients.
    bench: Run,
    hot: Run,
    /// pgbench with 32 clients.
    crowd: Run,
    random: Run,
    fewer: Run,
}

/// What one variant did.
struct Run {
    a_second: Decimal,
    p50_ms: Decimal,
    p99_ms: Decimal,
    /// Of all processes that had a part in it, for each.
    cpu_micros: Decimal,
    wal_bytes: Decimal,
}

fn bars(rounds: &[Round]) -> Vec<Bar> {
    let median = |of: fn(&Round) -> Decimal| {
        let mut values: Vec<Decimal> = rounds.iter().map(of).collect();
        values.sort();
        values[values.len() / 2].round_dp(2)
    };
    let bar = |name, of: fn(&Round) -> Decimal, (floor, goal): (&str, &str), detail| Bar {
        name,
        value: median(of),
        unit: "",
        floor: floor.parse().unwrap_or_default(),
        goal: goal.parse().unwrap_or_default(),
        detail,
    };
    let rates = |run: fn(&Round) -> &Run| rounds.iter().map(|r| run(r).a_second.round()).collect::<Vec<_>>();
    let both = |run: fn(&Round) -> &Run| json!({ "spends_a_second": rates(run), "tpcb_a_second": rates(|r| &r.bench) });
    let times = |run: fn(&Round) -> &Run| {
        let ms: Vec<_> = rounds.iter().map(|r| (run(r).p50_ms, run(r).p99_ms)).collect();
        json!({ "p50_p99_ms": ms })
    };
    let costs = json!({
        "spend_micros": rounds.iter().map(|r| r.hot.cpu_micros.round()).collect::<Vec<_>>(),
        "tpcb_micros": rounds.iter().map(|r| r.bench.cpu_micros.round()).collect::<Vec<_>>(),
    });
    vec![
        bar(
            "spend-hot",
            |r| r.hot.a_second / r.bench.a_second,
            ("3.5", "6"),
            both(|r| &r.hot),
        ),
        bar(
            "spend-random",
            |r| r.random.a_second / r.bench.a_second,
            ("3", "5"),
            both(|r| &r.random),
        ),
        bar(
            "spend-hot-over-random",
            |r| r.hot.a_second / r.random.a_second,
            ("0.9", "1"),
            both(|r| &r.random),
        ),
        bar(
            "spend-pgledger",
            |r| r.hot.a_second,
            ("0", "0"),
            json!({ "in_flight": IN_FLIGHT }),
        ),
        bar(
            "spend-tigerbeetle",
            |r| r.hot.a_second,
            ("0", "0"),
            json!({ "in_flight": IN_FLIGHT }),
        ),
        bar(
            "spend-cpu",
            |r| r.hot.cpu_micros / r.bench.cpu_micros,
            ("0.286", "0.143"),
            costs,
        ),
        bar(
            "spend-tail",
            |r| r.hot.p99_ms / r.hot.p50_ms,
            ("3", "1.7"),
            times(|r| &r.hot),
        ),
        bar(
            "spend-p99",
            |r| r.fewer.p99_ms / r.crowd.p99_ms,
            ("1", "0.5"),
            json!({ "spend": times(|r| &r.fewer), "tpcb": times(|r| &r.crowd) }),
        ),
        bar(
            "spend-wal",
            |r| r.random.wal_bytes,
            ("1100", "700"),
            json!({ "tpcb": median(|r| r.bench.wal_bytes) }),
        ),
    ]
}

/// Wallets with a gift of ten thousand yuan each.
async fn seed(pool: &PgPool) -> Result<Vec<String>> {
    let mut tx = pool.begin().await?;
    let studio = "(select node_id from org_nodes where kind = 'studio' order by code limit 1)";
    let company = "(select node_id from org_nodes where kind = 'legal_entity' order by code limit 1)";
    let fill = format!(
        "create temp table people as
             select gen_random_uuid() person, gen_random_uuid() wallet, gen_random_uuid() lot, gen_random_uuid() gift,
                    gen_random_uuid() principal
             from generate_series(1, {PEOPLE});
         insert into wallets (wallet_id, person_id, home_studio_id, opened_at, principal_id, gift_id, gift_minor)
         select wallet, person, {studio}, now(), principal, gift, 1000000 from people;
         insert into accounts (account_id, kind, wallet_id, person_id, home_studio_id)
         select principal, 'member_principal', wallet, person, {studio} from people
         union all select gift, 'member_gift', wallet, person, {studio} from people;
         insert into lots (lot_id, account_id, wallet_id, person_id, home_studio_id, legal_entity_id, origin, amount_minor,
                           remaining_minor, opened_at)
         select lot, gift, wallet, person, {studio}, {company}, 'gift', 1000000, 1000000, now() from people"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&mut *tx).await?;
    let people: Vec<Uuid> = sqlx::query_scalar("select person from people")
        .fetch_all(&mut *tx)
        .await?;
    tx.commit().await?;
    pool.execute("vacuum analyze").await?;
    Ok(people.iter().map(ToString::to_string).collect())
}

struct Tpcb {
    url: String,
}

impl Tpcb {
    async fn prepare(house: &Arc<House>) -> Result<Self> {
        house
            .pool("wallet")?
            .execute("create database tpcb template template0")
            .await?;
        let mut url = house.home("wallet").lock().await.options("tpcb").to_url_lossy();
        // What the driver keeps to itself.
        url.set_query(None);
        let tpcb = Self { url: url.into() };
        tpcb.pgbench(&["-i", "-s", "20", "-q"]).await?;
        Ok(tpcb)
    }

    async fn run(&self, house: &Arc<House>, clients: usize) -> Result<Run> {
        let folder = std::env::temp_dir().join(format!("studio-tpcb-{}", fresh_uuid()));
        fs::create_dir_all(&folder)?;
        fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777))?;
        let prefix = folder.join("log");
        let prefix = prefix.to_str().context("a folder's name")?;
        let (clients, seconds) = (clients.to_string(), LASTS.as_secs().to_string());
        let meter = Meter::start(house).await?;
        let count = self
            .pgbench(&[
                "-c",
                &clients,
                "-j",
                "2",
                "-M",
                "prepared",
                "-n",
                "-T",
                &seconds,
                "-l",
                "--log-prefix",
                prefix,
            ])
            .await?;
        let mut took = Vec::new();
        for log in fs::read_dir(&folder)? {
            for line in fs::read_to_string(log?.path())?.lines() {
                took.push(line.split(' ').nth(2).context("pgbench's log")?.parse()?);
            }
        }
        fs::remove_dir_all(&folder)?;
        meter.stop(house, &mut took, count).await
    }

    /// Answers how many transactions it says that it did.
    async fn pgbench(&self, arguments: &[&str]) -> Result<u64> {
        let mut command = postgres::program("pgbench")?;
        let output = command.args(arguments).arg(&self.url).output().await?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "pgbench: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let done = said
            .lines()
            .find_map(|line| line.strip_prefix("number of transactions actually processed: "));
        Ok(done
            .map(|count| count.trim().parse())
            .transpose()?
            .unwrap_or_default())
    }
}

/// Callers who wait for each answer.
struct Load<'a> {
    doors: Vec<Door>,
    people: &'a [String],
    studios: &'a [String],
}

impl<'a> Load<'a> {
    fn at(house: &Arc<House>, people: &'a [String], studios: &'a [String]) -> Result<Self> {
        let who = Identity::service("orders");
        let doors = (0..CHANNELS)
            .map(|_| house.new_door("wallet", &who))
            .collect::<Result<_>>()?;
        Ok(Self {
            doors,
            people,
            studios,
        })
    }

    async fn run(&self, house: &Arc<House>, in_flight: usize) -> Result<Run> {
        let meter = Meter::start(house).await?;
        let began = Instant::now();
        let mut callers = JoinSet::new();
        for caller in 0..in_flight {
            let mut client = WalletServiceClient::new(self.doors[caller % self.doors.len()].clone());
            let step = self.people.len() / in_flight;
            let people: Vec<String> = self
                .people
                .iter()
                .skip(caller)
                .step_by(step.max(1))
                .cloned()
                .collect();
            let studios = self.studios.to_vec();
            callers.spawn(async move {
                let mut took = Vec::new();
                for (person, studio) in people.iter().cycle().zip(studios.iter().cycle()) {
                    if began.elapsed() >= LASTS {
                        break;
                    }
                    let sent = Instant::now();
                    let mut request = Request::new(ask(person, studio));
                    request.set_timeout(PATIENCE);
                    client.spend(request).await?;
                    took.push(i64::try_from(sent.elapsed().as_micros())?);
                }
                anyhow::Ok(took)
            });
        }
        let mut took = Vec::new();
        for caller in callers.join_all().await {
            took.extend(caller?);
        }
        let count = u64::try_from(took.len())?;
        meter.stop(house, &mut took, count).await
    }
}

fn ask(person: &str, studio: &str) -> SpendRequest {
    SpendRequest {
        request_id: fresh_uuid().to_string(),
        person_id: person.to_owned(),
        due_id: fresh_uuid().to_string(),
        order_id: String::new(),
        amount: Some(Money {
            minor: 1,
            currency: "CNY".to_owned(),
        }),
        studio_id: studio.to_owned(),
        acting_person_id: String::new(),
    }
}

/// What a variant costs, from its start to its end.
struct Meter {
    began: Instant,
    ticks: u64,
    wal: i64,
}

impl Meter {
    async fn start(house: &Arc<House>) -> Result<Self> {
        Ok(Self {
            began: Instant::now(),
            ticks: ticks()?,
            wal: wal(house).await?,
        })
    }

    async fn stop(self, house: &Arc<House>, took: &mut [i64], count: u64) -> Result<Run> {
        let count = Decimal::from(count.max(1));
        let seconds = Decimal::new(i64::try_from(self.began.elapsed().as_millis())?, 3);
        // A tick of the kernel's clock is ten milliseconds.
        let cpu_micros = Decimal::from((ticks()? - self.ticks) * 10_000) / count;
        let wal_bytes = Decimal::from(wal(house).await? - self.wal) / count;
        Ok(Run {
            a_second: count / seconds.max(Decimal::ONE),
            p50_ms: percentile(took, 50),
            p99_ms: percentile(took, 99),
            cpu_micros,
            wal_bytes,
        })
    }
}

/// Of all that runs here but what others do: nothing else may run beside it.
fn ticks() -> Result<u64> {
    let stat = fs::read_to_string("/proc/stat")?;
    let line = stat.lines().next().context("/proc/stat is empty")?;
    let ticks = line
        .split_whitespace()
        .skip(1)
        .filter_map(|t| t.parse::<u64>().ok());
    Ok(ticks.take(3).sum())
}

async fn wal(house: &Arc<House>) -> Result<i64> {
    let lsn = "select pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint";
    Ok(sqlx::query_scalar(lsn).fetch_one(house.pool("wallet")?).await?)
}
