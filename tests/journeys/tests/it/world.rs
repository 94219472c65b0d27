//! Every service in one process, wired to each other, to channels that are
//! simulators and to a mail server that keeps what it gets. Business time moves
//! when a test says so; background work runs when it settles.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::time::Duration;

use kernel::Clock;
use proto::studio::access::v1::Role;
use sqlx::PgPool;
use testkit::alipay;
use testkit::smtp::Sink;
use testkit::tls::Authority;
use testkit::wechat::{self, Simulator};
use testkit::{At, Chain, Door, Identity, Running, chain};
use tonic::transport::Channel;

/// A service of the house, as whoever calls it sees it.
pub struct Service {
    pub name: &'static str,
    pub channel: Channel,
    /// The superuser's.
    pub pool: PgPool,
}

/// The services, in the order in which they may call each other.
pub struct World {
    pub members: Running<members::App>,
    pub payments: Running<payments::App>,
    pub wallet: Running<wallet::App>,
    pub orders: Running<orders::App>,
    pub refunds: Running<refunds::App>,
    pub notifications: Running<notifications::App>,
    /// Not there when it is switched off.
    pub oversight: Option<Running<oversight::App>>,
    pub channel: Simulator,
    pub alipay: alipay::Simulator,
    pub mail: Sink,
    pub chain: Chain,
    clock: Clock,
}

/// The name under which the merchant names its callback address.
const NOTIFY: &str = "https://pay.studio.example";

impl World {
    pub async fn open() -> Self {
        Self::open_with(true, None, "", "").await
    }

    /// Staff sign in with the accounts of their files.
    pub async fn with_accounts() -> Self {
        let issuer = "[service.dev_issuer]\nenabled = true\n";
        Self::open_with(true, None, "", issuer).await
    }

    pub async fn without_oversight() -> Self {
        Self::open_with(false, None, "", "").await
    }

    /// Every service shows a certificate of `authority` and wants one.
    pub async fn secured(authority: &Authority) -> Self {
        Self::open_with(true, Some(authority), "", "").await
    }

    /// With settings for every service, as TOML.
    pub async fn told(more: &str) -> Self {
        Self::open_with(true, None, more, "").await
    }

    async fn open_with(oversight: bool, tls: Option<&Authority>, more: &str, at_members: &str) -> Self {
        let clock = Clock::default();
        let nowhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let keys = testkit::house::keys();
        let channel = Simulator::start(wechat::Config::from_keys(keys, nowhere).unwrap())
            .await
            .unwrap();
        let alipay = alipay::Simulator::start(alipay::Config::from_keys(keys, nowhere).unwrap())
            .await
            .unwrap();
        let mail = Sink::start(nowhere, nowhere).await.unwrap();
        let callbacks = testkit::free_port().unwrap().port();
        let door = format!("http://127.0.0.1:{callbacks}");
        channel.route(NOTIFY, &door);
        alipay.route(NOTIFY, &door);

        let mut house = House::new(clock.clone(), tls, more);
        let members = house.start(at_members).await;
        let payments = house
            .start(&payments_settings(&channel, &alipay, callbacks))
            .await;
        let wallet = house.start("").await;
        let orders = house.start("[service]\npayment_wait_ms = 1").await;
        let refunds = house.start("").await;
        let smtp = format!(
            "[service.smtp]\nhost = '127.0.0.1'\nport = {}\n",
            mail.smtp_address().port()
        );
        let notifications = house.start(&smtp).await;
        let oversight = if oversight {
            Some(house.start("").await)
        } else {
            None
        };
        Self {
            members,
            payments,
            wallet,
            orders,
            refunds,
            notifications,
            oversight,
            channel,
            alipay,
            mail,
            chain: chain(),
            clock,
        }
    }

    /// Moves business time of every service on.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap();
        self.clock.set_offset_ms(self.clock.offset_ms() + by);
    }

    /// Runs every sequencer, subscription and due task until all is quiet.
    pub async fn settle(&self) {
        for _ in 0..200 {
            if !self.round().await && !self.hurry().await {
                return;
            }
        }
        panic!("the house does not come to rest: {}", self.left().await);
    }

    async fn round(&self) -> bool {
        let mut busy = turn(&self.members).await | turn(&self.payments).await | turn(&self.wallet).await;
        busy |= turn(&self.orders).await | turn(&self.refunds).await | turn(&self.notifications).await;
        match &self.oversight {
            Some(oversight) => busy | turn(oversight).await,
            None => busy,
        }
    }

    async fn hurry(&self) -> bool {
        let mut hurried =
            self.members.hurry().await | self.payments.hurry().await | self.wallet.hurry().await;
        hurried |= self.orders.hurry().await | self.refunds.hurry().await | self.notifications.hurry().await;
        match &self.oversight {
            Some(oversight) => hurried | oversight.hurry().await,
            None => hurried,
        }
    }

    async fn left(&self) -> String {
        format!(
            "members {} payments {} wallet {} orders {} refunds {} notifications {}",
            self.members.left().await,
            self.payments.left().await,
            self.wallet.left().await,
            self.orders.left().await,
            self.refunds.left().await,
            self.notifications.left().await,
        )
    }

    /// Settles until `done` says so: for what the channel does in its own time.
    pub async fn until(&self, what: &str, mut done: impl AsyncFnMut() -> bool) {
        testkit::until(what, async || {
            self.settle().await;
            done().await
        })
        .await;
    }
}

/// The one person who holds the role everywhere.
pub fn head_office(role: Role) -> Identity {
    Identity::staff(role, At::Everywhere)
}

/// One round of one service. A peer that cannot be reached shows in the next.
async fn turn<S: platform::Service>(service: &Running<S>) -> bool {
    let numbered = service.sequence().await.unwrap();
    let pulled = service.pull().await.unwrap();
    numbered | pulled | service.try_tasks().await
}

/// Starts one service after the other; each is told of those before it.
struct House<'a> {
    clock: Clock,
    tls: Option<&'a Authority>,
    /// Settings that every service is told.
    more: &'a str,
    peers: String,
}

impl<'a> House<'a> {
    fn new(clock: Clock, tls: Option<&'a Authority>, more: &'a str) -> Self {
        Self {
            clock,
            tls,
            more,
            peers: "[peers]\n".to_owned(),
        }
    }

    async fn start<S: platform::Service>(&mut self, own: &str) -> Running<S> {
        let told = format!("{}{own}\n{}", self.peers, self.more);
        let started = match self.tls {
            Some(authority) => Running::start_secured(self.clock.clone(), &told, authority).await,
            None => Running::start_on(self.clock.clone(), &told).await,
        };
        writeln!(self.peers, "{} = '{}'", S::NAME, started.address()).unwrap();
        started
    }
}

fn payments_settings(channel: &Simulator, alipay: &alipay::Simulator, callbacks: u16) -> String {
    let keys = testkit::house::keys();
    let read = |file: &str| {
        std::fs::read_to_string(keys.wechat(file))
            .unwrap()
            .trim()
            .to_owned()
    };
    let path = |file: &str| keys.wechat(file).display().to_string();
    format!(
        r#"
        [service.callbacks]
        listen = "127.0.0.1:{callbacks}"
        [service.attempts]
        wait_ms = 1
        [service.merchants.test]
        legal_entity_ids = []
        receipt_series = "T"
        [service.merchants.test.wechat]
        mchid = "{mchid}"
        appid = "{appid}"
        serial = "{serial}"
        private_key_file = "{private}"
        api_v3_key_file = "{api}"
        public_key_id = "{key_id}"
        public_key_file = "{public}"
        base_url = "{url}"
        notify_url = "{NOTIFY}/callbacks/wechat/test"
        [service.merchants.test.alipay]
        app_id = "{app_id}"
        seller_id = "{seller_id}"
        private_key_file = "{app_private}"
        public_key_file = "{alipay_public}"
        base_url = "{gateway}"
        notify_url = "{NOTIFY}/callbacks/alipay/test"
        "#,
        mchid = wechat::MCHID,
        appid = wechat::APPID,
        serial = read("merchant-serial"),
        private = path("merchant-private.pem"),
        api = path("api-v3-key"),
        key_id = read("platform-key-id"),
        public = path("platform-public.pem"),
        url = channel.url(),
        app_id = alipay::APP_ID,
        seller_id = alipay::SELLER_ID,
        app_private = keys.alipay("app-private.pem").display(),
        alipay_public = keys.alipay("alipay-public.pem").display(),
        gateway = alipay.gateway(),
    )
}

impl World {
    pub fn at_members(&self, who: &Identity) -> Door {
        self.members.door(who.clone())
    }

    pub fn at_payments(&self, who: &Identity) -> Door {
        self.payments.door(who.clone())
    }

    pub fn at_wallet(&self, who: &Identity) -> Door {
        self.wallet.door(who.clone())
    }

    pub fn at_orders(&self, who: &Identity) -> Door {
        self.orders.door(who.clone())
    }

    pub fn at_refunds(&self, who: &Identity) -> Door {
        self.refunds.door(who.clone())
    }

    pub fn at_notifications(&self, who: &Identity) -> Door {
        self.notifications.door(who.clone())
    }

    pub fn at_oversight(&self, who: &Identity) -> Door {
        self.oversight
            .as_ref()
            .expect("oversight is switched off")
            .door(who.clone())
    }
}

impl World {
    /// Every service that runs: its name and where it listens.
    pub fn addresses(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![
            ("members", self.members.address()),
            ("payments", self.payments.address()),
            ("wallet", self.wallet.address()),
            ("orders", self.orders.address()),
            ("refunds", self.refunds.address()),
            ("notifications", self.notifications.address()),
        ];
        all.extend(self.oversight.as_ref().map(|it| ("oversight", it.address())));
        all
    }

    /// Every service that runs, as whoever calls it sees it.
    pub fn services(&self) -> Vec<Service> {
        fn service<S: platform::Service>(it: &Running<S>) -> Service {
            Service {
                name: S::NAME,
                channel: it.channel(),
                pool: it.pool().clone(),
            }
        }
        let mut all = vec![
            service(&self.members),
            service(&self.payments),
            service(&self.wallet),
            service(&self.orders),
            service(&self.refunds),
            service(&self.notifications),
        ];
        all.extend(self.oversight.as_ref().map(service));
        all
    }
}
