use clap::{Subcommand, ValueEnum};
use proto::studio::payments::v1::CodeChannel;

#[derive(Debug, Subcommand)]
pub enum Counters {
    /// Lists codes, those to be checked first.
    List {
        /// Only those that nobody checked in time.
        #[arg(long)]
        overdue: bool,
        /// Only those in whose place another one was found.
        #[arg(long)]
        suspected: bool,
    },
    /// Registers a code that stands on a counter from now on.
    PutUp {
        /// The studio's code.
        studio: String,
        #[arg(value_enum)]
        channel: Channel,
        /// Where it stands.
        place: String,
        /// What a scanner reads in it.
        content: String,
    },
    /// Compares what a scanner reads on a counter with what was put up.
    Check { code_id: String, content: String },
    /// Says that a code stands nowhere any more.
    TakeDown { code_id: String },
}

/// Whose code it is.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Channel {
    Wechat,
    Alipay,
}

impl From<Channel> for CodeChannel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Wechat => Self::Wechat,
            Channel::Alipay => Self::Alipay,
        }
    }
}
