//! When to look again.

use std::time::Duration;

use super::{Method, Way};

/// How long to wait before an attempt of `age` is asked about again, with `left`
/// until it expires: often while a payer holds the phone, seldom later, and
/// never past the end. Channels want five seconds between looks at a charge.
pub fn next_look(method: Method, age: chrono::Duration, left: chrono::Duration) -> Duration {
    let rhythm = match (method.way(), age.num_seconds()) {
        (Way::Charge, _) => 5,
        (Way::Scan | Way::InApp, ..60) => 2,
        (Way::Scan | Way::InApp, 60..180) => 10,
        (Way::Scan | Way::InApp, 180..600) => 30,
        (Way::Scan | Way::InApp, 600..3600) => 60,
        (Way::Scan | Way::InApp | Way::Drawer | Way::Transfer, _) => 300,
    };
    let left = left.to_std().unwrap_or_default() + Duration::from_millis(1);
    Duration::from_secs(rhythm).min(left)
}

/// How long to wait before a refund of `age` is asked about again. Money to a
/// balance is back in seconds, to a bank card in days; Alipay wants to be left
/// alone for ten seconds first.
pub fn next_refund_look(age: chrono::Duration, method: Method) -> Duration {
    let least = match method {
        Method::WechatNative
        | Method::WechatCodepay
        | Method::WechatJsapi
        | Method::Cash
        | Method::CardTerminal
        | Method::BankTransfer => 0,
        Method::AlipayQr | Method::AlipayBarcode => 10,
    };
    let rhythm: u64 = match age.num_seconds() {
        ..30 => 2,
        30..300 => 15,
        300..3600 => 120,
        3600..86400 => 1800,
        _ => 14400,
    };
    Duration::from_secs(rhythm.max(least))
}

/// How long to wait before the order of a callback of `age` is looked for again:
/// as long as was waited so far, within a minute and six hours.
pub fn next_match(age: chrono::Duration) -> Duration {
    age.to_std()
        .unwrap_or_default()
        .clamp(Duration::from_mins(1), Duration::from_hours(6))
}

/// How long to wait before an attempt that ended `late` ago and is still being
/// closed is asked about again: a channel that stays silent is not pressed.
pub fn next_close(late: chrono::Duration) -> Duration {
    Duration::from_secs(match late.num_seconds() {
        ..60 => 5,
        60..600 => 30,
        _ => 300,
    })
}

/// How long to wait before money that hangs at the channel is asked about again:
/// a person has to act there first.
pub const HANGING_LOOK: Duration = Duration::from_hours(4);

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::Duration as Span;

    #[test]
    fn an_attempt_is_looked_at_thirty_times_in_its_first_minute() {
        let (mut age, mut looks) = (0, 0);
        while age < 60 {
            let pause = next_look(Method::WechatNative, Span::seconds(age), Span::minutes(15));
            age += i64::try_from(pause.as_secs()).unwrap();
            looks += 1;
        }
        assert_eq!(looks, 30);
    }

    #[test]
    fn a_charge_is_looked_at_every_five_seconds_until_its_end() {
        for method in [Method::WechatCodepay, Method::AlipayBarcode] {
            let pause = |age, left| next_look(method, Span::seconds(age), Span::seconds(left));
            assert_eq!(pause(0, 45), Duration::from_secs(5));
            assert_eq!(pause(40, 20), Duration::from_secs(5));
            assert!(pause(43, 2) < Duration::from_secs(3));
        }
    }

    #[test]
    fn a_refund_at_alipay_is_left_alone_for_ten_seconds() {
        let looks =
            |method| [0, 29, 30, 3600].map(|age| next_refund_look(Span::seconds(age), method).as_secs());
        assert_eq!(looks(Method::WechatNative), [2, 2, 15, 1800]);
        assert_eq!(looks(Method::WechatCodepay), [2, 2, 15, 1800]);
        for method in [Method::AlipayQr, Method::AlipayBarcode] {
            assert_eq!(looks(method), [10, 10, 15, 1800]);
        }
    }

    #[test]
    fn what_does_not_come_to_an_end_is_asked_about_ever_more_seldom() {
        let closing = [-5, 59, 60, 600, 86_400].map(|late| next_close(Span::seconds(late)).as_secs());
        assert_eq!(closing, [5, 5, 30, 300, 300]);
        let matching = [-5, 60, 600, 864_000].map(|age| next_match(Span::seconds(age)).as_secs());
        assert_eq!(matching, [60, 60, 600, 21_600]);
    }

    #[test]
    fn the_pause_grows_and_never_passes_the_end() {
        let far = Span::hours(9);
        let pause = |age, left| next_look(Method::WechatNative, Span::seconds(age), left);
        let pauses: Vec<u64> = [0, 60, 180, 600, 3600]
            .map(|age| pause(age, far).as_secs())
            .into();
        assert_eq!(pauses, [2, 10, 30, 60, 300]);
        assert!(pause(700, Span::seconds(5)) <= Duration::from_millis(5001));
        assert!(pause(700, Span::seconds(-5)) <= Duration::from_millis(1));
    }
}
