use chrono::Days;
use payments::domain::reconciliation::Book;
use payments::domain::statement::Party;
use proto::studio::access::v1::Role;
use proto::studio::payments::v1 as pb;
use tonic::Status;

use super::{finance, found};
use crate::books::{Books, Said, the_day};
use crate::world::{World, reason, request_id};

fn payout(number: &str, day: chrono::NaiveDate, minor: i64) -> Said {
    Said {
        day,
        funds: true,
        deed: "payout",
        progress: "done",
        number: String::new(),
        transaction: format!("F{number}"),
        settle_key: number.to_owned(),
        merchant: String::new(),
        amount: -minor,
        settle: -minor,
        fee: 0,
    }
}

/// The other account that is paid out to this bank had nothing up to a day.
async fn nothing_by_alipay(world: &World, day: chrono::NaiveDate) {
    let book = Book::of(Party::Alipay, "house");
    sqlx::query(
        "with b as (insert into books values ($1, 'alipay', 'house'))
         insert into reconciliation_days (book_id, day, matched_at) values ($1, $2, $3)",
    )
    .bind(book.id)
    .bind(day)
    .bind(world.it.clock().now())
    .execute(world.it.pool())
    .await
    .unwrap();
}

/// A bank's statement whose lines are day, serial number, fen and memo.
pub fn bank_file(lines: &[(chrono::NaiveDate, &str, i64, &str)]) -> Vec<u8> {
    let mut text = "交易时间,流水号,金额,余额,摘要\n".to_owned();
    let mut balance = 1_000_000;
    for (day, serial, minor, memo) in lines {
        balance += minor;
        let yuan = kernel::yuan_text;
        text.extend([format!(
            "{day} 12:00:00,{serial},{},{},{memo}\n",
            yuan(*minor),
            yuan(balance)
        )]);
    }
    text.into_bytes()
}

pub async fn import(world: &World, content: Vec<u8>) -> Result<pb::ImportBankStatementResponse, Status> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &content);
    let request = pb::ImportBankStatementRequest {
        request_id: request_id(),
        account: "icbc".to_owned(),
        digest: digest.as_ref().to_vec(),
        content,
    };
    let mut client = finance(world, Role::FinanceStaff);
    Ok(client.import_bank_statement(request).await?.into_inner())
}

#[tokio::test]
async fn payouts_are_held_against_the_bank_and_each_line_of_it_is_explained() {
    let world = World::open().await;
    let day = the_day(&world);
    let next = day + Days::new(1);
    let mut books = Books::agreeing(day, 5);
    for (number, minor) in [
        ("W2026112100001", 100_000),
        ("W2026112100002", 90_000),
        ("W2026112100003", 80_000),
        ("W2026112100004", 70_000),
    ] {
        books.said.push(payout(number, day, minor));
    }
    books.write(&world, &[day, next]).await;
    nothing_by_alipay(&world, next).await;
    world.it.settle().await;
    let file = bank_file(&[
        (day, "S1", 100_000, "财付通 W2026112100001"),
        (day, "S2", 89_000, "财付通 W2026112100002"),
        (day, "S3", 80_500, "财付通 W2026112100003"),
        (next, "S4", 4_200, "李雷 转账"),
        (next, "S7", -900, "房租"),
        (day + Days::new(6), "S5", 1, "利息"),
    ]);
    let taken = import(&world, file.clone()).await.unwrap();
    assert_eq!((taken.lines, taken.taken, taken.fresh), (6, 6, true));
    world.it.settle().await;
    let kinds: Vec<String> = found(&world).await.into_keys().map(|(kind, _)| kind).collect();
    assert_eq!(
        kinds,
        [
            "bank_unexplained",
            "settlement_missing",
            "settlement_over",
            "settlement_short"
        ]
    );
    assert_eq!(world.facts("settlement_seen").await, 3);
    assert_eq!(world.facts("bank_balance_seen").await, 1);
    let suspended = suspended(&world).await;
    assert_eq!(suspended, [("S4".to_owned(), 4_200, pb::SuspenseState::Open)]);

    let again = import(&world, file).await.unwrap();
    assert_eq!(
        (again.taken, again.fresh, again.statement_id),
        (0, false, taken.statement_id)
    );
    let late = bank_file(&[
        (day + Days::new(6), "S5", 1, "利息"),
        (day + Days::new(7), "S6", 70_000, "W2026112100004"),
    ]);
    assert_eq!(import(&world, late).await.unwrap().taken, 1);
    world.it.settle().await;
    let now = found(&world).await;
    let missing = now
        .iter()
        .find(|((kind, _), _)| kind == "settlement_missing")
        .unwrap();
    assert_eq!(missing.1, "resolved", "it arrived after all");
    assert_eq!(world.facts("settlement_seen").await, 4);
}

#[tokio::test]
async fn a_banks_statement_that_is_not_as_it_must_be_changes_nothing() {
    let world = World::open().await;
    let day = the_day(&world);
    let broken = String::from_utf8(bank_file(&[(day, "S1", 5, ""), (day, "S2", 6, "")])).unwrap();
    let broken = broken.replacen("0.06", "0.07", 1).into_bytes();
    assert_eq!(
        reason(&import(&world, broken).await.unwrap_err()),
        "STATEMENT_UNREADABLE"
    );
    assert!(import(&world, bank_file(&[(day, "S1", 5, "")])).await.is_ok());
    let changed = import(&world, bank_file(&[(day, "S1", 6, "")]))
        .await
        .unwrap_err();
    assert_eq!(reason(&changed), "STATEMENT_UNREADABLE");
    assert_eq!(
        world
            .count("select count(*) from statements where kind = $1", "bank")
            .await,
        1
    );
}

#[tokio::test]
async fn the_file_itself_lies_sealed() {
    let world = World::open().await;
    let day = the_day(&world);
    import(&world, bank_file(&[(day, "S1", 5, "李雷 转账")]))
        .await
        .unwrap();
    let bytes: Vec<u8> = sqlx::query_scalar("select bytes from statement_parts")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert!(!bytes.windows(6).any(|part| part == "李雷".as_bytes()) && !bytes.starts_with(&[0x1f, 0x8b]));
}

/// What stands in suspense, by the bank's number.
async fn suspended(world: &World) -> Vec<(String, i64, pb::SuspenseState)> {
    let items = crate::transfers::items(world, pb::ListSuspenseRequest::default()).await;
    let shown = |item: &pb::SuspenseItem| {
        let minor = item.amount.as_ref().map_or(0, |amount| amount.minor);
        (item.transaction.clone(), minor, item.state())
    };
    items.iter().map(shown).collect()
}

#[tokio::test]
async fn what_turns_out_to_be_a_payout_leaves_suspense_by_itself() {
    let world = World::open().await;
    let day = the_day(&world);
    let next = day + Days::new(1);
    Books::agreeing(day, 5).write(&world, &[day, next]).await;
    nothing_by_alipay(&world, next).await;
    world.it.settle().await;
    let file = bank_file(&[
        (day, "S1", 60_000, "财付通 W2026112100009"),
        (next, "S2", 70_000, "李雷"),
        (next + Days::new(1), "S3", -1, "手续费"),
    ]);
    import(&world, file).await.unwrap();
    world.it.settle().await;
    assert_eq!(suspended(&world).await.len(), 2);
    let mut late = Books::default();
    late.said
        .push(payout("W2026112100009", next + Days::new(1), 60_000));
    late.write(&world, &[next + Days::new(1)]).await;
    world.it.settle().await;
    world.run_again("settle").await;
    let mut states = suspended(&world).await;
    states.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        states,
        [
            ("S1".to_owned(), 60_000, pb::SuspenseState::Explained),
            ("S2".to_owned(), 70_000, pb::SuspenseState::Open),
        ]
    );
    assert_eq!(world.facts("suspense_ended").await, 1);
    assert_eq!(world.facts("settlement_seen").await, 1);
}
