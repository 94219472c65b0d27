//! Versions of the policy.

use kernel::{LegalEntityId, PersonId, PolicyId, Timestamp};
use platform::{Error, inconsistent, on_constraint};
use sqlx::PgConnection;
use sqlx::types::Json;

use crate::domain::policy::{Method, Rule};
use crate::domain::{Policy, Refusal};

/// The last version of a legal entity, or of the operator: its number and from
/// when it is in force.
pub async fn last(
    tx: &mut PgConnection,
    legal_entity: Option<LegalEntityId>,
) -> Result<Option<(i64, Timestamp)>, Error> {
    let row = sqlx::query!(
        r#"
        select number, effective_from
        from policies
        where legal_entity_id is not distinct from $1
        order by number desc
        limit 1
        "#,
        legal_entity as Option<LegalEntityId>,
    )
    .fetch_optional(tx)
    .await?;
    Ok(row.map(|r| (r.number, r.effective_from)))
}

/// Adds a version. Two who publish at once take the same number, and one of
/// them learns of the other.
pub async fn insert(tx: &mut PgConnection, policy: &Policy) -> Result<(), Error> {
    let methods: Vec<String> = policy
        .methods
        .iter()
        .map(|method| method.name().to_owned())
        .collect();
    let inserted = sqlx::query!(
        r#"
        insert into policies (policy_id, legal_entity_id, number, title, window_days, rules, methods, effective_from,
                              published_by, published_at)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        "#,
        policy.id as PolicyId,
        policy.legal_entity as Option<LegalEntityId>,
        policy.number,
        policy.title,
        policy.window_days,
        Json(&policy.rules) as _,
        &methods,
        policy.effective_from,
        policy.published_by as PersonId,
        policy.published_at,
    )
    .execute(tx)
    .await;
    on_constraint(inserted, "policies_version_key", || Refusal::VersionConflict {
        what: "policy",
    })?;
    Ok(())
}

/// One version.
pub async fn find(tx: &mut PgConnection, id: PolicyId) -> Result<Option<Policy>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select policy_id as "policy_id: PolicyId", legal_entity_id as "legal_entity_id: LegalEntityId", number, title,
               window_days, rules as "rules: Json<Vec<Rule>>", methods, effective_from,
               published_by as "published_by: PersonId", published_at
        from policies
        where policy_id = $1
        "#,
        id as PolicyId,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::read).transpose()
}

/// The version in force at a time: the legal entity's own, or the operator's.
pub async fn in_force(
    tx: &mut PgConnection,
    legal_entity: Option<LegalEntityId>,
    at: Timestamp,
) -> Result<Option<Policy>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select policy_id as "policy_id: PolicyId", legal_entity_id as "legal_entity_id: LegalEntityId", number, title,
               window_days, rules as "rules: Json<Vec<Rule>>", methods, effective_from,
               published_by as "published_by: PersonId", published_at
        from policies
        where (legal_entity_id = $1 or legal_entity_id is null) and effective_from <= $2
        order by legal_entity_id is null, effective_from desc
        limit 1
        "#,
        legal_entity as Option<LegalEntityId>,
        at,
    )
    .fetch_optional(tx)
    .await?;
    row.map(Row::read).transpose()
}

struct Row {
    policy_id: PolicyId,
    legal_entity_id: Option<LegalEntityId>,
    number: i64,
    title: String,
    window_days: i32,
    rules: Json<Vec<Rule>>,
    methods: Vec<String>,
    effective_from: Timestamp,
    published_by: PersonId,
    published_at: Timestamp,
}

impl Row {
    fn read(self) -> Result<Policy, Error> {
        let method = |text: &String| Method::parse(text).ok_or_else(|| inconsistent("policies", "methods"));
        Ok(Policy {
            id: self.policy_id,
            legal_entity: self.legal_entity_id,
            number: self.number,
            title: self.title,
            window_days: self.window_days,
            rules: self.rules.0,
            methods: self.methods.iter().map(method).collect::<Result<_, _>>()?,
            effective_from: self.effective_from,
            published_by: self.published_by,
            published_at: self.published_at,
        })
    }
}
