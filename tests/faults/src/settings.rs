//! What each service is told, as TOML. No caller has a measure here: few
//! people of staff do the work of many.

use std::fmt::Write as _;
use std::net::SocketAddr;

use anyhow::Result;
use testkit::{house, wechat};

/// The name under which the merchant names its callback address.
pub const NOTIFY: &str = "https://pay.studio.example";

/// Where a service listens and whom it reaches where.
pub struct Wiring<'a> {
    pub service: &'a str,
    pub grpc: SocketAddr,
    pub metrics: SocketAddr,
    pub callbacks: SocketAddr,
    pub postgres: SocketAddr,
    pub redis: SocketAddr,
    pub channel: SocketAddr,
    pub mail: SocketAddr,
    pub peers: Vec<(&'a str, SocketAddr)>,
    /// More settings of this service, as TOML with dotted keys.
    pub more: &'a str,
}

impl Wiring<'_> {
    /// Dotted keys first, then tables.
    pub fn toml(&self) -> Result<String> {
        let (service, keys) = (self.service, house::keys());
        let mut text = self.more.to_owned() + "\n";
        let url = |role: &str| format!("postgres://{service}_{role}:test@{}/{service}", self.postgres);
        let path = |path: std::path::PathBuf| path.display().to_string();
        let mut set = |key: &str, value: &str| writeln!(text, "{key} = '{value}'");
        set("grpc.listen", &self.grpc.to_string())?;
        set("metrics.listen", &self.metrics.to_string())?;
        set("database.url", &url("run"))?;
        set("database.owner_url", &url("owner"))?;
        set("redis.url", &format!("redis://{}/", self.redis))?;
        set("tokens.verify_keys", &path(keys.verify()))?;
        set("tokens.service_key", &path(keys.service(service)))?;
        set("fingerprint.key_file", &path(keys.fingerprint(service)))?;
        set("vault.kek_file", &path(keys.kek(service)))?;
        set("vault.index_key_file", &path(keys.index(service)))?;
        if service == "members" {
            set("tokens.person_key", &path(keys.person()))?;
        }
        for (peer, address) in &self.peers {
            set(&format!("peers.{peer}"), &address.to_string())?;
        }
        // Every step sends a mail; elsewhere few tasks wait at a time.
        let workers = if service == "notifications" { 8 } else { 3 };
        if service == "notifications" {
            set("service.smtp.host", "127.0.0.1")?;
            writeln!(text, "service.smtp.port = {}", self.mail.port())?;
        }
        writeln!(text, "tasks.workers = {workers}")?;
        text.push_str(SHARED);
        for payer in ["stranger", "member", "staff", "service"] {
            for class in ["money", "read", "report"] {
                writeln!(text, "limits.rates.{payer}.{class}.per_second = 0")?;
            }
        }
        if service == "payments" {
            text.push_str(&self.merchant()?);
        }
        Ok(text)
    }

    fn merchant(&self) -> Result<String> {
        let keys = house::keys();
        let read = |file: &str| {
            Ok::<_, anyhow::Error>(std::fs::read_to_string(keys.wechat(file))?.trim().to_owned())
        };
        let path = |file: &str| keys.wechat(file).display().to_string();
        Ok(format!(
            r#"
[service.callbacks]
listen = "{callbacks}"
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
base_url = "http://{channel}"
notify_url = "{NOTIFY}/callbacks/wechat/test"
"#,
            callbacks = self.callbacks,
            mchid = wechat::MCHID,
            appid = wechat::APPID,
            serial = read("merchant-serial")?,
            private = path("merchant-private.pem"),
            api = path("api-v3-key"),
            key_id = read("platform-key-id")?,
            public = path("platform-public.pem"),
            channel = self.channel,
        ))
    }
}

/// One machine does everything at once, so there is more patience than in
/// production; what is in hand when a process dies is taken over sooner.
const SHARED: &str = "
database.acquire_timeout_ms = 4000
clock.movable = true
telemetry.log = 'warn'
telemetry.format = 'text'
tasks.lease_s = 5
";
