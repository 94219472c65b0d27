//! Who follows whose facts, as the services themselves say.

use platform::Service;

/// Every service with the sources that it pulls.
pub fn streams() -> Vec<(&'static str, Vec<&'static str>)> {
    vec![
        of::<members::App>(),
        of::<payments::App>(),
        of::<wallet::App>(),
        of::<orders::App>(),
        of::<refunds::App>(),
        of::<notifications::App>(),
        of::<oversight::App>(),
    ]
}

fn of<S: Service>() -> (&'static str, Vec<&'static str>) {
    (
        S::NAME,
        S::subscriptions().into_iter().map(|s| s.source).collect(),
    )
}

/// Every kind of task of every service, as `(service, kind)`.
pub fn tasks() -> Vec<(&'static str, &'static str)> {
    [
        kinds::<members::App>(),
        kinds::<payments::App>(),
        kinds::<wallet::App>(),
        kinds::<orders::App>(),
        kinds::<refunds::App>(),
        kinds::<notifications::App>(),
        kinds::<oversight::App>(),
    ]
    .concat()
}

fn kinds<S: Service>() -> Vec<(&'static str, &'static str)> {
    S::tasks().into_iter().map(|task| (S::NAME, task.kind)).collect()
}
