//! The tree as platform keeps it; members' own copy is the original.

use std::collections::HashMap;

use kernel::NodeId;
use platform::organisation::{Node, NodeKind};
use platform::page::Page;
use platform::{Error, inconsistent};
use sqlx::PgConnection;
use uuid::Uuid;

/// One change of the tree at a time: two imports of the same codes must not
/// both find them missing.
pub async fn lock(tx: &mut PgConnection) -> Result<Vec<Node>, Error> {
    sqlx::query!("lock table org_nodes in share row exclusive mode")
        .execute(&mut *tx)
        .await?;
    platform::organisation::all(tx).await
}

/// A page of nodes by code.
pub async fn list(
    tx: &mut PgConnection,
    kind: Option<NodeKind>,
    parent: Option<Uuid>,
    page: &Page<String>,
) -> Result<Vec<Node>, Error> {
    let rows = sqlx::query!(
        r#"
        select node_id as "node_id: NodeId", parent_id as "parent_id: NodeId", kind, code, name, zone, closed, version
        from org_nodes
        where ($1::text is null or kind = $1) and ($2::uuid is null or parent_id = $2) and ($3::text is null or code > $3)
        order by code
        limit $4
        "#,
        kind.map(NodeKind::as_str),
        parent,
        page.after(),
        page.limit(),
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Node {
                id: r.node_id,
                parent: r.parent_id,
                kind: NodeKind::parse(&r.kind).ok_or_else(|| inconsistent("org_nodes", "kind"))?,
                code: r.code,
                name: r.name,
                zone: r.zone.parse().map_err(|_| inconsistent("org_nodes", "zone"))?,
                closed: r.closed,
                version: r.version,
            })
        })
        .collect()
}

/// Open nodes by code, as the transaction sees them.
pub async fn open_nodes(tx: &mut PgConnection) -> Result<HashMap<String, NodeId>, Error> {
    let rows = sqlx::query!(r#"select code, node_id as "node_id: NodeId" from org_nodes where not closed"#)
        .fetch_all(tx)
        .await?;
    Ok(rows.into_iter().map(|r| (r.code, r.node_id)).collect())
}
