use kernel::{Amount, Balance, PersonId, StudioId};
use rstest::rstest;

use super::*;
use crate::domain::examples::noon;

fn fen(minor: i64) -> Amount {
    Amount::from_minor(minor).unwrap()
}

fn day() -> Day {
    Day::new(StudioId::fresh(), noon().date_naive())
}

/// A drawer with ten yuan in it.
fn drawer() -> Drawer {
    let ten = Balance::from_minor(1_000).unwrap();
    Drawer::open(
        StudioId::fresh(),
        noon().date_naive(),
        PersonId::fresh(),
        ten,
        noon(),
    )
}

fn pieces(given: &[(i32, i32)]) -> Pieces {
    Pieces::parse(given.iter().copied()).unwrap()
}

#[rstest]
#[case::cash(Kind::CashTaken, Some(1_600))]
#[case::a_card(Kind::CardTaken, Some(1_000))]
#[case::change_for_the_day(Kind::PaidIn, Some(1_600))]
#[case::to_the_bank(Kind::PaidOut, Some(400))]
#[case::a_refund_in_cash(Kind::CashRefunded, Some(400))]
#[case::a_refund_to_a_card(Kind::CardRefunded, Some(1_000))]
fn only_cash_changes_what_should_be_in_a_drawer(#[case] kind: Kind, #[case] cash: Option<i64>) {
    let after = drawer().after(kind, fen(600)).unwrap();
    assert_eq!(Some(after.cash.minor()), cash);
    assert_eq!(after.version, 2);
}

#[rstest]
#[case::taken_out(Kind::PaidOut)]
#[case::given_back(Kind::CashRefunded)]
fn no_more_leaves_a_drawer_than_is_in_it(#[case] kind: Kind) {
    assert!(drawer().after(kind, fen(1_000)).is_ok());
    assert_eq!(drawer().after(kind, fen(1_001)), Err(Refusal::DrawerShort));
}

#[test]
fn only_the_holder_works_a_drawer_and_only_until_it_is_counted() {
    let drawer = drawer();
    assert_eq!(drawer.work(drawer.held_by), Ok(()));
    assert_eq!(drawer.work(PersonId::fresh()), Err(Refusal::NotYourDrawer));
    let counted = drawer
        .count(drawer.held_by, &pieces(&[(1_000, 1)]), "", noon())
        .unwrap();
    assert_eq!(counted.work(drawer.held_by), Err(Refusal::DrawerCounted));
    let again = counted.count(drawer.held_by, &pieces(&[(1_000, 1)]), "", noon());
    assert_eq!(again, Err(Refusal::DrawerCounted));
    let stranger = drawer.count(PersonId::fresh(), &pieces(&[(1_000, 1)]), "", noon());
    assert_eq!(stranger, Err(Refusal::NotYourDrawer));
}

#[rstest]
#[case::what_should_be_there(&[(500, 2)], "", Ok(""))]
#[case::with_a_needless_reason(&[(500, 2)], "nothing", Ok(""))]
#[case::too_little(&[(500, 1)], " ", Err(Refusal::CountUnexplained))]
#[case::too_much(&[(500, 3)], "", Err(Refusal::CountUnexplained))]
#[case::too_little_and_said_why(&[(500, 1)], " a note is lost ", Ok("a note is lost"))]
fn a_count_that_differs_has_a_reason(
    #[case] found: &[(i32, i32)],
    #[case] said: &str,
    #[case] expected: Result<&str, Refusal>,
) {
    let drawer = drawer();
    let kept = drawer
        .count(drawer.held_by, &pieces(found), said, noon())
        .map(|counted| match counted.state {
            State::Counted { reason, .. } => reason,
            State::Open => panic!("it is open"),
        });
    assert_eq!(kept, expected.map(str::to_owned));
}

#[rstest]
#[case::to_the_fen(1_000, 1_000, Ok(0))]
#[case::with_change(1_000, 1_500, Ok(500))]
#[case::a_fen_too_little(1_000, 999, Err(Refusal::TenderedTooLittle { missing_minor: 1 }))]
fn a_payer_gets_the_change(#[case] owed: i64, #[case] given: i64, #[case] back: Result<i64, Refusal>) {
    assert_eq!(change(fen(owed), fen(given)).map(Balance::minor), back);
}

#[test]
fn pieces_are_notes_and_coins_each_named_once() {
    assert_eq!(pieces(&[(10_000, 3), (1, 7), (50, 0)]).sum().minor(), 30_007);
    assert_eq!(pieces(&[]).sum(), Balance::ZERO);
    for wrong in [
        vec![(300, 1)],
        vec![(100, -1)],
        vec![(100, 100_001)],
        vec![(100, 1), (100, 2)],
    ] {
        assert!(Pieces::parse(wrong.clone()).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_day_is_confirmed_by_somebody_who_held_none_of_its_drawers() {
    let (holder, checker) = (PersonId::fresh(), PersonId::fresh());
    let day = day().opened(holder).unwrap();
    assert_eq!(day.confirm(holder, "", noon()), Err(Refusal::SamePerson));
    assert_eq!(
        day.confirm(checker, "", noon()),
        Err(Refusal::DrawersOpen { open: 1 })
    );
    let day = day.counted();
    assert_eq!(day.confirm(holder, "", noon()), Err(Refusal::SamePerson));
    let confirmed = day.confirm(checker, "", noon()).unwrap();
    let closed = Refusal::DayState { state: "confirmed" };
    assert_eq!(confirmed.opened(holder), Err(closed.clone()));
    assert_eq!(confirmed.confirm(checker, "", noon()), Err(closed));
}
