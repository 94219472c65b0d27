//! One member's whole way: application, reviews, payment by QR, card,
//! activation, recharge and its audit, a purchase from the wallet, and part of
//! one order back.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use anyhow::{Context as _, Result};
use journeys::{people, steps};
use kernel::{PersonId, derived_uuid, fresh_uuid};
use proto::studio::access::v1::Role;
use proto::studio::members::v1::{Card, CardState, RegisterPersonRequest};
use proto::studio::orders::v1::{
    GetOrderRequest, ListProductsRequest, Order, OrderState, PaymentMethod, Quote,
};
use proto::studio::payments::v1::{GetAttemptRequest, ListReceiptsRequest};
use proto::studio::refunds::v1::{CaseState, GetCaseRequest};
use proto::studio::wallet::v1::{GetRechargeRequest, GetWalletRequest, Recharge, RechargeState};
use testkit::Identity;
use uuid::Uuid;

use crate::client::Client;

/// What a journey is to do, drawn from the seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script {
    /// Also the number of the person.
    pub number: u32,
    /// What is recharged, in yuan; at least the price of the pack.
    pub recharge: i64,
    /// What is asked back, in yuan.
    pub refund: i64,
    /// Out of the order that was paid by QR, else out of the wallet's.
    pub refund_by_channel: bool,
    /// Whether the first code that is answered is a wrong one.
    pub wrong_code: bool,
}

/// How it ended. Two runs of the same script must agree in all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub year: OrderState,
    pub card: CardState,
    pub pack: OrderState,
    pub receipts: usize,
    pub spendable: i64,
    pub refunded_year: i64,
    pub refunded_pack: i64,
}

impl Script {
    /// The outcome that the rules of the house allow.
    pub fn outcome(&self) -> Outcome {
        let refund = self.refund * 100;
        let (refunded_year, refunded_pack) = if self.refund_by_channel {
            (refund, 0)
        } else {
            (0, refund)
        };
        Outcome {
            year: OrderState::Fulfilled,
            card: CardState::Activated,
            pack: OrderState::Fulfilled,
            receipts: 2,
            spendable: (self.recharge - 800) * 100 + refunded_pack,
            refunded_year,
            refunded_pack,
        }
    }
}

/// The staff, and what is sold.
#[derive(Clone)]
pub struct Shop {
    pub year: String,
    pub pack: String,
    desk: Identity,
    reviewer: Identity,
    specialist: Identity,
    auditor: Identity,
    clerk: Identity,
    approver: Identity,
}

impl Shop {
    /// Fills the catalogue and publishes a refund policy.
    pub async fn open(client: &Client) -> Result<Arc<Self>> {
        let everywhere = |role| Identity::staff(role, testkit::At::Everywhere);
        let here = |role| Identity::staff(role, client.house.chain.chaoyang);
        let manager = everywhere(Role::ProductManager);
        let id = || fresh_uuid().to_string();
        client
            .act("import the catalogue", &manager, steps::import_catalogue(id()))
            .await?;
        let supervisor = everywhere(Role::FinanceSupervisor);
        client
            .act(
                "publish the refund policy",
                &supervisor,
                steps::publish_policy(id()),
            )
            .await?;
        let sold = client
            .look("look at what is sold", &manager, ListProductsRequest::default())
            .await?;
        let find = |code: &str| {
            let product = sold.products.iter().find(|p| p.code == code);
            product.map(|p| p.product_id.clone()).context("a product")
        };
        Ok(Arc::new(Self {
            year: find("YEAR")?,
            pack: find("PACK")?,
            desk: here(Role::CustomerService),
            reviewer: everywhere(Role::Reviewer),
            specialist: here(Role::RechargeSpecialist),
            auditor: everywhere(Role::FinanceAuditor),
            clerk: here(Role::RefundClerk),
            approver: everywhere(Role::RefundApprover),
        }))
    }
}

/// Walks one script.
pub struct Journey {
    client: Client,
    shop: Arc<Shop>,
    script: Script,
    /// The parent of every request id.
    key: Uuid,
    details: RegisterPersonRequest,
    person: String,
    who: Identity,
}

impl Journey {
    pub async fn walk(client: Client, shop: Arc<Shop>, script: Script) -> Result<Outcome> {
        let key = fresh_uuid();
        let id = derived_uuid(key, "register").to_string();
        let details = people::application(id, script.number, client.house.chain.chaoyang);
        let registered = client
            .act("register", &Identity::anonymous(), details.clone())
            .await?;
        let person: PersonId = registered.person_id.parse().context("a person's id")?;
        let journey = Self {
            client,
            shop,
            script,
            key,
            details,
            person: registered.person_id,
            who: Identity::member(person),
        };
        journey.live().await
    }

    fn id(&self, step: &str) -> String {
        derived_uuid(self.key, step).to_string()
    }

    async fn live(&self) -> Result<Outcome> {
        let year = self.confirmed("year", &self.shop.year).await?;
        self.pay_by_qr(&year).await?;
        let year = self.fulfilled(&year).await?;
        self.activate(&year).await?;
        self.recharge().await?;
        let pack = self.confirmed("pack", &self.shop.pack).await?;
        let paying = steps::start_payment(self.id("spend"), &pack, PaymentMethod::Wallet);
        self.client
            .act("spend from the wallet", &self.who, paying)
            .await?;
        let pack = self.fulfilled(&pack).await?;
        let back = if self.script.refund_by_channel {
            &year
        } else {
            &pack
        };
        self.refund(back).await?;
        self.outcome(&year, &pack).await
    }

    /// Application, both reviews, acceptance: an order that waits for its money.
    async fn confirmed(&self, name: &str, product: &str) -> Result<String> {
        let (client, shop) = (&self.client, &self.shop);
        let id = |step: &str| self.id(&format!("{name} {step}"));
        let apply = steps::apply(id("apply"), client.house.chain.chaoyang, product);
        let draft = client
            .act("apply", &self.who, apply)
            .await?
            .order
            .context("a draft")?;
        let order = draft.order_id.clone();
        client
            .act(
                "confirm the application",
                &self.who,
                steps::confirm(id("confirm"), &draft),
            )
            .await?;
        let passed = steps::pass_first_review(id("first review"), &order);
        let quoted = client
            .act("pass the first review", &shop.desk, passed)
            .await?
            .order;
        let quote: Quote = quoted.and_then(|o| o.quote).context("a quote")?;
        client
            .act("submit", &shop.desk, steps::submit(id("submit"), &order))
            .await?;
        let approve = steps::approve(id("approve"), &order, &quote);
        let approved = client.act("approve", &shop.reviewer, approve).await?.order;
        let quote = approved.and_then(|o| o.quote).context("an approved quote")?;
        client
            .act("accept", &self.who, steps::accept(id("accept"), &order, &quote))
            .await?;
        Ok(order)
    }

    async fn order(&self, order: &str) -> Result<Order> {
        let request = GetOrderRequest {
            order_id: order.to_owned(),
        };
        self.client
            .look("look at the order", &self.who, request)
            .await?
            .order
            .context("the order")
    }

    async fn pay_by_qr(&self, order: &str) -> Result<()> {
        let start = steps::start_payment(self.id("pay"), order, PaymentMethod::WechatNative);
        let started = self.client.act("start the payment", &self.who, start).await?;
        let mut attempt = started.due.map(|due| due.attempt_id).unwrap_or_default();
        if attempt.is_empty() {
            attempt = self
                .client
                .until("an attempt to pay by QR", || async move {
                    let due = self.order(order).await?.dues.into_iter().next();
                    Ok(due.map(|due| due.attempt_id).filter(|id| !id.is_empty()))
                })
                .await?;
        }
        self.scan(&attempt).await
    }

    /// Waits for the QR, scans it and pays.
    async fn scan(&self, attempt: &str) -> Result<()> {
        self.client
            .until("the QR is paid", || async move {
                let request = GetAttemptRequest {
                    attempt_id: attempt.to_owned(),
                };
                let shown = self.client.look("look at the QR", &self.who, request).await?;
                let code = shown.attempt.map(|a| a.code_url).unwrap_or_default();
                let may = self.client.house.tills.load(Ordering::Relaxed);
                Ok((may && !code.is_empty() && self.client.house.channel.pay(&code).is_ok()).then_some(()))
            })
            .await
    }

    async fn fulfilled(&self, order: &str) -> Result<String> {
        self.client
            .until("the order is fulfilled", || async move {
                let seen = self.order(order).await?;
                Ok((seen.state() == OrderState::Fulfilled).then_some(seen.order_id))
            })
            .await
    }

    async fn card(&self, order: &str) -> Result<Card> {
        let request = steps::card_of_order(order);
        self.client
            .look("look at the card", &self.who, request)
            .await?
            .card
            .context("the card")
    }

    async fn activate(&self, order: &str) -> Result<()> {
        let card = self.card(order).await?;
        let person = &self.details;
        let asked = steps::activation_code(self.id("code"), &card, &person.phone, &person.id_number);
        let challenge = self
            .client
            .act("ask for a code", &self.who, asked.clone())
            .await?
            .challenge_id;
        let code = self
            .client
            .until("a code comes by mail", || async move {
                let mails = self.client.house.mail.to(&person.email);
                Ok(mails.iter().rev().find_map(|mail| mail.code(6)))
            })
            .await?;
        if self.script.wrong_code {
            let wrong = if code == "000000" { "000001" } else { "000000" };
            let id = self.id("wrong code");
            let answer = steps::activate(asked.clone(), id, challenge.clone(), wrong.to_owned());
            self.client
                .refused("answer a wrong code", &self.who, answer)
                .await?;
        }
        let answer = steps::activate(asked, self.id("activate"), challenge, code);
        self.client.act("activate", &self.who, answer).await?;
        Ok(())
    }

    async fn recharge(&self) -> Result<()> {
        let (client, amount) = (&self.client, steps::yuan(self.script.recharge));
        let studio = client.house.chain.chaoyang;
        let apply = steps::apply_recharge(self.id("recharge"), &self.person, studio, amount);
        let applied = client.act("apply for a recharge", &self.who, apply).await?;
        let accept = steps::accept_recharge(self.id("accept recharge"), &applied);
        client
            .act("accept the recharge", &self.shop.specialist, accept)
            .await?;
        let start = steps::start_recharge_payment(self.id("pay recharge"), &applied.recharge_id);
        let started = client.act("start to pay the recharge", &self.who, start).await?;
        self.scan(&started.attempt_id).await?;
        let applied = &applied;
        let received = client
            .until("the recharge is received", || async move {
                let recharge = self.recharged(&applied.recharge_id).await?;
                Ok((recharge.state() == RechargeState::Received).then_some(recharge))
            })
            .await?;
        let post = steps::post_recharge(self.id("post"), &received);
        client.act("audit the recharge", &self.shop.auditor, post).await?;
        Ok(())
    }

    async fn recharged(&self, recharge: &str) -> Result<Recharge> {
        let request = GetRechargeRequest {
            recharge_id: recharge.to_owned(),
        };
        self.client
            .look("look at the recharge", &self.who, request)
            .await?
            .recharge
            .context("the recharge")
    }

    async fn refund(&self, order: &str) -> Result<()> {
        let (client, amount) = (&self.client, steps::yuan(self.script.refund));
        let open = steps::open_case(self.id("open case"), order, amount);
        let opened = client.act("open a refund case", &self.shop.clerk, open).await?;
        let approve = steps::approve_case(self.id("approve case"), &opened);
        client
            .act("approve the refund", &self.shop.approver, approve)
            .await?;
        let opened = &opened;
        client
            .until("the refund is completed", || async move {
                let request = GetCaseRequest {
                    case_id: opened.case_id.clone(),
                };
                let seen = client
                    .look("look at the refund", &self.who, request)
                    .await?
                    .refund_case;
                Ok(seen
                    .filter(|case| case.state() == CaseState::Completed)
                    .map(|_| ()))
            })
            .await
    }

    /// What the member sees at the end.
    async fn outcome(&self, year: &str, pack: &str) -> Result<Outcome> {
        let client = &self.client;
        let of_person = GetWalletRequest {
            person_id: self.person.clone(),
        };
        let wallet = client
            .look("look at the wallet", &self.who, of_person)
            .await?
            .wallet
            .context("a wallet")?;
        let of_person = ListReceiptsRequest {
            person_id: self.person.clone(),
            ..ListReceiptsRequest::default()
        };
        let receipts = client
            .look("look at the receipts", &self.who, of_person)
            .await?
            .receipts
            .len();
        let card = self.card(year).await?.state();
        let (year, pack) = (self.order(year).await?, self.order(pack).await?);
        let minor = |money: Option<proto::studio::money::v1::Money>| money.map_or(0, |m| m.minor);
        Ok(Outcome {
            year: year.state(),
            card,
            pack: pack.state(),
            receipts,
            spendable: minor(wallet.spendable),
            refunded_year: minor(year.refunded),
            refunded_pack: minor(pack.refunded),
        })
    }
}
