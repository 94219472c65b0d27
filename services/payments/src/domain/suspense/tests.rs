use chrono::Duration;
use rstest::rstest;

use super::*;
use crate::domain::examples::{intent, noon};

fn item(minor: i64, legal_entity: LegalEntityId) -> Item {
    let place = Place {
        party: Party::Bank,
        legal_entity,
        account: "icbc".to_owned(),
        statement: Uuid::from_u128(7),
        line: 3,
        transaction: "S3".to_owned(),
        number: String::new(),
        received_at: noon(),
    };
    let amount = Amount::from_minor(minor).unwrap();
    Item::of_line(place, amount, None, noon(), noon() + Duration::hours(72))
}

fn ends() -> [End; 3] {
    [End::Assign(IntentId::fresh()), End::SendBack, End::Explain]
}

#[test]
fn every_pair_of_state_and_step_is_in_the_table_or_refused() {
    let (one, other) = (PersonId::fresh(), PersonId::fresh());
    for end in ends() {
        let proposed = State::Proposed { end, maker: one };
        let by = By::Persons {
            maker: one,
            checker: other,
        };
        let ended = State::Ended { end, by, at: noon() };
        let steps = [
            ("propose", Step::Propose { end, by: one }),
            (
                "confirm",
                Step::Confirm {
                    by: other,
                    at: noon(),
                },
            ),
            ("decline", Step::Decline { by: other }),
            ("prove", Step::Prove { at: noon() }),
        ];
        let allowed = [
            ("open", "propose", "proposed"),
            ("open", "prove", "explained"),
            ("proposed", "confirm", ended.word()),
            ("proposed", "decline", "open"),
        ];
        for state in [State::Open, proposed, ended] {
            for (name, step) in steps {
                let expected = allowed
                    .iter()
                    .find(|(from, by, _)| *from == state.word() && *by == name)
                    .map(|(_, _, to)| *to);
                let taken = state.take(step).ok();
                assert_eq!(taken.as_ref().map(State::word), expected, "{state:?} {name}");
            }
        }
    }
}

#[test]
fn whoever_proposed_neither_confirms_nor_declines() {
    let by = PersonId::fresh();
    for end in ends() {
        let proposed = State::Open.take(Step::Propose { end, by }).unwrap();
        for step in [Step::Confirm { by, at: noon() }, Step::Decline { by }] {
            assert_eq!(proposed.take(step), Err(Refusal::SamePerson));
        }
    }
}

#[rstest]
#[case::exactly(0, Ok(None))]
#[case::more(5, Ok(Amount::from_minor(5)))]
#[case::less(-1, Err(Refusal::TransferShort { missing_minor: 1 }))]
fn what_is_left_after_the_due(#[case] more: i64, #[case] left: Result<Option<Amount>, Refusal>) {
    let intent = intent();
    let owed = intent.claim.amount.minor();
    let item = item(owed + more, intent.claim.legal_entity_id);
    assert_eq!(item.after(&intent), left);
}

#[test]
fn money_of_one_company_never_pays_the_due_of_another() {
    let intent = intent();
    let item = item(intent.claim.amount.minor(), LegalEntityId::fresh());
    assert_eq!(item.after(&intent), Err(Refusal::OtherLegalEntity));
}

#[test]
fn a_line_read_again_is_the_same_item_and_its_remainder_another() {
    let entity = LegalEntityId::fresh();
    let first = item(500, entity);
    assert_eq!(first.id, item(500, entity).id);
    let rest = first.remainder(Amount::from_minor(20).unwrap(), noon(), noon());
    assert_eq!((rest.remains_of, rest.amount.minor()), (Some(first.id), 20));
    assert_ne!(rest.id, first.id);
}

#[test]
fn it_is_overdue_until_it_has_an_end() {
    let open = item(500, LegalEntityId::fresh());
    assert!(!open.is_overdue(open.due_at));
    let late = open.due_at + Duration::seconds(1);
    assert!(open.is_overdue(late));
    let ended = open.take(Step::Prove { at: late }).unwrap();
    assert!(!ended.is_overdue(late + Duration::days(1)));
}

#[test]
fn an_order_at_a_channel_pays_one_due_and_nothing_is_left_of_it() {
    let intent = intent();
    let owed = intent.claim.amount.minor();
    let by_code = |minor| {
        let mut item = item(minor, intent.claim.legal_entity_id);
        item.place.party = Party::Wechat;
        item
    };
    assert_eq!(by_code(owed).after(&intent), Ok(None));
    let over = Err(Refusal::TransferOver { surplus_minor: 1 });
    assert_eq!(by_code(owed + 1).after(&intent), over);
}
