//! The settings of this service; `config.toml` says what each means.

use platform::config::{Maybe, SecretFile};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    pub max_tries: i32,
    pub smtp: Smtp,
}

#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Smtp {
    pub host: String,
    pub port: u16,
    pub security: Security,
    pub user: String,
    #[serde(skip_serializing)]
    pub password_file: Maybe<SecretFile>,
    pub timeout_ms: u64,
    pub connections: u32,
    pub from: String,
    pub message_id_domain: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    None,
    Starttls,
    Tls,
}
