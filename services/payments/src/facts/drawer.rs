use kernel::Balance;
use platform::Fact;
use proto::studio::payments::v1 as pb;
use proto::studio::payments::v1::PaymentsEvent;
use proto::studio::payments::v1::payments_event::Fact as Payload;

use super::fact;
use crate::domain::drawer::{Confirmed, Day, Drawer};

pub fn drawer_counted(drawer: &Drawer, counted: Balance) -> Fact<PaymentsEvent> {
    let told = pb::DrawerCounted {
        drawer_id: drawer.id.to_string(),
        studio_id: drawer.studio.to_string(),
        held_by: drawer.held_by.to_string(),
        day: drawer.day.to_string(),
        expected_minor: drawer.cash.minor(),
        counted_minor: counted.minor(),
    };
    fact(drawer.id.0, drawer.version, Payload::DrawerCounted(told))
}

pub fn drawer_day_confirmed(day: &Day, confirmed: &Confirmed) -> Fact<PaymentsEvent> {
    let told = pb::DrawerDayConfirmed {
        studio_id: day.studio.to_string(),
        day: day.day.to_string(),
        confirmed_by: confirmed.by.to_string(),
    };
    fact(day.id, day.version, Payload::DrawerDayConfirmed(told))
}
