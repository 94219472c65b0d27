use proto::studio::access::v1::{CallClass, Rule};

/// The services that platform itself serves to the house.
const HOUSE: [&str; 2] = ["studio.feed.", "studio.operations."];

/// What a call counts as when not all can be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Served as long as anything is.
    Money,
    Read,
    /// Refused first.
    Report,
    /// Between services: has places of its own.
    House,
}

impl Class {
    pub const ALL: [Self; 4] = [Self::Money, Self::Read, Self::Report, Self::House];

    /// The class of a call of `service` under its rule.
    pub fn of(rule: &Rule, service: &str) -> Self {
        match rule.call_class() {
            CallClass::Money => Self::Money,
            CallClass::Report => Self::Report,
            CallClass::House => Self::House,
            CallClass::Unspecified if HOUSE.iter().any(|house| service.starts_with(house)) => Self::House,
            CallClass::Unspecified if rule.writes => Self::Money,
            CallClass::Unspecified | CallClass::Read => Self::Read,
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Read => "read",
            Self::Report => "report",
            Self::House => "house",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_is_money_and_looking_is_reading_unless_the_rule_says_otherwise() {
        let writes = Rule {
            writes: true,
            ..Rule::default()
        };
        assert_eq!(Class::of(&writes, "studio.wallet.v1.WalletService"), Class::Money);
        assert_eq!(
            Class::of(&Rule::default(), "studio.wallet.v1.WalletService"),
            Class::Read
        );
        assert_eq!(
            Class::of(&writes, "studio.operations.v1.OperationsService"),
            Class::House
        );
        assert_eq!(
            Class::of(&Rule::default(), "studio.feed.v1.FeedService"),
            Class::House
        );
        let said = Rule {
            call_class: CallClass::Report.into(),
            ..writes
        };
        assert_eq!(Class::of(&said, "studio.members.v1.ImportService"), Class::Report);
    }
}
