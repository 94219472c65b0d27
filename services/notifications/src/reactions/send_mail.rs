//! Sends one mail. The try is written down first; the address, the language
//! and the code are asked of members then, what staff wrote of orders, and all
//! of it is forgotten afterwards. A try whose outcome is unknown is made again
//! under the same Message-ID.

use kernel::ChallengeId;
use platform::personal::Email;
use platform::telemetry::chain;
use platform::{BoxFuture, Error, Settled, Task};
use proto::studio::members::v1::{
    Language as MembersLanguage, ResolveContactRequest, ResolveContactResponse, RevealChallengeCodeRequest,
};
use proto::studio::orders::v1::{GetOrderRequest, OrderState};
use tonic::Code;
use tracing::Instrument as _;

use super::forget_code;
use crate::App;
use crate::domain::fill::{Language, Value};
use crate::domain::message::{Failure, Message, Step};
use crate::domain::template::{CODE, ORDER_REASON, SEE_ORDER, Text};
use crate::mail::Unsent;
use crate::queue::SendMail;
use crate::{facts, store};

/// What a try came to.
enum Outcome {
    Sent,
    GiveUp(Failure),
}

pub fn run<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Settled, Error>> {
    Box::pin(async move {
        let SendMail { message_id } = task.payload()?;
        let mut tx = task.begin(app).await?;
        let message = store::messages::lock(&mut tx, message_id)
            .await?
            .ok_or_else(|| Error::not_found("message"))?;
        if message.state.is_settled() {
            return tx.done(task).await;
        }
        let message = step(message, Step::Try)?;
        store::messages::save(&mut tx, &message).await?;
        tx.keep(task).await?;

        let span = tracing::info_span!("notifications.send_mail", message.id = %message.id, message.template = message.template);
        let outcome = send(app, task, &message).instrument(span).await?;
        finish(app, task, message, outcome).await
    })
}

fn step(message: Message, step: Step) -> Result<Message, Error> {
    message
        .take(step)
        .map_err(|e| Error::wrong_state("message", e.state.as_str()))
}

async fn finish(app: &App, task: &Task, message: Message, outcome: Outcome) -> Result<Settled, Error> {
    let mut tx = task.begin(app).await?;
    let message = step(
        message,
        match outcome {
            Outcome::Sent => Step::Deliver { at: app.clock.now() },
            Outcome::GiveUp(why) => Step::GiveUp { why },
        },
    )?;
    store::messages::save(&mut tx, &message).await?;
    if let Some(fact) = facts::of(&message) {
        tx.publish(fact).await?;
    }
    if let (Outcome::Sent, Some(challenge)) = (outcome, message.challenge) {
        tx.task(forget_code::task(message.id, challenge)).await?;
    }
    tx.done(task).await
}

/// Asks for what the mail needs and hands it to the server. An error is a try
/// that will be made again.
async fn send(app: &App, task: &Task, message: &Message) -> Result<Outcome, Error> {
    let Some(contact) = contact(app, message).await?.filter(|c| !c.email.is_empty()) else {
        return Ok(Outcome::GiveUp(Failure::NoAddress));
    };
    let Ok(address) = Email::parse("email", &contact.email) else {
        return Ok(Outcome::GiveUp(Failure::BadAddress));
    };
    let Some(text) = text(app, message, language(&contact)).await? else {
        return Ok(Outcome::GiveUp(Failure::CodeOutOfDate));
    };
    match app.mailer.send(message.id, &address, text).await {
        Ok(()) => Ok(Outcome::Sent),
        Err(Unsent::BadAddress) => Ok(Outcome::GiveUp(Failure::BadAddress)),
        Err(error @ Unsent::Refused(_)) => {
            tracing::warn!(error = chain(&error), "a mail was refused for good");
            Ok(Outcome::GiveUp(Failure::RefusedByServer))
        }
        Err(error) if task.attempt >= app.config.max_tries => {
            tracing::warn!(error = chain(&error), "a mail was tried too often");
            Ok(Outcome::GiveUp(Failure::TriedTooOften))
        }
        Err(error) => Err(Error::Internal(chain(&error))),
    }
}

/// What the mail says. None when its one-time code is no longer worth sending.
async fn text(app: &App, message: &Message, language: Language) -> Result<Option<Text>, Error> {
    let mut fill = message.fill.clone();
    if let Some(challenge) = message.challenge {
        let Some(code) = code(app, challenge).await? else {
            return Ok(None);
        };
        fill = fill.text(CODE, code);
    }
    if fill.0.get(ORDER_REASON) == Some(&Value::Word(SEE_ORDER.to_owned()))
        && let Some(reason) = order_reason(app, message).await?
    {
        fill = fill.text(ORDER_REASON, reason);
    }
    let studio = message.studio.and_then(|id| app.organisation().studio(id));
    let studio = studio.as_ref().map(|s| (s.name.as_str(), s.zone));
    Ok(Some(app.templates.write(
        &message.template,
        language,
        &fill,
        studio,
    )?))
}

/// Where and in which language to write. None for a person whom members does not know (any more).
async fn contact(app: &App, message: &Message) -> Result<Option<ResolveContactResponse>, Error> {
    let request = platform::request(ResolveContactRequest {
        person_id: message.person.to_string(),
    });
    match app.people.clone().resolve_contact(request).await {
        Ok(reply) => Ok(Some(reply.into_inner())),
        Err(status) if status.code() == Code::NotFound => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// The one-time code. None once it was sent, used or out of date.
async fn code(app: &App, challenge: ChallengeId) -> Result<Option<String>, Error> {
    let request = platform::request(RevealChallengeCodeRequest {
        challenge_id: challenge.to_string(),
    });
    match app.challenges.clone().reveal_challenge_code(request).await {
        Ok(reply) => Ok(Some(reply.into_inner().code)),
        Err(status) if matches!(status.code(), Code::FailedPrecondition | Code::NotFound) => Ok(None),
        Err(status) => Err(status.into()),
    }
}

/// What staff wrote to the applicant. None once the order stands elsewhere than
/// the notice says: its reason is another one by then.
async fn order_reason(app: &App, message: &Message) -> Result<Option<String>, Error> {
    let told = match message.template.as_str() {
        "information_needed" => OrderState::InformationNeeded,
        "order_rejected" => OrderState::Rejected,
        "order_sent_back" => OrderState::SentBack,
        _ => return Ok(None),
    };
    let request = platform::request(GetOrderRequest {
        order_id: message.about.to_string(),
    });
    let order = match app.orders.clone().get_order(request).await {
        Ok(reply) => reply.into_inner().order,
        Err(status) if status.code() == Code::NotFound => None,
        Err(status) => return Err(status.into()),
    };
    Ok(order
        .filter(|order| order.state() == told && !order.reason.is_empty())
        .map(|order| order.reason))
}

fn language(contact: &ResolveContactResponse) -> Language {
    match contact.language() {
        MembersLanguage::En => Language::En,
        MembersLanguage::ZhCn | MembersLanguage::Unspecified => Language::ZhCn,
    }
}
