use proto::studio::orders::v1 as pb;

use super::orders::{get, list, shown};
use super::{Desk, held};
use crate::cli::{Approvals, Decision};
use crate::failure::Failure;
use crate::house::{House, request_id};

pub async fn run(desk: &Desk, command: Approvals) -> Result<(), Failure> {
    let house = desk.enter("reviewer").await?;
    match command {
        Approvals::List => list(desk, &house, pb::Queue::Approval).await,
        Approvals::Approve(decision) => {
            let order = approve(&house, decision).await?;
            desk.output.reply::<pb::ApproveRequest>(
                &pb::ApproveResponse {
                    order: Some(order.clone()),
                },
                |_| shown(&order),
            )
        }
        Approvals::Reject(Decision {
            order_id,
            policy,
            reason,
        }) => {
            let request = pb::RejectRequest {
                request_id: request_id(),
                order_id,
                policy_version: policy,
                reason,
            };
            let reply = house.ask(request).await?;
            let order = held(reply.order.clone(), "order")?;
            desk.output.reply::<pb::RejectRequest>(&reply, |_| shown(&order))
        }
        Approvals::SendBack(Decision {
            order_id,
            policy,
            reason,
        }) => {
            let request = pb::SendBackRequest {
                request_id: request_id(),
                order_id,
                policy_version: policy,
                reason,
            };
            let reply = house.ask(request).await?;
            let order = held(reply.order.clone(), "order")?;
            desk.output
                .reply::<pb::SendBackRequest>(&reply, |_| shown(&order))
        }
    }
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
