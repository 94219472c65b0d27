//! What a merchant sends to have a refund that hangs go elsewhere.

use serde::{Deserialize, Serialize};

use super::Problem;

/// `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    pub out_refund_no: String,
    #[serde(rename = "type")]
    pub kind: Card,
    pub bank_type: Option<String>,
    /// Sealed.
    pub bank_account: Option<String>,
    /// Sealed.
    pub real_name: Option<String>,
}

/// Whose card the money goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Card {
    UserBankCard,
    MerchantBankCard,
}

impl Application {
    /// The sealed number and name of the payer's account, of which the merchant's
    /// own needs none.
    pub fn check(&self) -> Result<Option<(&str, &str)>, Problem> {
        let given = (
            self.bank_type.as_deref(),
            self.bank_account.as_deref(),
            self.real_name.as_deref(),
        );
        match (self.kind, given) {
            (Card::UserBankCard, (Some(bank), Some(number), Some(name))) if !bank.is_empty() => {
                Ok(Some((number, name)))
            }
            (Card::MerchantBankCard, (None, None, None)) => Ok(None),
            _ => Err(Problem::param(
                "a payer's card needs bank_type, bank_account and real_name, the merchant's none",
            )),
        }
    }
}
