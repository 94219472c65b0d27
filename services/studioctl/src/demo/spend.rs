//! A second purchase, paid from the wallet.

use proto::studio::orders::v1 as orders;
use proto::studio::wallet::v1::GetWalletRequest;

use super::Story;
use super::people::Member;
use super::purchase::{agree, opened};
use crate::commands::{held, pay};
use crate::failure::Failure;
use crate::house::House;
use crate::output::yuan;

/// Answers the order that was paid.
pub async fn run(story: &mut Story, member: &Member) -> Result<String, Failure> {
    story.part("A purchase from the wallet");
    let order = agree(story, member, "CLASS-10").await?;
    let me = story.with_token(&member.token);
    story
        .step(
            "wallet",
            "the wallet pays for it",
            spent(&me, member, &order.order_id),
        )
        .await?;
    story
        .step("members", "the class pass opens", opened(&me, &order.order_id))
        .await?;
    Ok(order.order_id)
}

async fn spent(me: &House, member: &Member, order_id: &str) -> Result<((), String), Failure> {
    pay::start(me, order_id, orders::PaymentMethod::Wallet).await?;
    Ok(((), format!("balance {}", balance(me, &member.person_id).await?)))
}

/// What may be spent.
pub async fn balance(me: &House, person_id: &str) -> Result<String, Failure> {
    let wallet = me
        .ask(GetWalletRequest {
            person_id: person_id.to_owned(),
        })
        .await?
        .wallet;
    Ok(yuan(held(wallet, "wallet")?.spendable.as_ref()))
}
