use clap::{Subcommand, ValueEnum};
use proto::studio::payments::v1::CredentialKind;

#[derive(Debug, Subcommand)]
pub enum Credentials {
    /// Lists credentials with their ages, those to be renewed first.
    List {
        /// Only those that should have been renewed by now.
        #[arg(long)]
        overdue: bool,
        /// Also those that open nothing any more.
        #[arg(long)]
        all: bool,
    },
    /// Shows one with its renewals.
    Show { credential_id: String },
    /// Enters one. What it is that opens the account is never asked for.
    Register {
        legal_entity_id: String,
        #[arg(value_enum)]
        kind: Kind,
        /// The account, as people call it.
        account: String,
        /// What it is called among those of the account.
        name: String,
        /// The person who holds it.
        #[arg(long)]
        holder: String,
        /// Days after which it has to be renewed.
        #[arg(long, default_value_t = 90)]
        every_days: i32,
        /// The day on which it was last renewed, as 2026-11-21.
        #[arg(long)]
        rotated: chrono::NaiveDate,
    },
    /// Names another holder, who has to renew it, or another period.
    Change {
        credential_id: String,
        /// The version that was looked at.
        #[arg(long)]
        version: i64,
        #[arg(long)]
        holder: String,
        #[arg(long)]
        every_days: i32,
    },
    /// Says that one was renewed, which another person has to confirm.
    Rotated {
        credential_id: String,
        /// How, without anything secret.
        #[arg(long)]
        note: String,
    },
    /// Confirms what another person said.
    Confirm {
        rotation_id: String,
        /// It was not renewed.
        #[arg(long)]
        decline: bool,
    },
    /// Says that one opens nothing any more.
    Retire {
        credential_id: String,
        /// The version that was looked at.
        #[arg(long)]
        version: i64,
    },
}

/// What a credential is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Kind {
    /// By which somebody signs in to the account's pages.
    LoginPassword,
    /// Which lets money go.
    PaymentPassword,
    /// A bank's hardware key.
    BankKey,
    /// A symmetric key of an interface.
    ApiKey,
    /// A private key with or without its certificate.
    Certificate,
}

impl From<Kind> for CredentialKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::LoginPassword => Self::LoginPassword,
            Kind::PaymentPassword => Self::PaymentPassword,
            Kind::BankKey => Self::BankKey,
            Kind::ApiKey => Self::ApiKey,
            Kind::Certificate => Self::Certificate,
        }
    }
}
