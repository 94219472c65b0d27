use kernel::{ChallengeId, MessageId, PersonId, StudioId, Timestamp};
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::fill::Fill;
use crate::domain::message::{Channel, Failure, Message, State};

struct Row {
    message_id: MessageId,
    person_id: PersonId,
    studio_id: Option<StudioId>,
    template: String,
    channel: String,
    state: String,
    fill: serde_json::Value,
    challenge_id: Option<ChallengeId>,
    source: String,
    cause_id: Uuid,
    about_id: Uuid,
    attempts: i32,
    failure: String,
    created_at: Timestamp,
    sent_at: Option<Timestamp>,
    read_at: Option<Timestamp>,
    version: i64,
}

impl TryFrom<Row> for Message {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let state = match (row.state.as_str(), row.sent_at, Failure::parse(&row.failure)) {
            ("queued", None, _) => State::Queued,
            ("sending", None, _) => State::Sending,
            ("sent", Some(at), _) => State::Sent { at },
            ("failed", None, Some(why)) => State::Failed { why },
            _ => return Err(inconsistent("messages", format!("state of {}", row.message_id))),
        };
        Ok(Self {
            id: row.message_id,
            person: row.person_id,
            studio: row.studio_id,
            template: row.template,
            channel: Channel::parse(&row.channel).ok_or_else(|| inconsistent("messages", "channel"))?,
            state,
            fill: serde_json::from_value::<Fill>(row.fill)
                .map_err(|e| inconsistent("messages", format!("fill: {e}")))?,
            challenge: row.challenge_id,
            source: row.source,
            cause: row.cause_id,
            about: row.about_id,
            attempts: row.attempts,
            created_at: row.created_at,
            read_at: row.read_at,
            version: row.version,
        })
    }
}

/// The word that is kept beside the state.
fn failure(state: State) -> &'static str {
    match state {
        State::Failed { why } => why.as_str(),
        _ => "",
    }
}

fn sent_at(state: State) -> Option<Timestamp> {
    match state {
        State::Sent { at } => Some(at),
        _ => None,
    }
}

/// Writes a message down. False when its cause, template and channel have one.
pub async fn insert(tx: &mut PgConnection, message: &Message) -> Result<bool, Error> {
    let fill = serde_json::to_value(&message.fill).map_err(|e| inconsistent("messages", e.to_string()))?;
    let inserted = sqlx::query!(
        r#"
        insert into messages (message_id, person_id, studio_id, template, channel, state, fill, challenge_id, source,
                              cause_id, about_id, attempts, failure, created_at, sent_at, read_at, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        on conflict on constraint messages_once do nothing
        "#,
        message.id as _,
        message.person as _,
        message.studio as _,
        message.template,
        message.channel.as_str(),
        message.state.as_str(),
        fill,
        message.challenge as _,
        message.source,
        message.cause,
        message.about,
        message.attempts,
        failure(message.state),
        message.created_at,
        sent_at(message.state),
        message.read_at,
        message.version,
    )
    .execute(tx)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Keeps what a step changed of a locked message.
pub async fn save(tx: &mut PgConnection, message: &Message) -> Result<(), Error> {
    sqlx::query!(
        r#"
        update messages
        set state = $2, attempts = $3, failure = $4, sent_at = $5, read_at = $6, version = $7
        where message_id = $1
        "#,
        message.id as _,
        message.state.as_str(),
        message.attempts,
        failure(message.state),
        sent_at(message.state),
        message.read_at,
        message.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a message and holds its row, so that two steps happen one after the other.
pub async fn lock(tx: &mut PgConnection, id: MessageId) -> Result<Option<Message>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select message_id as "message_id: MessageId", person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", template, channel, state, fill,
               challenge_id as "challenge_id: ChallengeId", source, cause_id, about_id, attempts, failure,
               created_at, sent_at, read_at, version
        from messages
        where message_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Message::try_from).transpose()
}

pub async fn find(tx: &mut PgConnection, id: MessageId) -> Result<Option<Message>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select message_id as "message_id: MessageId", person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", template, channel, state, fill,
               challenge_id as "challenge_id: ChallengeId", source, cause_id, about_id, attempts, failure,
               created_at, sent_at, read_at, version
        from messages
        where message_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Message::try_from).transpose()
}

/// A page of a person's inbox, the newest first.
pub async fn inbox(
    tx: &mut PgConnection,
    person: PersonId,
    unread_only: bool,
    after: Option<MessageId>,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select message_id as "message_id: MessageId", person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", template, channel, state, fill,
               challenge_id as "challenge_id: ChallengeId", source, cause_id, about_id, attempts, failure,
               created_at, sent_at, read_at, version
        from messages
        where person_id = $1 and channel = 'in_app' and (not $2 or read_at is null)
          and ($3::uuid is null or message_id < $3)
        order by message_id desc
        limit $4
        "#,
        person as _,
        unread_only,
        after as _,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Message::try_from).collect()
}

pub async fn unread(tx: &mut PgConnection, person: PersonId) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from messages
        where person_id = $1 and channel = 'in_app' and read_at is null
        "#,
        person as _,
    )
    .fetch_one(tx)
    .await?;
    Ok(count)
}

/// What a list of deliveries is narrowed to.
pub struct Filter {
    /// None is every studio, and what happened at none.
    pub studios: Option<Vec<Uuid>>,
    pub state: Option<String>,
    pub person: Option<PersonId>,
    pub channel: Option<Channel>,
}

/// A page of messages, the newest first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    after: Option<MessageId>,
    limit: i64,
) -> Result<Vec<Message>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select message_id as "message_id: MessageId", person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", template, channel, state, fill,
               challenge_id as "challenge_id: ChallengeId", source, cause_id, about_id, attempts, failure,
               created_at, sent_at, read_at, version
        from messages
        where ($1::uuid[] is null or studio_id = any($1))
          and ($2::text is null or state = $2)
          and ($3::uuid is null or person_id = $3)
          and ($4::text is null or channel = $4)
          and ($5::uuid is null or message_id < $5)
        order by message_id desc
        limit $6
        "#,
        filter.studios.as_deref(),
        filter.state,
        filter.person as _,
        filter.channel.map(Channel::as_str),
        after as _,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Message::try_from).collect()
}
