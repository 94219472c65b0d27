//! The organisation tree.

pub(super) mod get_node;
pub(super) mod list_nodes;

use platform::organisation::{Node, NodeKind};
use proto::studio::members::v1 as pb;

pub(crate) fn kind_view(kind: NodeKind) -> pb::NodeKind {
    match kind {
        NodeKind::Operator => pb::NodeKind::Operator,
        NodeKind::Brand => pb::NodeKind::Brand,
        NodeKind::LegalEntity => pb::NodeKind::LegalEntity,
        NodeKind::Region => pb::NodeKind::Region,
        NodeKind::Studio => pb::NodeKind::Studio,
    }
}

/// A node as others see it.
pub(crate) fn node_view(node: &Node) -> pb::Node {
    pb::Node {
        node_id: node.id.to_string(),
        parent_id: node.parent.map(|parent| parent.to_string()).unwrap_or_default(),
        kind: kind_view(node.kind).into(),
        code: node.code.clone(),
        name: node.name.clone(),
        time_zone: node.zone.name().to_owned(),
        closed: node.closed,
        version: node.version,
    }
}
