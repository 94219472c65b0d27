//! What applicants decide.

use kernel::{BadField, Balance, Invalid, LegalEntityId, OrderId, PersonId, ProductId, StudioId};
use platform::vault::Sealed;

use super::{Acceptance, Change, Channel, Now, Order, OrderNumber, Quote, State, Step, Taken};
use crate::domain::Refusal;

/// What an application begins with.
#[derive(Debug, Clone)]
pub struct Beginning {
    pub id: OrderId,
    pub person: PersonId,
    pub studio: StudioId,
    pub legal_entity: LegalEntityId,
    pub product: Option<ProductId>,
    pub channel: Channel,
    pub entered_by: PersonId,
}

impl Order {
    /// Begins an application as a draft.
    pub fn begin(with: &Beginning, now: Now) -> Change {
        let order = Self {
            id: with.id,
            number: None,
            state: State::Draft,
            person: with.person,
            studio: with.studio,
            legal_entity: with.legal_entity,
            product: with.product,
            channel: with.channel,
            entered_by: with.entered_by,
            first_reviewer: None,
            submitted_by: None,
            approver: None,
            policy_version: String::new(),
            quote: None,
            approved_hash: None,
            acceptance: None,
            accept_by: None,
            pay_by: None,
            paid: Balance::ZERO,
            refunded: Balance::ZERO,
            card: None,
            reason: String::new(),
            words: Sealed::nothing(),
            ends_as: None,
            created_at: now.at,
            submitted_at: None,
            since: now.at,
            act_by: Some(now.at + now.times.draft),
            version: 0,
        };
        let begun = Taken {
            step: Step::Applied,
            from: None,
            to: State::Draft,
            at: now.at,
            stood_ms: 0,
            evidence: Vec::new(),
            words: Sealed::nothing(),
        };
        let begun = begun.with("channel", order.channel.as_str());
        Change::of(order, vec![begun])
    }

    /// Changes what the applicant may change.
    pub fn amend(mut self, version: i64, product: Option<ProductId>, now: Now) -> Result<Change, Refusal> {
        self.at_version(version)?;
        let mut taken = self.take(Step::Amended, now)?;
        if let Some(product) = product {
            self.product = Some(product);
            taken = taken.with("product_id", product);
        }
        Ok(Change::of(self, vec![taken]))
    }

    /// The applicant stands by a complete draft; it gets its number.
    pub fn submit(
        mut self,
        version: i64,
        has_needs: bool,
        number: OrderNumber,
        now: Now,
    ) -> Result<Change, Refusal> {
        self.at_version(version)?;
        let taken = self.take(Step::Submitted, now)?;
        let mut missing = Vec::new();
        if self.product.is_none() {
            missing.push(BadField::new(
                "product_id",
                "is required before an application can be submitted",
            ));
        }
        if !has_needs {
            missing.push(BadField::new(
                "needs",
                "is required before an application can be submitted",
            ));
        }
        if !missing.is_empty() {
            return Err(Refusal::Incomplete(Invalid(missing)));
        }
        let taken = taken.with("order_number", &number);
        self.number = Some(number);
        self.submitted_at = Some(now.at);
        Ok(Change::of(self, vec![taken]))
    }

    /// The applicant answered; customer service goes on.
    pub fn provide_information(mut self, now: Now) -> Result<Change, Refusal> {
        let taken = self.take(Step::InformationProvided, now)?;
        self.goes_on();
        Ok(Change::of(self, vec![taken]))
    }

    /// The member's yes to exactly the quote that was approved.
    pub fn accept(
        mut self,
        quote: &Quote,
        hash: &str,
        terms_version: &str,
        proof: &str,
        now: Now,
    ) -> Result<Change, Refusal> {
        let taken = self.take(Step::Accepted, now)?;
        if quote.hash != hash || self.approved_hash.as_deref() != Some(hash) || quote.digest() != hash {
            return Err(Refusal::QuoteDiffers);
        }
        if quote.terms_version != terms_version {
            return Err(Refusal::TermsDiffer);
        }
        if quote.valid_until <= now.at || self.accept_by.is_none_or(|by| by <= now.at) {
            return Err(Refusal::AcceptanceExpired);
        }
        self.acceptance = Some(Acceptance {
            at: now.at,
            terms_version: terms_version.to_owned(),
        });
        self.accept_by = None;
        self.pay_by = Some(now.at + now.times.payment);
        self.act_by = self.pay_by;
        self.goes_on();
        let taken = taken
            .with("quote_hash", hash)
            .with("terms_version", terms_version)
            .with("proof", proof);
        Ok(Change::of(self, vec![taken]))
    }

    /// The member's no, or their wish for another quote.
    pub fn decline(mut self, change_wanted: bool, reason: Sealed, now: Now) -> Result<Change, Refusal> {
        let step = if change_wanted {
            Step::ChangeRequested
        } else {
            Step::Declined
        };
        let taken = self.take(step, now)?.saying(reason.clone());
        self.accept_by = None;
        self.approved_hash = None;
        self.as_said(reason);
        Ok(Change::of(self, vec![taken]))
    }
}
