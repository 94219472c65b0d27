use std::collections::HashMap;

use kernel::{BadField, NodeId};
use platform::import::{Row, RowErrors, Sheet};
use platform::personal::{Email, PersonName, Phone};

use super::{Seen, code, required};
use crate::domain::staff::Post;

/// The columns that a file of staff must have.
pub const STAFF_COLUMNS: [&str; 5] = ["account", "name", "person", "role", "node"];

/// One role of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffRow {
    pub line: u64,
    pub account: Email,
    pub name: PersonName,
    /// The employee number, which tells persons apart.
    pub number: String,
    pub post: Post,
    pub node: NodeId,
    pub phone: Option<Phone>,
}

/// Reads a whole file, the good rows beside what is wrong with the others; `node` finds an open node by its code.
pub fn read_staff(sheet: &Sheet, node: impl Fn(&str) -> Option<NodeId>) -> (Vec<StaffRow>, RowErrors) {
    let mut errors = sheet.errors();
    let mut rows: Vec<StaffRow> = Vec::new();
    let mut seen = Seen::new();
    let (mut persons, mut accounts) = (HashMap::new(), HashMap::new());
    for row in sheet.rows() {
        let Some(read) = read_row(&row, &node, &mut errors) else {
            continue;
        };
        let key = (
            read.account.expose().to_owned(),
            read.number.clone(),
            read.post,
            read.node,
        );
        errors.keep(read.line, seen.once("role", key, read.line));
        let owner = accounts.entry(read.account.expose().to_owned());
        if *owner.or_insert_with(|| read.number.clone()) != read.number {
            errors.add(
                read.line,
                BadField::new("account", "belongs to another person in this file"),
            );
        }
        let said = persons.entry(read.number.clone());
        let said = said.or_insert_with(|| (read.name.clone(), read.phone.clone()));
        for (field, same) in [("name", said.0 == read.name), ("phone", said.1 == read.phone)] {
            if !same {
                errors.add(
                    read.line,
                    BadField::new(field, "is another than on an earlier line of this person"),
                );
            }
        }
        rows.push(read);
    }
    (rows, errors)
}

fn read_row(
    row: &Row<'_>,
    node: impl Fn(&str) -> Option<NodeId>,
    errors: &mut RowErrors,
) -> Option<StaffRow> {
    let line = row.line();
    let account = errors.keep(line, required(row, "account", Email::parse));
    let name = errors.keep(line, required(row, "name", PersonName::parse));
    let number = errors.keep(line, required(row, "person", code));
    let post = errors.keep(line, required(row, "role", Post::parse));
    let known = |text| node(text).ok_or_else(|| BadField::new("node", "is no code of an open node"));
    let node = errors.keep(line, row.require("node").and_then(known));
    let phone = errors.keep(line, row.optional("phone", Phone::parse));
    Some(StaffRow {
        line,
        account: account?,
        name: name?,
        number: number?,
        post: post?,
        node: node?,
        phone: phone?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<StaffRow>, Vec<(u64, String)>> {
        let node = NodeId::fresh();
        let (rows, errors) = read_staff(&Sheet::read(text.as_bytes()).unwrap(), |code| {
            (code == "S1").then_some(node)
        });
        let bad: Vec<(u64, String)> = errors.iter().map(|e| (e.line, e.field.clone())).collect();
        if bad.is_empty() { Ok(rows) } else { Err(bad) }
    }

    #[test]
    fn a_person_may_have_several_roles_and_several_accounts() {
        let rows = read(
            "account,name,person,role,node\nwu@a.cn,吴敏,E1,front_desk,S1\nwu@a.cn,吴敏,E1,coach,S1\nwu@b.cn,吴敏,E1,coach,S1\n",
        );
        assert_eq!(rows.map(|r| r.len()), Ok(3));
    }

    #[test]
    fn every_bad_row_is_named_with_its_line_and_field() {
        let text = "account,name,person,role,node,phone\n\
            wu@a.cn,吴敏,E1,front_desk,S1,\n\
            wu@a.cn,吴敏,E1,front_desk,S1,\n\
            wu@a.cn,李伟,E2,coach,S1,\n\
            li@a.cn,李维,E2,coach,S1,13800138000\n\
            li,,e 3,member,S2,123\n";
        let bad = read(text).unwrap_err();
        let bad: Vec<(u64, &str)> = bad.iter().map(|(line, field)| (*line, field.as_str())).collect();
        assert_eq!(
            bad,
            [
                (3, "role"),
                (4, "account"),
                (5, "name"),
                (5, "phone"),
                (6, "account"),
                (6, "name"),
                (6, "person"),
                (6, "role"),
                (6, "node"),
                (6, "phone")
            ]
        );
    }
}
