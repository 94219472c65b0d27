//! What somebody does and writes, at every service.

use proto::studio::access::v1::Role;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::members::v1::token_service_client::TokenServiceClient;
use proto::studio::members::v1::{
    PersonalField, RequestSignInCodeRequest, RevealPersonalDataRequest, SignInRequest,
};
use proto::studio::money::v1::Money;
use proto::studio::orders::v1::{
    AddContactLogRequest, ApplyRequest, Channel, ConfirmApplicationRequest, ContactDirection, OrderState,
    ProvideInformationRequest, RequestInformationRequest,
};
use proto::studio::oversight::v1::ticket_service_client::TicketServiceClient;
use proto::studio::oversight::v1::{
    AssignTicketRequest, OpenTicketRequest, RecordProgressRequest, TicketKind, TicketTopic,
};
use proto::studio::refunds::v1::refund_service_client::RefundServiceClient;
use proto::studio::refunds::v1::{OpenCaseRequest, RefundReason};
use proto::studio::wallet::v1::recharge_service_client::RechargeServiceClient;
use proto::studio::wallet::v1::wallet_service_client::WalletServiceClient;
use proto::studio::wallet::v1::{
    Advice, ApplyRechargeRequest, DeclineRechargeRequest, FreezeWalletRequest, RechargeMethod, RejectReason,
};
use testkit::Identity;

use super::Flock;
use crate::people::id;
use crate::world::head_office;

impl Flock {
    /// Application with all that people write, both reviews, payment, activation.
    pub async fn buys(&mut self) -> (String, String) {
        self.world.publishes_a_refund_policy().await;
        let (year, _) = self.world.sells().await;
        let order_id = self.applies(&year).await;
        let order = self.world.approved_order(&order_id).await;
        let order = self.world.accepts(&self.member, &order).await.unwrap();
        self.world.pays_by_qr(&self.member, &order).await;
        let (world, member) = (&self.world, &self.member);
        world
            .until("the order is fulfilled", async || {
                world.order(member, &order_id).await.state() == OrderState::Fulfilled
            })
            .await;
        let card = world.card_of(member, &order_id).await;
        world.activates(member, &card).await.unwrap();
        let code = world.code_mailed_to(member);
        self.knows("code of activation", &code);
        (order_id, card.card_id)
    }

    async fn applies(&mut self, product: &str) -> String {
        let needs = self.text("needs");
        let mut own = self.world.orders_as(&self.member.who);
        let request = ApplyRequest {
            request_id: id(),
            person_id: String::new(),
            studio_id: self.world.chain.chaoyang.to_string(),
            product_id: product.to_owned(),
            channel: Channel::App.into(),
            needs,
        };
        let draft = own.apply(request).await.unwrap().into_inner().order.unwrap();
        let order_id = draft.order_id.clone();
        let request = ConfirmApplicationRequest {
            request_id: id(),
            order_id: draft.order_id,
            version: draft.version,
        };
        own.confirm_application(request).await.unwrap();
        let mut desk = self
            .world
            .orders_as(&Identity::staff(Role::CustomerService, self.world.chain.chaoyang));
        let request = AddContactLogRequest {
            request_id: id(),
            order_id: order_id.clone(),
            direction: ContactDirection::Outgoing.into(),
            reached: true,
            text: self.text("contact log"),
            occurred_at: None,
        };
        desk.add_contact_log(request).await.unwrap();
        let wanted = self.text("information wanted");
        desk.request_information(RequestInformationRequest {
            request_id: id(),
            order_id: order_id.clone(),
            wanted,
        })
        .await
        .unwrap();
        let answer = self.text("information given");
        own.provide_information(ProvideInformationRequest {
            request_id: id(),
            order_id: order_id.clone(),
            answer,
        })
        .await
        .unwrap();
        order_id
    }

    /// A code by mail, a token for it.
    pub async fn signs_in(&mut self) {
        let mut tokens = TokenServiceClient::new(self.world.at_members(&Identity::anonymous()));
        self.world.advance(std::time::Duration::from_mins(5));
        let request = RequestSignInCodeRequest {
            request_id: id(),
            phone: self.member.phone.clone(),
        };
        let challenge_id = tokens
            .request_sign_in_code(request)
            .await
            .unwrap()
            .into_inner()
            .challenge_id;
        self.world.settle().await;
        let code = self.world.code_mailed_to(&self.member);
        let answer = |code: &str| SignInRequest {
            request_id: id(),
            challenge_id: challenge_id.clone(),
            phone: self.member.phone.clone(),
            code: code.to_owned(),
        };
        let (wrong, right) = (answer("000000"), answer(&code));
        let wrong = tokens.sign_in(wrong).await;
        let token = tokens
            .sign_in(right)
            .await
            .unwrap()
            .into_inner()
            .token
            .unwrap()
            .token;
        self.failed(wrong);
        self.knows("code of signing in", &code);
        self.knows("token of signing in", token.rsplit('.').next().unwrap());
    }

    /// What members and staff write down elsewhere.
    pub async fn writes(&mut self, order_id: &str) {
        let person_id = self.member.id.to_string();
        let studio_id = self.world.chain.chaoyang.to_string();
        let text = self.text("complaint");
        let mut tickets = TicketServiceClient::new(self.world.at_oversight(&self.member.who));
        let request = OpenTicketRequest {
            request_id: id(),
            person_id: person_id.clone(),
            studio_id: studio_id.clone(),
            kind: TicketKind::Complaint.into(),
            topic: TicketTopic::Service.into(),
            text,
            order_id: String::new(),
        };
        let ticket_id = tickets
            .open_ticket(request)
            .await
            .unwrap()
            .into_inner()
            .ticket
            .unwrap()
            .ticket_id;
        let director = self
            .world
            .hires(Role::StudioDirector, "BJ-CY", self.world.chain.chaoyang)
            .await;
        let mut staff = TicketServiceClient::new(self.world.at_oversight(&director));
        let assigned = staff
            .assign_ticket(AssignTicketRequest {
                request_id: id(),
                ticket_id: ticket_id.clone(),
                assignee_person_id: director.person().to_string(),
            })
            .await;
        self.went("assigning", assigned);
        let text = self.text("progress");
        let recorded = staff
            .record_progress(RecordProgressRequest {
                request_id: id(),
                ticket_id,
                text,
            })
            .await;
        self.went("progress", recorded);
        let explanation = self.text("refund");
        let clerk = Identity::staff(Role::RefundClerk, self.world.chain.chaoyang);
        let request = OpenCaseRequest {
            request_id: id(),
            order_id: order_id.to_owned(),
            reason: RefundReason::Personal.into(),
            explanation,
            due_id: String::new(),
            requested_amount: None,
        };
        let opened = RefundServiceClient::new(self.world.at_refunds(&clerk))
            .open_case(request)
            .await;
        self.went("opening a case", opened);
        let reason = "会员来电核对预约".to_owned();
        let request = RevealPersonalDataRequest {
            person_id: person_id.clone(),
            fields: vec![PersonalField::Phone.into()],
            reason,
        };
        let service = Identity::staff(Role::CustomerService, self.world.chain.chaoyang);
        let revealed = PeopleServiceClient::new(self.world.at_members(&service))
            .reveal_personal_data(request)
            .await;
        self.went("revealing", revealed);
        self.recharges_in_vain(&person_id, &studio_id).await;
    }

    async fn recharges_in_vain(&mut self, person_id: &str, studio_id: &str) {
        let mut own = RechargeServiceClient::new(self.world.at_wallet(&self.member.who));
        let request = ApplyRechargeRequest {
            request_id: id(),
            person_id: person_id.to_owned(),
            studio_id: studio_id.to_owned(),
            amount: Some(Money {
                minor: 100_000,
                currency: "CNY".to_owned(),
            }),
            method: RechargeMethod::WechatNative.into(),
        };
        let applied = own.apply_recharge(request).await.unwrap().into_inner();
        let specialist = Identity::staff(Role::RechargeSpecialist, self.world.chain.chaoyang);
        let request = DeclineRechargeRequest {
            request_id: id(),
            recharge_id: applied.recharge_id,
            version: applied.version,
            reason: RejectReason::Suspicious.into(),
            advice: Advice::AskStudio.into(),
            explanation: self.text("declined recharge"),
        };
        let declined = RechargeServiceClient::new(self.world.at_wallet(&specialist))
            .decline_recharge(request)
            .await;
        self.went("declining a recharge", declined);
        let reason = self.text("freeze");
        let manager = head_office(Role::RechargeManager);
        let frozen = WalletServiceClient::new(self.world.at_wallet(&manager))
            .freeze_wallet(FreezeWalletRequest {
                request_id: id(),
                person_id: person_id.to_owned(),
                reason,
            })
            .await;
        self.went("freezing", frozen);
    }
}
