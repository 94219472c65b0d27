use chrono_tz::Tz;
use kernel::{NodeId, StudioId};
use platform::Error;
use platform::organisation::Studio;

use crate::App;
use crate::domain::Refusal;

/// A studio where something new can happen, with every node above it.
pub(crate) fn open_place(app: &App, id: StudioId) -> Result<(Studio, Vec<NodeId>), Error> {
    let studio = app.organisation().studio(id).filter(|studio| !studio.closed);
    Ok((studio.ok_or(Refusal::UnknownStudio)?, place_of(app, id)))
}

/// The node of a studio and every node above it.
fn place_of(app: &App, id: StudioId) -> Vec<NodeId> {
    let mut place = vec![NodeId(id.0)];
    let mut at = app.organisation().node(NodeId(id.0));
    while let Some(parent) = at
        .and_then(|node| node.parent)
        .filter(|parent| !place.contains(parent))
    {
        place.push(parent);
        at = app.organisation().node(parent);
    }
    place
}

/// In which zone a studio's days begin, also after it closed.
pub(crate) fn zone_of(app: &App, id: StudioId) -> Tz {
    app.organisation()
        .studio(id)
        .map_or(chrono_tz::Asia::Shanghai, |studio| studio.zone)
}
