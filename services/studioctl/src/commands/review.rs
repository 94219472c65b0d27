use proto::studio::orders::v1 as pb;

use super::orders::{list, shown};
use super::{Desk, held};
use crate::cli::Review;
use crate::failure::Failure;
use crate::house::request_id;

pub async fn run(desk: &Desk, command: Review) -> Result<(), Failure> {
    let house = desk.enter("customer-service").await?;
    let request_id = request_id();
    match command {
        Review::List => list(desk, &house, pb::Queue::FirstReview).await,
        Review::Pass { order_id, note } => {
            let reply = house
                .ask(pb::PassFirstReviewRequest {
                    request_id,
                    order_id,
                    note,
                })
                .await?;
            let order = held(reply.order.clone(), "order")?;
            desk.output
                .reply::<pb::PassFirstReviewRequest>(&reply, |_| shown(&order))
        }
        Review::Ask { order_id, wanted } => {
            let reply = house
                .ask(pb::RequestInformationRequest {
                    request_id,
                    order_id,
                    wanted,
                })
                .await?;
            let order = held(reply.order.clone(), "order")?;
            desk.output
                .reply::<pb::RequestInformationRequest>(&reply, |_| shown(&order))
        }
        Review::Submit { order_id } => {
            let reply = house
                .ask(pb::SubmitForApprovalRequest { request_id, order_id })
                .await?;
            let order = held(reply.order.clone(), "order")?;
            desk.output
                .reply::<pb::SubmitForApprovalRequest>(&reply, |_| shown(&order))
        }
    }
}
