//! What all that is known of an attempt's money says about its case.

use super::{Kind, Remedy};

/// Where the attempt's money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Money {
    /// The channel has not said yet.
    Unknown,
    /// The channel says that none came.
    None,
    /// It is a payment.
    Booked,
    /// No intent could take it: it goes back, or has gone.
    Isolated,
}

/// What we hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub money: Money,
    /// The channel's bill tells of money that we have not.
    pub in_bill: bool,
    /// Another attempt of the same intent has money that goes back.
    pub twin_goes_back: bool,
    /// The same person paid the same amount at the same studio about the same
    /// time, for something else.
    pub twin_booked: bool,
}

/// What puts it right. It is a word of advice and moves nothing.
pub const fn advise(kind: Kind, known: Known) -> Remedy {
    match (known.money, kind) {
        (Money::Isolated, _) => Remedy::SendBack,
        (Money::Unknown, _) => Remedy::Credit,
        (Money::None, _) if known.in_bill => Remedy::Credit,
        (Money::Booked, Kind::DuplicateCharge) if known.twin_booked && !known.twin_goes_back => {
            Remedy::Refund
        }
        (Money::None | Money::Booked, _) => Remedy::Explain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    const NOTHING: Known = Known {
        money: Money::None,
        in_bill: false,
        twin_goes_back: false,
        twin_booked: false,
    };

    #[rstest]
    #[case::second_money_goes_back(Kind::DuplicateCharge, Known { money: Money::Isolated, ..NOTHING }, Remedy::SendBack)]
    #[case::late_money_goes_back(Kind::PaidNotCredited, Known { money: Money::Isolated, ..NOTHING }, Remedy::SendBack)]
    #[case::isolated_though_a_twin_was_booked(Kind::DuplicateCharge, Known { money: Money::Isolated, twin_booked: true, ..NOTHING }, Remedy::SendBack)]
    #[case::booked_and_its_twin_goes_back(Kind::DuplicateCharge, Known { money: Money::Booked, twin_goes_back: true, twin_booked: true, ..NOTHING }, Remedy::Explain)]
    #[case::booked_twice_for_two_things(Kind::DuplicateCharge, Known { money: Money::Booked, twin_booked: true, ..NOTHING }, Remedy::Refund)]
    #[case::booked_once(Kind::DuplicateCharge, Known { money: Money::Booked, ..NOTHING }, Remedy::Explain)]
    #[case::booked_after_all(Kind::PaidNotCredited, Known { money: Money::Booked, twin_booked: true, ..NOTHING }, Remedy::Explain)]
    #[case::nobody_knows_yet(Kind::PaidNotCredited, Known { money: Money::Unknown, ..NOTHING }, Remedy::Credit)]
    #[case::the_bill_knows(Kind::PaidNotCredited, Known { in_bill: true, ..NOTHING }, Remedy::Credit)]
    #[case::the_desk_sees_another_amount(Kind::Mismatch, Known { money: Money::Booked, twin_booked: true, ..NOTHING }, Remedy::Explain)]
    #[case::never_paid(Kind::PaidNotCredited, NOTHING, Remedy::Explain)]
    #[case::never_paid_twice(Kind::DuplicateCharge, NOTHING, Remedy::Explain)]
    fn the_advice_follows_from_where_the_money_is(
        #[case] kind: Kind,
        #[case] known: Known,
        #[case] remedy: Remedy,
    ) {
        assert_eq!(advise(kind, known), remedy);
    }
}
