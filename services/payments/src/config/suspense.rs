//! Money without a due, and where payers transfer it to.

use kernel::{LegalEntityId, Timestamp};
use serde::Deserialize;

use super::Config;

/// Money that no due explains.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Suspense {
    pub match_h: i64,
    pub check_codes_days: i64,
}

impl Suspense {
    /// When what was found at `found` has an end.
    pub fn due_at(&self, found: Timestamp) -> Timestamp {
        found + chrono::Duration::hours(self.match_h)
    }

    /// How long after a look at a code on a counter the next one is due.
    pub fn check_codes_every(&self) -> chrono::Duration {
        chrono::Duration::days(self.check_codes_days)
    }
}

/// What a payer writes into a transfer to an account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payee {
    pub holder: String,
    pub bank: String,
    pub number: String,
}

impl Config {
    /// Where a legal entity's dues are transferred to; the first by name.
    pub fn payee(&self, entity: LegalEntityId) -> Option<&Payee> {
        self.banks
            .values()
            .filter(|bank| bank.legal_entity_id == entity)
            .find_map(|bank| bank.transfers.as_ref())
    }
}
