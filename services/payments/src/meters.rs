//! What payments counts beside what platform measures for every service. Each of
//! these waits for a person, so each growth is a reason for an alarm.

use std::sync::OnceLock;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Gauge};

use crate::store::callback::Source;

struct Meters {
    hanging: Counter<u64>,
    quarantined: Counter<u64>,
    unmatched: Counter<u64>,
    given_up: Counter<u64>,
    bills_missing: Counter<u64>,
    bills_unreadable: Counter<u64>,
    differences: Counter<u64>,
    overdue: Gauge<u64>,
    days: Gauge<u64>,
    credentials: Gauge<u64>,
    suspense: Gauge<u64>,
    swapped: Counter<u64>,
    codes: Gauge<u64>,
    blocked: Counter<u64>,
    breaker: Gauge<u64>,
    exceptions: Counter<u64>,
    unanswered: Counter<u64>,
    unverified: Gauge<u64>,
    unkept: Counter<u64>,
    shed: Counter<u64>,
}

fn meters() -> &'static Meters {
    static METERS: OnceLock<Meters> = OnceLock::new();
    METERS.get_or_init(|| {
        let meter = opentelemetry::global::meter("payments");
        Meters {
            hanging: meter
                .u64_counter("payments_refunds_abnormal")
                .with_description(
                    "Refunds, and returns of isolated money, found waiting for a person at the channel",
                )
                .build(),
            quarantined: meter
                .u64_counter("payments_quarantined")
                .with_description("Statements of channels that contradict what was asked for, by source")
                .build(),
            unmatched: meter
                .u64_counter("payments_callbacks_unmatched")
                .with_description("Callbacks about money for which there was no order here")
                .build(),
            given_up: meter
                .u64_counter("payments_callbacks_given_up")
                .with_description("Callbacks about money whose order was looked for in vain")
                .build(),
            bills_missing: meter
                .u64_counter("payments_bills_missing")
                .with_description("Times that a bill of a channel was asked for in vain although it is late")
                .build(),
            bills_unreadable: meter
                .u64_counter("payments_bills_unreadable")
                .with_description("Bills of channels that cannot be read, or contradict the one before")
                .build(),
            differences: meter
                .u64_counter("payments_differences")
                .with_description("Differences that reconciliation found, by type")
                .build(),
            overdue: meter
                .u64_gauge("payments_differences_overdue")
                .with_description("Differences at which nobody looked in time")
                .build(),
            days: meter
                .u64_gauge("payments_days_overdue")
                .with_description("Days of accounts that nobody signed and closed in time")
                .build(),
            credentials: meter
                .u64_gauge("payments_credentials_overdue")
                .with_description("Credentials of the company's accounts that were not renewed in time")
                .build(),
            suspense: meter
                .u64_gauge("payments_suspense_overdue")
                .with_description("Money at banks that no due explains and that nobody matched in time")
                .build(),
            swapped: meter
                .u64_counter("payments_counter_codes_swapped")
                .with_description(
                    "Times that another code than the one that was put up was found on a counter",
                )
                .build(),
            codes: meter
                .u64_gauge("payments_counter_codes_overdue")
                .with_description("Static codes on counters that nobody checked in time")
                .build(),
            blocked: meter
                .u64_counter("payments_starts_blocked")
                .with_description("Attempts that a limit did not let start, by what it counts")
                .build(),
            breaker: meter
                .u64_gauge("payments_breaker_open")
                .with_description(
                    "1 while nothing is started by a method of a merchant since its channel does not answer",
                )
                .build(),
            exceptions: meter
                .u64_counter("payments_exceptions")
                .with_description("Cases of money that may have gone wrong, opened or reopened, by type")
                .build(),
            unanswered: meter
                .u64_counter("payments_exceptions_overdue")
                .with_description("Cases in which a member had no answer in time, by type")
                .build(),
            unverified: meter
                .u64_gauge("payments_verifications_overdue")
                .with_description("Payments at which no desk looked in time")
                .build(),
            unkept: meter
                .u64_counter("payments_callbacks_not_kept")
                .with_description("Refused callbacks whose bodies are too many to be kept")
                .build(),
            shed: meter
                .u64_counter("payments_callbacks_shed")
                .with_description("Callbacks that found no place within their time")
                .build(),
        }
    })
}

/// Begins to count at zero: from a number that was never there, the first growth is
/// no growth, and no alarm.
pub fn begin() {
    let meters = meters();
    for counter in [
        &meters.hanging,
        &meters.unmatched,
        &meters.given_up,
        &meters.swapped,
        &meters.unkept,
        &meters.shed,
    ] {
        counter.add(0, &[]);
    }
    for source in Source::ALL {
        meters
            .quarantined
            .add(0, &[KeyValue::new("source", source.word())]);
    }
    for party in ["wechat", "alipay"] {
        meters.bills_missing.add(0, &[KeyValue::new("channel", party)]);
        meters.bills_unreadable.add(0, &[KeyValue::new("channel", party)]);
    }
}

/// Money on its way back waits for a person at the channel.
pub fn refund_hangs() {
    meters().hanging.add(1, &[]);
}

/// A statement contradicts what was asked for and was kept for a person.
pub fn quarantined(source: &'static str) {
    meters().quarantined.add(1, &[KeyValue::new("source", source)]);
}

/// A callback came for which there is no order here, or not yet.
pub fn callback_unmatched() {
    meters().unmatched.add(1, &[]);
}

/// The order of a callback was looked for in vain.
pub fn callback_given_up() {
    meters().given_up.add(1, &[]);
}

/// A bill that should be here is not.
pub fn bill_missing(party: &'static str) {
    meters().bills_missing.add(1, &[KeyValue::new("channel", party)]);
}

/// A bill cannot be used as it came.
pub fn bill_unreadable(party: &'static str) {
    meters()
        .bills_unreadable
        .add(1, &[KeyValue::new("channel", party)]);
}

/// Reconciliation found a difference.
pub fn difference(kind: &'static str) {
    meters().differences.add(1, &[KeyValue::new("type", kind)]);
}

/// So many differences wait longer than they may.
pub fn differences_overdue(count: i64) {
    meters()
        .overdue
        .record(u64::try_from(count).unwrap_or_default(), &[]);
}

/// So many credentials of the company's accounts were not renewed in time.
pub fn credentials_overdue(count: i64) {
    meters()
        .credentials
        .record(u64::try_from(count).unwrap_or_default(), &[]);
}

/// So many days of accounts were not closed in time.
pub fn days_overdue(count: i64) {
    meters()
        .days
        .record(u64::try_from(count).unwrap_or_default(), &[]);
}

/// So much of what no due explains waits longer than it may.
pub fn suspense_overdue(count: i64) {
    meters()
        .suspense
        .record(u64::try_from(count).unwrap_or_default(), &[]);
}

/// Another code than the one that was put up stands on a counter.
pub fn counter_code_swapped() {
    meters().swapped.add(1, &[]);
}

/// So many codes on counters were not checked in time.
pub fn counter_codes_overdue(count: i64) {
    meters()
        .codes
        .record(u64::try_from(count).unwrap_or_default(), &[]);
}

/// A limit did not let an attempt start.
pub fn start_blocked(subject: &'static str) {
    meters().blocked.add(1, &[KeyValue::new("subject", subject)]);
}

/// The breaker of a merchant's method opened or closed.
pub fn breaker(merchant: &str, method: &'static str, open: bool) {
    let labels = [
        KeyValue::new("merchant", merchant.to_owned()),
        KeyValue::new("method", method),
    ];
    meters().breaker.record(open.into(), &labels);
}

/// A member's money may have gone wrong.
pub fn exception(kind: &'static str) {
    meters().exceptions.add(1, &[KeyValue::new("type", kind)]);
}

/// A member had no answer in time.
pub fn exception_overdue(kind: &'static str) {
    meters().unanswered.add(1, &[KeyValue::new("type", kind)]);
}

/// At so many payments no desk looked in time.
pub fn verifications_overdue(count: i64) {
    meters()
        .unverified
        .record(u64::try_from(count).unwrap_or_default(), &[]);
}

/// A refused callback is one too many to be kept.
pub fn refused_unkept() {
    meters().unkept.add(1, &[]);
}

/// A callback was turned away since too many are being looked at.
pub fn callback_shed() {
    meters().shed.add(1, &[]);
}
