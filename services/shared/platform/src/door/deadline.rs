use std::time::Duration;

use http::HeaderMap;
use tokio::time::Instant;

use crate::config::Deadlines;

tokio::task_local! {
    /// When the call that runs now has to be answered.
    pub(super) static DEADLINE: Instant;
}

/// How long the call that runs now still has; none outside of a call.
pub(crate) fn remaining() -> Option<Duration> {
    DEADLINE
        .try_with(|deadline| deadline.saturating_duration_since(Instant::now()))
        .ok()
}

/// Runs `work` as if a call had to be answered by `until`.
#[cfg(test)]
pub(crate) async fn within<T>(until: Instant, work: impl Future<Output = T>) -> T {
    DEADLINE.scope(until, work).await
}

/// How long a call has: what its caller gives it, within what the house
/// permits. None when it is too little to begin.
pub(super) fn granted(headers: &HeaderMap, streams: bool, config: &Deadlines) -> Option<Duration> {
    let most = if streams { config.stream_ms } else { config.most_ms };
    let default = if streams {
        config.stream_ms
    } else {
        config.default_ms
    };
    let granted = asked(headers)
        .map_or(Duration::from_millis(default), early)
        .min(Duration::from_millis(most));
    (granted >= Duration::from_millis(config.least_ms)).then_some(granted)
}

/// A little before the time is up, so that our answer with its reason is there
/// before the transport gives up, which answers CANCELLED.
fn early(asked: Duration) -> Duration {
    asked.saturating_sub((asked / 20).clamp(Duration::from_millis(2), Duration::from_millis(20)))
}

/// What a request says of its deadline.
pub(crate) fn asked(headers: &HeaderMap) -> Option<Duration> {
    headers
        .get("grpc-timeout")
        .and_then(|value| value.to_str().ok())
        .and_then(parse)
}

/// Reads the header `grpc-timeout`: at most eight digits and a unit.
fn parse(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let n: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(n * 3600),
        "M" => Duration::from_secs(n * 60),
        "S" => Duration::from_secs(n),
        "m" => Duration::from_millis(n),
        "u" => Duration::from_micros(n),
        "n" => Duration::from_nanos(n),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: Deadlines = Deadlines {
        default_ms: 3000,
        least_ms: 5,
        most_ms: 30_000,
        stream_ms: 600_000,
    };

    fn asking(text: &str) -> Option<Duration> {
        let mut headers = HeaderMap::new();
        headers.insert("grpc-timeout", text.parse().unwrap());
        granted(&headers, false, &CONFIG)
    }

    #[test]
    fn a_caller_that_names_no_deadline_gets_the_houses() {
        assert_eq!(
            granted(&HeaderMap::new(), false, &CONFIG),
            Some(Duration::from_secs(3))
        );
        assert_eq!(
            granted(&HeaderMap::new(), true, &CONFIG),
            Some(Duration::from_mins(10))
        );
    }

    #[test]
    fn every_unit_is_understood() {
        assert_eq!(asking("200m"), Some(Duration::from_millis(190)));
        assert_eq!(asking("2S"), Some(Duration::from_millis(1980)));
        assert_eq!(asking("9000u"), Some(Duration::from_millis(7)));
        assert_eq!(asking("9000000n"), Some(Duration::from_millis(7)));
    }

    #[test]
    fn nobody_gets_more_than_the_house_permits() {
        assert_eq!(asking("1H"), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_call_with_too_little_time_is_not_begun() {
        assert_eq!(asking("1m"), None);
    }

    #[test]
    fn nonsense_counts_as_no_deadline() {
        for text in ["", "S", "12", "123456789S", "-1S"] {
            assert_eq!(asking(text), Some(Duration::from_secs(3)), "{text}");
        }
    }
}
