//! What is sold, and the way of an application to a paid order.

use proto::studio::access::v1::Role;
use proto::studio::orders::v1::catalogue_service_client::CatalogueServiceClient;
use proto::studio::orders::v1::order_service_client::OrderServiceClient;
use proto::studio::orders::v1::{
    AcceptQuoteRequest, ApplyRequest, ApproveRequest, Channel, ConfirmApplicationRequest, GetOrderRequest,
    ImportCatalogueRequest, ListProductsRequest, Order, PassFirstReviewRequest, PaymentMethod,
    StartPaymentRequest, StartPaymentResponse, SubmitForApprovalRequest,
};
use proto::studio::payments::v1::GetAttemptRequest;
use proto::studio::payments::v1::intent_service_client::IntentServiceClient;
use testkit::{Door, Identity};
use tonic::Status;

use crate::people::{Member, id};
use crate::world::{World, head_office};

/// Two products: a card for a year and one that a small wallet can pay.
const CATALOGUE: &str = "\
code,name,kind,price,valid_days,validity_start,start_within_days,activation,benefits,sold_at,effective_from
YEAR,全城通年卡,annual_card,3980.00,365,activation,90,by_identity,ENTRY:入馆训练:operator:0;GUEST:携友体验:studio:2,,
PACK,十次课程,class_pack,800.00,90,payment,0,at_once,LESSON:课程:operator:10,,
";

impl World {
    pub fn orders_as(&self, who: &Identity) -> OrderServiceClient<Door> {
        OrderServiceClient::new(self.at_orders(who))
    }

    /// Fills the catalogue, and returns the ids of the year's card and the pack.
    pub async fn sells(&self) -> (String, String) {
        let manager = head_office(Role::ProductManager);
        let mut catalogue = CatalogueServiceClient::new(self.at_orders(&manager));
        let request = ImportCatalogueRequest {
            request_id: id(),
            content: CATALOGUE.as_bytes().to_vec(),
            trial_run: false,
        };
        let report = catalogue.import_catalogue(request).await.unwrap().into_inner();
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
        let request = ApplyRequest {
            request_id: id(),
            person_id: String::new(),
            studio_id: member.studio.to_string(),
            product_id: product.to_owned(),
            channel: Channel::App.into(),
            needs: "早上练习".to_owned(),
        };
        let draft = orders.apply(request).await.unwrap().into_inner().order.unwrap();
        let confirm = ConfirmApplicationRequest {
            request_id: id(),
            order_id: draft.order_id,
            version: draft.version,
        };
        orders
            .confirm_application(confirm)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    /// Customer service checks facts, another person decides by policy.
    pub async fn approved_order(&self, order_id: &str) -> Order {
        let mut desk = self.orders_as(&head_office(Role::CustomerService));
        let request = PassFirstReviewRequest {
            request_id: id(),
            order_id: order_id.to_owned(),
            note: "齐全".to_owned(),
        };
        let quoted = desk
            .pass_first_review(request)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap();
        let request = SubmitForApprovalRequest {
            request_id: id(),
            order_id: order_id.to_owned(),
        };
        desk.submit_for_approval(request).await.unwrap();
        let mut reviewer = self.orders_as(&head_office(Role::Reviewer));
        let request = ApproveRequest {
            request_id: id(),
            order_id: order_id.to_owned(),
            quote_hash: quoted.quote.unwrap().hash,
            policy_version: "2026-1".to_owned(),
            reason: "价格与服务合理".to_owned(),
        };
        reviewer
            .approve(request)
            .await
            .unwrap()
            .into_inner()
            .order
            .unwrap()
    }

    pub async fn accepts(&self, member: &Member, order: &Order) -> Result<Order, Status> {
        let quote = order.quote.clone().unwrap();
        let request = AcceptQuoteRequest {
            request_id: id(),
            order_id: order.order_id.clone(),
            quote_hash: quote.hash,
            terms_version: quote.terms_version,
            proof: "app".to_owned(),
        };
        let reply = self.orders_as(&member.who).accept_quote(request).await?;
        Ok(reply.into_inner().order.unwrap())
    }

    pub async fn starts_payment(
        &self,
        member: &Member,
        order_id: &str,
        method: PaymentMethod,
    ) -> Result<StartPaymentResponse, Status> {
        let request = StartPaymentRequest {
            request_id: id(),
            order_id: order_id.to_owned(),
            method: method.into(),
        };
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

    /// Shows the QR, lets the member scan and pay, and waits for `state`.
    pub async fn pays_by_qr(&self, member: &Member, order: &Order) {
        let started = self
            .starts_payment(member, &order.order_id, PaymentMethod::WechatNative)
            .await
            .unwrap();
        self.settle().await;
        let due = self.order(member, &order.order_id).await.dues.remove(0);
        let attempt = if due.attempt_id.is_empty() {
            started.due.unwrap().attempt_id
        } else {
            due.attempt_id
        };
        let code = self.code_url(member, &attempt).await;
        self.channel.pay(&code).unwrap();
    }
}
