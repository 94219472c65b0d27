use std::collections::HashMap;

use chrono_tz::Tz;
use kernel::{BadField, NodeId};
use platform::import::{Row, RowErrors, Sheet};
use platform::organisation::{Node, NodeKind};

use super::{Seen, code};
use crate::domain::organisation::level_above;

/// The columns that a file of nodes must have.
pub const NODE_COLUMNS: [&str; 4] = ["code", "kind", "parent", "name"];

/// A node as it will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeChange {
    pub node: Node,
    pub is_new: bool,
}

/// What a file does to the tree: parents come before their children.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    pub changes: Vec<NodeChange>,
    pub unchanged: usize,
}

impl Plan {
    fn add(&mut self, before: Option<Node>, node: Node) {
        let is_new = before.is_none();
        let same = before.is_some_and(|b| {
            Node {
                version: b.version,
                ..node.clone()
            } == b
        });
        if same {
            self.unchanged += 1;
        } else {
            self.changes.push(NodeChange { node, is_new });
        }
    }
}

struct NodeRow<'a> {
    line: u64,
    code: String,
    kind: NodeKind,
    parent: &'a str,
    name: String,
    zone: Option<Tz>,
    closed: Option<bool>,
}

/// Judges a whole file against the tree as it is.
pub fn plan_organisation(
    sheet: &Sheet,
    known: &[Node],
    mut fresh: impl FnMut() -> NodeId,
) -> Result<Plan, RowErrors> {
    let mut errors = sheet.errors();
    let (mut rows, mut seen) = (Vec::new(), Seen::new());
    for row in sheet.rows() {
        if let Some(read) = read_row(&row, &mut errors) {
            errors.keep(row.line(), seen.once("code", read.code.clone(), row.line()));
            rows.push(read);
        }
    }
    rows.sort_by_key(|row| NodeKind::ALL.iter().position(|kind| *kind == row.kind));
    let by_code = |node: &Node| (node.code.clone(), node.clone());
    let mut tree: HashMap<String, Node> = known.iter().map(by_code).collect();
    let mut plan = Plan::default();
    for row in &rows {
        if let Some(node) = errors.keep(row.line, place(row, &tree, &mut fresh)) {
            plan.add(tree.insert(node.code.clone(), node.clone()), node);
        }
    }
    errors.into_result().map(|()| plan)
}

fn read_row<'a>(row: &Row<'a>, errors: &mut RowErrors) -> Option<NodeRow<'a>> {
    let line = row.line();
    let code = errors.keep(line, row.require("code").and_then(|text| code("code", text)));
    let kind = errors.keep(line, row.require("kind").and_then(kind));
    let name = errors.keep(line, row.require("name").and_then(name));
    let zone = errors.keep(line, row.optional("time_zone", zone));
    let closed = errors.keep(line, row.optional("closed", yes_or_no));
    Some(NodeRow {
        line,
        code: code?,
        kind: kind?,
        parent: row.get("parent"),
        name: name?,
        zone: zone?,
        closed: closed?,
    })
}

/// The node of a row in its place below its parent, which comes before it.
fn place(
    row: &NodeRow<'_>,
    tree: &HashMap<String, Node>,
    fresh: &mut impl FnMut() -> NodeId,
) -> Result<Node, BadField> {
    let parent = parent(row, tree)?;
    let inherited = parent.map_or(chrono_tz::Asia::Shanghai, |p| p.zone);
    let Some(before) = tree.get(&row.code) else {
        return Ok(Node {
            id: fresh(),
            parent: parent.map(|p| p.id),
            kind: row.kind,
            code: row.code.clone(),
            name: row.name.clone(),
            zone: row.zone.unwrap_or(inherited),
            closed: row.closed.unwrap_or(false),
            version: 1,
        });
    };
    if before.kind != row.kind {
        return Err(BadField::new(
            "kind",
            format!("of this code is {} and never changes", before.kind.as_str()),
        ));
    }
    if before.parent != parent.map(|p| p.id) {
        return Err(BadField::new(
            "parent",
            "of this code is another and never changes",
        ));
    }
    Ok(Node {
        name: row.name.clone(),
        zone: row.zone.unwrap_or(before.zone),
        closed: row.closed.unwrap_or(before.closed),
        version: before.version + 1,
        ..before.clone()
    })
}

fn parent<'t>(row: &NodeRow<'_>, tree: &'t HashMap<String, Node>) -> Result<Option<&'t Node>, BadField> {
    let Some(above) = level_above(row.kind) else {
        if !row.parent.is_empty() {
            return Err(BadField::new("parent", "must be empty for the operator"));
        }
        let other = tree
            .values()
            .any(|node| node.kind == NodeKind::Operator && node.code != row.code);
        return if other {
            Err(BadField::new(
                "kind",
                "operator is there already, and there is one",
            ))
        } else {
            Ok(None)
        };
    };
    if row.parent.is_empty() {
        return Err(BadField::new("parent", "is required"));
    }
    let parent = tree
        .get(row.parent)
        .ok_or_else(|| BadField::new("parent", "is no code of a usable node"))?;
    if parent.kind == above {
        Ok(Some(parent))
    } else {
        Err(BadField::new("parent", format!("must be a {}", above.as_str())))
    }
}

fn kind(text: &str) -> Result<NodeKind, BadField> {
    NodeKind::parse(text)
        .ok_or_else(|| BadField::new("kind", "must be operator, brand, legal_entity, region or studio"))
}

fn name(text: &str) -> Result<String, BadField> {
    if text.chars().count() <= 120 {
        Ok(text.to_owned())
    } else {
        Err(BadField::new("name", "must be at most 120 characters"))
    }
}

fn zone(field: &str, text: &str) -> Result<Tz, BadField> {
    text.parse()
        .map_err(|_| BadField::new(field, "must be a zone as Asia/Shanghai"))
}

fn yes_or_no(field: &str, text: &str) -> Result<bool, BadField> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err(BadField::new(field, "must be yes or no")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAIN: &str = "code,kind,parent,name\n\
        S1,studio,R1,朝阳馆\nR1,region,C1,北京\nC1,legal_entity,B1,北京公司\nB1,brand,OP,悦\nOP,operator,,悦集团\n";

    fn plan(text: &str, known: &[Node]) -> Result<Plan, Vec<(u64, String)>> {
        plan_organisation(&Sheet::read(text.as_bytes()).unwrap(), known, NodeId::fresh)
            .map_err(|errors| errors.iter().map(|e| (e.line, e.field.clone())).collect())
    }

    fn nodes(plan: &Plan) -> Vec<Node> {
        plan.changes.iter().map(|c| c.node.clone()).collect()
    }

    #[test]
    fn parents_come_before_their_children_in_whatever_order_the_file_has_them() {
        let codes: Vec<String> = nodes(&plan(CHAIN, &[]).unwrap())
            .into_iter()
            .map(|n| n.code)
            .collect();
        assert_eq!(codes, ["OP", "B1", "C1", "R1", "S1"]);
    }

    #[test]
    fn a_second_import_changes_only_what_is_different() {
        let known = nodes(&plan(CHAIN, &[]).unwrap());
        let again = plan(CHAIN, &known).unwrap();
        assert_eq!((again.changes.len(), again.unchanged), (0, 5));
        let renamed = plan(&CHAIN.replace("朝阳馆", "望京馆"), &known).unwrap();
        assert_eq!(renamed.changes.len(), 1);
        let change = &renamed.changes[0];
        assert_eq!(
            (change.is_new, change.node.version, change.node.id),
            (false, 2, known[4].id)
        );
    }

    #[test]
    fn every_bad_row_is_named_with_its_line_and_field() {
        let text = "code,kind,parent,name,time_zone,closed\n\
            OP,operator,,A,,\nB1,brand,OP,B,,\nB1,brand,OP,B,,\nr 1,region,C1,C,,\nR2,region,nowhere,C,,\n\
            R3,region,B1,C,,\nS9,shop,R1,D,,\nO2,operator,,E,,\nB2,brand,,F,Mars/One,perhaps\n";
        let mut bad = plan(text, &[]).unwrap_err();
        bad.sort();
        let bad: Vec<(u64, &str)> = bad.iter().map(|(line, field)| (*line, field.as_str())).collect();
        assert_eq!(
            bad,
            [
                (4, "code"),
                (5, "code"),
                (6, "parent"),
                (7, "parent"),
                (8, "kind"),
                (9, "kind"),
                (10, "closed"),
                (10, "time_zone")
            ]
        );
    }

    #[test]
    fn a_node_never_moves_and_never_becomes_something_else() {
        let known = nodes(&plan(CHAIN, &[]).unwrap());
        let other = "code,kind,parent,name\nC2,legal_entity,B1,B\nR1,region,C2,北京\nB1,studio,R1,悦\n";
        assert_eq!(
            plan(other, &known).unwrap_err(),
            [(3, "parent".to_owned()), (4, "kind".to_owned())]
        );
    }

    #[test]
    fn a_zone_is_inherited_unless_it_is_said() {
        let text = "code,kind,parent,name,time_zone\nOP,operator,,A,Asia/Urumqi\nB1,brand,OP,B,\nB2,brand,OP,B,Asia/Shanghai\n";
        let zones: Vec<Tz> = nodes(&plan(text, &[]).unwrap())
            .into_iter()
            .map(|n| n.zone)
            .collect();
        assert_eq!(
            zones,
            [
                chrono_tz::Asia::Urumqi,
                chrono_tz::Asia::Urumqi,
                chrono_tz::Asia::Shanghai
            ]
        );
    }
}
