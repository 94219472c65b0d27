use kernel::{MessageId, to_proto_time};
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::notifications::v1 as pb;

use super::shown;
use crate::domain::fill::Language;
use crate::domain::message::Message;
use crate::{App, store};

/// A page of the caller's own inbox.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListMessagesRequest,
) -> Result<pb::ListMessagesResponse, Error> {
    let person = caller.require_person()?;
    let page: Page<MessageId> = Page::parse(request.page_size, &request.page_token)?;

    let mut tx = app.begin(caller).await?;
    let rows = store::messages::inbox(
        &mut tx,
        person,
        request.unread_only,
        page.after().copied(),
        page.limit(),
    )
    .await?;
    let unread = store::messages::unread(&mut tx, person).await?;

    let language = shown::language(request.language());
    let (rows, next_page_token) = page.cut(rows, |message| message.id);
    let messages = rows
        .iter()
        .map(|message| inbox_message(app, message, language))
        .collect::<Result<_, _>>()?;
    Ok(pb::ListMessagesResponse {
        messages,
        next_page_token,
        unread,
    })
}

fn inbox_message(app: &App, message: &Message, language: Language) -> Result<pb::Message, Error> {
    let text = shown::text(app, &message.template, language, &message.fill, message.studio)?;
    Ok(pb::Message {
        message_id: message.id.to_string(),
        template: message.template.clone(),
        subject: text.subject,
        body: text.body,
        about_id: message.about.to_string(),
        created_at: Some(to_proto_time(message.created_at)),
        read_at: message.read_at.map(to_proto_time),
    })
}
