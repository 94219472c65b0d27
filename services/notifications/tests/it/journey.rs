//! Every step of a member's journey is told, by mail and in the inbox.

#![expect(
    clippy::needless_update,
    reason = "one macro makes facts with and without further fields"
)]

use kernel::{fresh_uuid, to_proto_time};
use proto::studio::members::v1 as members;
use proto::studio::members::v1::members_event::Fact as Member;
use proto::studio::orders::v1 as orders;
use proto::studio::orders::v1::orders_event::Fact as Order;
use proto::studio::payments::v1 as payments;
use proto::studio::payments::v1::payments_event::Fact as Payment;
use proto::studio::refunds::v1 as refunds;
use proto::studio::refunds::v1::refunds_event::Fact as Refund;
use proto::studio::wallet::v1 as wallet;
use proto::studio::wallet::v1::wallet_event::Fact as Wallet;

use crate::world::{World, money};

const NUMBER: &str = "A-20261122-0001";

pub fn id() -> String {
    fresh_uuid().to_string()
}

impl World {
    #[expect(clippy::unnecessary_wraps, reason = "a message field is optional")]
    pub fn now(&self) -> Option<prost_types::Timestamp> {
        Some(to_proto_time(self.it.clock().now()))
    }

    pub fn who(&self) -> (String, String) {
        (self.person.to_string(), self.studio.to_string())
    }

    /// Hears a fact and finds it told under `template`, with all of `pieces` in the text.
    pub async fn tells<E: proto::Event>(&self, event: E, template: &str, pieces: &[&str]) {
        let kind = event.kind();
        let mails = self.mails().len();
        self.hears(event).await;
        let told = self.messages().await.into_iter().find(|m| m.template == template);
        let told = told.unwrap_or_else(|| panic!("{kind} was not told as {template}"));
        let mail = self
            .mails()
            .into_iter()
            .nth(mails)
            .unwrap_or_else(|| panic!("{kind} sent no mail"));
        assert_eq!(mail.subject, told.subject, "{kind}");
        for piece in pieces {
            assert!(
                told.body.contains(piece),
                "{kind}: {piece} is not in {}",
                told.body
            );
            assert!(
                mail.text.contains(piece),
                "{kind}: {piece} is not in {}",
                mail.text
            );
        }
    }

    async fn order(&self, fact: Order, template: &str, pieces: &[&str]) {
        self.tells(orders::OrdersEvent { fact: Some(fact) }, template, pieces)
            .await;
    }

    pub async fn wallet(&self, fact: Wallet, template: &str, pieces: &[&str]) {
        self.tells(wallet::WalletEvent { fact: Some(fact) }, template, pieces)
            .await;
    }

    pub async fn refund(&self, fact: Refund, template: &str, pieces: &[&str]) {
        self.tells(refunds::RefundsEvent { fact: Some(fact) }, template, pieces)
            .await;
    }

    async fn member(&self, fact: Member, template: &str, pieces: &[&str]) {
        self.tells(members::MembersEvent { fact: Some(fact) }, template, pieces)
            .await;
    }
}

macro_rules! of_order {
    ($world:expr, $fact:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        let (person_id, studio_id) = $world.who();
        Order::$fact(orders::$fact {
            order_id: id(), order_number: NUMBER.to_owned(), person_id, studio_id, $($field: $value,)* ..Default::default()
        })
    }};
}

#[tokio::test]
async fn an_application_and_what_it_still_wants_are_told() {
    let world = World::open().await;
    world
        .order(
            of_order!(world, OrderSubmitted {}),
            "application_received",
            &[NUMBER],
        )
        .await;
    world
        .order(
            of_order!(world, InformationRequested {}),
            "information_needed",
            &[NUMBER],
        )
        .await;
    world
        .order(
            of_order!(world, InformationProvided {}),
            "information_provided",
            &[NUMBER],
        )
        .await;
}

#[tokio::test]
async fn quote_approval_and_confirmation_are_told_with_their_amount() {
    let world = World::open().await;
    let quote = of_order!(
        world,
        QuoteIssued {
            amount: money(388_800),
            valid_until: world.now()
        }
    );
    world.order(quote, "quote_issued", &[NUMBER, "¥3888.00"]).await;
    let approved = of_order!(
        world,
        OrderApproved {
            amount: money(388_800),
            accept_by: world.now()
        }
    );
    world
        .order(approved, "order_approved", &[NUMBER, "¥3888.00", "确认"])
        .await;
    let confirmed = of_order!(
        world,
        OrderConfirmed {
            amount: money(388_800),
            pay_by: world.now()
        }
    );
    world
        .order(confirmed, "order_confirmed", &[NUMBER, "¥3888.00"])
        .await;
}

#[tokio::test]
async fn an_order_that_ends_otherwise_is_told_why() {
    let world = World::open().await;
    world
        .order(of_order!(world, OrderRejected {}), "order_rejected", &[NUMBER])
        .await;
    world
        .order(of_order!(world, OrderDeclined {}), "order_declined", &[NUMBER])
        .await;
    world
        .order(of_order!(world, OrderCancelled {}), "order_cancelled", &[NUMBER])
        .await;
    world
        .order(of_order!(world, OrderExpired {}), "order_expired", &[NUMBER])
        .await;
    let unfulfillable = of_order!(world, OrderUnfulfillable { amount: money(100) });
    world
        .order(unfulfillable, "order_unfulfillable", &[NUMBER, "¥1.00"])
        .await;
}

#[tokio::test]
async fn a_receipt_and_money_sent_back_are_told() {
    let world = World::open().await;
    let (person_id, studio_id) = world.who();
    let receipt = payments::ReceiptIssued {
        receipt_id: id(),
        receipt_number: "YD-2026-000001".to_owned(),
        person_id: person_id.clone(),
        studio_id: studio_id.clone(),
        amount: money(388_800),
        ..Default::default()
    };
    let event = payments::PaymentsEvent {
        fact: Some(Payment::ReceiptIssued(receipt)),
    };
    world
        .tells(event, "receipt_issued", &["YD-2026-000001", "¥3888.00"])
        .await;
    let returned = payments::MoneyReturned {
        isolated_id: id(),
        amount: money(700),
        person_id,
        studio_id,
        ..Default::default()
    };
    let event = payments::PaymentsEvent {
        fact: Some(Payment::MoneyReturned(returned)),
    };
    world.tells(event, "payment_returned", &["¥7.00"]).await;
}

#[tokio::test]
async fn a_registration_and_an_opened_card_are_told() {
    let world = World::open().await;
    let (person_id, studio_id) = world.who();
    let registered = members::PersonRegistered {
        person_id: person_id.clone(),
        home_studio_id: studio_id.clone(),
        imported: false,
    };
    world
        .member(Member::PersonRegistered(registered), "person_registered", &[])
        .await;
    let opened = members::CardOpened {
        card_id: id(),
        person_id,
        studio_id,
        product_name: "瑜伽年卡".to_owned(),
        ..Default::default()
    };
    world
        .member(Member::CardOpened(opened), "card_opened", &["瑜伽年卡", "朝阳馆"])
        .await;
}

#[tokio::test]
async fn a_visit_and_benefits_that_were_taken_back_are_told() {
    let world = World::open().await;
    let (person_id, studio_id) = world.who();
    let redeemed = members::BenefitRedeemed {
        person_id: person_id.clone(),
        studio_id: studio_id.clone(),
        check_in_id: id(),
        benefit_name: "团课".to_owned(),
        left: 11,
        used_at: world.now(),
        ..Default::default()
    };
    world
        .member(
            Member::BenefitRedeemed(redeemed),
            "checked_in",
            &["团课", "11 次", "朝阳馆"],
        )
        .await;
    let revoked = members::BenefitsRevoked {
        card_id: id(),
        person_id,
        studio_id,
        ..Default::default()
    };
    world
        .member(Member::BenefitsRevoked(revoked), "benefits_revoked", &[])
        .await;
}

#[tokio::test]
async fn activation_is_followed_by_a_statement_of_content_conditions_and_validity() {
    let world = World::open().await;
    world.members.has_card(card_of_a_year());
    let (person_id, studio_id) = world.who();
    let activated = members::CardActivated {
        card_id: id(),
        person_id,
        studio_id,
        product_name: "瑜伽年卡".to_owned(),
        ..Default::default()
    };
    let pieces = [
        "瑜伽年卡",
        "团课: 96 次",
        "入场: 不限次",
        "2026年11月22日 至 2027年11月21日",
        "使用条件",
    ];
    world
        .member(Member::CardActivated(activated), "card_activated", &pieces)
        .await;
}

fn card_of_a_year() -> members::GetCardResponse {
    let benefit = |name: &str, uses| members::Benefit {
        terms: Some(members::BenefitTerms {
            name: name.to_owned(),
            uses,
            ..Default::default()
        }),
        ..Default::default()
    };
    let from = chrono::DateTime::parse_from_rfc3339("2026-11-22T00:00:00+08:00")
        .unwrap()
        .to_utc();
    let until = chrono::DateTime::parse_from_rfc3339("2027-11-22T00:00:00+08:00")
        .unwrap()
        .to_utc();
    members::GetCardResponse {
        card: Some(members::Card {
            valid_from: Some(to_proto_time(from)),
            valid_until: Some(to_proto_time(until)),
            ..Default::default()
        }),
        benefits: vec![benefit("团课", 96), benefit("入场", 0)],
    }
}

#[tokio::test]
async fn what_staff_wrote_is_in_the_mail_alone_and_kept_nowhere() {
    let world = World::open().await;
    world.orders.says(orders::OrderState::Rejected, "年龄不符合政策");
    let fact = of_order!(world, OrderRejected {});
    world.hears(orders::OrdersEvent { fact: Some(fact) }).await;
    assert!(world.mails()[0].text.contains("年龄不符合政策"));
    assert!(world.messages().await[0].body.contains("请在应用的订单页面查看"));
    let kept: i64 = sqlx::query_scalar("select count(*) from messages m where m::text like '%年龄%'")
        .fetch_one(world.it.pool())
        .await
        .unwrap();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn an_order_that_is_sent_back_is_told_to_its_applicant_with_the_reason() {
    let world = World::open().await;
    world.orders.says(orders::OrderState::SentBack, "请核对门店");
    let sent_by = id();
    let fact = of_order!(world, OrderSentBack { sent_by: sent_by });
    world.order(fact, "order_sent_back", &[NUMBER]).await;
    assert!(world.mails()[0].text.contains("请核对门店"));
    assert!(world.messages().await[0].body.contains("请在应用的订单页面查看"));

    let fact = of_order!(
        world,
        OrderSentBack {
            sent_by: id(),
            change_requested: true
        }
    );
    world.hears(orders::OrdersEvent { fact: Some(fact) }).await;
    assert_eq!(world.mails().len(), 1, "the applicant knows of their own wish");
}

#[tokio::test]
async fn an_order_whose_quote_ran_out_in_review_is_told_so_in_the_readers_language() {
    let world = World::open().await;
    world
        .orders
        .says(orders::OrderState::SentBack, "the house's own words");
    let fact = of_order!(world, OrderSentBack {});
    world.hears(orders::OrdersEvent { fact: Some(fact) }).await;
    let mail = world.mails().remove(0);
    assert!(mail.text.contains("报价单在审核期间到期") && !mail.text.contains("own words"));
}

#[tokio::test]
async fn a_mail_that_the_order_overtook_points_at_the_order() {
    let world = World::open().await;
    world.orders.says(orders::OrderState::Submitted, "另一个原因");
    let fact = of_order!(world, InformationRequested {});
    world.hears(orders::OrdersEvent { fact: Some(fact) }).await;
    let mail = world.mails().remove(0);
    assert!(mail.text.contains("请在应用的订单页面查看") && !mail.text.contains("另一个原因"));
}
