//! Refunds that hang at a channel and go elsewhere.

use std::fmt;

/// Where money goes that hangs at the channel, since the payer's card takes
/// none.
#[derive(Debug, Clone)]
pub enum Elsewhere {
    /// To the merchant's own bank account; the payer gets it by other ways.
    Merchant,
    Payer(PayerAccount),
}

/// A bank account of the payer's: never printed.
#[derive(Clone)]
pub struct PayerAccount {
    /// The channel's word for the bank.
    pub bank: String,
    pub number: String,
    pub holder: String,
}

impl fmt::Debug for PayerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PayerAccount(…)")
    }
}
