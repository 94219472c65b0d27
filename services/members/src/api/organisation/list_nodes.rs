use kernel::{BadField, NodeId};
use platform::organisation::NodeKind;
use platform::page::Page;
use platform::{Caller, Error};
use proto::studio::members::v1 as pb;

use super::{kind_view, node_view};
use crate::{App, store};

/// Lists nodes by code.
pub async fn handle(
    app: &App,
    caller: &Caller,
    request: pb::ListNodesRequest,
) -> Result<pb::ListNodesResponse, Error> {
    let kind = NodeKind::ALL
        .into_iter()
        .find(|kind| kind_view(*kind) == request.kind());
    let parent = (!request.parent_id.is_empty())
        .then(|| NodeId::parse("parent_id", &request.parent_id))
        .transpose()?;
    let page = Page::<String>::parse(request.page_size, &request.page_token)?;
    if kind.is_none() && request.kind != 0 {
        return Err(BadField::new("kind", "must be a level of the tree").into());
    }

    let mut tx = app.begin(caller).await?;
    let nodes = store::organisation::list(&mut tx, kind, parent.map(|p| p.0), &page).await?;
    let (nodes, next_page_token) = page.cut(nodes, |node| node.code.clone());
    Ok(pb::ListNodesResponse {
        nodes: nodes.iter().map(node_view).collect(),
        next_page_token,
    })
}
