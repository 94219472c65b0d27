use super::*;
use crate::domain::Method;
use crate::domain::attempt::Why;
use crate::domain::examples::{attempt_by, attempt_of, intent, noon, ours, paid};

#[test]
fn the_first_money_of_a_live_attempt_captures() {
    let intent = intent();
    let attempt = attempt_of(&intent);
    for step in [
        None,
        Some(Step::Open {
            prompt: Prompt::Qr("x".to_owned()),
        }),
        Some(Step::BeginClosing { why: Why::Expired }),
    ] {
        let attempt = step.map_or_else(|| attempt.clone(), |s| attempt.take(s).unwrap());
        assert_eq!(
            weigh(&attempt, &intent, &ours(), &paid(&attempt)),
            Meaning::Captures
        );
    }
}

#[test]
fn money_after_the_end_of_attempt_or_intent_is_late() {
    let intent = intent();
    let closed = attempt_of(&intent).take(Step::Close).unwrap();
    assert_eq!(
        weigh(&closed, &intent, &ours(), &paid(&closed)),
        Meaning::Isolates(Cause::Late)
    );
    let refused = attempt_of(&intent)
        .take(Step::Refuse { code: "X".to_owned() })
        .unwrap();
    assert_eq!(
        weigh(&refused, &intent, &ours(), &paid(&refused)),
        Meaning::Isolates(Cause::Late)
    );
    let cancelled = intent.cancel().unwrap().unwrap();
    let live = attempt_of(&intent);
    assert_eq!(
        weigh(&live, &cancelled, &ours(), &paid(&live)),
        Meaning::Isolates(Cause::Late)
    );
}

#[test]
fn money_of_a_charge_that_is_being_reversed_is_late() {
    let intent = intent();
    let closing = attempt_by(Method::AlipayBarcode, &intent)
        .take(Step::BeginClosing { why: Why::Expired })
        .unwrap();
    let meaning = |attempt: &Attempt| weigh(attempt, &intent, &ours(), &paid(attempt));
    assert_eq!(meaning(&closing), Meaning::Captures);
    let reversing = closing.take(Step::BeginReversing).unwrap();
    assert_eq!(meaning(&reversing), Meaning::Isolates(Cause::Late));
}

#[test]
fn a_charge_in_doubt_is_never_refused_and_a_payer_who_refuses_ends_it() {
    let doubt = || Outcome::Unknown("500".to_owned());
    assert_eq!(Evidence::of_charge(doubt()), None);
    assert_eq!(Evidence::of_charge_query(doubt()), None);
    assert_eq!(Evidence::of_charge(Outcome::NotFound), None);
    assert_eq!(Evidence::of_charge_query(Outcome::NotFound), None);

    let intent = intent();
    let waiting = attempt_by(Method::WechatCodepay, &intent)
        .take(Step::Open {
            prompt: Prompt::OnPhone,
        })
        .unwrap();
    let refused = Outcome::Failed(Failure::for_good("NOTENOUGH"));
    let evidence = Evidence::of_charge_query(refused).unwrap();
    let Ok(Verdict::Ended { attempt, .. }) = decide(&intent, &waiting, &ours(), &evidence, noon()) else {
        panic!("it goes on")
    };
    let code = "NOTENOUGH".to_owned();
    assert_eq!(attempt.state, State::Failed { code });
}

#[test]
fn a_charge_that_was_declined_ends_when_its_reversal_was_taken_in() {
    let declined = || Outcome::Failed(Failure::to_reverse("PAYERROR"));
    let intent = intent();
    let waiting = attempt_by(Method::WechatCodepay, &intent);
    let evidence = Evidence::of_charge_query(declined()).unwrap();
    let Ok(Verdict::Declined(closing)) = decide(&intent, &waiting, &ours(), &evidence, noon()) else {
        panic!("it is not reversed")
    };
    assert_eq!(
        decide(&intent, &closing, &ours(), &evidence, noon()),
        Ok(Verdict::NoEffect)
    );
    let after = |reversed| Evidence::of_query_after_reversal(&reversed, declined(), Duration::hours(1));
    assert_eq!(after(Outcome::Unknown("500".to_owned())), None);
    assert_eq!(after(Outcome::Succeeded(())), Some(Evidence::Closed));
    let reversing = closing.take(Step::BeginReversing).unwrap();
    let Ok(Verdict::Ended { attempt, .. }) = decide(&intent, &reversing, &ours(), &Evidence::Closed, noon())
    else {
        panic!("it goes on")
    };
    let code = "DECLINED".to_owned();
    assert_eq!(attempt.state, State::Failed { code });
}

#[test]
fn a_second_attempts_money_for_a_paid_intent_is_a_duplicate() {
    let intent = intent();
    let paid_intent = intent.take(intent::Step::Pay).unwrap();
    let second = attempt_of(&intent);
    assert_eq!(
        weigh(&second, &paid_intent, &ours(), &paid(&second)),
        Meaning::Isolates(Cause::Duplicate)
    );
}

#[test]
fn the_same_statement_again_means_nothing_new() {
    let intent = intent();
    let attempt = attempt_of(&intent).take(Step::Pay { at: noon() }).unwrap();
    let intent = intent.take(intent::Step::Pay).unwrap();
    assert_eq!(weigh(&attempt, &intent, &ours(), &paid(&attempt)), Meaning::Known);
    let isolated = Attempt {
        state: State::Isolated { at: noon() },
        ..attempt
    };
    assert_eq!(
        weigh(&isolated, &intent, &ours(), &paid(&isolated)),
        Meaning::Known
    );
}

#[test]
fn any_contradiction_is_named_and_believed_in_nothing() {
    let intent = intent();
    let attempt = attempt_of(&intent);
    let check = |change: fn(&mut Paid), mismatch| {
        let mut stated = paid(&attempt);
        change(&mut stated);
        assert_eq!(
            weigh(&attempt, &intent, &ours(), &stated),
            Meaning::Contradicts(mismatch)
        );
    };
    check(|p| p.amount_minor -= 1, Mismatch::Amount);
    check(|p| p.currency = "USD".to_owned(), Mismatch::Currency);
    check(|p| p.currency = String::new(), Mismatch::Currency);
    check(|p| p.identity.merchant = "other".to_owned(), Mismatch::Merchant);
    check(|p| p.identity.app = "other".to_owned(), Mismatch::App);
    let another = paid(&attempt_of(&intent));
    assert_eq!(
        weigh(&attempt, &intent, &ours(), &another),
        Meaning::Contradicts(Mismatch::Number)
    );
}
