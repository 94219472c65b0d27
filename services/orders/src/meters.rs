//! What orders measures: how long orders stand in a state before they leave it,
//! and how often nobody acts in time.

use std::sync::OnceLock;

use opentelemetry::metrics::{Counter, Histogram};
use opentelemetry::{KeyValue, global};

use crate::domain::order::{State, Taken};

/// Notes a step; steps that leave the state as it is are no measure of it.
pub fn took(taken: &Taken) {
    static STOOD: OnceLock<Histogram<u64>> = OnceLock::new();
    let Some(from) = taken.from.filter(|from| *from != taken.to) else {
        return;
    };
    let stood = STOOD.get_or_init(|| {
        let seconds = [
            1, 10, 60, 300, 900, 3_600, 14_400, 43_200, 86_400, 172_800, 604_800,
        ];
        global::meter("orders")
            .u64_histogram("orders_state_seconds")
            .with_description("seconds an order stood in a state before it left, by state and step")
            .with_boundaries(seconds.map(f64::from).to_vec())
            .build()
    });
    let attributes = [word("state", from), KeyValue::new("step", taken.step.as_str())];
    stood.record(
        u64::try_from(taken.stood_ms / 1_000).unwrap_or_default(),
        &attributes,
    );
}

fn word(key: &'static str, state: State) -> KeyValue {
    KeyValue::new(key, state.as_str())
}

/// Notes an order on which nobody acted in time.
pub fn overdue(state: State) {
    static OVERDUE: OnceLock<Counter<u64>> = OnceLock::new();
    let overdue = OVERDUE.get_or_init(|| {
        global::meter("orders")
            .u64_counter("orders_overdue")
            .with_description("orders on which nobody acted in time, by state")
            .build()
    });
    overdue.add(1, &[word("state", state)]);
}
