use kernel::PersonId;
use platform::vault::{Sealed, Vault};
use sqlx::PgPool;
use testkit::database::Database;

use crate::database::platform_alone;

fn vault(wrapping: &[(i32, &str)]) -> Vault {
    let lines: Vec<String> = wrapping
        .iter()
        .map(|(version, byte)| format!("{version}:{}", byte.repeat(32)))
        .collect();
    Vault::from_text(&lines.join("\n"), &"ee".repeat(32)).unwrap()
}

async fn pool() -> (Database, PgPool) {
    let db = Database::create("kit", &platform_alone()).await.unwrap();
    let pool = PgPool::connect(&db.runtime_url()).await.unwrap();
    (db, pool)
}

#[tokio::test]
async fn what_was_sealed_opens_for_its_owner_and_column_alone() {
    let (_db, pool) = pool().await;
    let mut conn = pool.acquire().await.unwrap();
    let vault = vault(&[(1, "aa")]);
    let (lin, wu) = (PersonId::fresh(), PersonId::fresh());
    for text in ["", "林晓", "13800138000", &"长".repeat(5_000)] {
        let sealed = vault.seal(&mut conn, lin, "people.phone", text).await.unwrap();
        vault.seal(&mut conn, wu, "people.phone", "x").await.unwrap();
        assert_eq!(
            vault
                .open(&mut conn, lin, "people.phone", &sealed)
                .await
                .unwrap()
                .as_deref(),
            Some(text)
        );
        assert!(vault.open(&mut conn, lin, "people.name", &sealed).await.is_err());
        assert!(vault.open(&mut conn, wu, "people.phone", &sealed).await.is_err());
    }
}

#[tokio::test]
async fn one_text_sealed_twice_looks_different_and_any_changed_bit_is_noticed() {
    let (_db, pool) = pool().await;
    let mut conn = pool.acquire().await.unwrap();
    let (vault, lin) = (vault(&[(1, "aa")]), PersonId::fresh());
    let sealed = vault.seal(&mut conn, lin, "c", "13800138000").await.unwrap();
    assert_ne!(
        sealed,
        vault.seal(&mut conn, lin, "c", "13800138000").await.unwrap()
    );
    for at in 0..sealed.bytes.len() {
        let mut changed = sealed.bytes.clone();
        changed[at] ^= 1;
        let opened = vault.open(&mut conn, lin, "c", &Sealed::from(changed)).await;
        assert!(!matches!(opened, Ok(Some(_))), "byte {at}");
    }
}

#[tokio::test]
async fn a_shredded_person_can_neither_be_read_nor_sealed_again() {
    let (_db, pool) = pool().await;
    let mut conn = pool.acquire().await.unwrap();
    let vault = vault(&[(1, "aa")]);
    let (lin, wu) = (PersonId::fresh(), PersonId::fresh());
    let of_lin = vault.seal(&mut conn, lin, "c", "secret").await.unwrap();
    let of_wu = vault.seal(&mut conn, wu, "c", "kept").await.unwrap();
    vault.shred(&mut conn, lin).await.unwrap();
    vault.shred(&mut conn, lin).await.unwrap();
    assert_eq!(vault.open(&mut conn, lin, "c", &of_lin).await.unwrap(), None);
    assert_eq!(
        vault
            .seal(&mut conn, lin, "c", "again")
            .await
            .unwrap_err()
            .reason()
            .as_deref(),
        Some("WRONG_STATE")
    );
    assert_eq!(
        vault.open(&mut conn, wu, "c", &of_wu).await.unwrap().as_deref(),
        Some("kept")
    );
}

#[tokio::test]
async fn words_beside_an_act_are_left_out_for_who_was_erased_and_do_not_stop_it() {
    let (_db, pool) = pool().await;
    let mut conn = pool.acquire().await.unwrap();
    let (vault, lin) = (vault(&[(1, "aa")]), PersonId::fresh());
    let kept = vault.seal_words(&mut conn, lin, "c", "住院了").await.unwrap();
    assert_eq!(
        vault.open_words(&mut conn, lin, "c", &kept).await.unwrap(),
        "住院了"
    );
    let none = vault.seal_words(&mut conn, lin, "c", "").await.unwrap();
    assert!(none.is_nothing() && !kept.is_nothing());
    vault.shred(&mut conn, lin).await.unwrap();
    let late = vault.seal_words(&mut conn, lin, "c", "again").await.unwrap();
    assert!(late.is_nothing());
    for sealed in [kept, none, late] {
        assert_eq!(vault.open_words(&mut conn, lin, "c", &sealed).await.unwrap(), "");
    }
}

#[tokio::test]
async fn somebody_without_sealed_data_can_be_shredded_too() {
    let (_db, pool) = pool().await;
    let mut conn = pool.acquire().await.unwrap();
    let (vault, lin) = (vault(&[(1, "aa")]), PersonId::fresh());
    vault.shred(&mut conn, lin).await.unwrap();
    assert!(vault.seal(&mut conn, lin, "c", "late").await.is_err());
}

#[tokio::test]
async fn two_first_seals_of_one_person_racing_share_a_key() {
    let (_db, pool) = pool().await;
    let (vault, lin) = (vault(&[(1, "aa")]), PersonId::fresh());
    let seal = async |text: &str| {
        let mut tx = pool.begin().await.unwrap();
        let sealed = vault.seal(&mut tx, lin, "c", text).await.unwrap();
        tx.commit().await.unwrap();
        sealed
    };
    let (a, b) = tokio::join!(seal("a"), seal("b"));
    let mut conn = pool.acquire().await.unwrap();
    assert_eq!(
        vault.open(&mut conn, lin, "c", &a).await.unwrap().as_deref(),
        Some("a")
    );
    assert_eq!(
        vault.open(&mut conn, lin, "c", &b).await.unwrap().as_deref(),
        Some("b")
    );
}

#[tokio::test]
async fn after_rewrapping_the_old_key_can_be_retired() {
    let (_db, pool) = pool().await;
    let mut conn = pool.acquire().await.unwrap();
    let (old, both, new) = (
        vault(&[(1, "aa")]),
        vault(&[(1, "aa"), (2, "bb")]),
        vault(&[(2, "bb")]),
    );
    let lin = PersonId::fresh();
    let sealed = old.seal(&mut conn, lin, "c", "secret").await.unwrap();
    assert!(new.open(&mut conn, lin, "c", &sealed).await.is_err());
    assert_eq!(both.rewrap(&mut conn, 10).await.unwrap(), 1);
    assert_eq!(both.rewrap(&mut conn, 10).await.unwrap(), 0);
    assert_eq!(
        new.open(&mut conn, lin, "c", &sealed).await.unwrap().as_deref(),
        Some("secret")
    );
}
