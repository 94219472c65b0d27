//! Cashiers at which nothing new is started. What was started goes on.

use kernel::{PersonId, Timestamp};

use super::Refusal;
use super::limit::Place;

/// One time that a cashier was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closure {
    pub place: Place,
    /// The one channel that is closed, as in the callbacks' address; all without.
    pub channel: Option<&'static str>,
    /// What payers read.
    pub reason: String,
    /// None for a service.
    pub closed_by: Option<PersonId>,
    pub closed_at: Timestamp,
    pub reopened: Option<Reopened>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reopened {
    pub by: Option<PersonId>,
    pub at: Timestamp,
}

impl Closure {
    fn holds(&self, channel: &str) -> bool {
        self.reopened.is_none() && self.channel.is_none_or(|closed| closed == channel)
    }
}

/// The closure that holds for a channel, among those of a studio and its legal
/// entity: the one that stands longest.
pub fn holding<'a>(closures: &'a [Closure], channel: &str) -> Option<&'a Closure> {
    closures
        .iter()
        .filter(|closure| closure.holds(channel))
        .min_by_key(|closure| closure.closed_at)
}

/// Whether a channel may be asked for something new.
pub fn open(closures: &[Closure], channel: &str) -> Result<(), Refusal> {
    match holding(closures, channel) {
        None => Ok(()),
        Some(closure) => Err(Refusal::CashierClosed {
            reason: closure.reason.clone(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::Duration;
    use kernel::StudioId;
    use rstest::rstest;

    use super::*;
    use crate::domain::examples::noon;

    fn closure(channel: Option<&'static str>, minute: i64, reopened: bool) -> Closure {
        Closure {
            place: Place::Studio(StudioId::fresh()),
            channel,
            reason: format!("since {minute}"),
            closed_by: None,
            closed_at: noon() + Duration::minutes(minute),
            reopened: reopened.then(|| Reopened {
                by: None,
                at: noon() + Duration::hours(1),
            }),
        }
    }

    #[rstest]
    #[case::nothing(&[], None)]
    #[case::all(&[closure(None, 1, false)], Some("since 1"))]
    #[case::this(&[closure(Some("wechat"), 1, false)], Some("since 1"))]
    #[case::another(&[closure(Some("alipay"), 1, false)], None)]
    #[case::opened_again(&[closure(None, 1, true), closure(Some("wechat"), 2, true)], None)]
    #[case::the_longest(&[closure(None, 3, false), closure(Some("wechat"), 2, false)], Some("since 2"))]
    #[case::the_longest_that_holds(&[closure(Some("alipay"), 0, false), closure(None, 1, true), closure(None, 2, false)], Some("since 2"))]
    fn a_channel_is_open_unless_a_closure_of_it_or_of_all_holds(
        #[case] closures: &[Closure],
        #[case] reason: Option<&str>,
    ) {
        let refused = open(closures, "wechat").err();
        assert_eq!(
            refused,
            reason.map(|reason| Refusal::CashierClosed {
                reason: reason.to_owned()
            })
        );
    }
}
