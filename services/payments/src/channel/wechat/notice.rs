//! Callbacks: signature over the raw bytes, time, decryption, schema, in this
//! order. Whether it concerns anything of ours is decided by the caller.

use http::HeaderMap;
use kernel::Timestamp;
use serde::Deserialize;

use super::WeChat;
use super::flow::transaction::Transaction;
use super::resource::Resource;
use crate::channel::{ChannelNumber, Notice, NoticeContent, NoticeRefusal};

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource: Resource,
}

#[derive(Deserialize)]
struct RefundNotice {
    out_refund_no: String,
}

/// The channel's ids have 36 characters; an index has no place for any length.
const LONGEST_ID: usize = 200;

/// Whether a text in this JSON holds the character NUL, which no database
/// keeps: there it can only be written so.
fn holds_nul(json: &[u8]) -> bool {
    json.windows(6).any(|part| part == br"\u0000")
}

pub fn read(
    account: &WeChat,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Notice, NoticeRefusal> {
    account.transport.keyring.prove(headers, body, now)?;
    let envelope: Envelope = serde_json::from_slice(body).map_err(|_| NoticeRefusal::Schema)?;
    let plaintext = envelope
        .resource
        .open(account.transport.resource_key())
        .ok_or(NoticeRefusal::Sealed)?;
    if envelope.id.len() > LONGEST_ID || holds_nul(body) || holds_nul(plaintext.as_bytes()) {
        return Err(NoticeRefusal::Schema);
    }
    let original = envelope.resource.original_type.as_deref().unwrap_or_default();
    let content = match (envelope.event_type.as_str(), original) {
        ("TRANSACTION.SUCCESS", "transaction") => {
            let transaction: Transaction = parse(&plaintext)?;
            NoticeContent::Paid(transaction.paid().ok_or(NoticeRefusal::Schema)?)
        }
        ("REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED", "refund") => NoticeContent::Refund(
            ChannelNumber::from_text(parse::<RefundNotice>(&plaintext)?.out_refund_no),
        ),
        (known, _) if known.starts_with("TRANSACTION.SUCCESS") || known.starts_with("REFUND.") => {
            return Err(NoticeRefusal::Schema);
        }
        _ => NoticeContent::Other,
    };
    Ok(Notice {
        id: envelope.id,
        kind: envelope.event_type,
        plaintext,
        content,
    })
}

fn parse<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, NoticeRefusal> {
    serde_json::from_str(text).map_err(|_| NoticeRefusal::Schema)
}
