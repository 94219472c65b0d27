//! Drawers as the contract writes them.

use kernel::to_proto_time;
use proto::studio::payments::v1 as pb;

use crate::domain::drawer::{Day, Drawer, Slip, State};
use crate::store::drawer::day::Reported;

pub fn drawer(drawer: &Drawer) -> pb::Drawer {
    let mut wire = pb::Drawer {
        drawer_id: drawer.id.to_string(),
        studio_id: drawer.studio.to_string(),
        day: drawer.day.to_string(),
        held_by: drawer.held_by.to_string(),
        state: pb::DrawerState::Open.into(),
        opening: Some(drawer.opening.into()),
        opened_at: Some(to_proto_time(drawer.opened_at)),
        version: drawer.version,
        ..pb::Drawer::default()
    };
    if let State::Counted { counted, reason, at } = &drawer.state {
        wire.state = pb::DrawerState::Counted.into();
        wire.expected = Some(drawer.cash.into());
        wire.counted = Some((*counted).into());
        wire.reason.clone_from(reason);
        wire.counted_at = Some(to_proto_time(*at));
    }
    wire
}

/// A drawer of a day. What went through one that is still to be counted would
/// tell its holder what to find in it.
pub fn report(reported: &Reported) -> pb::DrawerReport {
    let is_counted = reported.drawer.state != State::Open;
    let totals = &reported.totals;
    pb::DrawerReport {
        drawer: Some(drawer(&reported.drawer)),
        totals: Some(if is_counted {
            *totals
        } else {
            pb::DrawerTotals {
                card_taken_minor: totals.card_taken_minor,
                card_refunded_minor: totals.card_refunded_minor,
                payments: totals.payments,
                ..pb::DrawerTotals::default()
            }
        }),
    }
}

pub fn day(day: &Day) -> pb::DrawerDay {
    let confirmed = day.confirmed.as_ref();
    pb::DrawerDay {
        studio_id: day.studio.to_string(),
        day: day.day.to_string(),
        open_drawers: day.open_drawers,
        confirmed_by: confirmed.map(|c| c.by.to_string()).unwrap_or_default(),
        confirmed_at: confirmed.map(|c| to_proto_time(c.at)),
        note: confirmed.map(|c| c.note.clone()).unwrap_or_default(),
        version: day.version,
    }
}

pub fn slip(slip: &pb::CardSlip) -> Slip {
    Slip {
        terminal: slip.terminal.clone(),
        number: slip.slip.clone(),
        last_four: slip.last_four.clone(),
    }
}
