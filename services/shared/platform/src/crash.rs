//! Places at which a test can make a process die, so that every moment between
//! two durable steps is tried once. In a release they are nothing, unless the
//! feature `crash-points` asks for them.
//!
//! A process is told by its environment: `STUDIO_CRASH_AT` names the point and
//! `STUDIO_CRASH_HIT` the visit at which it aborts; `STUDIO_CRASH_LIST` names a
//! file to which each point is written when it is first reached.

use std::fmt::Arguments;

/// Every place. With what passes through it (the call, the fact, the kind of
/// task) it makes a point, so that no handler has to know of any of this.
pub const PLACES: [&str; 17] = [
    // a call that writes: WriteTx::commit, and its refusals that last
    "write.before_commit",
    "write.after_commit",
    "refusal.before_commit",
    "refusal.after_commit",
    // a fact of another service: inbox, effect and cursor are one transaction
    "react.before_commit",
    "react.after_commit",
    // a task: in hand, its remote step made, its result written, ended
    "task.taken",
    "task.before_result",
    "task.before_commit",
    "task.after_commit",
    // numbering facts
    "sequence.before_commit",
    "sequence.after_commit",
    // a door beside gRPC, as of callbacks
    "beside.before_commit",
    "beside.after_commit",
    // another service has answered, and nobody here knows yet
    "peer.answered",
    // a fact put aside for a person
    "park.before_commit",
    // the channel has answered, and nothing of it is written
    "payments.after_channel_before_commit",
];

/// Dies here when the process was told so. The place must be in [`PLACES`];
/// what passes through follows as for `format!`.
#[macro_export]
macro_rules! crash_point {
    ($place:literal) => {
        $crate::crash_point!($place, "")
    };
    ($place:literal, $($what:tt)+) => {{
        const _: () = assert!($crate::crash::is_listed($place), "not in platform::crash::PLACES");
        $crate::crash::reach($place, format_args!($($what)+));
    }};
}

/// For [`crash_point!`], while it is compiled.
pub const fn is_listed(place: &str) -> bool {
    let mut at = 0;
    while at < PLACES.len() {
        if equal(PLACES[at].as_bytes(), place.as_bytes()) {
            return true;
        }
        at += 1;
    }
    false
}

const fn equal(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

/// What [`crash_point!`] does.
#[cfg(any(debug_assertions, feature = "crash-points"))]
pub fn reach(place: &'static str, what: Arguments<'_>) {
    armed::reach(place, what);
}

#[cfg(not(any(debug_assertions, feature = "crash-points")))]
#[inline(always)]
pub fn reach(_: &'static str, _: Arguments<'_>) {}

#[cfg(any(debug_assertions, feature = "crash-points"))]
mod armed {
    use std::collections::HashSet;
    use std::fmt::Arguments;
    use std::fs::File;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Mutex, OnceLock, PoisonError};

    /// What the process was told, if anything.
    struct Orders {
        at: String,
        /// Visits before the one that ends it.
        spared: AtomicU32,
        list: Option<Mutex<(HashSet<String>, File)>>,
    }

    static ORDERS: OnceLock<Option<Orders>> = OnceLock::new();

    pub fn reach(place: &'static str, what: Arguments<'_>) {
        let Some(orders) = ORDERS.get_or_init(orders) else {
            return;
        };
        let point = format!("{place} {what}").trim_end().to_owned();
        if point == orders.at && orders.spared.fetch_sub(1, Ordering::Relaxed) == 0 {
            std::process::abort();
        }
        if let Some(list) = &orders.list {
            let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
            if list.0.insert(point.clone()) {
                // A list that cannot be written is missed by whoever asked for it.
                writeln!(list.1, "{point}").unwrap_or_default();
            }
        }
    }

    fn orders() -> Option<Orders> {
        let list = told("STUDIO_CRASH_LIST").and_then(|path| {
            let mut file = File::options();
            file.create(true).append(true).open(path).ok()
        });
        let at = told("STUDIO_CRASH_AT").unwrap_or_default();
        let hit: u32 = told("STUDIO_CRASH_HIT").and_then(|n| n.parse().ok()).unwrap_or(1);
        (list.is_some() || !at.is_empty()).then(|| Orders {
            at,
            spared: AtomicU32::new(hit.saturating_sub(1)),
            list: list.map(|file| Mutex::new((HashSet::new(), file))),
        })
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "a test tells the process where to die; no setting of a service"
    )]
    fn told(name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|value| !value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::{PLACES, is_listed};

    #[test]
    fn only_places_of_the_list_are_listed() {
        assert!(PLACES.iter().all(|place| is_listed(place)));
        assert!(!is_listed("write.before"));
        assert!(!is_listed("write.before_commit."));
    }
}
