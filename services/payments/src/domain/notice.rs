//! What a studio publishes about paying there. A version is never changed and
//! never back-dated.

use kernel::{Amount, NoticeId, PersonId, StudioId, Timestamp};

use super::Refusal;
use crate::words::kept_words;

kept_words! {
    /// A way to pay that a studio offers.
    Offered {
        WechatPay = "wechat_pay",
        Alipay = "alipay",
        BankTransfer = "bank_transfer",
        Wallet = "wallet",
        Cash = "cash",
        CardTerminal = "card_terminal",
    }
}

impl Offered {
    /// The channel that has to collect for the studio's legal entity before it
    /// can be offered, as in the callbacks' address.
    pub const fn channel(self) -> Option<&'static str> {
        match self {
            Self::WechatPay => Some("wechat"),
            Self::Alipay => Some("alipay"),
            Self::BankTransfer | Self::Wallet | Self::Cash | Self::CardTerminal => None,
        }
    }
}

impl Offered {
    /// The way by which a channel is offered.
    pub fn of_channel(word: &str) -> Option<Self> {
        [Self::WechatPay, Self::Alipay]
            .into_iter()
            .find(|way| way.channel() == Some(word))
    }
}

/// One way to pay and how it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    pub method: Offered,
    pub steps: Vec<String>,
}

/// A line of the price list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Price {
    pub name: String,
    pub unit: String,
    pub price: Amount,
}

/// One version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub id: NoticeId,
    pub studio: StudioId,
    /// From 1 in each studio.
    pub number: i64,
    pub ways: Vec<Way>,
    pub prices: Vec<Price>,
    pub refund_policy: String,
    pub after_sales: String,
    pub effective_from: Timestamp,
    pub published_by: PersonId,
    pub published_at: Timestamp,
}

/// The version before another: its number and from when it is in force.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    pub number: i64,
    pub effective_from: Timestamp,
}

impl Notice {
    /// The version as it follows the one before.
    pub fn following(self, before: Option<Before>) -> Result<Self, Refusal> {
        let too_early = before.is_some_and(|before| self.effective_from <= before.effective_from);
        if too_early || self.effective_from < self.published_at {
            return Err(Refusal::NoticeBackDated);
        }
        Ok(Self {
            number: before.map_or(1, |before| before.number + 1),
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use rstest::rstest;

    use super::*;
    use crate::domain::examples::noon;

    fn notice(from: Duration) -> Notice {
        Notice {
            id: NoticeId::fresh(),
            studio: StudioId::fresh(),
            number: 1,
            ways: Vec::new(),
            prices: Vec::new(),
            refund_policy: String::new(),
            after_sales: String::new(),
            effective_from: noon() + from,
            published_by: PersonId::fresh(),
            published_at: noon(),
        }
    }

    #[rstest]
    #[case::the_first_at_once(0, None, Some(1))]
    #[case::the_first_in_the_past(-1, None, None)]
    #[case::after_the_one_before(1, Some(0), Some(8))]
    #[case::at_the_same_moment(0, Some(0), None)]
    #[case::before_one_that_is_yet_to_come(1, Some(2), None)]
    fn a_version_is_in_force_after_the_one_before_and_never_in_the_past(
        #[case] from: i64,
        #[case] before: Option<i64>,
        #[case] number: Option<i64>,
    ) {
        let before = before.map(|from| Before {
            number: 7,
            effective_from: noon() + Duration::seconds(from),
        });
        let found = notice(Duration::seconds(from)).following(before);
        assert_eq!(
            found.map(|notice| notice.number),
            number.ok_or(Refusal::NoticeBackDated)
        );
    }
}
