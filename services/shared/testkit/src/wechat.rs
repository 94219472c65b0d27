//! A simulator of WeChat Pay v3: orders by QR, in the app and by a shown code,
//! queries, closing, reversing, refunds, bills, certificates and callbacks, with a
//! truth of its own, a phone to pay with, and a control door to have every
//! accident on purpose.

pub mod bill;
mod callbacks;
mod control;
mod door;
mod fields;
mod keyring;
mod keys;
mod script;
mod show;
pub mod sign;
mod truth;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use axum::Router;
use chrono::{NaiveDate, TimeDelta};
use kernel::Timestamp;
use platform::keys::KeyFolder;
use serde::Serialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

pub use bill::{BillKind, BillScript, Difference};
pub use fields::Problem;
pub use script::{CodeEnd, Fails, Fault, Forgery, Moment, Operation, RefundEnd, Script};
pub use truth::{RefundStatus, TradeState};

use bill::Bills;
use keyring::Keyring;
use truth::Truth;

/// By which way an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    Native,
    Jsapi,
    Codepay,
}

impl Product {
    /// The channel's word.
    pub fn trade_type(self) -> &'static str {
        match self {
            Self::Native => "NATIVE",
            Self::Jsapi => "JSAPI",
            Self::Codepay => "MICROPAY",
        }
    }
}

/// What the simulator is told.
#[derive(Debug, Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub appid: String,
    pub mchid: String,
    /// Serial of the merchant's API certificate, upper-case hex.
    pub merchant_serial: String,
    pub merchant_public_pem: String,
    pub platform_private_pem: String,
    /// `PUB_KEY_ID_…`
    pub platform_key_id: String,
    /// 32 characters.
    pub api_v3_key: String,
    /// Beginnings of notify addresses and where those callbacks go instead:
    /// merchants must name an https address, which no test machine has.
    pub routes: Vec<(String, String)>,
    /// How many times faster than the channel callbacks are repeated.
    pub speed: u32,
    /// How long a refund is in processing.
    pub refund_takes: Duration,
    /// How long after the charge of a shown code it may be reversed.
    pub reverse_after: Duration,
}

/// The merchant's number in tests and on one machine.
pub const MCHID: &str = "1900000001";
/// The application's id in tests and on one machine.
pub const APPID: &str = "wx0000000000000001";

impl Config {
    /// With the keys of an installation.
    pub fn from_keys(keys: &KeyFolder, listen: SocketAddr) -> Result<Self> {
        Self::from_folder(&keys.wechat(""), listen)
    }

    /// With the keys in an installation's folder `wechat`.
    pub fn from_folder(folder: &Path, listen: SocketAddr) -> Result<Self> {
        let read = |file: &str| {
            let path = folder.join(file);
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        Ok(Self {
            listen,
            appid: APPID.to_owned(),
            mchid: MCHID.to_owned(),
            merchant_serial: read("merchant-serial")?.trim().to_owned(),
            merchant_public_pem: read("merchant-public.pem")?,
            platform_private_pem: read("platform-private.pem")?,
            platform_key_id: read("platform-key-id")?.trim().to_owned(),
            api_v3_key: read("api-v3-key")?.trim().to_owned(),
            routes: Vec::new(),
            speed: 30,
            refund_takes: Duration::from_millis(300),
            reverse_after: Duration::from_secs(15),
        })
    }
}

/// A running simulator; it ends when the last copy is dropped.
#[derive(Clone)]
pub struct Simulator {
    inner: Arc<Inner>,
    address: SocketAddr,
    _server: Arc<JoinSet<()>>,
}

struct Inner {
    config: Config,
    keyring: Mutex<Keyring>,
    truth: Mutex<Truth>,
    bills: Mutex<Bills>,
    nonces: Mutex<HashMap<String, i64>>,
    sent: Mutex<Vec<Sent>>,
    routes: Mutex<Vec<(String, String)>>,
    http: reqwest::Client,
    work: Mutex<JoinSet<()>>,
}

/// A callback that was sent, and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    pub out_trade_no: String,
    pub event_type: String,
    /// From 1 for each event; forged ones have none.
    pub attempt: Option<usize>,
    pub forged: Option<Forgery>,
    /// The HTTP status of the answer; none when no answer came.
    pub status: Option<u16>,
}

impl Simulator {
    /// Starts it; port 0 takes a free one.
    pub async fn start(config: Config) -> Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("the channel simulator cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Inner {
            keyring: Mutex::new(Keyring::new(&config)?),
            truth: Mutex::default(),
            bills: Mutex::default(),
            nonces: Mutex::default(),
            sent: Mutex::default(),
            routes: Mutex::new(config.routes.clone()),
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(5))
                .build()?,
            work: Mutex::default(),
            config,
        });
        let router: Router = control::routes(inner.clone()).merge(door::routes(inner.clone()));
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the channel simulator ended");
            }
        });
        Ok(Self {
            inner,
            address,
            _server: Arc::new(server),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base of its addresses, as `http://127.0.0.1:7120`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends callbacks whose address begins with `notify` to `target` instead.
    pub fn route(&self, notify: impl Into<String>, target: impl Into<String>) {
        lock(&self.inner.routes).push((notify.into(), target.into()));
    }

    /// The payer scans and pays. `which` is a code or an order's number.
    pub fn pay(&self, which: &str) -> Result<(), Problem> {
        self.inner.pay(which, "o-test-payer", false)
    }

    /// The payer pays although the order was closed or has expired.
    pub fn pay_late(&self, which: &str) -> Result<(), Problem> {
        self.inner.pay(which, "o-test-payer", true)
    }

    /// A call goes wrong, whatever it concerns.
    pub fn fail(&self, fault: Fault) {
        lock(&self.inner.truth).faults.push(fault);
    }

    /// The channel's days are so far ahead of real time from now on: payments,
    /// refunds and bills are dated by them. How long a QR or a signature is good
    /// goes by real time.
    pub fn run_ahead(&self, by: TimeDelta) {
        lock(&self.inner.truth).ahead = by;
    }

    /// What is wrong with a bill.
    pub fn script_bill(&self, day: NaiveDate, kind: BillKind, script: BillScript) {
        lock(&self.inner.bills).scripts.insert((day, kind), script);
    }

    /// The payer who was asked to agree does not.
    pub fn decline(&self, out_trade_no: &str) {
        lock(&self.inner.truth).decline(out_trade_no);
    }

    /// What the next new order shall do.
    pub fn script_next(&self, script: Script) {
        lock(&self.inner.truth).scripts.push_back(script);
    }

    /// What the order shall do for which somebody shows this code.
    pub fn promise_code(&self, auth_code: &str, script: Script) {
        let mut truth = lock(&self.inner.truth);
        truth.promised_codes.insert(auth_code.to_owned(), script);
    }

    /// What the order of a number shall do from now on, or once it is made.
    pub fn promise(&self, out_trade_no: &str, script: Script) {
        let mut truth = lock(&self.inner.truth);
        if let Some(order) = truth.orders.get_mut(out_trade_no) {
            order.script = script;
        } else {
            truth.promised.insert(out_trade_no.to_owned(), script);
        }
    }

    /// What a known order shall do from now on.
    pub fn script(&self, out_trade_no: &str, script: Script) -> Result<(), Problem> {
        let mut truth = lock(&self.inner.truth);
        truth.order(out_trade_no)?;
        if let Some(order) = truth.orders.get_mut(out_trade_no) {
            order.script = script;
        }
        Ok(())
    }

    /// Every order with its QR, state and amount, by number.
    pub fn orders(&self) -> Vec<Value> {
        self.inner.orders()
    }

    /// Every refund, by number.
    pub fn refunds(&self) -> Vec<Value> {
        lock(&self.inner.truth)
            .refunds
            .values()
            .map(truth::Refund::object)
            .collect()
    }

    /// A refund that is in processing or abnormal comes to this end, and the
    /// merchant is told.
    pub fn end_refund(&self, out_refund_no: &str, end: RefundEnd) -> Result<(), Problem> {
        let truth = lock(&self.inner.truth);
        let refund = truth
            .refunds
            .get(out_refund_no)
            .ok_or_else(|| Problem::new(404, "RESOURCE_NOT_EXISTS", "no such refund"))?
            .clone();
        let mut script = truth.order(&refund.out_trade_no)?.script.clone();
        drop(truth);
        script.refund_ends = end;
        self.inner.clone().settle_refund(refund, script);
        Ok(())
    }

    /// Every callback sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.inner.sent).clone()
    }

    /// Whether any callback is still to be sent or a refund to come to its end.
    pub fn is_busy(&self) -> bool {
        self.inner.is_busy()
    }

    /// Forgets everything.
    pub fn reset(&self) {
        self.inner.reset();
    }
}

impl Inner {
    fn now() -> Timestamp {
        kernel::Clock::real()
    }

    fn pay(self: &Arc<Self>, which: &str, openid: &str, late: bool) -> Result<(), Problem> {
        let order = lock(&self.truth).pay(which, openid, late, Self::now())?;
        self.clone().announce_payment(order);
        Ok(())
    }

    /// Runs something until it ends or the simulator does.
    fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = lock(&self.work);
        while running.try_join_next().is_some() {}
        running.spawn(work);
    }

    fn is_busy(&self) -> bool {
        let mut running = lock(&self.work);
        while running.try_join_next().is_some() {}
        !running.is_empty()
    }

    fn reset(&self) {
        lock(&self.work).abort_all();
        *lock(&self.truth) = Truth::default();
        *lock(&self.bills) = Bills::default();
        lock(&self.sent).clear();
        lock(&self.nonces).clear();
    }

    fn orders(&self) -> Vec<Value> {
        let truth = lock(&self.truth);
        truth.orders.values().map(truth::Order::summary).collect()
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Letters and digits, as many as wanted.
fn nonce(length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let mut bytes = vec![0; length];
    if aws_lc_rs::rand::fill(&mut bytes).is_err() {
        return "A".repeat(length);
    }
    bytes
        .iter()
        .filter_map(|b| LETTERS.get(usize::from(b % 32)))
        .map(|b| char::from(*b))
        .collect()
}
