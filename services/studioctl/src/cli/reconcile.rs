use std::path::PathBuf;
use std::str::FromStr;

use clap::{Subcommand, ValueEnum};
use proto::studio::payments::v1::{Account, Party, Resolution};

#[derive(Debug, Subcommand)]
pub enum Reconcile {
    /// Lists the days that were held against ours, the newest first.
    Days {
        /// Only those of an account, as wechat/beijing.
        #[arg(long)]
        account: Option<AccountName>,
        /// Only those that are not closed.
        #[arg(long)]
        open: bool,
        /// Only those that nobody closed in time.
        #[arg(long)]
        overdue: bool,
    },
    /// Shows what a day's bill makes for each studio.
    Report { account: AccountName, day: String },
    /// Writes a day's lines and what was found about them, as CSV.
    Export {
        account: AccountName,
        day: String,
        /// Where to; the terminal without it.
        #[arg(long)]
        to: Option<PathBuf>,
    },
    /// Lists differences with what is proposed, those due first.
    Differences {
        /// Only those of an account, as alipay/beijing.
        #[arg(long)]
        account: Option<AccountName>,
        /// Only those of a day, as 2026-11-21.
        #[arg(long, default_value = "")]
        day: String,
        /// Only those that nobody looked at in time.
        #[arg(long)]
        overdue: bool,
        /// Those that came to their end as well.
        #[arg(long)]
        all: bool,
    },
    /// Says how a difference ends; one that moves money waits for another person.
    Resolve {
        difference_id: String,
        #[arg(value_enum)]
        how: Ending,
        /// Why, for whoever reads of it later.
        #[arg(long)]
        note: String,
    },
    /// Confirms how another person wants to end a difference.
    Confirm {
        difference_id: String,
        /// The version that was looked at.
        #[arg(long)]
        version: i64,
        /// Send it back instead.
        #[arg(long)]
        decline: bool,
    },
    /// Says that one went through a day.
    Sign {
        account: AccountName,
        day: String,
        #[arg(long, default_value = "")]
        note: String,
    },
    /// Closes for good a day that another person signed and nothing is open of.
    Close { account: AccountName, day: String },
    /// Takes in the statement of an account at a bank, as CSV.
    Import {
        /// The account's name in the configuration.
        bank: String,
        file: PathBuf,
    },
}

/// An account as typed: whose it is with, and its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountName {
    pub party: Party,
    pub name: String,
}

impl FromStr for AccountName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (party, name) = text.split_once('/').unwrap_or_default();
        let party = match party {
            "wechat" => Party::Wechat,
            "alipay" => Party::Alipay,
            "bank" => Party::Bank,
            _ => return Err("write wechat/NAME, alipay/NAME or bank/NAME".to_owned()),
        };
        Ok(Self {
            party,
            name: name.to_owned(),
        })
    }
}

impl From<AccountName> for Account {
    fn from(account: AccountName) -> Self {
        Self {
            party: account.party.into(),
            name: account.name,
        }
    }
}

/// How a person ends a difference.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Ending {
    /// There is a reason, and no money moves.
    Explained,
    /// Our books were corrected.
    CorrectedHere,
    /// The other side pays or corrects.
    Claimed,
    /// The money was sent back.
    SentBack,
    /// It is borne as a loss or kept as a gain.
    WrittenOff,
}

impl From<Ending> for Resolution {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Explained => Self::Explained,
            Ending::CorrectedHere => Self::CorrectedHere,
            Ending::Claimed => Self::Claimed,
            Ending::SentBack => Self::SentBack,
            Ending::WrittenOff => Self::WrittenOff,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_typed_with_whose_it_is() {
        let account: AccountName = "alipay/beijing".parse().unwrap();
        assert_eq!((account.party, account.name.as_str()), (Party::Alipay, "beijing"));
        assert!("beijing".parse::<AccountName>().is_err());
        assert!("paypal/beijing".parse::<AccountName>().is_err());
    }
}
