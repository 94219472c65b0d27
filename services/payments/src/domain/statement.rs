//! What others say about our money: a channel's bills of a day and a bank's
//! statement of an account, each read line by line from the file as it came. A
//! reader keeps one line at a time, verifies the file's own totals at the end,
//! and fails loudly where a file is not as its sender promises.

pub mod alipay;
pub mod bank;
mod columns;
pub mod figures;
mod lines;
pub mod wechat;

#[cfg(test)]
mod tests;

use kernel::Timestamp;
use rust_decimal::Decimal;

use crate::words::{kept_words, words};

kept_words! {
    /// Who says it.
    Party { Wechat = "wechat", Alipay = "alipay", Bank = "bank" }
}

kept_words! {
    /// What a file is about.
    Kind {
        /// What payers paid and got back.
        Trades = "trades",
        /// What came into the channel's account and left it.
        Funds = "funds",
        /// What came into a bank account and left it.
        Bank = "bank",
    }
}

kept_words! {
    /// What a line says that happened.
    Deed {
        Payment = "payment",
        Refund = "refund",
        /// A payment that was undone as a whole.
        Reversal = "reversal",
        /// A fee, or a fee given back.
        Fee = "fee",
        /// Money on its way from the channel to a bank account of ours.
        Payout = "payout",
        /// Money of ours put into the channel's account.
        Deposit = "deposit",
        /// Something came into a bank account, or left it.
        Transfer = "transfer",
        /// A kind of business that nobody here knows.
        Other = "other",
    }
}

kept_words! {
    /// How far a thing was when the file was made.
    Progress { Done = "done", Going = "going", Failed = "failed", Strange = "strange" }
}

words! {
    /// The five layouts of channels' files.
    Layout {
        WechatTrades = "wechat trades",
        WechatFunds = "wechat funds",
        AlipayTrades = "alipay trades",
        AlipayFunds = "alipay funds",
    }
}

/// One line of a file. Nothing of a payer is in it: who paid stays in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where it stands in the file, from 1.
    pub line: u32,
    pub deed: Deed,
    /// Their word for the deed.
    pub word: String,
    pub progress: Progress,
    /// Our number: of the refund for a refund, else of the payment. In a fund
    /// bill whatever number of ours they give, if any.
    pub number: String,
    /// Our number of the payment that a refund is of.
    pub payment: String,
    /// Their number.
    pub transaction: String,
    /// What the lines of a trade bill and of a fund bill about one movement have
    /// in common.
    pub settle_key: String,
    /// The account, as the file names it; empty when it does not.
    pub merchant: String,
    pub app: String,
    /// In fen. In trade bills what the payer was asked for or got back, above
    /// zero; in the others what came in, or below zero what went out.
    pub amount_minor: i64,
    /// In fen: what of it the account gets or gives.
    pub settle_minor: i64,
    /// In thousandths of a fen, below zero when it was given back.
    pub fee_thousandths: i64,
    /// As the file states it.
    pub rate: Option<Decimal>,
    /// In fen, of the account after this.
    pub balance_minor: Option<i64>,
    pub at: Timestamp,
}

impl Line {
    /// A line on which only its place, kind and time stand yet.
    fn at(line: u32, deed: Deed, word: &str, at: Timestamp) -> Self {
        Self {
            line,
            deed,
            word: word.to_owned(),
            progress: Progress::Done,
            number: String::new(),
            payment: String::new(),
            transaction: String::new(),
            settle_key: String::new(),
            merchant: String::new(),
            app: String::new(),
            amount_minor: 0,
            settle_minor: 0,
            fee_thousandths: 0,
            rate: None,
            balance_minor: None,
            at,
        }
    }
}

/// Why a file cannot be used. No value of the file is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("line {0} is no text in the encoding of such files")]
    Encoding(u32),
    #[error("line {0} is longer than a line can be")]
    TooLong(u32),
    #[error("the heading {0} is not known here")]
    UnknownHeading(String),
    #[error("the heading {0} is missing")]
    MissingHeading(String),
    #[error("line {0} has not as many fields as there are headings")]
    Width(u32),
    #[error("line {line}: {field} is not as promised")]
    Field { line: u32, field: String },
    #[error("the file ends before its totals")]
    Truncated,
    #[error("{0} is not what the lines make")]
    Totals(&'static str),
    #[error("the digest is not what the sender stated")]
    Digest,
    #[error("the file cannot be read: {0}")]
    Broken(String),
}

/// Reads a channel's file. The last thing that it yields is an error when the
/// totals do not hold.
pub fn read<'a>(
    layout: Layout,
    bytes: &'a [u8],
) -> Box<dyn Iterator<Item = Result<Line, Unreadable>> + Send + 'a> {
    match layout {
        Layout::WechatTrades => Box::new(wechat::trades(bytes)),
        Layout::WechatFunds => Box::new(wechat::funds(bytes)),
        Layout::AlipayTrades => Box::new(alipay::trades(bytes)),
        Layout::AlipayFunds => Box::new(alipay::funds(bytes)),
    }
}

impl Layout {
    /// The layout of a channel's file of a kind; banks have their own.
    pub fn of(party: Party, kind: Kind) -> Option<Self> {
        match (party, kind) {
            (Party::Wechat, Kind::Trades) => Some(Self::WechatTrades),
            (Party::Wechat, Kind::Funds) => Some(Self::WechatFunds),
            (Party::Alipay, Kind::Trades) => Some(Self::AlipayTrades),
            (Party::Alipay, Kind::Funds) => Some(Self::AlipayFunds),
            (Party::Bank, _) | (_, Kind::Bank) => None,
        }
    }
}
