//! The door to the mail server. Connections are kept and used again; a step
//! that takes too long leaves the outcome unknown.

use std::time::Duration;

use anyhow::Context as _;
use kernel::MessageId;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use platform::personal::Email;

use crate::config::{Security, Smtp};
use crate::domain::template::Text;

pub struct Mailer {
    server: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    message_id_domain: String,
}

/// Why a mail is not known to have been taken.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// The server will never take it.
    #[error("the mail server refused for good")]
    Refused(#[source] lettre::transport::smtp::Error),
    /// It may have been taken or not: ask again with the same Message-ID.
    #[error("the outcome at the mail server is unknown or may change")]
    Unknown(#[source] lettre::transport::smtp::Error),
    #[error("the address cannot be written to")]
    BadAddress,
}

impl Mailer {
    pub fn new(config: &Smtp) -> anyhow::Result<Self> {
        let host = config.host.as_str();
        let builder = match config.security {
            Security::None => AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host),
            Security::Starttls => AsyncSmtpTransport::<Tokio1Executor>::starttls_relay(host)?,
            Security::Tls => AsyncSmtpTransport::<Tokio1Executor>::relay(host)?,
        };
        let builder = builder
            .port(config.port)
            .timeout(Some(Duration::from_millis(config.timeout_ms)))
            .pool_config(PoolConfig::new().max_size(config.connections));
        let server = match config.password_file.get() {
            Some(password) if !config.user.is_empty() => builder.credentials(Credentials::new(
                config.user.clone(),
                password.expose().to_owned(),
            )),
            _ => builder,
        };
        Ok(Self {
            server: server.build(),
            from: config.from.parse().context("service.smtp.from")?,
            message_id_domain: config.message_id_domain.clone(),
        })
    }

    /// The same for every try of a message, so that a receiver sees doubles.
    pub fn message_id(&self, id: MessageId) -> String {
        format!("<{id}@{}>", self.message_id_domain)
    }

    pub async fn send(&self, id: MessageId, to: &Email, text: Text) -> Result<(), Unsent> {
        let address = to.expose().parse().map_err(|_| Unsent::BadAddress)?;
        let mail = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, address))
            .subject(text.subject)
            .message_id(Some(self.message_id(id)))
            .header(ContentType::TEXT_PLAIN)
            .body(text.body)
            .map_err(|_| Unsent::BadAddress)?;
        match self.server.send(mail).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(Unsent::Refused(error)),
            Err(error) => Err(Unsent::Unknown(error)),
        }
    }
}
