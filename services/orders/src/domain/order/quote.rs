use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use kernel::{Amount, OrderId, QuoteId, Timestamp};

use super::{Now, Order};
use crate::domain::catalogue::Version;

/// What the house offers. The system makes it from a version of the catalogue;
/// no caller has a say in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub id: QuoteId,
    pub order: OrderId,
    /// From 1 within the order.
    pub number: i32,
    pub version: Version,
    pub amount: Amount,
    pub terms_version: String,
    pub issued_at: Timestamp,
    pub valid_until: Timestamp,
    /// SHA-256 of everything above, in hexadecimal.
    pub hash: String,
}

impl Quote {
    pub fn issue(order: &Order, number: i32, version: Version, terms_version: &str, now: Now) -> Self {
        let mut quote = Self {
            id: QuoteId::derived(order.id, &format!("quote {number}")),
            order: order.id,
            number,
            amount: version.terms.price,
            version,
            terms_version: terms_version.to_owned(),
            issued_at: now.at,
            valid_until: now.at + now.times.quote,
            hash: String::new(),
        };
        quote.hash = quote.digest();
        quote
    }

    /// The hash of what it says now; differs from `hash` when it was changed.
    pub fn digest(&self) -> String {
        hex::encode(digest(&SHA256, self.canonical().as_bytes()))
    }

    /// One line a value, each with its length in front, so that no two quotes
    /// read alike.
    fn canonical(&self) -> String {
        let terms = &self.version.terms;
        let mut values = vec![
            "quote 1".to_owned(),
            self.id.to_string(),
            self.order.to_string(),
            self.number.to_string(),
            terms.product.to_string(),
            terms.code.clone(),
            self.version.number.to_string(),
            terms.name.clone(),
            terms.kind.as_str().to_owned(),
            terms.price.minor().to_string(),
            terms.valid_days.to_string(),
            terms.validity_start.as_str().to_owned(),
            terms.start_within_days.to_string(),
            terms.activation.as_str().to_owned(),
            self.amount.minor().to_string(),
            self.terms_version.clone(),
            self.issued_at.timestamp_micros().to_string(),
            self.valid_until.timestamp_micros().to_string(),
        ];
        for benefit in &terms.benefits {
            values.extend([
                benefit.code.clone(),
                benefit.name.clone(),
                benefit.scope.as_str().to_owned(),
                benefit.uses.to_string(),
            ]);
        }
        values.iter().fold(String::new(), |mut text, value| {
            // writing to a String cannot fail
            writeln!(text, "{} {value}", value.len()).unwrap_or_default();
            text
        })
    }
}
