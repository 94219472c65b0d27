//! A member's whole journey through every service of a running platform,
//! narrated. Each part of the story is one trace.

mod complaint;
mod desk;
mod notices;
mod people;
mod purchase;
mod recharge;
mod refund;
mod rules;
mod spend;
mod story;

use crate::commands::Desk;
use crate::failure::Failure;

pub use story::Story;

/// Runs the journey; the first step that fails ends it.
pub async fn run(desk: &Desk, json: bool) -> Result<(), Failure> {
    let mut story = Story::new(desk.house.clone(), json);
    story.tell("A member's journey: from application to training to refund, through every service.");
    rules::run(&mut story).await?;
    let member = purchase::run(&mut story).await?;
    recharge::run(&mut story, &member).await?;
    let order_id = spend::run(&mut story, &member).await?;
    refund::run(&mut story, &member, &order_id).await?;
    desk::run(&mut story, &member).await?;
    complaint::run(&mut story, &member).await?;
    notices::run(&mut story, &member).await?;
    story.end().await;
    Ok(())
}
