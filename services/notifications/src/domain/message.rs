//! One message on one channel, from being written to being sent or given up.

use kernel::{ChallengeId, MessageId, PersonId, StudioId, Timestamp};
use uuid::Uuid;

use super::fill::Fill;

/// A way on which a message travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Email,
    InApp,
}

impl Channel {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::InApp => "in_app",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Email, Self::InApp]
            .into_iter()
            .find(|c| c.as_str() == text)
    }
}

/// Why a message was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The person has no address, or was erased.
    NoAddress,
    /// The address can never work.
    BadAddress,
    /// The mail server refused for good.
    RefusedByServer,
    /// The one-time code is no longer worth sending.
    CodeOutOfDate,
    /// It was tried too often.
    TriedTooOften,
}

impl Failure {
    pub const ALL: [Self; 5] = [
        Self::NoAddress,
        Self::BadAddress,
        Self::RefusedByServer,
        Self::CodeOutOfDate,
        Self::TriedTooOften,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::BadAddress => "bad_address",
            Self::RefusedByServer => "refused_by_server",
            Self::CodeOutOfDate => "code_out_of_date",
            Self::TriedTooOften => "tried_too_often",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.as_str() == text)
    }
}

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Queued,
    /// Tried at least once, outcome open.
    Sending,
    Sent {
        at: Timestamp,
    },
    Failed {
        why: Failure,
    },
}

/// What can happen to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A try begins. It is written down before the mail leaves, so that a try
    /// whose outcome is lost is known to have been one.
    Try,
    Deliver {
        at: Timestamp,
    },
    GiveUp {
        why: Failure,
    },
    Resend,
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message that is {} cannot take this step", .state.as_str())]
pub struct OutOfOrder {
    pub state: State,
    pub step: Step,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent { .. } => "sent",
            Self::Failed { .. } => "failed",
        }
    }

    pub fn take(self, step: Step) -> Result<Self, OutOfOrder> {
        Ok(match (self, step) {
            (Self::Queued | Self::Sending, Step::Try) => Self::Sending,
            (Self::Sending, Step::Deliver { at }) => Self::Sent { at },
            (Self::Sending, Step::GiveUp { why }) => Self::Failed { why },
            (Self::Failed { .. }, Step::Resend) => Self::Queued,
            (state, step) => return Err(OutOfOrder { state, step }),
        })
    }

    /// Whether nothing is left to be done.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Sent { .. } | Self::Failed { .. })
    }
}

/// What is to be told, before it is spread over channels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    pub template: &'static str,
    pub person: PersonId,
    pub studio: Option<StudioId>,
    pub about: Uuid,
    pub fill: Fill,
    pub challenge: Option<ChallengeId>,
}

/// A stored message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub id: MessageId,
    pub person: PersonId,
    pub studio: Option<StudioId>,
    pub template: String,
    pub channel: Channel,
    pub state: State,
    pub fill: Fill,
    pub challenge: Option<ChallengeId>,
    pub source: String,
    pub cause: Uuid,
    pub about: Uuid,
    pub attempts: i32,
    pub created_at: Timestamp,
    pub read_at: Option<Timestamp>,
    pub version: i64,
}

impl Message {
    /// One message of a notice. What goes to the inbox is there at once.
    pub fn write(notice: &Notice, channel: Channel, source: &str, cause: Uuid, at: Timestamp) -> Self {
        Self {
            id: MessageId::derived(cause, &format!("{} {}", notice.template, channel.as_str())),
            person: notice.person,
            studio: notice.studio,
            template: notice.template.to_owned(),
            channel,
            state: match channel {
                Channel::Email => State::Queued,
                Channel::InApp => State::Sent { at },
            },
            fill: notice.fill.clone(),
            challenge: notice.challenge,
            source: source.to_owned(),
            cause,
            about: notice.about,
            attempts: 0,
            created_at: at,
            read_at: None,
            version: 1,
        }
    }

    pub fn take(self, step: Step) -> Result<Self, OutOfOrder> {
        let attempts = self.attempts + i32::from(step == Step::Try);
        Ok(Self {
            state: self.state.take(step)?,
            attempts,
            version: self.version + 1,
            ..self
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kernel::Clock;

    #[test]
    fn every_pair_of_state_and_step_is_either_listed_or_refused() {
        let at = Clock::real();
        let why = Failure::RefusedByServer;
        let states = [
            State::Queued,
            State::Sending,
            State::Sent { at },
            State::Failed { why },
        ];
        let steps = [
            Step::Try,
            Step::Deliver { at },
            Step::GiveUp { why },
            Step::Resend,
        ];
        let allowed = [
            ("queued", Step::Try, "sending"),
            ("sending", Step::Try, "sending"),
            ("sending", Step::Deliver { at }, "sent"),
            ("sending", Step::GiveUp { why }, "failed"),
            ("failed", Step::Resend, "queued"),
        ];
        for state in states {
            for step in steps {
                let expected = allowed
                    .iter()
                    .find(|(s, t, _)| *s == state.as_str() && *t == step)
                    .map(|a| a.2);
                assert_eq!(
                    state.take(step).ok().map(State::as_str),
                    expected,
                    "{state:?} {step:?}"
                );
            }
        }
    }

    #[test]
    fn a_message_has_the_same_id_however_often_its_cause_is_delivered() {
        let notice = Notice {
            template: "payment_received",
            person: PersonId::fresh(),
            studio: None,
            about: kernel::fresh_uuid(),
            fill: Fill::default(),
            challenge: None,
        };
        let cause = kernel::fresh_uuid();
        let write = |channel| Message::write(&notice, channel, "payments", cause, Clock::real()).id;
        assert_eq!(write(Channel::Email), write(Channel::Email));
        assert_ne!(write(Channel::Email), write(Channel::InApp));
    }

    #[test]
    fn what_goes_to_the_inbox_is_sent_at_once_and_a_mail_waits() {
        let notice = Notice {
            template: "checked_in",
            person: PersonId::fresh(),
            studio: Some(StudioId::fresh()),
            about: kernel::fresh_uuid(),
            fill: Fill::default(),
            challenge: None,
        };
        let at = Clock::real();
        let state = |channel| Message::write(&notice, channel, "members", notice.about, at).state;
        assert_eq!(state(Channel::InApp), State::Sent { at });
        assert_eq!(state(Channel::Email), State::Queued);
    }
}
