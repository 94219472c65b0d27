use kernel::NodeId;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::node_view;
use crate::App;

/// Shows a node and the way up to the operator.
pub async fn handle(
    app: &App,
    _caller: &Caller,
    request: pb::GetNodeRequest,
) -> Result<pb::GetNodeResponse, Error> {
    let id = NodeId::parse("node_id", &request.node_id)?;
    let node = app
        .organisation()
        .node(id)
        .ok_or_else(|| Error::not_found("node"))?;
    let mut ancestors = Vec::new();
    let mut next = node.parent;
    while let Some(parent) = next
        .and_then(|id| app.organisation().node(id))
        .filter(|_| ancestors.len() < 8)
    {
        next = parent.parent;
        ancestors.push(node_view(&parent));
    }
    Ok(pb::GetNodeResponse {
        node: Some(node_view(&node)),
        ancestors,
    })
}
