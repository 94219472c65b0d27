//! From messages to the facts that others read.

use platform::Fact;
use proto::studio::notifications::v1 as pb;

use crate::domain::message::{Message, State};

fn fact(message: &Message, fact: pb::notifications_event::Fact) -> Fact<pb::NotificationsEvent> {
    Fact {
        aggregate: message.id.0,
        version: message.version,
        event: pb::NotificationsEvent { fact: Some(fact) },
    }
}

/// What its present state says of a message: queued, sent or failed. A try says nothing.
pub fn of(message: &Message) -> Option<Fact<pb::NotificationsEvent>> {
    let message_id = message.id.to_string();
    let person_id = message.person.to_string();
    let studio_id = message.studio.map(|s| s.to_string()).unwrap_or_default();
    let template = message.template.clone();
    let channel = pb::Channel::from(message.channel).into();
    let about_id = message.about.to_string();
    Some(fact(
        message,
        match message.state {
            State::Queued => pb::notifications_event::Fact::MessageQueued(pb::MessageQueued {
                message_id,
                person_id,
                studio_id,
                template,
                channel,
                about_id,
            }),
            State::Sending => return None,
            State::Sent { .. } => pb::notifications_event::Fact::MessageSent(pb::MessageSent {
                message_id,
                person_id,
                studio_id,
                template,
                channel,
                about_id,
            }),
            State::Failed { why } => pb::notifications_event::Fact::MessageFailed(pb::MessageFailed {
                message_id,
                person_id,
                studio_id,
                template,
                channel,
                about_id,
                failure: why.as_str().to_owned(),
            }),
        },
    ))
}
