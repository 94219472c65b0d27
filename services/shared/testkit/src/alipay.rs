//! A simulator of Alipay's gateway in key or certificate mode: QRs that become trades when they
//! are scanned, payments by code, queries, closing, cancelling, refunds,
//! notifications and daily bills, with a truth of its own and a control door to
//! have every accident on purpose. It shares no code with any adapter.

mod authority;
pub mod bills;
mod calls;
pub mod certificates;
mod control;
mod door;
mod fields;
mod keys;
mod notices;
mod refunds;
mod script;
pub mod sign;
mod truth;
mod zip;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
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

use crate::wechat::lock;

pub use authority::{Authority, Issued};
pub use bills::{BillFlaw, Kind};
pub use fields::Problem;
pub use script::{Fails, Fault, Forgery, Operation, Payer, RefundEnd, Script};
pub use truth::TradeStatus;

use keys::Keys;
use sign::CheckingKey;
use truth::{Order, Truth};

/// What the simulator is told.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub app_id: String,
    /// The seller whom the application collects for.
    pub seller_id: String,
    pub app_public_pem: String,
    pub alipay_private_pem: String,
    /// Who stands behind certificate mode; none means key mode.
    pub authority: Option<Arc<Authority>>,
    /// Beginnings of notify addresses and where those notifications go instead:
    /// merchants must name an https address, which no test machine has.
    pub routes: Vec<(String, String)>,
    /// How many times faster than the channel notifications are repeated.
    pub speed: u32,
    /// How long a refund takes that is not done at once.
    pub refund_takes: Duration,
}

/// The application's number in tests and on one machine.
pub const APP_ID: &str = "2021000000000001";
/// The seller in tests and on one machine.
pub const SELLER_ID: &str = "2088000000000001";

impl Config {
    /// With the keys of an installation.
    pub fn from_keys(keys: &KeyFolder, listen: SocketAddr) -> Result<Self> {
        Self::from_folder(&keys.alipay(""), listen)
    }

    /// With the keys in an installation's folder `alipay`.
    pub fn from_folder(folder: &Path, listen: SocketAddr) -> Result<Self> {
        let read = |file: &str| {
            let path = folder.join(file);
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        Ok(Self {
            listen,
            app_id: APP_ID.to_owned(),
            seller_id: SELLER_ID.to_owned(),
            app_public_pem: read("app-public.pem")?,
            alipay_private_pem: read("alipay-private.pem")?,
            authority: None,
            routes: Vec::new(),
            speed: 30,
            refund_takes: Duration::from_millis(300),
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
    url: String,
    app: CheckingKey,
    keys: Mutex<Keys>,
    truth: Mutex<Truth>,
    sent: Mutex<Vec<Sent>>,
    routes: Mutex<Vec<(String, String)>>,
    http: reqwest::Client,
    work: Mutex<JoinSet<()>>,
}

/// A notification that was sent, and what came of it.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    pub out_trade_no: String,
    pub trade_status: String,
    /// From 1 for each notification; forged ones have none.
    pub attempt: Option<usize>,
    pub forged: Option<Forgery>,
    /// The HTTP status of the answer; none when no answer came.
    pub status: Option<u16>,
    /// Whether the answer was the one word that counts.
    pub acknowledged: bool,
}

impl Simulator {
    /// Starts it; port 0 takes a free one.
    pub async fn start(config: Config) -> Result<Self> {
        let listener = TcpListener::bind(config.listen)
            .await
            .with_context(|| format!("the simulator of Alipay cannot listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let inner = Arc::new(Inner {
            url: format!("http://{address}"),
            app: CheckingKey::from_pem(&config.app_public_pem)?,
            keys: Mutex::new(Keys::new(&config)?),
            truth: Mutex::default(),
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
                tracing::error!(%error, "the simulator of Alipay ended");
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

    /// The base of its addresses, as `http://127.0.0.1:7121`.
    pub fn url(&self) -> String {
        self.inner.url.clone()
    }

    /// The gateway's address, which merchants call.
    pub fn gateway(&self) -> String {
        format!("{}/gateway.do", self.inner.url)
    }

    /// Sends notifications whose address begins with `notify` to `target` instead.
    pub fn route(&self, notify: impl Into<String>, target: impl Into<String>) {
        lock(&self.inner.routes).push((notify.into(), target.into()));
    }

    /// The payer scans and looks: from now on there is a trade. `which` is what
    /// the QR says, or an order's number.
    pub fn scan(&self, which: &str) -> Result<(), Problem> {
        lock(&self.inner.truth).scan(which, false, Inner::now()).map(drop)
    }

    /// The payer scans and pays.
    pub fn pay(&self, which: &str) -> Result<(), Problem> {
        self.inner.pay(which, false)
    }

    /// The payer pays although the trade was closed or the QR has expired.
    pub fn pay_late(&self, which: &str) -> Result<(), Problem> {
        self.inner.pay(which, true)
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
        if let Ok(order) = truth.order_mut(out_trade_no) {
            order.script = script;
        } else {
            truth.promised.insert(out_trade_no.to_owned(), script);
        }
    }

    /// What a known order shall do from now on.
    pub fn script(&self, out_trade_no: &str, script: Script) -> Result<(), Problem> {
        lock(&self.inner.truth).order_mut(out_trade_no)?.script = script;
        Ok(())
    }

    /// The channel's days are so far ahead of real time from now on: payments,
    /// refunds and bills are dated by them. How long a QR or a signature is good
    /// goes by real time.
    pub fn run_ahead(&self, by: TimeDelta) {
        lock(&self.inner.truth).ahead = by;
    }

    /// How the bills of a day lie, and what of it they tell.
    pub fn flaw_bill(&self, day: NaiveDate, flaw: BillFlaw) {
        lock(&self.inner.truth).bill_flaws.push((day, flaw));
    }

    /// The bill of a day as text, as the truth has it and with its flaws.
    pub fn bill(&self, day: NaiveDate, kind: Kind) -> Option<String> {
        bills::text(&self.inner.config.seller_id, &lock(&self.inner.truth), day, kind)
    }

    /// Every order with its QR, state and amount, by number.
    pub fn orders(&self) -> Vec<Value> {
        lock(&self.inner.truth)
            .orders
            .values()
            .map(Order::summary)
            .collect()
    }

    /// Every refund, by the merchant's number.
    pub fn refunds(&self) -> Vec<Value> {
        lock(&self.inner.truth).refunds()
    }

    /// A refund that is under way is done, and the merchant is told.
    pub fn end_refund(&self, out_trade_no: &str, out_refund_no: &str) {
        self.inner
            .clone()
            .finish_later(out_trade_no.to_owned(), out_refund_no.to_owned());
    }

    /// Every notification sent so far.
    pub fn sent(&self) -> Vec<Sent> {
        lock(&self.inner.sent).clone()
    }

    /// Whether any notification is still to be sent or a refund to come to its end.
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

    fn pay(self: &Arc<Self>, which: &str, late: bool) -> Result<(), Problem> {
        let order = lock(&self.truth).pay(which, late, Self::now())?;
        self.announce_payment(order);
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
        lock(&self.sent).clear();
    }
}
