//! The service's own settings: the table `[service]`.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use kernel::LegalEntityId;
use platform::config::{Maybe, SecretFile};
use serde::Deserialize;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub callbacks: Callbacks,
    pub attempts: Attempts,
    pub refunds: Refunds,
    /// By a name that is also the last part of the callbacks' address.
    pub merchants: BTreeMap<String, Merchant>,
}

/// The door that channels knock on.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callbacks {
    pub listen: SocketAddr,
    pub max_body_bytes: usize,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attempts {
    pub life_s: i64,
    pub wait_ms: u64,
    pub watch_ms: u64,
    pub watch_life_s: u64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refunds {
    pub window_days: i64,
    pub funds_patience_s: i64,
}

/// The accounts of one or several legal entities at the channels.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merchant {
    /// For whom it collects. The one merchant without any collects for all
    /// legal entities that no other names.
    #[serde(default)]
    pub legal_entity_ids: Vec<LegalEntityId>,
    /// Begins the numbers of its receipts; empty for the legal entity's code.
    #[serde(default)]
    pub receipt_series: String,
    pub wechat: Option<WeChat>,
    pub alipay: Option<Alipay>,
}

/// An account at WeChat Pay.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeChat {
    pub mchid: String,
    pub appid: String,
    /// Serial of the merchant's API certificate.
    pub serial: String,
    pub private_key_file: SecretFile,
    pub api_v3_key_file: SecretFile,
    #[serde(default)]
    pub public_key_id: String,
    #[serde(default = "none")]
    pub public_key_file: Maybe<SecretFile>,
    /// Platform certificates still in use: serial in hex to file.
    #[serde(default)]
    pub certificates: BTreeMap<String, SecretFile>,
    #[serde(default = "base_url")]
    pub base_url: String,
    pub notify_url: String,
    #[serde(default = "none")]
    pub ca_file: Maybe<SecretFile>,
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
}

/// An account at Alipay, in key mode or in certificate mode.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alipay {
    pub app_id: String,
    /// The seller whom the application collects for, `2088…`.
    pub seller_id: String,
    /// The application's key, in PEM or in base64 without armour.
    pub private_key_file: SecretFile,
    /// Key mode: Alipay's public key.
    #[serde(default = "none")]
    pub public_key_file: Maybe<SecretFile>,
    /// Certificate mode: the application's certificate.
    #[serde(default = "none")]
    pub app_certificate_file: Maybe<SecretFile>,
    /// Certificate mode: Alipay's bundle of roots.
    #[serde(default = "none")]
    pub root_certificates_file: Maybe<SecretFile>,
    /// Certificate mode: Alipay's certificates still in use.
    #[serde(default)]
    pub certificate_files: Vec<SecretFile>,
    #[serde(default = "gateway")]
    pub base_url: String,
    pub notify_url: String,
    #[serde(default = "none")]
    pub ca_file: Maybe<SecretFile>,
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
}

fn none() -> Maybe<SecretFile> {
    Maybe(None)
}

fn base_url() -> String {
    "https://api.mch.weixin.qq.com".to_owned()
}

fn gateway() -> String {
    "https://openapi.alipay.com/gateway.do".to_owned()
}

fn connect_timeout_ms() -> u64 {
    2_000
}

fn timeout_ms() -> u64 {
    6_000
}

impl Attempts {
    pub fn life(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.life_s)
    }

    pub fn wait(&self) -> Duration {
        Duration::from_millis(self.wait_ms)
    }

    pub fn watch(&self) -> Duration {
        Duration::from_millis(self.watch_ms)
    }

    pub fn watch_life(&self) -> Duration {
        Duration::from_secs(self.watch_life_s)
    }
}

impl Refunds {
    pub fn window(&self) -> chrono::Duration {
        chrono::Duration::days(self.window_days)
    }

    pub fn funds_patience(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.funds_patience_s)
    }
}
