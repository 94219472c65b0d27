use proto::studio::orders::v1 as pb;

use super::orders::{get, list, show};
use super::{Desk, held};
use crate::cli::{Approvals, Decision};
use crate::failure::Failure;
use crate::house::{House, request_id};

pub async fn run(desk: &Desk, command: Approvals) -> Result<(), Failure> {
    let house = desk.enter("reviewer").await?;
    let request_id = request_id();
    let order = match command {
        Approvals::List => return list(desk, &house, pb::Queue::Approval).await,
        Approvals::Approve(decision) => approve(&house, decision).await?,
        Approvals::Reject(Decision {
            order_id,
            policy: policy_version,
            reason,
        }) => {
            let request = pb::RejectRequest {
                request_id,
                order_id,
                policy_version,
                reason,
            };
            held(house.ask(request).await?.order, "order")?
        }
        Approvals::SendBack(Decision {
            order_id,
            policy: policy_version,
            reason,
        }) => {
            let request = pb::SendBackRequest {
                request_id,
                order_id,
                policy_version,
                reason,
            };
            held(house.ask(request).await?.order, "order")?
        }
    };
    show(desk, order)
}

/// Approves exactly the quote that the order has now.
pub async fn approve(house: &House, decision: Decision) -> Result<pb::Order, Failure> {
    let order = get(house, &decision.order_id).await?;
    let request = pb::ApproveRequest {
        request_id: request_id(),
        order_id: decision.order_id,
        quote_hash: held(order.quote, "quote")?.hash,
        policy_version: decision.policy,
        reason: decision.reason,
    };
    held(house.ask(request).await?.order, "order")
}
