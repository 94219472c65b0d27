//! The organisation tree: which level hangs below which.

use platform::organisation::NodeKind;

/// The level that stands directly above; none above the operator.
pub fn level_above(kind: NodeKind) -> Option<NodeKind> {
    match kind {
        NodeKind::Operator => None,
        NodeKind::Brand => Some(NodeKind::Operator),
        NodeKind::LegalEntity => Some(NodeKind::Brand),
        NodeKind::Region => Some(NodeKind::LegalEntity),
        NodeKind::Studio => Some(NodeKind::Region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_levels_make_one_path_from_studio_to_operator() {
        let path: Vec<NodeKind> =
            std::iter::successors(Some(NodeKind::Studio), |kind| level_above(*kind)).collect();
        let mut down = NodeKind::ALL.to_vec();
        down.reverse();
        assert_eq!(path, down);
    }
}
