//! Domain values as callers see them.

use kernel::{StudioId, to_proto_time};
use platform::Studios;
use proto::studio::notifications::v1 as pb;
use uuid::Uuid;

use crate::App;
use crate::domain::fill::{Fill, Language};
use crate::domain::message::{Channel, Message, State};
use crate::domain::template::{CannotSay, Text};

impl From<Channel> for pb::Channel {
    fn from(channel: Channel) -> Self {
        match channel {
            Channel::Email => Self::Email,
            Channel::InApp => Self::InApp,
        }
    }
}

impl From<State> for pb::MessageState {
    fn from(state: State) -> Self {
        match state {
            State::Queued => Self::Queued,
            State::Sending => Self::Sending,
            State::Sent { .. } => Self::Sent,
            State::Failed { .. } => Self::Failed,
        }
    }
}

impl From<Language> for pb::Language {
    fn from(language: Language) -> Self {
        match language {
            Language::ZhCn => Self::ZhCn,
            Language::En => Self::En,
        }
    }
}

/// The language asked for; simplified Chinese when none was.
pub fn language(asked: pb::Language) -> Language {
    match asked {
        pb::Language::En => Language::En,
        pb::Language::ZhCn | pb::Language::Unspecified => Language::ZhCn,
    }
}

/// Writes a text with the studio's name and in its zone.
pub fn text(
    app: &App,
    template: &str,
    language: Language,
    fill: &Fill,
    studio: Option<StudioId>,
) -> Result<Text, CannotSay> {
    let studio = studio.and_then(|id| app.organisation().studio(id));
    app.templates.write(
        template,
        language,
        fill,
        studio.as_ref().map(|s| (s.name.as_str(), s.zone)),
    )
}

pub fn delivery(message: &Message) -> pb::Delivery {
    let (failure, sent_at) = match message.state {
        State::Failed { why } => (why.as_str(), None),
        State::Sent { at } => ("", Some(at)),
        State::Queued | State::Sending => ("", None),
    };
    pb::Delivery {
        message_id: message.id.to_string(),
        person_id: message.person.to_string(),
        studio_id: message.studio.map(|s| s.to_string()).unwrap_or_default(),
        template: message.template.clone(),
        channel: pb::Channel::from(message.channel).into(),
        state: pb::MessageState::from(message.state).into(),
        attempts: message.attempts,
        failure: failure.to_owned(),
        source: message.source.clone(),
        cause_id: message.cause.to_string(),
        about_id: message.about.to_string(),
        created_at: Some(to_proto_time(message.created_at)),
        sent_at: sent_at.map(to_proto_time),
        version: message.version,
    }
}

/// The studios to which a list is narrowed: those within reach, or the one
/// asked for. None is every studio.
pub fn narrowed(studios: &Studios, asked: Option<StudioId>) -> Option<Vec<Uuid>> {
    match (studios, asked) {
        (Studios::All, None) => None,
        (Studios::All, Some(studio)) => Some(vec![studio.0]),
        (Studios::Some(reach), None) => Some(reach.iter().map(|s| s.0).collect()),
        (Studios::Some(reach), Some(studio)) => {
            Some(reach.iter().filter(|s| **s == studio).map(|s| s.0).collect())
        }
    }
}
