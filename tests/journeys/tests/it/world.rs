//! Every service in one process, wired to each other, to a channel that is a
//! simulator and to a mail server that keeps what it gets. Business time moves
//! when a test says so; background work runs when it settles.

use std::net::SocketAddr;
use std::time::Duration;

use kernel::Clock;
use proto::studio::access::v1::Role;
use testkit::smtp::Sink;
use testkit::wechat::{self, Simulator};
use testkit::{At, Chain, Door, Identity, Running, chain};

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
    pub mail: Sink,
    pub chain: Chain,
    clock: Clock,
}

/// The name under which the merchant names its callback address.
const NOTIFY: &str = "https://pay.studio.example";

impl World {
    pub async fn open() -> Self {
        Self::open_with(true, "").await
    }

    pub async fn without_oversight() -> Self {
        Self::open_with(false, "").await
    }

    /// With settings for every service, as TOML.
    pub async fn told(more: &str) -> Self {
        Self::open_with(true, more).await
    }

    async fn open_with(oversight: bool, more: &str) -> Self {
        let clock = Clock::default();
        let nowhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let keys = testkit::house::keys();
        let channel = Simulator::start(wechat::Config::from_keys(keys, nowhere).unwrap())
            .await
            .unwrap();
        let mail = Sink::start(nowhere, nowhere).await.unwrap();
        let callbacks = free_port();
        channel.route(NOTIFY, format!("http://127.0.0.1:{callbacks}"));

        let members = Running::start_on(clock.clone(), more).await;
        let mut peers = vec![("members", members.address())];
        let payments = Running::start_on(
            clock.clone(),
            &told(&peers, &(payments_settings(&channel, callbacks) + more)),
        )
        .await;
        peers.push(("payments", payments.address()));
        let wallet = Running::start_on(clock.clone(), &told(&peers, more)).await;
        peers.push(("wallet", wallet.address()));
        let waiting = format!("[service]\npayment_wait_ms = 1\n{more}");
        let orders = Running::start_on(clock.clone(), &told(&peers, &waiting)).await;
        peers.push(("orders", orders.address()));
        let refunds = Running::start_on(clock.clone(), &told(&peers, more)).await;
        peers.push(("refunds", refunds.address()));
        let smtp = format!(
            "[service.smtp]\nhost = '127.0.0.1'\nport = {}\n{more}",
            mail.smtp_address().port()
        );
        let notifications = Running::start_on(clock.clone(), &told(&peers, &smtp)).await;
        peers.push(("notifications", notifications.address()));
        let oversight = if oversight {
            Some(Running::start_on(clock.clone(), &told(&peers, more)).await)
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
        for _ in 0..100 {
            self.settle().await;
            if done().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("never happened: {what}");
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

fn told(peers: &[(&str, String)], more: &str) -> String {
    let peers: Vec<String> = peers
        .iter()
        .map(|(name, address)| format!("{name} = '{address}'"))
        .collect();
    let peers = peers.join(
        "
",
    );
    format!("[peers]\n{peers}\n{more}")
}

fn payments_settings(channel: &Simulator, callbacks: u16) -> String {
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
        "#,
        mchid = wechat::MCHID,
        appid = wechat::APPID,
        serial = read("merchant-serial"),
        private = path("merchant-private.pem"),
        api = path("api-v3-key"),
        key_id = read("platform-key-id"),
        public = path("platform-public.pem"),
        url = channel.url(),
    )
}

/// A port that was free a moment ago.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
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
