use std::collections::BTreeMap;

use chrono::Days;

use super::planting::plant;
use super::{day_state, found, short};
use crate::books::{Books, Sale, book, leave, the_day};
use crate::world::World;

#[tokio::test]
async fn books_that_agree_have_no_difference_and_midnight_makes_none() {
    let world = World::open().await;
    let day = the_day(&world);
    let next = day + Days::new(1);
    let mut books = Books::agreeing(day, 300);
    let late: Vec<Sale> = books.sales[..20].to_vec();
    books.drop_lines(|said| {
        !late
            .iter()
            .any(|sale| said.settle_key.ends_with(&format!("T{}", &sale.transaction[1..])))
    });
    for (at, sale) in late.iter().enumerate() {
        let (traded, moved) = [(next, next), (day, next), (next, day)][at % 3];
        books.say(sale, traded, moved);
    }
    books.write(&world, &[day, next, next + Days::new(1)]).await;
    world.it.settle().await;
    assert_eq!(found(&world).await, BTreeMap::new());
    assert_eq!(day_state(&world, day).await, "judged");
    assert_eq!(day_state(&world, next + Days::new(1)).await, "matched");
}

async fn every_planted_difference(sales: usize, each: usize) {
    let world = World::open().await;
    let day = the_day(&world);
    let next = day + Days::new(1);
    let mut books = Books::agreeing(day, sales);
    let planted = plant(&mut books, each);
    books.write(&world, &[day, next]).await;
    world.it.settle().await;
    assert_eq!(short(&found(&world).await), planted);
    // matched again, the same is found and nothing more
    leave(&world, "match_day", &book(), day).await;
    leave(&world, "judge_day", &book(), day).await;
    world.it.settle().await;
    assert_eq!(found(&world).await.len(), planted.len());
    assert_eq!(
        i64::try_from(planted.len()).unwrap(),
        world.facts("difference_found").await
    );
}

#[tokio::test]
async fn every_planted_difference_is_found_by_its_type_and_none_else() {
    every_planted_difference(2_000, 3).await;
}

#[tokio::test]
#[ignore = "a long run"]
async fn every_planted_difference_in_a_hundred_thousand_lines() {
    every_planted_difference(40_000, 50).await;
}

#[tokio::test]
async fn a_payment_that_only_the_bill_knows_of_is_booked_by_the_bill() {
    let world = World::open().await;
    let day = the_day(&world);
    let mut books = Books::agreeing(day, 5);
    books.sales[1].paid = false;
    let sale = books.sales[1].clone();
    books.write(&world, &[day]).await;
    world.it.settle().await;
    let found = found(&world).await;
    let key = ("paid_unknown_here".to_owned(), sale.number());
    assert_eq!(found.get(&key).map(String::as_str), Some("resolved"), "{found:?}");
    let state: String = sqlx::query_scalar("select state from attempts where attempt_id = $1")
        .bind(sale.attempt)
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(state, "isolated");
    assert_eq!(world.facts("money_isolated").await, 1);
    assert_eq!(world.facts("difference_resolved").await, 1);
}
