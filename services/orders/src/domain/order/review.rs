//! What staff decide: the first review, and the approval by another person.

use kernel::PersonId;
use platform::vault::Sealed;
use uuid::Uuid;

use super::{Change, Now, Order, Quote, QuoteRef, State, Step, Taken};
use crate::domain::Refusal;

impl Order {
    /// Asks the applicant for what is missing.
    pub fn request_information(mut self, wanted: Sealed, now: Now) -> Result<Change, Refusal> {
        let taken = self.take(Step::InformationRequested, now)?;
        let taken = taken.saying(wanted.clone());
        self.as_said(wanted);
        Ok(Change::of(self, vec![taken]))
    }

    /// Whether this person could pass it now: asked before a quote is made.
    pub fn may_pass_first_review(&self, by: PersonId, now: Now) -> Result<(), Refusal> {
        self.clone().take(Step::FirstReviewPassed, now)?;
        if by == self.person {
            Err(Refusal::SamePerson)
        } else {
            Ok(())
        }
    }

    /// Whether it could be handed over now: asked before a quote is made.
    pub fn may_be_submitted(&self, now: Now) -> Result<(), Refusal> {
        self.clone().take(Step::SubmittedForApproval, now).map(|_| ())
    }

    /// A contact with the applicant was written down.
    pub fn log_contact(mut self, log: Uuid, now: Now) -> Result<Change, Refusal> {
        let taken = self.take(Step::ContactLogged, now)?.with("contact_log_id", log);
        Ok(Change::of(self, vec![taken]))
    }

    /// Customer service passes it, and the system's quote stands from now on.
    pub fn pass_first_review(
        mut self,
        by: PersonId,
        note: Sealed,
        quote: &Quote,
        now: Now,
    ) -> Result<Change, Refusal> {
        self.may_pass_first_review(by, now)?;
        let taken = self.take(Step::FirstReviewPassed, now)?.saying(note);
        self.first_reviewer = Some(by);
        self.goes_on();
        let quoted = self.quote_it(quote, now)?;
        Ok(Change::of(self, vec![taken, quoted]))
    }

    /// Hands it to the review department, with a new quote where one is needed.
    pub fn submit_for_approval(
        mut self,
        by: PersonId,
        fresh: Option<&Quote>,
        now: Now,
    ) -> Result<Change, Refusal> {
        let mut steps = Vec::new();
        if let Some(quote) = fresh {
            steps.push(self.quote_it(quote, now)?);
        }
        steps.push(self.take(Step::SubmittedForApproval, now)?);
        self.submitted_by = Some(by);
        self.approver = None;
        self.goes_on();
        Ok(Change::of(self, steps))
    }

    /// The quote stands; whatever was approved before does not any more.
    fn quote_it(&mut self, quote: &Quote, now: Now) -> Result<Taken, Refusal> {
        let taken = self.take(Step::QuoteIssued, now)?;
        self.quote = Some(QuoteRef {
            id: quote.id,
            hash: quote.hash.clone(),
        });
        self.approved_hash = None;
        Ok(taken
            .with("quote_id", quote.id)
            .with("quote_hash", &quote.hash)
            .with("product_version", quote.version.number)
            .with("amount_minor", quote.amount.minor()))
    }

    /// Service and price are reasonable by policy: of exactly the quote that
    /// was read, for as long as the member may accept it.
    pub fn approve(
        mut self,
        by: PersonId,
        hash: &str,
        policy_version: &str,
        reason: Sealed,
        quote: &Quote,
        now: Now,
    ) -> Result<Change, Refusal> {
        let accept_by = (now.at + now.times.acceptance).min(quote.valid_until);
        self.accept_by = Some(accept_by);
        let taken = self.take(Step::Approved, now)?;
        self.check_other(by)?;
        if quote.hash != hash || self.quote.as_ref().is_none_or(|q| q.hash != hash) || quote.digest() != hash
        {
            return Err(Refusal::QuoteDiffers);
        }
        if quote.valid_until <= now.at {
            return Err(Refusal::QuoteExpired);
        }
        self.approved_hash = Some(hash.to_owned());
        self.decided(by, policy_version);
        self.goes_on();
        let taken = taken
            .with("quote_hash", hash)
            .with("policy_version", policy_version)
            .saying(reason);
        Ok(Change::of(self, vec![taken]))
    }

    /// No, for good.
    pub fn reject(
        self,
        by: PersonId,
        policy_version: &str,
        reason: Sealed,
        now: Now,
    ) -> Result<Change, Refusal> {
        self.turn_down(Step::Rejected, by, policy_version, reason, now)
    }

    /// Back to customer service.
    pub fn send_back(
        self,
        by: PersonId,
        policy_version: &str,
        reason: Sealed,
        now: Now,
    ) -> Result<Change, Refusal> {
        self.turn_down(Step::SentBack, by, policy_version, reason, now)
    }

    fn turn_down(
        mut self,
        step: Step,
        by: PersonId,
        policy_version: &str,
        reason: Sealed,
        now: Now,
    ) -> Result<Change, Refusal> {
        let taken = self
            .take(step, now)?
            .with("policy_version", policy_version)
            .saying(reason.clone());
        self.check_other(by)?;
        self.decided(by, policy_version);
        self.as_said(reason);
        Ok(Change::of(self, vec![taken]))
    }

    fn decided(&mut self, by: PersonId, policy_version: &str) {
        self.approver = Some(by);
        policy_version.clone_into(&mut self.policy_version);
    }

    /// Who decides is none of those who want it or prepared it.
    fn check_other(&self, by: PersonId) -> Result<(), Refusal> {
        let barred = [
            Some(self.person),
            Some(self.entered_by),
            self.first_reviewer,
            self.submitted_by,
        ];
        if barred.contains(&Some(by)) {
            Err(Refusal::SamePerson)
        } else {
            Ok(())
        }
    }

    /// The quote ran out: before a decision the order goes back to customer
    /// service, after one the member's time is over.
    pub fn lose_quote(mut self, now: Now) -> Result<Option<Change>, Refusal> {
        match self.state {
            State::InReview => {
                let taken = self.take(Step::QuoteExpired, now)?;
                self.because("the quote ran out before a decision");
                Ok(Some(Change::of(self, vec![taken])))
            }
            State::Approved => self.expire(super::Deadline::Quote, now).map(Some),
            _ => Ok(None),
        }
    }
}
