//! The calls of `TakingsService`, one line each, and what both are asked.

mod export;
mod list;

use chrono::NaiveDate;
use kernel::BadField;
use platform::{answer, answer_stream};
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::takings_service_server::TakingsService;
use tonic::{Request, Response, Status};

use super::Api;
use crate::wire;

/// The longest period.
const MOST_DAYS: i64 = 92;

#[tonic::async_trait]
impl TakingsService for Api {
    async fn list_takings(
        &self,
        r: Request<pb::ListTakingsRequest>,
    ) -> Result<Response<pb::ListTakingsResponse>, Status> {
        answer(&self.0, r, list::handle).await
    }
    type ExportPaymentsStream = platform::door::Answers<pb::ExportPaymentsResponse>;
    async fn export_payments(
        &self,
        r: Request<pb::ExportPaymentsRequest>,
    ) -> Result<Response<Self::ExportPaymentsStream>, Status> {
        answer_stream(&self.0, r, export::handle).await
    }
}

/// Days from the first to the last.
fn period(from: &str, to: &str) -> Result<(NaiveDate, NaiveDate), BadField> {
    let from = wire::reconciliation::date("from_day", from)?;
    let to = wire::reconciliation::date("to_day", to)?;
    match (to - from).num_days() {
        0..MOST_DAYS => Ok((from, to)),
        _ => Err(BadField::new(
            "to_day",
            format!("must be from_day or one of the {} days after it", MOST_DAYS - 1),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_a_day_to_ninety_two_and_never_backwards() {
        let good = |to| period("2026-11-01", to).is_ok();
        assert!(good("2026-11-01") && good("2027-01-31"));
        assert!(!good("2027-02-01") && !good("2026-10-31"));
        assert!(period("2026-13-01", "2026-11-01").is_err());
    }
}
