//! The organisation of tests: one operator, two companies, three studios.

use anyhow::Result;
use kernel::{LegalEntityId, NodeId, StudioId, derived_uuid};
use sqlx::PgConnection;
use uuid::Uuid;

/// The nodes of the tree, the same in every test.
#[derive(Debug, Clone, Copy)]
pub struct Chain {
    pub operator: NodeId,
    pub beijing_company: LegalEntityId,
    pub shanghai_company: LegalEntityId,
    pub beijing: NodeId,
    pub shanghai: NodeId,
    /// In Beijing.
    pub chaoyang: StudioId,
    /// In Beijing as well.
    pub haidian: StudioId,
    /// In Shanghai, of the other company.
    pub xuhui: StudioId,
}

/// The tree of every test.
pub fn chain() -> Chain {
    let id = |code: &str| derived_uuid(Uuid::nil(), code);
    Chain {
        operator: NodeId(id("OP")),
        beijing_company: LegalEntityId(id("LE-BJ")),
        shanghai_company: LegalEntityId(id("LE-SH")),
        beijing: NodeId(id("RG-BJ")),
        shanghai: NodeId(id("RG-SH")),
        chaoyang: StudioId(id("BJ-CY")),
        haidian: StudioId(id("BJ-HD")),
        xuhui: StudioId(id("SH-XH")),
    }
}

/// Kind, code, code of the node above, name.
const NODES: [(&str, &str, &str, &str); 8] = [
    ("operator", "OP", "", "晴空瑜伽"),
    ("legal_entity", "LE-BJ", "OP", "北京晴空健身有限公司"),
    ("legal_entity", "LE-SH", "OP", "上海晴空健身有限公司"),
    ("region", "RG-BJ", "LE-BJ", "北京"),
    ("region", "RG-SH", "LE-SH", "上海"),
    ("studio", "BJ-CY", "RG-BJ", "朝阳馆"),
    ("studio", "BJ-HD", "RG-BJ", "海淀馆"),
    ("studio", "SH-XH", "RG-SH", "徐汇馆"),
];

/// Writes the tree as members' facts would have left it.
pub async fn load(conn: &mut PgConnection) -> Result<()> {
    for (kind, code, above, name) in NODES {
        let parent = (!above.is_empty()).then(|| derived_uuid(Uuid::nil(), above));
        sqlx::query(
            "insert into org_nodes (node_id, parent_id, kind, code, name, zone, version)
             values ($1, $2, $3, $4, $5, 'Asia/Shanghai', 1) on conflict do nothing",
        )
        .bind(derived_uuid(Uuid::nil(), code))
        .bind(parent)
        .bind(kind)
        .bind(code)
        .bind(name)
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}
