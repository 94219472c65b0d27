//! orders as these tests need it: where an order stands, and what staff wrote.

use std::sync::{Arc, Mutex};

use proto::studio::orders::v1 as pb;
use testkit::made_up::{MadeUp, Serving};

#[derive(Clone, Default)]
pub struct Orders {
    order: Arc<Mutex<pb::Order>>,
}

impl Orders {
    /// Every order stands so, and staff wrote this to its applicant.
    pub fn says(&self, state: pb::OrderState, reason: &str) {
        let mut order = self.order.lock().unwrap();
        order.set_state(state);
        order.reason = reason.to_owned();
    }

    pub async fn serve(&self) -> Serving {
        let orders = self.clone();
        MadeUp::new()
            .on(move |_: pb::GetOrderRequest| {
                let order = orders.order.lock().unwrap().clone();
                Ok(pb::GetOrderResponse { order: Some(order) })
            })
            .serve()
            .await
    }
}
