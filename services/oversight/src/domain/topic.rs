//! What a ticket is and is about, and which role answers for it.

use proto::studio::access::v1::Role;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($variant),* }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }
    };
}

words! {
    /// What a ticket is.
    Kind { Complaint = "complaint", Request = "request" }
}

words! {
    /// What a ticket is about.
    Topic {
        Service = "service",
        Facility = "facility",
        Order = "order",
        Payment = "payment",
        Recharge = "recharge",
        Refund = "refund",
        Privacy = "privacy",
    }
}

words! {
    /// What a step in a ticket's history is.
    EntryKind {
        Opening = "opening",
        Assignment = "assignment",
        Progress = "progress",
        Proposal = "proposal",
        Acceptance = "acceptance",
        Decline = "decline",
    }
}

impl Topic {
    /// The role that answers for it.
    pub fn responsible(self) -> Role {
        match self {
            Self::Service | Self::Facility => Role::StudioDirector,
            Self::Order => Role::Reviewer,
            Self::Payment => Role::FinanceSupervisor,
            Self::Recharge => Role::RechargeSupervisor,
            Self::Refund => Role::RefundApprover,
            Self::Privacy => Role::OperatorAdmin,
        }
    }

    /// Whether any topic is answered for by the role.
    pub fn is_answered_by(role: Role) -> bool {
        Self::ALL.iter().any(|topic| topic.responsible() == role)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_back_as_what_it_says() {
        for topic in Topic::ALL {
            assert_eq!(Topic::parse(topic.as_str()), Some(*topic));
        }
        for kind in EntryKind::ALL {
            assert_eq!(EntryKind::parse(kind.as_str()), Some(*kind));
        }
        assert_eq!(Kind::parse("nonsense"), None);
    }

    #[test]
    fn no_topic_is_answered_for_by_a_member_or_a_coach() {
        assert!(!Topic::is_answered_by(Role::Member));
        assert!(!Topic::is_answered_by(Role::Coach));
        assert!(Topic::is_answered_by(Role::StudioDirector));
    }
}
