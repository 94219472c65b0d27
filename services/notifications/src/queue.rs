//! From a notice to messages: one for each channel, once for each cause.

use kernel::{MessageId, StudioId, Timestamp, derived_uuid};
use platform::{Error, Fact, NewTask, SystemTx, WriteTx};
use proto::studio::notifications::v1::NotificationsEvent;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::App;
use crate::domain::fill::Fill;
use crate::domain::message::{Channel, Message, Notice};
use crate::store::notices::Announcement;
use crate::{facts, store};

/// The task that sends one mail.
pub const SEND_MAIL: &str = "send_mail";

/// What the task knows: everything else is in the message's row.
#[derive(Serialize, Deserialize)]
pub struct SendMail {
    pub message_id: MessageId,
}

impl SendMail {
    pub fn task(message: MessageId) -> NewTask {
        NewTask::now(SEND_MAIL, message, &Self { message_id: message })
    }
}

/// Why something is told: a fact or a request.
#[derive(Debug, Clone, Copy)]
pub struct Cause<'a> {
    pub source: &'a str,
    pub id: Uuid,
    pub at: Timestamp,
}

/// What both kinds of writing transaction can do.
pub trait Outgoing: std::ops::DerefMut<Target = PgConnection> + Send {
    fn publish(&mut self, fact: Fact<NotificationsEvent>) -> impl Future<Output = Result<(), Error>> + Send;
    fn task(&mut self, task: NewTask) -> impl Future<Output = Result<(), Error>> + Send;
}

impl Outgoing for WriteTx {
    async fn publish(&mut self, fact: Fact<NotificationsEvent>) -> Result<(), Error> {
        Self::publish(self, fact).await
    }
    async fn task(&mut self, task: NewTask) -> Result<(), Error> {
        Self::task(self, task).await
    }
}

impl Outgoing for SystemTx {
    async fn publish(&mut self, fact: Fact<NotificationsEvent>) -> Result<(), Error> {
        Self::publish(self, fact).await
    }
    async fn task(&mut self, task: NewTask) -> Result<(), Error> {
        Self::task(self, task).await
    }
}

/// Writes the messages of a notice and leaves the mails to be sent. A cause
/// that was told before writes none. Returns the ids on all channels.
pub async fn tell(
    app: &App,
    tx: &mut impl Outgoing,
    cause: Cause<'_>,
    notice: &Notice,
) -> Result<Vec<MessageId>, Error> {
    let template = app
        .templates
        .get(notice.template)
        .map_err(|e| Error::Internal(e.to_string()))?;
    if let Some(missing) = template.missing(&notice.fill) {
        return Err(Error::Internal(format!(
            "the notice {} has no {missing}",
            notice.template
        )));
    }
    let mut ids = Vec::with_capacity(template.channels.len());
    for channel in &template.channels {
        let message = Message::write(notice, *channel, cause.source, cause.id, cause.at);
        ids.push(message.id);
        if !store::messages::insert(tx, &message).await? {
            continue;
        }
        if let Some(fact) = facts::of(&message) {
            tx.publish(fact).await?;
        }
        if *channel == Channel::Email {
            tx.task(SendMail::task(message.id)).await?;
        }
    }
    Ok(ids)
}

/// Announces something to every department that its template names.
pub async fn announce(
    app: &App,
    tx: &mut PgConnection,
    cause: Cause<'_>,
    template: &'static str,
    studio: StudioId,
    (about, fill): (Uuid, Fill),
) -> Result<(), Error> {
    let departments = &app
        .templates
        .get(template)
        .map_err(|e| Error::Internal(e.to_string()))?
        .departments;
    for department in departments {
        let notice = Announcement {
            id: derived_uuid(cause.id, &format!("{template} {department}")),
            department: department.clone(),
            studio,
            template: template.to_owned(),
            fill: fill.clone(),
            source: cause.source.to_owned(),
            cause: cause.id,
            about,
            created_at: cause.at,
        };
        store::notices::insert(tx, &notice).await?;
    }
    Ok(())
}
