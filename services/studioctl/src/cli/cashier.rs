use clap::{Args, Subcommand, ValueEnum};
use proto::studio::payments::v1::{LimitSubject, OfferedMethod};

#[derive(Debug, Subcommand)]
pub enum Cashier {
    /// Lists the limits on what may be started, the newest first.
    Limits {
        /// Those that are no longer, or not yet, in force as well.
        #[arg(long)]
        all: bool,
    },
    /// Sets a limit from now on; with neither figure it lifts the one before.
    Limit {
        #[command(flatten)]
        at: Place,
        /// Whose attempts it counts.
        #[arg(value_enum)]
        subject: Counts,
        /// Length of the window in seconds.
        #[arg(long, default_value_t = 3600)]
        window_s: i32,
        /// At most so many attempts.
        #[arg(long, default_value_t = 0)]
        starts: i32,
        /// At most so many yuan in all.
        #[arg(long)]
        yuan: Option<String>,
        /// Why, for whoever reads of it later.
        #[arg(long)]
        note: String,
    },
    /// Lists the attempts that limits did not let start, the newest first.
    Blocked {
        /// Only those of a person.
        #[arg(long, default_value = "")]
        person: String,
    },
    /// Takes no new payments from now on; what was started goes on.
    Close {
        #[command(flatten)]
        at: Place,
        /// Only by this channel.
        #[arg(long, value_enum)]
        channel: Option<Channel>,
        /// Why, as payers will read it.
        reason: String,
    },
    /// Takes new payments again.
    Reopen {
        #[command(flatten)]
        at: Place,
        /// The channel for which it was closed.
        #[arg(long, value_enum)]
        channel: Option<Channel>,
    },
    /// Lists where no new payments are taken, the newest first.
    Closures {
        /// Those that are over as well.
        #[arg(long)]
        all: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Channel {
    Wechat,
    Alipay,
}

impl From<Channel> for OfferedMethod {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Wechat => Self::WechatPay,
            Channel::Alipay => Self::Alipay,
        }
    }
}

/// A studio, or all those of a company.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct Place {
    /// Code of the studio, as BJ-GUOMAO.
    #[arg(long)]
    pub studio: Option<String>,
    /// UUID of the legal entity for all of whose studios it is.
    #[arg(long)]
    pub entity: Option<String>,
}

/// Whose attempts a limit counts.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Counts {
    Member,
    Device,
    Studio,
}

impl From<Counts> for LimitSubject {
    fn from(counts: Counts) -> Self {
        match counts {
            Counts::Member => Self::Member,
            Counts::Device => Self::Device,
            Counts::Studio => Self::Studio,
        }
    }
}
