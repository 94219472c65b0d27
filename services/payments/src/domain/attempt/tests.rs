use super::*;
use crate::domain::examples::{attempt_by, intent, noon};

fn qr() -> Prompt {
    Prompt::Qr("weixin://x".to_owned())
}

fn states() -> Vec<State> {
    vec![
        State::Creating,
        State::AwaitingPayment { prompt: qr() },
        State::AwaitingPayment {
            prompt: Prompt::OnPhone,
        },
        State::Closing { why: Why::Expired },
        State::Closing { why: Why::Cancelled },
        State::Closing { why: Why::Declined },
        State::Reversing { why: Why::Expired },
        State::Reversing { why: Why::Cancelled },
        State::Reversing { why: Why::Declined },
        State::Paid { at: noon() },
        State::Failed {
            code: "PARAM_ERROR".to_owned(),
        },
        State::Expired,
        State::Cancelled,
        State::Isolated { at: noon() },
    ]
}

fn steps() -> Vec<(&'static str, Step)> {
    vec![
        ("open", Step::Open { prompt: qr() }),
        ("begin closing", Step::BeginClosing { why: Why::Cancelled }),
        ("begin reversing", Step::BeginReversing),
        (
            "refuse",
            Step::Refuse {
                code: "PARAM_ERROR".to_owned(),
            },
        ),
        ("close", Step::Close),
        ("pay", Step::Pay { at: noon() }),
        ("isolate", Step::Isolate { at: noon() }),
    ]
}

/// Every pair that is allowed and where it leads; all others are refused.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("creating", "open", "awaiting_payment"),
    ("creating", "begin closing", "closing"),
    ("creating", "refuse", "failed"),
    ("creating", "close", "expired"),
    ("creating", "pay", "paid"),
    ("creating", "isolate", "isolated"),
    ("awaiting_payment", "begin closing", "closing"),
    ("awaiting_payment", "close", "expired"),
    ("awaiting_payment", "pay", "paid"),
    ("awaiting_payment", "isolate", "isolated"),
    ("closing", "pay", "paid"),
    ("closing", "begin reversing", "reversing"),
    ("closing", "isolate", "isolated"),
    ("reversing", "isolate", "isolated"),
    ("failed", "isolate", "isolated"),
    ("expired", "isolate", "isolated"),
    ("cancelled", "isolate", "isolated"),
];

#[test]
fn every_pair_of_state_and_step_is_in_the_table_or_refused() {
    for state in states() {
        for (name, step) in steps() {
            let expected = match (&state, name) {
                (State::Closing { why } | State::Reversing { why }, "close" | "refuse") => {
                    Some(if *why == Why::Declined {
                        "failed"
                    } else {
                        why.word()
                    })
                }
                (
                    State::AwaitingPayment {
                        prompt: Prompt::OnPhone,
                    },
                    "refuse",
                ) => Some("failed"),
                _ => ALLOWED
                    .iter()
                    .find(|(s, n, _)| *s == state.word() && *n == name)
                    .map(|(_, _, to)| *to),
            };
            let found = state.clone().take(step).ok();
            assert_eq!(found.as_ref().map(State::word), expected, "{state:?} {name}");
        }
    }
}

#[test]
fn what_is_paid_never_becomes_unpaid() {
    for (_, step) in steps() {
        assert!(State::Paid { at: noon() }.take(step.clone()).is_err());
        assert!(State::Isolated { at: noon() }.take(step).is_err());
    }
}

#[test]
fn a_charge_is_reversed_when_nothing_of_it_can_be_on_its_way_and_never_paid_after_that() {
    let charged = attempt_by(Method::WechatCodepay, &intent());
    let closing = charged.begin_closing(Why::Cancelled).unwrap().unwrap();
    let at = |seconds| {
        closing
            .begin_reversing(noon() + Duration::seconds(seconds))
            .unwrap()
    };
    assert_eq!(at(14), None);
    let reversing = at(15).unwrap();
    assert_eq!(reversing.version, closing.version + 1);
    let again = reversing.begin_reversing(noon() + Duration::seconds(20)).unwrap();
    assert_eq!(again, Some(reversing.clone()), "nothing changes the second time");
    assert!(reversing.take(Step::Pay { at: noon() }).is_err());
}

/// A channel that knows nothing by the number may hear of it for as long.
#[test]
fn a_charge_is_on_its_way_from_its_start_and_a_scan_until_the_end() {
    let at = noon() + Duration::minutes(20);
    let quiet = |method| attempt_by(method, &intent()).quiet_for(at).num_minutes();
    for method in [
        Method::WechatNative,
        Method::WechatCodepay,
        Method::WechatJsapi,
        Method::AlipayBarcode,
    ] {
        assert_eq!(quiet(method), 20);
    }
    assert_eq!(quiet(Method::AlipayQr), 5);
}

#[test]
fn an_attempt_is_long_unknown_after_twice_its_life_while_nobody_knows_its_end() {
    let attempt = attempt_by(Method::WechatNative, &intent());
    let at = |minutes| noon() + Duration::minutes(minutes);
    assert!(!attempt.is_long_unknown(at(29)));
    assert!(attempt.is_long_unknown(at(30)));
    let closing = attempt.begin_closing(Why::Expired).unwrap().unwrap();
    assert!(closing.is_long_unknown(at(30)));
    let closed = closing.take(Step::Close).unwrap();
    assert!(!closed.is_long_unknown(at(30)));
}

#[test]
fn the_number_at_the_channel_follows_from_the_attempt_and_suits_every_channel() {
    let id = AttemptId::fresh();
    let number = ChannelNumber::of_attempt(id);
    assert_eq!(number, ChannelNumber::of_attempt(id));
    assert_eq!(number.as_str().len(), 32);
    assert!(number.as_str().chars().all(|c| c.is_ascii_alphanumeric()));
}
