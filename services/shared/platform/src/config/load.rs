use std::path::{Path, PathBuf};

use figment::providers::{Data, Env, Format, Toml};
use figment::value::{Dict, Map, Value};
use figment::{Figment, Metadata, Profile, Provider};
use serde::de::DeserializeOwned;

use super::PlatformConfig;
use super::secret::mask_url;

const DEFAULTS: &str = include_str!("../platform.toml");

/// Why a process cannot start with what it was told.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    #[error("configuration: {}", describe(.0))]
    Read(Box<figment::Error>),
    #[error("configuration: there is no file {0}")]
    NoFile(PathBuf),
    #[error("configuration: {0} is needed and not set")]
    Missing(&'static str),
    #[error("configuration: {0} is no address of a database")]
    BadUrl(&'static str),
    #[error("configuration: {0} does not hold a key of 32 bytes in hex or base64")]
    BadKeyFile(PathBuf),
}

impl From<figment::Error> for ConfigError {
    fn from(error: figment::Error) -> Self {
        Self::Read(Box::new(error))
    }
}

/// One line a problem, each with the key and where it was set.
fn describe(error: &figment::Error) -> String {
    error
        .clone()
        .into_iter()
        .map(|problem| problem.to_string().replace("default.", ""))
        .collect::<Vec<_>>()
        .join("; ")
}

/// What a process is told, platform's part and the service's own, and where
/// each setting came from.
#[derive(Debug, Clone)]
pub struct Settings<C> {
    pub platform: PlatformConfig,
    pub service: C,
    pub(crate) source: Figment,
}

impl<C: DeserializeOwned> Settings<C> {
    /// Reads everything a process `name` is told: defaults, `file`, environment.
    pub fn load(name: &str, defaults: &str, file: Option<&Path>) -> Result<Self, ConfigError> {
        let mut figment = base(name, defaults);
        if let Some(file) = file {
            if !file.is_file() {
                return Err(ConfigError::NoFile(file.to_owned()));
            }
            figment = figment.merge(Toml::file_exact(file));
        }
        let prefix = format!("{}__", name.to_uppercase());
        Self::read(figment.merge(Env::prefixed(&prefix).split("__")))
    }

    /// The defaults changed by `overrides` (TOML), without a look at the
    /// environment: for tests, which run several services in one process.
    pub fn with(name: &str, defaults: &str, overrides: &str) -> Result<Self, ConfigError> {
        Self::read(base(name, defaults).merge(Toml::string(overrides)))
    }

    fn read(source: Figment) -> Result<Self, ConfigError> {
        let platform = source.extract::<PlatformConfig>()?;
        let service = source.extract_inner::<C>("service")?;
        Ok(Self {
            platform,
            service,
            source,
        })
    }

    /// Every setting in force, one a line, with where it came from; passwords
    /// in addresses are blotted out, and secrets are only paths of files.
    pub fn lines(&self) -> Result<Vec<String>, ConfigError> {
        let mut lines = Vec::new();
        walk(
            &self.source,
            "",
            &Value::from(self.source.extract::<Dict>()?),
            &mut lines,
        );
        Ok(lines)
    }
}

fn base(name: &str, defaults: &str) -> Figment {
    Figment::from(Named(
        "the defaults of platform".to_owned(),
        Toml::string(DEFAULTS),
    ))
    .merge(Toml::string("[service]"))
    .merge(Named(format!("the defaults of {name}"), Toml::string(defaults)))
}

/// A text with a name that errors and `check-config` can say.
struct Named(String, Data<Toml>);

impl Provider for Named {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.0.clone())
    }

    fn data(&self) -> figment::Result<Map<Profile, Dict>> {
        self.1.data()
    }
}

fn walk(source: &Figment, path: &str, value: &Value, lines: &mut Vec<String>) {
    if let Value::Dict(_, dict) = value {
        for (key, inner) in dict {
            let path = if path.is_empty() {
                key.clone()
            } else {
                format!("{path}.{key}")
            };
            walk(source, &path, inner, lines);
        }
        return;
    }
    let from = source
        .find_metadata(path)
        .map_or_else(String::new, |m| format!("  # {}", origin(m)));
    lines.push(format!("{path} = {}{from}", text(value)));
}

fn origin(metadata: &Metadata) -> String {
    metadata.source.as_ref().map_or_else(
        || metadata.name.to_string(),
        |source| format!("{} {source}", metadata.name),
    )
}

fn text(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{:?}", mask_url(text)),
        Value::Char(_, c) => format!("{c:?}"),
        Value::Bool(_, b) => b.to_string(),
        Value::Num(_, n) => n.to_i128().map_or_else(
            || n.to_f64().map_or_else(String::new, |f| f.to_string()),
            |i| i.to_string(),
        ),
        Value::Array(_, all) => format!("[{}]", all.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::Empty(..) | Value::Dict(..) => "{}".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Clone, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Own {
        lots: u32,
    }

    const OWN: &str = "[service]\nlots = 3\n[limits]\nconcurrency = 9\n";

    #[test]
    fn a_services_defaults_stand_over_platforms() {
        let settings = Settings::<Own>::with("wallet", OWN, "").unwrap();
        assert_eq!(settings.platform.limits.concurrency, 9);
        assert_eq!(settings.service.lots, 3);
    }

    #[test]
    fn an_unknown_key_is_named_with_where_it_was_set() {
        let error = Settings::<Own>::with("wallet", OWN, "[grpc]\nlissen = \"0.0.0.0:1\"").unwrap_err();
        assert!(error.to_string().contains("lissen"), "{error}");
        assert!(error.to_string().contains("grpc"), "{error}");
    }

    #[test]
    fn an_unknown_key_of_the_service_itself_is_named() {
        let error = Settings::<Own>::with("wallet", OWN, "[service]\nlotts = 1").unwrap_err();
        assert!(error.to_string().contains("lotts"), "{error}");
    }

    #[test]
    fn a_wrong_type_names_the_key() {
        let error = Settings::<Own>::with("wallet", OWN, "[deadlines]\ndefault_ms = \"soon\"").unwrap_err();
        assert!(error.to_string().contains("deadlines.default_ms"), "{error}");
    }

    #[test]
    fn a_missing_secret_file_names_the_key_and_the_file() {
        let error = Settings::<Own>::with("wallet", OWN, "[vault]\nkek_file = \"/nowhere/kek\"").unwrap_err();
        assert!(error.to_string().contains("vault.kek_file"), "{error}");
        assert!(error.to_string().contains("/nowhere/kek"), "{error}");
    }

    #[test]
    fn the_listing_hides_passwords_and_says_where_a_setting_came_from() {
        let settings =
            Settings::<Own>::with("wallet", OWN, "[database]\nurl = \"postgres://a:hunter2@h/d\"").unwrap();
        let lines = settings.lines().unwrap().join("\n");
        assert!(!lines.contains("hunter2"), "{lines}");
        assert!(
            lines.contains("limits.concurrency = 9  # the defaults of wallet"),
            "{lines}"
        );
        assert!(lines.contains("service.lots = 3"), "{lines}");
    }
}
