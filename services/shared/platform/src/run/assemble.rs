use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use aws_lc_rs::hmac;
use kernel::Clock;
use tokio::sync::Notify;
use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use crate::audit::seal::{Keys, Seal};
use crate::client::Peers;
use crate::config::{ConfigError, Database, Maybe, Mtls, PlatformConfig, SecretFile};
use crate::feed::Consumers;
use crate::hints::Hints;
use crate::limits::Rooms;
use crate::organisation::Organisation;
use crate::own_acts::OwnActs;
use crate::platform::Inner;
use crate::subscription::Lags;
use crate::token::{ServiceToken, Signer, Verifier};
use crate::vault::Vault;
use crate::{Platform, Tuning, database};

/// Puts the ground under the service `name` together. Connects nowhere yet.
pub(super) fn platform(
    name: &'static str,
    config: &PlatformConfig,
    clock: Clock,
    own_acts: OwnActs,
) -> anyhow::Result<Platform> {
    let tls = client_tls(&config.mtls)?;
    let token = ServiceToken::new(
        signer(name, &config.tokens.service_key).context("tokens.service_key")?,
        Duration::from_secs(config.tokens.service_token_life_s),
    );
    // Whoever calls is better refused than kept waiting, and is, where calls open their
    // transactions; a login that has begun goes on, or no connection would be made under load.
    let patient = Database {
        acquire_timeout_ms: 10_000,
        ..config.database.clone()
    };
    let inner = Inner {
        name,
        calls: database::pool(&patient, patient.max_connections)?,
        connections: connections(config),
        background: database::pool(&patient, patient.background_connections)?,
        fingerprint: fingerprint(config)?,
        organisation: Organisation::default(),
        peers: Peers::new(config, token, tls.as_ref()),
        vault: vault(config)?,
        person_signer: signer(&config.tokens.person_key_name, &config.tokens.person_key)
            .context("tokens.person_key")?,
        seal: seal(name, &config.tokens.service_key).context("tokens.service_key")?,
        head_keys: Keys::from_folder(&config.tokens.verify_keys).context("tokens.verify_keys")?,
        token_issuer: config.tokens.issuer.clone(),
        person_keys: verifier(config)?.person_keys(),
        tuning: Tuning {
            max_attempts: config.tasks.attempts,
            lease: chrono::Duration::seconds(i64::from(config.tasks.lease_s)),
            task_workers: config.tasks.workers,
            poll_ms: config.feed.wait_ms,
            keep_days: config.feed.keep_days,
            inbox_days: config.feed.inbox_days,
        },
        consumers: Consumers::default(),
        lags: Lags::default(),
        hints: Hints::default(),
        own_acts,
        outbox_bell: Notify::new(),
        feed_bell: tokio::sync::watch::Sender::default(),
        task_bell: Notify::new(),
        chain_bell: Notify::new(),
    };
    Ok(Platform {
        clock,
        inner: Arc::new(inner),
    })
}

fn connections(config: &PlatformConfig) -> Rooms {
    let wait = Duration::from_millis(config.database.acquire_timeout_ms);
    let connections = usize::try_from(config.database.max_connections).unwrap_or(usize::MAX);
    Rooms::for_connections(connections, wait, &config.limits)
}

/// The public keys by which tokens are checked.
pub(super) fn verifier(config: &PlatformConfig) -> anyhow::Result<Verifier> {
    let tokens = &config.tokens;
    if tokens.verify_keys.as_os_str().is_empty() {
        return Err(ConfigError::Missing("tokens.verify_keys").into());
    }
    Verifier::from_folder(&tokens.issuer, &tokens.verify_keys).context("tokens.verify_keys")
}

fn signer(name: &str, key: &Maybe<SecretFile>) -> anyhow::Result<Option<Signer>> {
    Ok(key
        .get()
        .map(|file| Signer::from_pem(name, file.expose()))
        .transpose()?)
}

fn seal(name: &str, key: &Maybe<SecretFile>) -> anyhow::Result<Option<Seal>> {
    Ok(key
        .get()
        .map(|file| Seal::from_pem(name, file.expose()))
        .transpose()?)
}

fn fingerprint(config: &PlatformConfig) -> anyhow::Result<hmac::Key> {
    let key = config
        .fingerprint
        .key_file
        .require("fingerprint.key_file")?
        .key()?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &key))
}

fn vault(config: &PlatformConfig) -> anyhow::Result<Vault> {
    let wrapping = config.vault.kek_file.require("vault.kek_file")?;
    let index = config.vault.index_key_file.require("vault.index_key_file")?;
    Vault::from_text(wrapping.expose(), index.expose()).context("vault")
}

fn client_tls(mtls: &Mtls) -> anyhow::Result<Option<ClientTlsConfig>> {
    Ok(identity(mtls)?.map(|(identity, ca)| ClientTlsConfig::new().identity(identity).ca_certificate(ca)))
}

/// How this service shows itself, and whom it lets connect, once mTLS is on.
pub(super) fn server_tls(mtls: &Mtls) -> anyhow::Result<Option<ServerTlsConfig>> {
    Ok(identity(mtls)?.map(|(identity, ca)| ServerTlsConfig::new().identity(identity).client_ca_root(ca)))
}

fn identity(mtls: &Mtls) -> anyhow::Result<Option<(Identity, Certificate)>> {
    if !mtls.enabled {
        return Ok(None);
    }
    let cert = mtls.cert.require("mtls.cert")?.expose();
    let key = mtls.key.require("mtls.key")?.expose();
    let ca = mtls.ca.require("mtls.ca")?.expose();
    Ok(Some((Identity::from_pem(cert, key), Certificate::from_pem(ca))))
}
