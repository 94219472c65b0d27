use super::*;
use kernel::Clock;

const LARGE: i64 = 1_000_000;

fn fen(minor: i64) -> Amount {
    Amount::from_minor(minor).unwrap()
}

fn mark() -> Mark {
    Mark {
        by: PersonId::fresh(),
        at: Clock::real(),
    }
}

fn no() -> Rejection {
    Rejection {
        reason: RejectReason::WrongAmount,
        advice: Advice::ApplyAgain,
        explanation: Sealed::from(b"why".to_vec()),
    }
}

fn applied() -> Recharge {
    let person = PersonId::fresh();
    Recharge {
        id: RechargeId::fresh(),
        number: "R".to_owned(),
        wallet: WalletId::fresh(),
        person,
        studio: StudioId::fresh(),
        legal_entity: LegalEntityId::fresh(),
        amount: fen(50_000),
        method: Method::WechatNative,
        due: DueId::fresh(),
        intent: None,
        applied: Mark {
            by: person,
            at: Clock::real(),
        },
        accepted: None,
        declined_by: None,
        expire_at: Clock::real(),
        state: State::Applied,
        version: 1,
    }
}

fn receive(recharge: Recharge, minor: i64) -> Result<Recharge, Refusal> {
    recharge.receive(
        PaymentId::fresh(),
        "4200".to_owned(),
        fen(minor),
        Clock::real(),
        fen(LARGE),
    )
}

fn accepted() -> Recharge {
    applied().accept(PersonId::fresh(), Clock::real()).unwrap()
}

fn received() -> Recharge {
    receive(accepted(), 50_000).unwrap()
}

/// A recharge in every state there is.
fn everywhere() -> Vec<Recharge> {
    let returning = received().send_back(mark(), no()).unwrap();
    vec![
        applied(),
        accepted(),
        received(),
        received()
            .post(mark(), fen(50_000), None, LotId::fresh())
            .unwrap(),
        applied().reject(PersonId::fresh(), no()).unwrap(),
        returning.clone(),
        returning.clone().returned().unwrap(),
        returning.stuck("CLOSED".to_owned()).unwrap(),
        applied().cancel().unwrap(),
        applied().expire().unwrap(),
    ]
}

type Step = (&'static str, fn(Recharge) -> Result<Recharge, Refusal>);

const STEPS: [Step; 11] = [
    ("accept", |r| r.accept(PersonId::fresh(), Clock::real())),
    ("pay", |r| r.pay(IntentId::fresh())),
    ("receive", |r| receive(r, 50_000)),
    ("post", |r| {
        r.post(mark(), fen(50_000), Some(Sealed::nothing()), LotId::fresh())
    }),
    ("reject", |r| r.reject(PersonId::fresh(), no())),
    ("send_back", |r| r.send_back(mark(), no())),
    ("returned", Recharge::returned),
    ("stuck", |r| r.stuck("CLOSED".to_owned())),
    ("resume", Recharge::resume),
    ("cancel", Recharge::cancel),
    ("expire", Recharge::expire),
];

const ALLOWED: [(&str, &str, &str); 18] = [
    ("applied", "accept", "accepted"),
    ("applied", "reject", "rejected"),
    ("applied", "cancel", "cancelled"),
    ("applied", "expire", "expired"),
    ("accepted", "pay", "accepted"),
    ("accepted", "receive", "received"),
    ("accepted", "reject", "rejected"),
    ("accepted", "cancel", "cancelled"),
    ("accepted", "expire", "expired"),
    ("cancelled", "receive", "received"),
    ("expired", "receive", "received"),
    ("rejected", "receive", "received"),
    ("received", "post", "posted"),
    ("received", "send_back", "returning"),
    ("returning", "returned", "returned"),
    ("returning", "stuck", "return_stuck"),
    ("return_stuck", "returned", "returned"),
    ("return_stuck", "resume", "returning"),
];

#[test]
fn every_pair_of_state_and_step_is_allowed_or_refused_as_declared() {
    for recharge in everywhere() {
        for (step, take) in STEPS {
            let declared = ALLOWED
                .iter()
                .find(|(from, by, _)| *from == recharge.state.name() && *by == step);
            match (take(recharge.clone()), declared) {
                (Ok(after), Some((_, _, to))) => {
                    assert_eq!(after.state.name(), *to);
                    assert_eq!(after.version, recharge.version + 1);
                }
                (Err(Refusal::WrongState { state, .. }), None) => assert_eq!(state, recharge.state.name()),
                (outcome, declared) => panic!(
                    "{} by {step}: {outcome:?}, declared {declared:?}",
                    recharge.state.name()
                ),
            }
        }
    }
}

#[test]
fn the_member_neither_checks_nor_audits_an_own_recharge() {
    let recharge = applied();
    let member = recharge.person;
    assert_eq!(
        recharge.clone().accept(member, Clock::real()).unwrap_err(),
        Refusal::SamePerson
    );
    assert_eq!(recharge.reject(member, no()).unwrap_err(), Refusal::SamePerson);
    let recharge = received();
    let own = Mark {
        by: recharge.person,
        at: Clock::real(),
    };
    assert_eq!(
        recharge.post(own, fen(50_000), None, LotId::fresh()).unwrap_err(),
        Refusal::SamePerson
    );
}

#[test]
fn neither_the_specialist_nor_the_applicant_audits_the_recharge() {
    let mut recharge = received();
    recharge.applied.by = PersonId::fresh();
    for by in [recharge.applied.by, recharge.accepted.unwrap().by] {
        let audit = Mark {
            by,
            at: Clock::real(),
        };
        let post = recharge.clone().post(audit, fen(50_000), None, LotId::fresh());
        assert_eq!(post.unwrap_err(), Refusal::SamePerson);
        assert_eq!(
            recharge.clone().send_back(audit, no()).unwrap_err(),
            Refusal::SamePerson
        );
    }
}

#[test]
fn equal_and_ordinary_money_needs_no_focus_review() {
    assert_eq!(received().state.received().unwrap().focus, vec![]);
}

#[test]
fn large_different_and_late_money_is_looked_at_closer() {
    let mut large = accepted();
    large.amount = fen(LARGE);
    assert_eq!(
        receive(large, LARGE).unwrap().state.received().unwrap().focus,
        vec![Focus::LargeAmount]
    );
    assert_eq!(
        receive(accepted(), 49_999)
            .unwrap()
            .state
            .received()
            .unwrap()
            .focus,
        vec![Focus::AmountDiffers]
    );
    let late = accepted().cancel().unwrap();
    assert_eq!(
        receive(late, 50_000).unwrap().state.received().unwrap().focus,
        vec![Focus::Late]
    );
}

#[test]
fn a_focus_review_posts_only_with_the_consultation_in_words() {
    let recharge = receive(accepted(), 49_999).unwrap();
    let post = |words: Option<&str>| {
        recharge.clone().post(
            mark(),
            fen(49_999),
            words.map(|words| Sealed::from(words.as_bytes().to_vec())),
            LotId::fresh(),
        )
    };
    assert_eq!(post(None).unwrap_err(), Refusal::ConsultationRequired);
    assert!(post(Some("the desk confirms the amount")).is_ok());
}

#[test]
fn an_auditor_who_saw_another_amount_posts_nothing() {
    let refused = received()
        .post(mark(), fen(50_001), None, LotId::fresh())
        .unwrap_err();
    assert_eq!(
        refused,
        Refusal::AmountNotAsReceived {
            received: fen(50_000)
        }
    );
}

#[test]
fn every_try_to_send_money_back_has_a_leg_of_its_own() {
    let State::Returning(first) = received().send_back(mark(), no()).unwrap().state else {
        panic!()
    };
    let stuck = received()
        .send_back(mark(), no())
        .unwrap()
        .stuck("CLOSED".to_owned())
        .unwrap();
    let State::Returning(second) = stuck.resume().unwrap().state else {
        panic!()
    };
    assert_eq!(second.attempt, 2);
    assert_ne!(first.leg, second.leg);
}

#[test]
fn a_number_shows_the_day_and_cannot_be_guessed() {
    let day = kernel::BusinessDay::from_ymd_opt(2026, 11, 22).unwrap();
    let (a, b) = (number(RechargeId::fresh(), day), number(RechargeId::fresh(), day));
    assert!(a.starts_with("R-20261122-") && a.len() == 19);
    assert_ne!(a, b);
}
