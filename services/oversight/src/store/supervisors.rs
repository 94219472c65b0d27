use kernel::{GrantId, NodeId, PersonId};
use platform::Error;
use proto::studio::access::v1::Role;
use sqlx::PgConnection;
use uuid::Uuid;

/// A grant of a role that answers for tickets.
pub struct Grant {
    pub id: GrantId,
    pub person: PersonId,
    pub role: Role,
    pub node: NodeId,
}

/// Keeps a grant, unless it is known to have ended.
pub async fn keep(tx: &mut PgConnection, grant: &Grant) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into supervisors (grant_id, person_id, role, node_id)
        select $1, $2, $3, $4
        where not exists (select from ended_grants where grant_id = $1)
        on conflict (grant_id) do nothing
        "#,
        grant.id as _,
        grant.person as _,
        grant.role.as_str_name(),
        grant.node as _,
    )
    .execute(tx)
    .await?;
    Ok(())
}

pub async fn end(tx: &mut PgConnection, grant: GrantId) -> Result<(), Error> {
    sqlx::query!(
        "insert into ended_grants (grant_id) values ($1) on conflict (grant_id) do nothing",
        grant as _
    )
    .execute(&mut *tx)
    .await?;
    sqlx::query!("delete from supervisors where grant_id = $1", grant as _)
        .execute(tx)
        .await?;
    Ok(())
}

/// Who shall answer: of those who hold the role at the nearest of the nodes
/// (the studio first, then what stands above it) the one with the fewest open
/// tickets, and never the member.
pub async fn choose(
    tx: &mut PgConnection,
    role: Role,
    nodes: &[Uuid],
    member: PersonId,
) -> Result<Option<PersonId>, Error> {
    let chosen = sqlx::query_scalar!(
        r#"
        select s.person_id as "person_id: PersonId"
        from supervisors s
        where s.role = $1 and s.node_id = any($2) and s.person_id <> $3
        order by array_position($2, s.node_id),
                 (select count(*) from tickets t where t.assignee_id = s.person_id and t.state <> 'closed'),
                 s.person_id
        limit 1
        "#,
        role.as_str_name(),
        nodes,
        member as _,
    )
    .fetch_optional(tx)
    .await?;
    Ok(chosen)
}

/// Whether a person holds the role at any of the nodes.
pub async fn holds(
    tx: &mut PgConnection,
    person: PersonId,
    role: Role,
    nodes: &[Uuid],
) -> Result<bool, Error> {
    let holds = sqlx::query_scalar!(
        r#"
        select exists (
            select from supervisors where person_id = $1 and role = $2 and node_id = any($3)
        ) as "holds!"
        "#,
        person as _,
        role.as_str_name(),
        nodes,
    )
    .fetch_one(tx)
    .await?;
    Ok(holds)
}
