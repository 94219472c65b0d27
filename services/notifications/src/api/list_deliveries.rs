use kernel::{BadField, MessageId, PersonId, StudioId};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::notifications::v1 as pb;

use super::shown;
use crate::domain::message::Channel;
use crate::store::messages::Filter;
use crate::{App, store};

/// A page of messages of the studios within reach, as staff see them.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListDeliveriesRequest,
) -> Result<pb::ListDeliveriesResponse, Error> {
    let page: Page<MessageId> = Page::parse(request.page_size, &request.page_token)?;
    let filter = filter(caller, &request)?;

    let mut tx = app.begin(caller).await?;
    let rows = store::messages::list(&mut tx, &filter, page.after().copied(), page.limit()).await?;

    let (rows, next_page_token) = page.cut(rows, |message| message.id);
    Ok(pb::ListDeliveriesResponse {
        deliveries: rows.iter().map(shown::delivery).collect(),
        next_page_token,
    })
}

fn filter(caller: &Caller, request: &pb::ListDeliveriesRequest) -> Result<Filter, BadField> {
    let studio = optional(&request.studio_id, |id| StudioId::parse("studio_id", id))?;
    Ok(Filter {
        studios: shown::narrowed(caller.studios(), studio),
        state: match request.state() {
            pb::MessageState::Unspecified => None,
            pb::MessageState::Queued => Some("queued".to_owned()),
            pb::MessageState::Sending => Some("sending".to_owned()),
            pb::MessageState::Sent => Some("sent".to_owned()),
            pb::MessageState::Failed => Some("failed".to_owned()),
        },
        person: optional(&request.person_id, |id| PersonId::parse("person_id", id))?,
        channel: match request.channel() {
            pb::Channel::Unspecified => None,
            pb::Channel::Email => Some(Channel::Email),
            pb::Channel::InApp => Some(Channel::InApp),
        },
    })
}

fn optional<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, BadField>) -> Result<Option<T>, BadField> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(text).map(Some)
    }
}
