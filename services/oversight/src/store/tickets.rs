use kernel::{OrderId, PersonId, StudioId, TicketId, Timestamp};
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::ticket::{State, Ticket};
use crate::domain::topic::{Kind, Topic};

struct Row {
    ticket_id: TicketId,
    ticket_number: String,
    person_id: PersonId,
    studio_id: StudioId,
    kind: String,
    topic: String,
    state: String,
    assignee_id: Option<PersonId>,
    order_id: Option<OrderId>,
    opened_by: PersonId,
    opened_at: Timestamp,
    respond_by: Timestamp,
    accepted_by: Option<PersonId>,
    closed_at: Option<Timestamp>,
    declines: i32,
    version: i64,
}

impl TryFrom<Row> for Ticket {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let state = match (
            row.state.as_str(),
            row.assignee_id,
            row.accepted_by,
            row.closed_at,
        ) {
            ("opened", None, None, None) => State::Opened,
            ("assigned", Some(to), None, None) => State::Assigned { to },
            ("investigating", Some(to), None, None) => State::Investigating { to },
            ("proposed", Some(to), None, None) => State::Proposed { to },
            ("negotiating", Some(to), None, None) => State::Negotiating { to },
            ("closed", Some(to), Some(accepted_by), Some(at)) => State::Closed { to, accepted_by, at },
            _ => return Err(inconsistent("tickets", format!("state of {}", row.ticket_id))),
        };
        Ok(Self {
            id: row.ticket_id,
            number: row.ticket_number,
            person: row.person_id,
            studio: row.studio_id,
            kind: Kind::parse(&row.kind).ok_or_else(|| inconsistent("tickets", "kind"))?,
            topic: Topic::parse(&row.topic).ok_or_else(|| inconsistent("tickets", "topic"))?,
            state,
            order: row.order_id,
            opened_by: row.opened_by,
            opened_at: row.opened_at,
            respond_by: row.respond_by,
            declines: row.declines,
            version: row.version,
        })
    }
}

fn acceptance(state: State) -> (Option<PersonId>, Option<Timestamp>) {
    match state {
        State::Closed { accepted_by, at, .. } => (Some(accepted_by), Some(at)),
        _ => (None, None),
    }
}

pub async fn insert(tx: &mut PgConnection, ticket: &Ticket) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into tickets (ticket_id, ticket_number, person_id, studio_id, kind, topic, state, assignee_id, order_id,
                             opened_by, opened_at, respond_by, declines, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
        "#,
        ticket.id as _,
        ticket.number,
        ticket.person as _,
        ticket.studio as _,
        ticket.kind.as_str(),
        ticket.topic.as_str(),
        ticket.state.as_str(),
        ticket.state.assignee() as _,
        ticket.order as _,
        ticket.opened_by as _,
        ticket.opened_at,
        ticket.respond_by,
        ticket.declines,
        ticket.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Keeps what a step changed of a locked ticket.
pub async fn save(tx: &mut PgConnection, ticket: &Ticket) -> Result<(), Error> {
    let (accepted_by, closed_at) = acceptance(ticket.state);
    sqlx::query!(
        r#"
        update tickets
        set state = $2, assignee_id = $3, accepted_by = $4, closed_at = $5, declines = $6, version = $7
        where ticket_id = $1
        "#,
        ticket.id as _,
        ticket.state.as_str(),
        ticket.state.assignee() as _,
        accepted_by as _,
        closed_at,
        ticket.declines,
        ticket.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}

/// Reads a ticket and holds its row, so that two steps happen one after the other.
pub async fn lock(tx: &mut PgConnection, id: TicketId) -> Result<Option<Ticket>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select ticket_id as "ticket_id: TicketId", ticket_number, person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", kind, topic, state, assignee_id as "assignee_id: PersonId",
               order_id as "order_id: OrderId", opened_by as "opened_by: PersonId", opened_at, respond_by,
               accepted_by as "accepted_by: PersonId", closed_at, declines, version
        from tickets
        where ticket_id = $1
        for no key update
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Ticket::try_from).transpose()
}

pub async fn find(tx: &mut PgConnection, id: TicketId) -> Result<Option<Ticket>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select ticket_id as "ticket_id: TicketId", ticket_number, person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", kind, topic, state, assignee_id as "assignee_id: PersonId",
               order_id as "order_id: OrderId", opened_by as "opened_by: PersonId", opened_at, respond_by,
               accepted_by as "accepted_by: PersonId", closed_at, declines, version
        from tickets
        where ticket_id = $1
        "#,
        id as _,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Ticket::try_from).transpose()
}

/// What a list of tickets is narrowed to.
pub struct Filter {
    /// None is every studio; what is the owner's is shown in any case.
    pub studios: Option<Vec<Uuid>>,
    pub owner: Option<PersonId>,
    /// Only this studio.
    pub studio: Option<StudioId>,
    pub state: Option<&'static str>,
    pub assignee: Option<PersonId>,
}

/// A page of tickets, the newest first.
pub async fn list(
    tx: &mut PgConnection,
    filter: &Filter,
    after: Option<TicketId>,
    limit: i64,
) -> Result<Vec<Ticket>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select ticket_id as "ticket_id: TicketId", ticket_number, person_id as "person_id: PersonId",
               studio_id as "studio_id: StudioId", kind, topic, state, assignee_id as "assignee_id: PersonId",
               order_id as "order_id: OrderId", opened_by as "opened_by: PersonId", opened_at, respond_by,
               accepted_by as "accepted_by: PersonId", closed_at, declines, version
        from tickets
        where ($1::uuid[] is null or studio_id = any($1) or person_id = $2)
          and ($3::uuid is null or studio_id = $3)
          and ($4::text is null or state = $4)
          and ($5::uuid is null or assignee_id = $5)
          and ($6::uuid is null or ticket_id < $6)
        order by ticket_id desc
        limit $7
        "#,
        filter.studios.as_deref(),
        filter.owner as _,
        filter.studio as _,
        filter.state,
        filter.assignee as _,
        after as _,
        limit,
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter().map(Ticket::try_from).collect()
}
