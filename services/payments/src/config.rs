//! The service's own settings: the table `[service]`.

pub mod callbacks;
pub mod cashier;
pub mod suspense;

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use kernel::{LegalEntityId, Timestamp};
use platform::config::{Maybe, SecretFile};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::domain::exception::Kind;
use crate::domain::reconciliation::Book;
use crate::domain::reconciliation::difference::Urgency;
use crate::domain::route::Rule;
use crate::domain::seller::Seller;
use crate::domain::statement::bank::Headings;
use crate::domain::statement::figures;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub callbacks: callbacks::Callbacks,
    pub attempts: Attempts,
    pub cashier: cashier::Cashier,
    pub refunds: Refunds,
    pub statements: Statements,
    pub exceptions: Exceptions,
    pub suspense: suspense::Suspense,
    pub verifications: Verifications,
    /// What stands on the proofs of a legal entity beside its name, by its code in
    /// the organisation.
    #[serde(default)]
    pub sellers: BTreeMap<String, Seller>,
    /// Accounts at banks, by a name of the operator's choice.
    #[serde(default)]
    pub banks: BTreeMap<String, Bank>,
    /// By a name that is also the last part of the callbacks' address.
    pub merchants: BTreeMap<String, Merchant>,
    /// Which account collects what, the first that holds first; the main one of a
    /// legal entity collects the rest.
    #[serde(default)]
    pub routes: Vec<Rule>,
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
    pub drawer_days: i64,
}

/// Money of members' that may have gone wrong.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exceptions {
    pub duplicate_charge_h: i64,
    pub paid_not_credited_h: i64,
    pub mismatch_h: i64,
    pub reopen_days: i64,
    pub twin_window_s: i64,
}

/// The desk's look at what was paid.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifications {
    pub within_h: i64,
}

/// Bills of channels, and what is held against them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statements {
    pub fetch_at: NaiveTime,
    pub ask_again_s: u64,
    pub missing_after_s: i64,
    pub settle_days: i64,
    pub close_days: i64,
    pub urgent_h: i64,
    pub normal_h: i64,
    /// By merchant, then by channel: the rate that was agreed.
    #[serde(default)]
    pub rates: BTreeMap<String, BTreeMap<String, Decimal>>,
}

/// An account at a bank.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bank {
    pub legal_entity_id: LegalEntityId,
    /// The merchants whose payouts arrive there.
    #[serde(default)]
    pub settles: Vec<String>,
    /// Told to who pays by transfer; without it nobody is sent here.
    pub transfers: Option<suspense::Payee>,
    pub headings: Headings,
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
    /// It collects only where a route says so, beside the main merchant of its
    /// legal entities.
    #[serde(default)]
    pub by_rule_only: bool,
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
    /// Keys of other certificates of the merchant's, by serial: they sign when
    /// WeChat Pay does not take the first.
    #[serde(default)]
    pub other_keys: BTreeMap<String, SecretFile>,
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
    /// A bill is fetched within this time.
    #[serde(default = "download_timeout_ms")]
    pub download_timeout_ms: u64,
    /// How often platform certificates are fetched, below twelve hours.
    #[serde(default = "renew_keys_s")]
    pub renew_keys_s: u64,
    /// Between two tries to fetch them.
    #[serde(default = "renew_pause_s")]
    pub renew_pause_s: u64,
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

fn download_timeout_ms() -> u64 {
    120_000
}

fn renew_keys_s() -> u64 {
    21_600
}

fn renew_pause_s() -> u64 {
    60
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

impl Statements {
    pub fn ask_again(&self) -> Duration {
        Duration::from_secs(self.ask_again_s)
    }

    /// How long after the time of fetching a bill counts as missing.
    pub fn missing_after(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.missing_after_s)
    }

    /// How long a payout may be on its way.
    pub fn settle_within(&self) -> chrono::Duration {
        chrono::Duration::days(self.settle_days)
    }

    /// When somebody must have looked at what was found at `found`.
    pub fn due_at(&self, urgency: Urgency, found: Timestamp) -> Timestamp {
        found
            + chrono::Duration::hours(match urgency {
                Urgency::Urgent => self.urgent_h,
                Urgency::Normal => self.normal_h,
            })
    }

    /// Days before this one must be closed by now.
    pub fn closed_before(&self, now: Timestamp) -> NaiveDate {
        figures::day(now) - chrono::Duration::days(self.close_days)
    }

    pub fn rate(&self, book: &Book) -> Option<Decimal> {
        self.rates.get(&book.account)?.get(book.party.word()).copied()
    }

    /// When the bills of a day are fetched: the next day, in China's time.
    pub fn fetched_at(&self, day: NaiveDate) -> Timestamp {
        figures::at(day + chrono::Days::new(1), self.fetch_at)
    }
}

impl Exceptions {
    /// When a member has an answer to what was noticed at `at`.
    pub fn due_at(&self, kind: Kind, at: Timestamp) -> Timestamp {
        at + chrono::Duration::hours(match kind {
            Kind::DuplicateCharge => self.duplicate_charge_h,
            Kind::PaidNotCredited => self.paid_not_credited_h,
            Kind::Mismatch => self.mismatch_h,
        })
    }

    /// How long an answer can be doubted.
    pub fn reopen_within(&self) -> chrono::Duration {
        chrono::Duration::days(self.reopen_days)
    }

    /// Two payments of one amount within this time may be one charged twice.
    pub fn twin_window(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.twin_window_s)
    }
}

impl Verifications {
    /// When the desk has looked at what was recorded at `at`.
    pub fn due_at(&self, at: Timestamp) -> Timestamp {
        at + chrono::Duration::hours(self.within_h)
    }
}

impl Refunds {
    pub fn window(&self) -> chrono::Duration {
        chrono::Duration::days(self.window_days)
    }

    pub fn funds_patience(&self) -> chrono::Duration {
        chrono::Duration::seconds(self.funds_patience_s)
    }

    /// How long a refund may wait to be fetched at a drawer.
    pub fn drawer_wait(&self) -> chrono::Duration {
        chrono::Duration::days(self.drawer_days)
    }
}
