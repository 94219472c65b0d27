//! What is sold, and the way of an application to a paid order.

use journeys::steps;
use proto::studio::access::v1::Role;
use proto::studio::orders::v1::catalogue_service_client::CatalogueServiceClient;
use proto::studio::orders::v1::order_service_client::OrderServiceClient;
use proto::studio::orders::v1::{
    GetOrderRequest, ListProductsRequest, Order, PaymentMethod, StartPaymentResponse,
};
use proto::studio::payments::v1::GetAttemptRequest;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use testkit::{Door, Identity};
use tonic::Status;

use crate::people::{Member, id};
use crate::world::{World, head_office};

impl World {
    pub fn orders_as(&self, who: &Identity) -> OrderServiceClient<Door> {
        OrderServiceClient::new(self.at_orders(who))
    }

    /// Fills the catalogue, and returns the ids of the year's card and the pack.
    pub async fn sells(&self) -> (String, String) {
        let manager = head_office(Role::ProductManager);
        let mut catalogue = CatalogueServiceClient::new(self.at_orders(&manager));
        let report = catalogue
            .import_catalogue(steps::import_catalogue(id()))
            .await
            .unwrap()
            .into_inner();
        assert!(report.applied, "{:?}", report.errors);
        let products = catalogue
            .list_products(ListProductsRequest::default())
            .await
            .unwrap()
            .into_inner()
            .products;
        let find = |code: &str| {
            products
                .iter()
                .find(|p| p.code == code)
                .unwrap()
                .product_id
                .clone()
        };
        (find("YEAR"), find("PACK"))
    }

    /// Application, both reviews, acceptance: an order that waits for its money.
    pub async fn confirmed_order(&self, member: &Member, product: &str) -> Order {
        let order = self.submitted_order(member, product).await;
        let order = self.approved_order(&order.order_id).await;
        self.accepts(member, &order).await.unwrap()
    }

    pub async fn submitted_order(&self, member: &Member, product: &str) -> Order {
        let mut orders = self.orders_as(&member.who);
        let request = steps::apply(id(), member.studio, product);
        let draft = orders.apply(request).await.unwrap().into_inner().order.unwrap();
        orders
            .confirm_application(steps::confirm(id(), &draft))
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    /// Customer service checks facts, another person decides by policy.
    pub async fn approved_order(&self, order_id: &str) -> Order {
        let mut desk = self.orders_as(&head_office(Role::CustomerService));
        let quoted = desk
            .pass_first_review(steps::pass_first_review(id(), order_id))
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap();
        desk.submit_for_approval(steps::submit(id(), order_id))
            .await
            .unwrap();
        let mut reviewer = self.orders_as(&head_office(Role::Reviewer));
        reviewer
            .approve(steps::approve(id(), order_id, &quoted.quote.unwrap()))
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub async fn accepts(&self, member: &Member, order: &Order) -> Result<Order, Status> {
        let request = steps::accept(id(), &order.order_id, order.quote.as_ref().unwrap());
        let reply = self.orders_as(&member.who).accept_quote(request).await?;
        Ok(reply.into_inner().order.unwrap())
    }

    pub async fn starts_payment(
        &self,
        member: &Member,
        order_id: &str,
        method: PaymentMethod,
    ) -> Result<StartPaymentResponse, Status> {
        let request = steps::start_payment(id(), order_id, method);
        Ok(self
            .orders_as(&member.who)
            .start_payment(request)
            .await?
            .into_inner())
    }

    /// The code that the member scans for what is being paid.
    pub async fn code_url(&self, member: &Member, attempt_id: &str) -> String {
        self.settle().await;
        let mut intents = IntentServiceClient::new(self.at_payments(&member.who));
        let request = GetAttemptRequest {
            attempt_id: attempt_id.to_owned(),
        };
        let attempt = intents
            .get_attempt(request)
            .await
            .unwrap()
            .into_inner()
            .attempt
            .unwrap();
        assert!(
            !attempt.code_url.is_empty(),
            "the channel gave no code: {attempt:?}"
        );
        attempt.code_url
    }

    pub async fn order(&self, member: &Member, order_id: &str) -> Order {
        let request = GetOrderRequest {
            order_id: order_id.to_owned(),
        };
        self.orders_as(&member.who)
            .get_order(request)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    /// Shows WeChat Pay's QR, and lets the member scan and pay.
    pub async fn pays_by_qr(&self, member: &Member, order: &Order) {
        let code = self.qr_of(member, order, PaymentMethod::WechatNative).await;
        self.channel.pay(&code).unwrap();
    }

    /// Shows WeChat Pay's QR, which nobody scans yet.
    pub async fn wechat_qr(&self, member: &Member, order: &Order) -> String {
        self.qr_of(member, order, PaymentMethod::WechatNative).await
    }

    /// Shows Alipay's QR, and lets the member scan and pay.
    pub async fn pays_by_alipay(&self, member: &Member, order: &Order) {
        let code = self.qr_of(member, order, PaymentMethod::AlipayQr).await;
        self.alipay.pay(&code).unwrap();
    }

    async fn qr_of(&self, member: &Member, order: &Order, method: PaymentMethod) -> String {
        let started = self
            .starts_payment(member, &order.order_id, method)
            .await
            .unwrap();
        self.settle().await;
        let due = self.order(member, &order.order_id).await.dues.remove(0);
        let attempt = if due.attempt_id.is_empty() {
            started.due.unwrap().attempt_id
        } else {
            due.attempt_id
        };
        self.code_url(member, &attempt).await
    }
}
