use chrono::Duration;
use rstest::rstest;

use super::*;
use crate::domain::Method;
use crate::domain::examples::{attempt_by, intent, noon, paid};

fn payment(method: Method) -> Payment {
    let intent = intent();
    let attempt = attempt_by(method, &intent);
    Payment::capture(&intent, &attempt, &paid(&attempt), noon())
}

fn waiting() -> Verification {
    Verification::of(&payment(Method::WechatNative), noon() + Duration::hours(24)).unwrap()
}

fn act() -> Act {
    Act {
        by: PersonId::fresh(),
        at: noon(),
    }
}

fn seen(of: &Verification) -> Seen {
    Seen {
        amount: of.amount,
        person: of.person_id,
    }
}

#[rstest]
#[case(Method::WechatNative, true)]
#[case(Method::WechatCodepay, true)]
#[case(Method::WechatJsapi, true)]
#[case(Method::AlipayQr, true)]
#[case(Method::AlipayBarcode, true)]
#[case(Method::Cash, false)]
#[case(Method::CardTerminal, false)]
fn what_no_person_took_is_looked_at(#[case] method: Method, #[case] looked_at: bool) {
    assert_eq!(Verification::of(&payment(method), noon()).is_some(), looked_at);
}

#[test]
fn every_pair_of_state_and_step_is_either_listed_or_refused() {
    let awaiting = waiting();
    let verified = awaiting.verify(act(), seen(&awaiting)).unwrap();
    let anomaly = awaiting.report(act(), Anomaly::Other).unwrap();
    let allowed = [
        ("awaiting", "verify", "verified"),
        ("awaiting", "report", "anomaly"),
        ("verified", "report", "anomaly"),
    ];
    for from in [&awaiting, &verified, &anomaly] {
        let steps = [
            ("verify", from.verify(act(), seen(from))),
            ("report", from.report(act(), Anomaly::WrongPerson)),
        ];
        for (name, step) in steps {
            let state = from.state.word();
            let listed = allowed.iter().find(|(a, b, _)| (*a, *b) == (state, name));
            match listed {
                Some((_, _, to)) => {
                    let after = step.unwrap();
                    assert_eq!((after.state.word(), after.version), (*to, from.version + 1));
                }
                None => assert_eq!(step, Err(Refusal::VerificationState { state }), "{state} {name}"),
            }
        }
    }
}

#[test]
fn what_was_seen_is_what_was_paid_by_whom() {
    let waiting = waiting();
    let another = Seen {
        amount: Amount::from_minor(waiting.amount.minor() - 1).unwrap(),
        ..seen(&waiting)
    };
    assert_eq!(
        waiting.verify(act(), another),
        Err(Refusal::VerificationDiffers { field: "amount" })
    );
    let somebody = Seen {
        person: PersonId::fresh(),
        ..seen(&waiting)
    };
    assert_eq!(
        waiting.verify(act(), somebody),
        Err(Refusal::VerificationDiffers { field: "person_id" })
    );
}

#[test]
fn nobody_looks_at_a_payment_of_their_own() {
    let waiting = waiting();
    let own = Act {
        by: waiting.person_id,
        at: noon(),
    };
    assert_eq!(waiting.verify(own, seen(&waiting)), Err(Refusal::SamePerson));
    assert_eq!(waiting.report(own, Anomaly::Other), Err(Refusal::SamePerson));
}

#[test]
fn an_anomaly_keeps_who_had_verified() {
    let waiting = waiting();
    let (first, second) = (act(), act());
    let verified = waiting.verify(first, seen(&waiting)).unwrap();
    let anomaly = verified.report(second, Anomaly::WrongAmount).unwrap();
    assert_eq!(anomaly.state.verified(), Some(first));
    assert_eq!(anomaly.state.reported(), Some((Anomaly::WrongAmount, second)));
}

#[test]
fn its_time_goes_by_while_nobody_looks() {
    let waiting = waiting();
    assert!(!waiting.is_overdue(waiting.due_at - Duration::seconds(1)));
    assert!(waiting.is_overdue(waiting.due_at));
    let verified = waiting.verify(act(), seen(&waiting)).unwrap();
    assert!(!verified.is_overdue(waiting.due_at));
}
