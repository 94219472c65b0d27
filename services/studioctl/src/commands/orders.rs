use comfy_table::Table;
use proto::studio::orders::v1 as pb;

use super::{Desk, held, studio};
use crate::cli::Orders;
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{facts, table, time, word, yuan};

pub async fn run(desk: &Desk, command: Orders) -> Result<(), Failure> {
    let house = desk.enter("customer-service").await?;
    let order = match command {
        Orders::List => return list(desk, &house, pb::Queue::Unspecified).await,
        Orders::Track { order_number } => return track(desk, &house, order_number).await,
        Orders::Products => return products(desk, &house).await,
        Orders::Show { order_id } => get(&house, &order_id).await?,
        Orders::Apply {
            product,
            studio,
            person,
        } => apply(&house, &product, &studio, person, pb::Channel::Studio).await?,
        Orders::Accept { order_id } => accept(&house, order_id).await?,
        Orders::Cancel { order_id, reason } => {
            let request = pb::CancelRequest {
                request_id: request_id(),
                order_id,
                reason,
            };
            held(house.ask(request).await?.order, "order")?
        }
    };
    show(desk, order)
}

/// Prints one order.
pub fn show(desk: &Desk, order: pb::Order) -> Result<(), Failure> {
    let reply = pb::GetOrderResponse { order: Some(order) };
    desk.output
        .reply::<pb::GetOrderRequest>(&reply, |r| shown(&r.order.clone().unwrap_or_default()))
}

async fn track(desk: &Desk, house: &House, order_number: String) -> Result<(), Failure> {
    let reply = house.ask(pb::TrackOrderRequest { order_number }).await?;
    desk.output.reply::<pb::TrackOrderRequest>(&reply, tracked)
}

async fn products(desk: &Desk, house: &House) -> Result<(), Failure> {
    let reply = house
        .ask(pb::ListProductsRequest {
            page_size: 200,
            ..Default::default()
        })
        .await?;
    desk.output
        .reply::<pb::ListProductsRequest>(&reply, |r| catalogue(&r.products))
}

/// Lists a queue, or everything.
pub async fn list(desk: &Desk, house: &House, queue: pb::Queue) -> Result<(), Failure> {
    let reply = house
        .ask(pb::ListOrdersRequest {
            queue: queue.into(),
            ..Default::default()
        })
        .await?;
    desk.output
        .reply::<pb::ListOrdersRequest>(&reply, |r| orders(&r.orders))
}

pub async fn get(house: &House, order_id: &str) -> Result<pb::Order, Failure> {
    held(
        house
            .ask(pb::GetOrderRequest {
                order_id: order_id.to_owned(),
            })
            .await?
            .order,
        "order",
    )
}

/// Applies for a product and confirms the application.
pub async fn apply(
    house: &House,
    product: &str,
    studio_code: &str,
    person_id: String,
    channel: pb::Channel,
) -> Result<pb::Order, Failure> {
    let studio_id = studio(house, studio_code).await?;
    let request = pb::GetProductRequest {
        code: product.to_owned(),
        product_id: String::new(),
    };
    let product = held(house.ask(request).await?.product, "product")?;
    let request = pb::ApplyRequest {
        request_id: request_id(),
        person_id,
        studio_id,
        product_id: product.product_id,
        channel: channel.into(),
        needs: "希望每周训练三次".to_owned(),
    };
    let draft = held(house.ask(request).await?.order, "order")?;
    let request = pb::ConfirmApplicationRequest {
        request_id: request_id(),
        order_id: draft.order_id,
        version: draft.version,
    };
    held(house.ask(request).await?.order, "order")
}

/// Accepts the quote of an approved order.
pub async fn accept(house: &House, order_id: String) -> Result<pb::Order, Failure> {
    let order = get(house, &order_id).await?;
    let quote = held(order.quote, "quote")?;
    let request = pb::AcceptQuoteRequest {
        request_id: request_id(),
        order_id,
        quote_hash: quote.hash,
        terms_version: quote.terms_version,
        proof: "ticked in studioctl".to_owned(),
    };
    held(house.ask(request).await?.order, "order")
}

fn orders(orders: &[pb::Order]) -> Table {
    let mut rows = table(["order", "number", "state", "amount", "since", "due"]);
    for order in orders {
        rows.add_row([
            order.order_id.clone(),
            order.order_number.clone(),
            state(order.state()),
            yuan(order.quote.as_ref().and_then(|q| q.amount.as_ref())),
            time(order.state_since.as_ref()),
            time(order.act_by.as_ref()),
        ]);
    }
    rows
}

fn state(state: pb::OrderState) -> String {
    word(state.as_str_name(), "ORDER_STATE_")
}

fn shown(order: &pb::Order) -> Table {
    let quote = order.quote.clone().unwrap_or_default();
    let due = order.dues.first().cloned().unwrap_or_default();
    facts([
        ("order", order.order_id.clone()),
        ("number", order.order_number.clone()),
        ("state", state(order.state())),
        ("person", order.person_id.clone()),
        ("product", quote.terms.map(|t| t.name).unwrap_or_default()),
        ("quote", yuan(quote.amount.as_ref())),
        ("paid", yuan(order.paid.as_ref())),
        ("refunded", yuan(order.refunded.as_ref())),
        ("accept by", time(order.accept_by.as_ref())),
        ("pay by", time(order.pay_by.as_ref())),
        ("payment", due.payment_id),
        ("card", order.card_id.clone()),
        ("reason", order.reason.clone()),
    ])
}

fn tracked(reply: &pb::TrackOrderResponse) -> Table {
    facts([
        ("number", reply.order_number.clone()),
        ("product", reply.product_name.clone()),
        ("state", state(reply.state())),
        ("since", time(reply.state_since.as_ref())),
    ])
}

fn catalogue(products: &[pb::Product]) -> Table {
    let mut rows = table(["code", "name", "price", "days", "version"]);
    for product in products {
        let terms = product
            .current
            .as_ref()
            .and_then(|v| v.terms.clone())
            .unwrap_or_default();
        rows.add_row([
            product.code.clone(),
            terms.name,
            yuan(terms.price.as_ref()),
            terms.valid_days.to_string(),
            terms.version.to_string(),
        ]);
    }
    rows
}
