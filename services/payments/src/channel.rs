//! What payments wants from any payment channel, in neutral words. An adapter
//! translates; it decides nothing, and it never calls a doubt a failure.

pub mod alipay;
mod elsewhere;
mod outcome;
pub mod rsa;
pub mod wechat;

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use chrono::NaiveDate;
use http::HeaderMap;
use kernel::{Amount, AttemptId, IsolatedMoneyId, RefundId, StudioId, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::elsewhere::{Elsewhere, PayerAccount};
pub use self::outcome::{Failure, Outcome, Retry};

/// Our number of something at a channel: it follows from our id, so that a
/// retry can never carry another. 32 letters and digits, which all channels take.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ChannelNumber(String);

impl ChannelNumber {
    pub fn of_attempt(attempt: AttemptId) -> Self {
        Self::of(attempt.0)
    }

    pub fn of_refund(refund: RefundId) -> Self {
        Self::of(refund.0)
    }

    /// The number under which isolated money is sent back for the `try_no`th
    /// time; a try that the channel closed needs a new number.
    pub fn of_return(isolated: IsolatedMoneyId, try_no: i32) -> Self {
        Self::of(kernel::derived_uuid(isolated.0, &format!("return {try_no}")))
    }

    fn of(id: Uuid) -> Self {
        Self(id.simple().to_string())
    }

    /// A number that a row or a channel holds.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Whether a number has the form of ours.
    pub fn could_be_ours(text: &str) -> bool {
        text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// As whom we stand at a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub merchant: String,
    pub app: String,
}

/// What a payer is to be asked for. The same on every retry; a charge has none.
#[derive(Debug, Clone)]
pub struct Order {
    pub number: ChannelNumber,
    pub description: String,
    pub amount: Amount,
    /// In real time, as channels use it.
    pub expire_at: Timestamp,
}

/// A payment as a channel states it, unchecked against what we asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paid {
    pub number: ChannelNumber,
    pub identity: Identity,
    /// The channel's transaction number.
    pub transaction: String,
    pub amount_minor: i64,
    pub currency: String,
    pub paid_at: Timestamp,
}

/// Money on its way back. The same on every retry.
#[derive(Debug, Clone)]
pub struct RefundOrder {
    /// Of the payment.
    pub payment: ChannelNumber,
    pub number: ChannelNumber,
    pub amount: Amount,
    /// What the payment was in all.
    pub total: Amount,
    pub reason: String,
}

/// Money that went back as a channel states it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Returned {
    /// The channel's number of the refund.
    pub channel_refund: String,
    pub returned_at: Option<Timestamp>,
}

/// The code that a payer shows, as a scanner read it. It is worth money for
/// about a minute: it is sent to the channel and never printed.
#[derive(Clone)]
pub struct PayerCode(String);

impl PayerCode {
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PayerCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayerCode(…)")
    }
}

/// The counter at which a payer shows a code, which channels want to know.
#[derive(Debug, Clone)]
pub struct Counter {
    pub studio: StudioId,
    /// The cashier's device.
    pub device: String,
}

/// What the payer's app hands to the channel's to be shown the payment, as the
/// channel wants it: names and values, signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppCall(pub BTreeMap<String, String>);

/// Which of a channel's bills of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BillKind {
    /// What payers paid and got back.
    Trades,
    /// What came into the account and left it, fees among it.
    Funds,
}

/// A bill as the channel gave it, with the digest that the channel stated
/// proved, if it states one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    /// Uncompressed, in the channel's own encoding.
    pub bytes: Vec<u8>,
    /// As `sha1:…`; empty when the channel states none.
    pub stated_digest: String,
}

/// A callback whose origin is proved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The same however often the channel repeats it.
    pub id: String,
    /// The channel's word for what happened.
    pub kind: String,
    /// What it says, in clear: to be kept sealed.
    pub plaintext: String,
    pub content: NoticeContent,
}

/// What a callback tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeContent {
    Paid(Paid),
    /// Something happened to the refund with our number: a hint to ask.
    Refund(ChannelNumber),
    /// Something that asks for nothing: a payer looked, or an unpaid order ended.
    News,
    /// A kind of callback that nobody here knows.
    Other,
}

/// Why a callback is refused before anything is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    #[error("a header of the signature is missing or malformed")]
    Headers,
    #[error("the channel probes whether signatures are checked")]
    Probe,
    #[error("the time of the signature is more than five minutes away")]
    Stale,
    #[error("no key by the serial in the header")]
    UnknownKey,
    #[error("the signature does not hold")]
    BadSignature,
    #[error("the resource cannot be decrypted")]
    Sealed,
    #[error("the content is not as the channel promises")]
    Schema,
}

impl NoticeRefusal {
    /// The name under which it is counted.
    pub fn label(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Probe => "probe",
            Self::Stale => "stale",
            Self::UnknownKey => "unknown_key",
            Self::BadSignature => "bad_signature",
            Self::Sealed => "sealed",
            Self::Schema => "schema",
        }
    }
}

/// The moment at which the channel knows more than we do.
async fn answered<T>(what: &str, flow: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let outcome = flow.await;
    platform::crash_point!("payments.after_channel_before_commit", "{what}");
    outcome
}

/// What an account answers that was not opened for something.
fn not_offered<T>() -> Outcome<T> {
    Outcome::Failed(Failure::for_good("NOT_OFFERED"))
}

/// One merchant's account at one payment channel. What a channel does not offer
/// it refuses with `NOT_OFFERED`.
#[async_trait]
pub trait Channel: fmt::Debug + Send + Sync + 'static {
    /// As whom we stand there; what the channel states must name the same.
    fn identity(&self) -> &Identity;

    /// Asks for a QR. The text in it on success.
    async fn open(&self, order: &Order) -> Outcome<String>;

    /// Asks what became of a payment. `Pending` while it can still be paid,
    /// `Failed` when it is closed.
    async fn query(&self, number: &ChannelNumber) -> Outcome<Paid>;

    /// Asks that a payment can no longer be made. Success is no proof against a
    /// payment at the same moment: query afterwards.
    async fn close(&self, number: &ChannelNumber) -> Outcome<()>;

    /// Asks for a payment inside the channel's own app by the payer whom the
    /// channel knows as `payer`.
    async fn open_in_app(&self, order: &Order, payer: &str) -> Outcome<AppCall> {
        let _ = (order, payer);
        not_offered()
    }

    /// Takes the payment of a payer who shows a code. `Pending` while the payer
    /// has still to agree.
    async fn charge(&self, order: &Order, code: &PayerCode, counter: &Counter) -> Outcome<Paid> {
        let _ = (order, code, counter);
        not_offered()
    }

    /// Takes a charge back whose end nobody waits for: unpaid it is closed, paid
    /// it goes back. Query afterwards.
    async fn reverse(&self, number: &ChannelNumber) -> Outcome<()> {
        let _ = number;
        not_offered()
    }

    /// Asks what became of a charge that may have been reversed. `Failed` also when
    /// it was paid and all of it went back.
    async fn query_charge(&self, number: &ChannelNumber) -> Outcome<Paid> {
        self.query(number).await
    }

    /// Fetches a bill of a day of China's time. `NotFound` when nothing happened
    /// that day, `Pending` while the channel still makes it.
    async fn bill(&self, day: NaiveDate, kind: BillKind) -> Outcome<Bill> {
        let _ = (day, kind);
        not_offered()
    }

    /// Looks for newer keys of the channel, where it has a call for them.
    async fn renew_keys(&self) -> Outcome<()> {
        Outcome::Succeeded(())
    }

    /// Sends money back. Acceptance is `Pending`, not success.
    async fn refund(&self, refund: &RefundOrder) -> Outcome<Returned>;

    /// Sends money on elsewhere that hangs at the channel. Acceptance is
    /// `Pending`; a refund that does not hang stays as it is.
    async fn send_elsewhere(&self, refund: &RefundOrder, to: &Elsewhere) -> Outcome<Returned> {
        let _ = (refund, to);
        not_offered()
    }

    /// Asks what became of a refund.
    async fn query_refund(&self, refund: &RefundOrder) -> Outcome<Returned>;

    /// Reads a callback; `now` is real time.
    fn read_notice(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Notice, NoticeRefusal>;

    /// The body that tells the channel that a callback is durable here; empty
    /// where the status alone says so.
    fn acknowledgement(&self) -> &'static str {
        ""
    }
}
