use chrono::TimeZone as _;
use rstest::rstest;

use super::*;
use crate::domain::examples::{intent, noon};

const HOUR: i32 = 3600;
const DAY: i32 = 86_400;

fn limit(
    place: Place,
    subject: Subject,
    window_s: i32,
    most_starts: Option<i32>,
    most: Option<i64>,
) -> Limit {
    Limit {
        id: None,
        place,
        terms: Terms {
            subject,
            window_s,
            most_starts,
            most: most.and_then(Amount::from_minor),
        },
    }
}

fn start<'a>(claim: &'a Claim, device: &'a str) -> Start<'a> {
    Start {
        intent: IntentId::fresh(),
        claim,
        device,
        at: noon() + Duration::minutes(20),
    }
}

/// What the claim of examples is worth.
const WORTH: i64 = 368_000;

#[rstest]
#[case::the_last_that_fits(Some(3), None, 3, WORTH, None)]
#[case::one_too_many(Some(3), None, 4, WORTH, Some(true))]
#[case::as_much_as_fits(None, Some(2 * WORTH), 9, 2 * WORTH, None)]
#[case::a_fen_too_much(None, Some(2 * WORTH - 1), 2, 2 * WORTH, Some(true))]
#[case::more_than_any_window_has(None, Some(WORTH - 1), 1, WORTH, Some(false))]
#[case::just_what_a_window_has(Some(9), Some(WORTH), 2, WORTH + 1, Some(true))]
#[case::many_of_a_limit_by_amount(None, Some(10 * WORTH), 1000, WORTH, None)]
fn a_limit_is_reached_by_count_or_amount_and_says_when_to_come_back(
    #[case] most_starts: Option<i32>,
    #[case] most: Option<i64>,
    #[case] starts: i32,
    #[case] minor: i64,
    #[case] blocked: Option<bool>,
) {
    let claim = intent().claim;
    let limit = limit(Place::Everywhere, Subject::Member, HOUR, most_starts, most);
    let weighed = limit.weigh(&start(&claim, ""), Counted { starts, minor });
    let comes_back = weighed.map_err(|block| {
        assert_eq!(
            (block.before.starts, block.before.minor),
            (starts - 1, minor - WORTH)
        );
        assert!(block.retry_at.is_none_or(|at| at == noon() + Duration::hours(1)));
        block.retry_at.is_some()
    });
    assert_eq!(comes_back.err(), blocked);
}

#[test]
fn a_day_begins_at_midnight_in_china() {
    let day = limit(Place::Everywhere, Subject::Studio, DAY, Some(1), None);
    let (began, ends) = day.terms.window(noon());
    assert_eq!(
        began,
        chrono::Utc.with_ymd_and_hms(2026, 11, 20, 16, 0, 0).unwrap()
    );
    assert_eq!(ends - began, Duration::days(1));
    let (same, _) = day.terms.window(ends - Duration::seconds(1));
    let (next, _) = day.terms.window(ends);
    assert_eq!((same, next), (began, ends));
}

#[test]
fn the_nearest_limit_for_a_subject_and_a_window_counts_alone() {
    let claim = intent().claim;
    let (here, company) = (
        Place::Studio(claim.studio_id),
        Place::LegalEntity(claim.legal_entity_id),
    );
    let configured = [
        limit(Place::Everywhere, Subject::Member, HOUR, Some(9), None),
        limit(Place::Everywhere, Subject::Member, DAY, Some(99), None),
        limit(Place::Everywhere, Subject::Studio, HOUR, Some(50), None),
    ];
    let set = vec![
        limit(company, Subject::Member, HOUR, Some(5), None),
        limit(here, Subject::Member, HOUR, Some(3), None),
        limit(company, Subject::Studio, HOUR, None, None),
    ];
    let holding = holding(&configured, set, &start(&claim, ""));
    let found: Vec<_> = holding
        .iter()
        .map(|(_, limit)| (limit.place, limit.terms.window_s, limit.terms.most_starts))
        .collect();
    assert_eq!(
        found,
        [(Place::Everywhere, DAY, Some(99)), (here, HOUR, Some(3))],
        "the company lifted the studio's limit for an hour"
    );
}

#[test]
fn a_device_is_counted_by_its_studio_and_only_when_it_is_named() {
    let claim = intent().claim;
    let by_device = [limit(Place::Everywhere, Subject::Device, HOUR, Some(1), None)];
    assert!(holding(&by_device, Vec::new(), &start(&claim, "")).is_empty());
    let elsewhere = Claim {
        studio_id: StudioId::fresh(),
        ..claim.clone()
    };
    let key = |claim, device| {
        holding(&by_device, Vec::new(), &start(claim, device))[0]
            .0
            .clone()
    };
    assert_eq!(key(&claim, "till-1"), key(&claim, "till-1"));
    assert_ne!(key(&claim, "till-1"), key(&claim, "till-2"));
    assert_ne!(key(&claim, "till-1"), key(&elsewhere, "till-1"));
}

#[test]
fn counts_are_locked_in_one_order_whatever_the_limits_came_in() {
    let claim = intent().claim;
    let one = limit(Place::Everywhere, Subject::Member, HOUR, Some(1), None);
    let two = limit(
        Place::Studio(claim.studio_id),
        Subject::Studio,
        DAY,
        Some(1),
        None,
    );
    let keys = |set| -> Vec<Key> {
        let held = holding(&[], set, &start(&claim, ""));
        held.into_iter().map(|(key, _)| key).collect()
    };
    assert_eq!(keys(vec![one, two]), keys(vec![two, one]));
}

#[test]
fn of_two_limits_the_one_that_lets_start_later_is_told() {
    let block = |hours: Option<i64>| Block {
        limit: limit(Place::Everywhere, Subject::Member, HOUR, Some(1), None),
        before: Counted { starts: 1, minor: 1 },
        retry_at: hours.map(|hours| noon() + Duration::hours(hours)),
    };
    for (one, other, told) in [
        (Some(1), Some(2), Some(2)),
        (Some(2), Some(1), Some(2)),
        (None, Some(9), None),
        (Some(9), None, None),
    ] {
        assert_eq!(block(one).later(block(other)).retry_at, block(told).retry_at);
    }
}

#[rstest]
#[case::the_first_at_once(0, None, true)]
#[case::the_first_in_the_past(-1, None, false)]
#[case::after_the_one_before(1, Some(0), true)]
#[case::at_the_same_moment(1, Some(1), false)]
#[case::before_one_that_is_yet_to_come(1, Some(2), false)]
fn a_limit_comes_after_the_one_before_and_never_in_the_past(
    #[case] from: i64,
    #[case] before: Option<i64>,
    #[case] taken: bool,
) {
    let set = Set {
        limit: limit(Place::Everywhere, Subject::Member, HOUR, Some(1), None),
        note: "x".to_owned(),
        effective_from: noon() + Duration::seconds(from),
        set_by: PersonId::fresh(),
        set_at: noon(),
    };
    let before = before.map(|from| noon() + Duration::seconds(from));
    assert_eq!(set.following(before).is_ok(), taken);
}
