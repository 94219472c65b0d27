//! What goes wrong with personal data in hand.

use proto::studio::access::v1::Role;
use proto::studio::members::v1::card_service_client::CardServiceClient;
use proto::studio::members::v1::import_service_client::ImportServiceClient;
use proto::studio::members::v1::people_service_client::PeopleServiceClient;
use proto::studio::members::v1::{
    ActivateCardRequest, ImportMembersRequest, LookUpPersonRequest, RequestActivationCodeRequest,
};
use proto::studio::orders::v1::{ListOrdersRequest, ProvideInformationRequest, TrackOrderRequest};
use testkit::Identity;

use super::{ADDRESS, BANK, Flock, NAME, NUMBER};
use journeys::people::{application, id_number};

use crate::people::id;
use crate::world::head_office;

impl Flock {
    /// Everything that goes wrong with personal data in hand.
    pub async fn is_refused(&mut self, order_id: &str, card_id: &str) {
        let (world, member) = (&self.world, &self.member);
        let mut people = PeopleServiceClient::new(world.at_members(&Identity::anonymous()));
        let mut again = application(id(), NUMBER, world.chain.chaoyang);
        NAME.clone_into(&mut again.name);
        let mut bad_phone = again.clone();
        bad_phone.request_id = id();
        bad_phone.phone = format!("{}x", member.phone);
        let mut bad_id = again.clone();
        bad_id.request_id = id();
        bad_id.id_number = format!("{}Y", &member.id_number[..17]);
        bad_id.phone = id_number(NUMBER + 1)[..11].to_owned();
        let registered = [
            people.register_person(again).await,
            people.register_person(bad_phone).await,
            people.register_person(bad_id).await,
        ];
        let looked = PeopleServiceClient::new(world.at_members(&member.who))
            .look_up_person(LookUpPersonRequest {
                phone: member.phone.clone(),
            })
            .await;
        let mut cards = CardServiceClient::new(world.at_members(&member.who));
        let asked = cards
            .request_activation_code(RequestActivationCodeRequest {
                request_id: id(),
                card_id: card_id.to_owned(),
                phone: member.phone.clone(),
                id_number: member.id_number.clone(),
            })
            .await;
        let activated = cards
            .activate_card(ActivateCardRequest {
                request_id: id(),
                card_id: card_id.to_owned(),
                challenge_id: id(),
                phone: member.phone.clone(),
                id_number: member.id_number.clone(),
                code: "123456".to_owned(),
            })
            .await;
        let mut own = world.orders_as(&member.who);
        let tracked = own
            .track_order(TrackOrderRequest {
                order_number: format!("{}ZZ", member.phone),
            })
            .await;
        let listed = own
            .list_orders(ListOrdersRequest {
                page_token: member.phone.clone(),
                ..ListOrdersRequest::default()
            })
            .await;
        let answer = format!("{NAME}{ADDRESS}").repeat(200);
        let provided = own
            .provide_information(ProvideInformationRequest {
                request_id: id(),
                order_id: order_id.to_owned(),
                answer,
            })
            .await;
        for answer in registered {
            self.failed(answer);
        }
        self.failed(looked);
        self.failed(asked);
        self.failed(activated);
        self.failed(tracked);
        self.failed(listed);
        self.failed(provided);
        self.imports_badly().await;
    }

    /// Errors of files stand in a good answer, and hold as little.
    async fn imports_badly(&mut self) {
        let admin = head_office(Role::OperatorAdmin);
        let mut imports = ImportServiceClient::new(self.world.at_members(&admin));
        let (phone, id_number) = (&self.member.phone, &self.member.id_number);
        let rows = [
            format!("{NAME},{phone},{id_number},{},BJ-CY", self.member.email),
            format!("{NAME},{phone}9,{id_number}0,{ADDRESS},{BANK}"),
            format!("\"{NAME}\"x,{phone}"),
        ];
        for head in ["name,phone,id_number,email,studio", "姓名,手机,身份证,邮箱,门店"] {
            let content = format!("{head}\n{}\n", rows.join("\n")).into_bytes();
            let request = ImportMembersRequest {
                request_id: id(),
                content,
                trial_run: false,
            };
            let answer = imports.import_members(request).await;
            self.errors.extend(format!("{answer:?}").into_bytes());
        }
    }
}
