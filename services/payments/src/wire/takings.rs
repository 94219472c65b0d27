use proto::studio::payments::v1 as pb;

use super::reconciliation::money;
use crate::store::takings::Takings;

pub fn takings(row: &Takings) -> pb::Takings {
    pb::Takings {
        day: row.day.to_string(),
        studio_id: row.studio.to_string(),
        legal_entity_id: row.legal_entity.to_string(),
        method: pb::Method::from(row.method).into(),
        payments: row.payments,
        paid: Some(money(row.paid_minor)),
        refunds: row.refunds,
        refunded: Some(money(row.refunded_minor)),
        isolated: Some(money(row.isolated_minor)),
        isolated_returned: Some(money(row.returned_minor)),
        net_minor: row.net_minor(),
    }
}
