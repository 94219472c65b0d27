use proto::studio::orders::v1 as pb;

use super::orders::{list, show};
use super::{Desk, held};
use crate::cli::Review;
use crate::failure::Failure;
use crate::house::request_id;

pub async fn run(desk: &Desk, command: Review) -> Result<(), Failure> {
    let house = desk.enter("customer-service").await?;
    let request_id = request_id();
    let order = match command {
        Review::List => return list(desk, &house, pb::Queue::FirstReview).await,
        Review::Pass { order_id, note } => {
            house
                .ask(pb::PassFirstReviewRequest {
                    request_id,
                    order_id,
                    note,
                })
                .await?
                .order
        }
        Review::Ask { order_id, wanted } => {
            house
                .ask(pb::RequestInformationRequest {
                    request_id,
                    order_id,
                    wanted,
                })
                .await?
                .order
        }
        Review::Submit { order_id } => {
            house
                .ask(pb::SubmitForApprovalRequest { request_id, order_id })
                .await?
                .order
        }
    };
    show(desk, held(order, "order")?)
}
