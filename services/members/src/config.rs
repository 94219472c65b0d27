//! What members can be told, parsed once.

use std::path::PathBuf;

use anyhow::ensure;
use chrono::Duration;
use kernel::PersonId;
use platform::personal::Email;
use serde::Deserialize;
use uuid::Uuid;

use crate::domain::challenges::LockoutRules;
use crate::domain::staff::ReviewRules;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    first_admin: String,
    entitled_within_s: i64,
    codes: Codes,
    lockout: Lockout,
    grants: Grants,
    pub dev_issuer: DevIssuerConfig,
    pub issuers: Vec<IssuerConfig>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    life_s: i64,
    pause_s: i64,
    most_per_hour: usize,
    most_wrong: i16,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lockout {
    most_wrong: i32,
    window_s: i64,
    lock_s: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Grants {
    certify_within_days: i64,
    unused_after_days: i64,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevIssuerConfig {
    pub enabled: bool,
    pub key_file: PathBuf,
}

/// An identity provider whose id tokens are accepted.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuerConfig {
    pub issuer: String,
    pub audience: String,
    pub keys: PathBuf,
}

/// The settings as handlers use them.
#[derive(Debug, Clone)]
pub struct Settings {
    pub codes: CodeRules,
    pub lockout: LockoutRules,
    pub reviews: ReviewRules,
    /// A card that opens later after its payment is late.
    pub entitled_within: Duration,
    first_admin: Option<Email>,
}

/// How one-time codes live.
#[derive(Debug, Clone, Copy)]
pub struct CodeRules {
    pub life: Duration,
    pub pause: Duration,
    pub most_per_hour: usize,
    pub most_wrong: i16,
}

impl Config {
    pub fn settings(&self) -> anyhow::Result<Settings> {
        let (codes, lockout) = (&self.codes, &self.lockout);
        ensure!(
            codes.life_s > 0 && codes.pause_s >= 0,
            "service.codes: life_s must be above zero, pause_s not below"
        );
        ensure!(
            codes.most_per_hour > 0 && codes.most_wrong > 0,
            "service.codes: the most must be above zero"
        );
        ensure!(
            lockout.most_wrong > 0 && lockout.window_s > 0 && lockout.lock_s > 0,
            "service.lockout: all must be above zero"
        );
        let grants = &self.grants;
        ensure!(
            grants.certify_within_days > 0 && grants.unused_after_days > 0,
            "service.grants: both must be above zero"
        );
        let first_admin = match self.first_admin.as_str() {
            "" => None,
            text => Some(Email::parse("service.first_admin", text).map_err(kernel::Invalid::from)?),
        };
        Ok(Settings {
            codes: CodeRules {
                life: Duration::seconds(codes.life_s),
                pause: Duration::seconds(codes.pause_s),
                most_per_hour: codes.most_per_hour,
                most_wrong: codes.most_wrong,
            },
            lockout: LockoutRules {
                most_wrong: lockout.most_wrong,
                window: Duration::seconds(lockout.window_s),
                lock: Duration::seconds(lockout.lock_s),
            },
            reviews: ReviewRules {
                certify_within: Duration::days(grants.certify_within_days),
                unused_after: Duration::days(grants.unused_after_days),
            },
            entitled_within: Duration::seconds(self.entitled_within_s),
            first_admin,
        })
    }
}

impl Settings {
    pub fn is_first_admin(&self, account: &Email) -> bool {
        self.first_admin.as_ref() == Some(account)
    }

    /// Under whom the first imports are audited: nobody who is ever registered.
    #[expect(clippy::unused_self, reason = "it goes with is_first_admin")]
    pub fn first_admin_person(&self) -> PersonId {
        PersonId::derived(Uuid::nil(), "first administrator")
    }
}
