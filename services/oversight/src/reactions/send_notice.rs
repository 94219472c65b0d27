//! Asks notifications for one notice. The request id follows from the entry,
//! so asking again tells nobody twice.

use kernel::derived_uuid;
use platform::{BoxFuture, Error, Settled, Task};
use proto::studio::notifications::v1::{SendNoticeRequest, Value};

use crate::App;
use crate::tell::SendNotice;

pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let notice: SendNotice = task.payload()?;
        app.notices
            .clone()
            .send_notice(platform::request(request(notice)))
            .await?;
        task.begin(app).await?.done(task).await
    })
}

fn request(notice: SendNotice) -> SendNoticeRequest {
    SendNoticeRequest {
        request_id: derived_uuid(notice.entry_id, &notice.template).to_string(),
        person_id: notice.person_id.to_string(),
        studio_id: notice.studio_id.to_string(),
        template: notice.template,
        about_id: notice.ticket_id.to_string(),
        values: notice
            .values
            .into_iter()
            .map(|(name, text)| Value { name, text })
            .collect(),
    }
}
