use platform::audit::encoding::{Column, Place, digest_of, entry_hash};
use platform::audit::verify::{Finding, What};
use proto::studio::operations::v1::AuditEntry;
use proto::studio::operations::v1::audit_field::Content;

use super::Two;

/// Twelve entries, witnessed; nobody touched anything yet.
async fn witnessed() -> Two {
    let two = Two::start().await;
    two.write(4).await;
    two.sign().await;
    assert_eq!(two.report().await.findings, []);
    two
}

async fn found(two: &Two) -> Vec<(What, String, i64)> {
    let finding = |f: Finding| (f.what, f.source, f.row_id);
    let mut found: Vec<_> = two.report().await.findings.into_iter().map(finding).collect();
    found.sort();
    found
}

fn at(what: What, source: &str, row_id: i64) -> (What, String, i64) {
    (what, source.to_owned(), row_id)
}

#[tokio::test]
async fn a_changed_row_of_the_audit_or_of_a_ledger_is_named() {
    for column in [
        "actor = 'nobody'",
        "decision = 'refused'",
        "at = at + interval '1 s'",
        "request_id = null",
    ] {
        let two = witnessed().await;
        two.as_superuser(&format!("update audit set {column} where audit_id = 2"))
            .await;
        assert_eq!(found(&two).await, [at(What::Changed, "audit", 2)], "{column}");
    }
    let two = witnessed().await;
    two.as_superuser("update notes set text = 'another' where note_id = 3")
        .await;
    assert_eq!(found(&two).await, [at(What::Changed, "notes", 3)]);
}

#[tokio::test]
async fn a_removed_row_is_named_with_or_without_its_entry() {
    let two = witnessed().await;
    two.as_superuser("delete from audit where audit_id = 2").await;
    assert_eq!(found(&two).await, [at(What::Removed, "audit", 2)]);

    let two = witnessed().await;
    two.as_superuser(
        "delete from audit where audit_id = 2; delete from audit_links where source = 'audit' and first_row = 2",
    )
    .await;
    assert_eq!(found(&two).await, [at(What::Removed, "", 0)]);

    let two = witnessed().await;
    two.as_superuser("delete from audit_links where source = 'notes' and first_row = 2")
        .await;
    assert_eq!(
        found(&two).await,
        [at(What::Removed, "", 0), at(What::Inserted, "notes", 2)]
    );
}

#[tokio::test]
async fn a_row_that_is_slipped_in_is_named() {
    let two = witnessed().await;
    two.as_superuser(
        "insert into notes (note_id, about, text) overriding system value values (-5, gen_random_uuid(), 'false')",
    )
    .await;
    assert_eq!(found(&two).await, [at(What::Inserted, "notes", -5)]);
}

#[tokio::test]
async fn rows_and_entries_that_change_places_are_named() {
    let swap = |table: &str, key: &str, one: i64, other: i64| {
        format!(
            "update {table} set {key} = -1 where {key} = {one}; \
             update {table} set {key} = {one} where {key} = {other}; \
             update {table} set {key} = {other} where {key} = -1"
        )
    };
    let two = witnessed().await;
    two.as_superuser("alter table audit alter column audit_id drop identity")
        .await;
    two.as_superuser(&swap("audit", "audit_id", 2, 3)).await;
    let rows = [at(What::Reordered, "audit", 2), at(What::Reordered, "audit", 3)];
    assert_eq!(found(&two).await, rows);

    let two = witnessed().await;
    let seqs: Vec<i64> = sqlx::query_scalar(
        "select seq from audit_chain where source = 'audit' and row_id in (2, 3) order by seq",
    )
    .fetch_all(two.toy.pool())
    .await
    .unwrap();
    two.as_superuser("alter table audit_links drop constraint audit_links_first_seq_check")
        .await;
    two.as_superuser(&swap("audit_links", "first_seq", seqs[0], seqs[1]))
        .await;
    assert_eq!(found(&two).await, rows);
}

#[tokio::test]
async fn an_end_that_is_cut_off_is_named_entry_by_entry() {
    let two = witnessed().await;
    let head = two.report().await.head_seq;
    two.as_superuser(&format!("delete from audit_links where first_seq > {}", head - 2))
        .await;
    two.as_superuser(
        "delete from audit a where not exists (select from audit_chain where source = 'audit' and row_id = a.audit_id);
         delete from notes n where not exists (select from audit_chain where source = 'notes' and row_id = n.note_id);
         delete from audit_heads",
    )
    .await;
    let report = two.report().await;
    let gone: Vec<_> = report.findings.iter().map(|f| (f.what, f.seq)).collect();
    assert_eq!(gone, [(What::Truncated, head - 1), (What::Truncated, head)]);

    let two = witnessed().await;
    two.as_superuser("truncate audit, notes, audit_links, audit_heads")
        .await;
    let report = two.report().await;
    assert_eq!(i64::try_from(report.findings.len()).unwrap(), head);
    assert!(report.findings.iter().all(|f| f.what == What::Truncated));
}

/// Hashes every entry anew, from the rows as they stand.
async fn forge(two: &Two) {
    let mut prev = vec![0; 32];
    for entry in two.evidence().await.entries {
        let hash = hash(&entry, &prev).to_vec();
        two.as_superuser(&format!(
            "update audit_links set prev_hash = '\\x{}', hashes = '\\x{}' where first_seq = {}",
            hex::encode(&prev),
            hex::encode(&hash),
            entry.seq
        ))
        .await;
        prev = hash;
    }
    two.as_superuser("delete from audit_heads").await;
}

fn hash(entry: &AuditEntry, prev: &[u8]) -> [u8; 32] {
    let place = Place {
        service: "orders",
        seq: entry.seq,
        source: &entry.source,
        row_id: entry.row_id,
        layout: entry.layout,
    };
    let digest = |content: &Content| match content {
        Content::Text(text) => digest_of(text),
        Content::Digest(digest) => digest.as_slice().try_into().unwrap(),
    };
    let columns: Vec<Column<'_>> = entry
        .fields
        .iter()
        .map(|field| (field.name.as_str(), field.content.as_ref().map(digest)))
        .collect();
    entry_hash(place, prev, &columns)
}

#[tokio::test]
async fn a_chain_that_is_hashed_anew_deceives_everybody_but_the_witness_who_names_the_row() {
    let two = witnessed().await;
    forge(&two).await;
    assert_eq!(
        found(&two).await,
        [],
        "hashing anew what nobody touched changes nothing"
    );
    two.as_superuser("update audit set actor = 'nobody' where audit_id = 2")
        .await;
    forge(&two).await;
    assert_eq!(found(&two).await, [at(What::Forged, "audit", 2)]);
    let mut alone = two.evidence().await;
    alone.witnessed.clear();
    assert_eq!(platform::audit::verify::verify(&alone, None).findings, []);
}

#[tokio::test]
async fn a_single_entry_that_is_hashed_anew_no_longer_fits_the_next() {
    let two = witnessed().await;
    two.as_superuser("update audit set actor = 'nobody' where audit_id = 2")
        .await;
    let entry = two
        .evidence()
        .await
        .entries
        .into_iter()
        .find(|e| e.source == "audit" && e.row_id == 2)
        .unwrap();
    let hash = hex::encode(hash(&entry, &entry.prev_hash));
    two.as_superuser(&format!(
        "update audit_links set hashes = '\\x{hash}' where first_seq = {}",
        entry.seq
    ))
    .await;
    assert_eq!(found(&two).await, [at(What::Forged, "audit", 2)]);
}

#[tokio::test]
async fn a_head_that_its_service_did_not_sign_is_named() {
    let two = witnessed().await;
    let mut evidence = two.evidence().await;
    evidence.witnessed[0].1.head.as_mut().unwrap().hash = vec![0; 32];
    let report = platform::audit::verify::verify(&evidence, Some(&super::keys()));
    assert_eq!(
        report.findings.iter().map(|f| f.what).collect::<Vec<_>>(),
        [What::Unsigned]
    );
}
