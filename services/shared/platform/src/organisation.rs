//! This service's own copy of the organisation tree, kept from members' facts
//! (members keeps its own here too), and read from memory.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use chrono_tz::Tz;
use kernel::{LegalEntityId, NodeId, StudioId};
use proto::studio::members::v1 as pb;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Error, Platform, Studios, inconsistent};

/// What a node of the tree is, from the root down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodeKind {
    Operator,
    Brand,
    LegalEntity,
    Region,
    Studio,
}

impl NodeKind {
    pub const ALL: [Self; 5] = [
        Self::Operator,
        Self::Brand,
        Self::LegalEntity,
        Self::Region,
        Self::Studio,
    ];

    /// As it is kept: `legal_entity`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Brand => "brand",
            Self::LegalEntity => "legal_entity",
            Self::Region => "region",
            Self::Studio => "studio",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub id: NodeId,
    /// None at the root.
    pub parent: Option<NodeId>,
    pub kind: NodeKind,
    /// The operator's own short code, unique.
    pub code: String,
    pub name: String,
    /// In which its business days begin and end.
    pub zone: Tz,
    pub closed: bool,
    pub version: i64,
}

/// A studio with what stands above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Studio {
    pub id: StudioId,
    pub code: String,
    pub name: String,
    /// The company that runs it.
    pub legal_entity: LegalEntityId,
    pub region: Option<NodeId>,
    pub zone: Tz,
    pub closed: bool,
}

#[derive(Debug, Default)]
struct Tree {
    nodes: HashMap<NodeId, Node>,
    stamp: (i64, i64),
}

/// The tree as last read. Copies share it.
#[derive(Debug, Clone, Default)]
pub struct Organisation {
    tree: Arc<RwLock<Arc<Tree>>>,
}

impl Organisation {
    fn tree(&self) -> Arc<Tree> {
        self.tree
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    pub fn node(&self, id: NodeId) -> Option<Node> {
        self.tree().nodes.get(&id).cloned()
    }

    pub fn by_code(&self, code: &str) -> Option<Node> {
        self.tree().nodes.values().find(|n| n.code == code).cloned()
    }

    pub fn studio(&self, id: StudioId) -> Option<Studio> {
        let tree = self.tree();
        let node = tree
            .nodes
            .get(&NodeId(id.0))
            .filter(|n| n.kind == NodeKind::Studio)?;
        let above = |kind| tree.above(node).find(|n| n.kind == kind).map(|n| n.id);
        Some(Studio {
            id,
            code: node.code.clone(),
            name: node.name.clone(),
            legal_entity: LegalEntityId(above(NodeKind::LegalEntity)?.0),
            region: above(NodeKind::Region),
            zone: node.zone,
            closed: node.closed,
        })
    }

    /// Every studio, by code.
    pub fn studios(&self) -> Vec<Studio> {
        let mut studios: Vec<Studio> = self
            .tree()
            .nodes
            .values()
            .filter_map(|n| self.studio(StudioId(n.id.0)))
            .collect();
        studios.sort_by(|a, b| a.code.cmp(&b.code));
        studios
    }

    /// The studios at or below any of the nodes; the root stands for all.
    pub fn reach(&self, nodes: &[NodeId]) -> Studios {
        let tree = self.tree();
        if nodes
            .iter()
            .any(|id| tree.nodes.get(id).is_some_and(|n| n.kind == NodeKind::Operator))
        {
            return Studios::All;
        }
        let below = |node: &Node| nodes.contains(&node.id) || tree.above(node).any(|n| nodes.contains(&n.id));
        let mut studios: Vec<StudioId> = tree
            .nodes
            .values()
            .filter(|node| node.kind == NodeKind::Studio && below(node))
            .map(|node| StudioId(node.id.0))
            .collect();
        studios.sort();
        Studios::Some(studios)
    }

    /// Reads the tree again if it changed.
    pub async fn refresh(&self, platform: &Platform) -> Result<(), Error> {
        let mut tx = platform.begin_system().await?;
        let stamp = sqlx::query!(
            r#"select count(*) as "count!", coalesce(sum(version), 0)::bigint as "sum!" from org_nodes"#
        )
        .fetch_one(&mut *tx)
        .await?;
        let stamp = (stamp.count, stamp.sum);
        if self.tree().stamp == stamp {
            return Ok(());
        }
        let nodes = all(&mut tx).await?.into_iter().map(|n| (n.id, n)).collect();
        *self
            .tree
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(Tree { nodes, stamp });
        Ok(())
    }

    pub(crate) async fn follow(self, platform: Platform) {
        loop {
            if let Err(error) = self.refresh(&platform).await {
                tracing::warn!(
                    error = crate::telemetry::chain(&error),
                    "the organisation could not be read again"
                );
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }
}

impl Tree {
    fn above<'a>(&'a self, node: &'a Node) -> impl Iterator<Item = &'a Node> {
        // Bounded, so that a circle in bad data ends.
        std::iter::successors(node.parent.and_then(|p| self.nodes.get(&p)), |n| {
            n.parent.and_then(|p| self.nodes.get(&p))
        })
        .take(8)
    }
}

/// Every node, parents before children of their kind.
pub async fn all(tx: &mut PgConnection) -> Result<Vec<Node>, Error> {
    let rows = sqlx::query!(
        "select node_id, parent_id, kind, code, name, zone, closed, version from org_nodes order by code"
    )
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(Node {
                id: NodeId(r.node_id),
                parent: r.parent_id.map(NodeId),
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

/// Reads the node of members' fact `organisation_node_changed`.
pub fn from_fact(node: &pb::Node) -> Result<Node, Error> {
    let bad = |what: &str| inconsistent("feed", format!("{what} of an organisation node"));
    let kind = match node.kind() {
        pb::NodeKind::Operator => NodeKind::Operator,
        pb::NodeKind::Brand => NodeKind::Brand,
        pb::NodeKind::LegalEntity => NodeKind::LegalEntity,
        pb::NodeKind::Region => NodeKind::Region,
        pb::NodeKind::Studio => NodeKind::Studio,
        pb::NodeKind::Unspecified => return Err(bad("kind")),
    };
    let parent = (!node.parent_id.is_empty())
        .then(|| node.parent_id.parse())
        .transpose();
    Ok(Node {
        id: node.node_id.parse().map_err(|_| bad("id"))?,
        parent: parent.map_err(|_| bad("parent"))?,
        kind,
        code: node.code.clone(),
        name: node.name.clone(),
        zone: node.time_zone.parse().map_err(|_| bad("zone"))?,
        closed: node.closed,
        version: node.version,
    })
}

/// Keeps a node as it is now; an older version than the kept one changes nothing.
pub async fn apply(tx: &mut PgConnection, node: &Node) -> Result<(), Error> {
    sqlx::query!(
        r#"
        insert into org_nodes (node_id, parent_id, kind, code, name, zone, closed, version)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        on conflict (node_id) do update
        set parent_id = excluded.parent_id, kind = excluded.kind, code = excluded.code, name = excluded.name,
            zone = excluded.zone, closed = excluded.closed, version = excluded.version
        where org_nodes.version < excluded.version
        "#,
        node.id.0,
        node.parent.map(Uuid::from),
        node.kind.as_str(),
        node.code,
        node.name,
        node.zone.name(),
        node.closed,
        node.version,
    )
    .execute(tx)
    .await?;
    Ok(())
}
