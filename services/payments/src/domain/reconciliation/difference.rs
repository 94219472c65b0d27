//! The types of differences: who has to look at each, how soon, and what is
//! proposed. The proposals are texts for people and change nothing by themselves.

use kernel::PersonId;
use uuid::Uuid;

use crate::domain::Refusal;
use crate::words::kept_words;

kept_words! {
    Type {
        /// Paid at the channel, and nobody here has the number.
        PaidMissingHere = "paid_missing_here",
        /// Paid at the channel, and our attempt has no money.
        PaidUnknownHere = "paid_unknown_here",
        /// Paid here, and in no bill of its day and the next.
        MissingAtChannel = "missing_at_channel",
        Amount = "amount",
        /// What we asked for is not what the due says.
        DueAmount = "due_amount",
        /// Undone at the channel, and paid here.
        State = "state",
        /// The channel has another transaction number for it.
        Transaction = "transaction",
        RefundMissingHere = "refund_missing_here",
        RefundMissingAtChannel = "refund_missing_at_channel",
        RefundAmount = "refund_amount",
        RefundState = "refund_state",
        FeeOffRate = "fee_off_rate",
        /// What was taken as fee is not what the trade bill says.
        FeeTaken = "fee_taken",
        DuplicateLine = "duplicate_line",
        UnknownBusiness = "unknown_business",
        WrongMerchant = "wrong_merchant",
        /// Traded, and it never came into the channel's account.
        MissingInFunds = "missing_in_funds",
        FundsAmount = "funds_amount",
        /// It came into the channel's account or left it, and was never traded.
        FundsUnexplained = "funds_unexplained",
        SettlementShort = "settlement_short",
        SettlementOver = "settlement_over",
        SettlementMissing = "settlement_missing",
        BankUnexplained = "bank_unexplained",
        /// A bill came a second time with another content.
        ChangedFile = "changed_file",
    }
}

kept_words! {
    /// Who has to look.
    Owner { FinanceStaff = "finance_staff", FinanceSupervisor = "finance_supervisor", Technician = "technician" }
}

/// How soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    Urgent,
    Normal,
}

/// What a type means for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    pub owner: Owner,
    pub urgency: Urgency,
    pub remedy: &'static str,
}

impl Type {
    pub const fn terms(self) -> Terms {
        let (owner, urgency) = self.care();
        Terms {
            owner,
            urgency,
            remedy: self.remedy(),
        }
    }

    const fn care(self) -> (Owner, Urgency) {
        match self {
            Self::PaidMissingHere
            | Self::PaidUnknownHere
            | Self::MissingAtChannel
            | Self::Amount
            | Self::DueAmount
            | Self::State
            | Self::RefundMissingHere
            | Self::RefundAmount => (Owner::FinanceSupervisor, Urgency::Urgent),
            Self::WrongMerchant | Self::UnknownBusiness | Self::ChangedFile => {
                (Owner::Technician, Urgency::Urgent)
            }
            Self::SettlementShort
            | Self::SettlementOver
            | Self::SettlementMissing
            | Self::BankUnexplained
            | Self::FundsUnexplained
            | Self::MissingInFunds
            | Self::FundsAmount => (Owner::FinanceSupervisor, Urgency::Normal),
            Self::Transaction
            | Self::RefundMissingAtChannel
            | Self::RefundState
            | Self::FeeOffRate
            | Self::FeeTaken
            | Self::DuplicateLine => (Owner::FinanceStaff, Urgency::Normal),
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Self::PaidMissingHere => {
                "find out at the channel who paid, then send the money back or book it to its due"
            }
            Self::PaidUnknownHere => {
                "the bill was applied as proof; if it was not believed, look at the quarantine"
            }
            Self::MissingAtChannel => {
                "query the channel by our number; freeze the order until it is explained"
            }
            Self::Amount => "query the channel; send the difference back or collect it",
            Self::DueAmount => "correct the due or send the difference back",
            Self::State => {
                "query the channel; if the money went back, cancel the order and correct the books"
            }
            Self::Transaction => "query the channel by both numbers and keep the right one",
            Self::RefundMissingHere => "find out who refunded at the merchant platform and book the refund",
            Self::RefundMissingAtChannel => {
                "query the refund by our number; send it again under the same number"
            }
            Self::RefundAmount => "query the refund; book or claim the difference",
            Self::RefundState => "query the refund by our number and follow what the channel says",
            Self::FeeOffRate => "hold the fee against the contract and claim the difference from the channel",
            Self::DuplicateLine => "ask the channel for a corrected bill",
            Self::UnknownBusiness => "find out what the business is and teach the reader to know it",
            Self::WrongMerchant => "check the merchant's numbers and keys in the configuration",
            Self::MissingInFunds => "ask the channel when the money comes into the account",
            Self::FeeTaken | Self::FundsAmount => "claim the difference from the channel",
            Self::FundsUnexplained => "find out at the merchant platform who moved the money",
            Self::SettlementShort => "claim the difference from the channel or the bank",
            Self::SettlementOver => "keep the surplus apart and ask the channel",
            Self::SettlementMissing => "ask the bank and the channel where the payout is",
            Self::BankUnexplained => {
                "find the contract or the refund that explains it; ask the bank who sent it"
            }
            Self::ChangedFile => "ask the channel which of the two bills holds",
        }
    }

    /// What this difference is called for ever, so that a day matched again finds
    /// the same.
    pub fn id(self, book: Uuid, key: &str) -> Uuid {
        Uuid::new_v5(&book, format!("{} {key}", self.word()).as_bytes())
    }
}

kept_words! {
    /// How a difference came to its end.
    Resolution {
        /// The system put it right by itself.
        Repaired = "repaired",
        /// There is a reason, and no money moves.
        Explained = "explained",
        /// Our books were corrected.
        CorrectedHere = "corrected_here",
        /// The other side pays or corrects.
        Claimed = "claimed",
        SentBack = "sent_back",
        WrittenOff = "written_off",
    }
}

impl Resolution {
    /// Such an end takes a second person.
    pub const fn moves_money(self) -> bool {
        !matches!(self, Self::Repaired | Self::Explained)
    }
}

/// What was found, before anybody looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub kind: Type,
    /// The number that it is about.
    pub key: String,
    /// Of the file in which it stands.
    pub line: Option<(Uuid, u32)>,
    pub ours: Option<Subject>,
    pub ours_minor: Option<i64>,
    pub theirs_minor: Option<i64>,
}

/// The thing of ours that a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    pub id: Uuid,
    pub studio: Uuid,
    pub legal_entity: Uuid,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    Open,
    /// One person proposed an end that moves money.
    Proposed {
        resolution: Resolution,
        maker: PersonId,
    },
    Resolved {
        resolution: Resolution,
    },
}

/// What a person or the system does about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Repair,
    Propose { resolution: Resolution, by: PersonId },
    Confirm { by: PersonId },
    Decline { by: PersonId },
}

impl State {
    /// The next state, and who confirmed it, if anybody had to.
    pub fn take(self, step: Step) -> Result<Self, Refusal> {
        Ok(match (self, step) {
            (Self::Open, Step::Repair) => Self::Resolved {
                resolution: Resolution::Repaired,
            },
            (Self::Open, Step::Propose { resolution, by }) if resolution.moves_money() => Self::Proposed {
                resolution,
                maker: by,
            },
            (Self::Proposed { maker, .. }, Step::Confirm { by } | Step::Decline { by }) if maker == by => {
                return Err(Refusal::SamePerson);
            }
            (Self::Open, Step::Propose { resolution, .. })
            | (Self::Proposed { resolution, .. }, Step::Confirm { .. }) => Self::Resolved { resolution },
            (Self::Proposed { .. }, Step::Decline { .. }) => Self::Open,
            (state, _) => {
                return Err(Refusal::DifferenceState { state: state.word() });
            }
        })
    }

    pub const fn word(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Proposed { .. } => "proposed",
            Self::Resolved { .. } => "resolved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_moves_by_two_persons_and_an_explanation_by_one() {
        let (one, other) = (PersonId::fresh(), PersonId::fresh());
        let propose = |resolution| Step::Propose { resolution, by: one };
        let explained = State::Open.take(propose(Resolution::Explained)).unwrap();
        assert_eq!(explained.word(), "resolved");
        for resolution in [
            Resolution::CorrectedHere,
            Resolution::Claimed,
            Resolution::SentBack,
            Resolution::WrittenOff,
        ] {
            let proposed = State::Open.take(propose(resolution)).unwrap();
            assert_eq!(proposed.word(), "proposed");
            for step in [Step::Confirm { by: one }, Step::Decline { by: one }] {
                assert_eq!(proposed.clone().take(step), Err(Refusal::SamePerson));
            }
            assert_eq!(
                proposed.clone().take(Step::Confirm { by: other }),
                Ok(State::Resolved { resolution })
            );
            assert_eq!(proposed.take(Step::Decline { by: other }), Ok(State::Open));
        }
    }

    #[test]
    fn what_is_resolved_stays_so() {
        let by = PersonId::fresh();
        let resolution = Resolution::Explained;
        for step in [
            Step::Repair,
            Step::Propose { resolution, by },
            Step::Confirm { by },
            Step::Decline { by },
        ] {
            let done = State::Resolved { resolution };
            assert_eq!(
                done.take(step),
                Err(Refusal::DifferenceState { state: "resolved" })
            );
        }
    }

    #[test]
    fn the_same_thing_found_again_is_the_same_difference() {
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert_eq!(Type::Amount.id(a, "N1"), Type::Amount.id(a, "N1"));
        assert_ne!(Type::Amount.id(a, "N1"), Type::Amount.id(b, "N1"));
        assert_ne!(Type::Amount.id(a, "N1"), Type::State.id(a, "N1"));
        assert_ne!(Type::Amount.id(a, "N1"), Type::Amount.id(a, "N2"));
    }
}
