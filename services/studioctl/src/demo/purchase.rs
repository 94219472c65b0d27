//! From a stranger to a member who trains: application, review, quote,
//! approval, acceptance, QR payment, receipt, card, activation, check-in.

use proto::studio::members::v1 as members;
use proto::studio::orders::v1 as orders;
use proto::studio::payments::v1 as payments;

use super::Story;
use super::people::{Member, Newcomer, STUDIO};
use super::story::until;
use crate::cli::Decision;
use crate::commands::orders::{accept, apply};
use crate::commands::{approvals, held, pay, studio};
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::yuan;
use crate::session::{Who, session};
use crate::sinks;

pub async fn run(story: &mut Story) -> Result<Member, Failure> {
    story.part("A purchase");
    let newcomer = Newcomer::made_up()?;
    let member = become_known(story, &newcomer).await?;
    let order = agree(story, &member, "YEAR-ALL").await?;
    let paid = by_qr(story, &member, &order.order_id).await?;
    train(story, &member, &newcomer, &paid.card_id).await?;
    Ok(member)
}

/// Registers and signs in with the code that was mailed.
async fn become_known(story: &mut Story, newcomer: &Newcomer) -> Result<Member, Failure> {
    let nobody = story.nobody();
    let desk = story.staff("front-desk").await?;
    let studio_id = studio(&desk, STUDIO).await?;
    let person_id = story
        .step(
            "members",
            "a person registers",
            register(&nobody, newcomer, &studio_id),
        )
        .await?;
    let token = story
        .step(
            "members",
            "signs in with the code that was mailed",
            sign_in(&nobody, newcomer),
        )
        .await?;
    Ok(Member {
        person_id,
        token,
        studio_id,
        email: newcomer.email.clone(),
    })
}

async fn register(nobody: &House, newcomer: &Newcomer, studio_id: &str) -> Result<(String, String), Failure> {
    let request = members::RegisterPersonRequest {
        request_id: request_id(),
        name: newcomer.name.to_owned(),
        phone: newcomer.phone.clone(),
        id_number: newcomer.id_number.clone(),
        email: newcomer.email.clone(),
        home_studio_id: studio_id.to_owned(),
        language: members::Language::ZhCn.into(),
        consents: vec![members::Consent {
            document: members::ConsentDocument::Privacy.into(),
            document_version: "2026-11".to_owned(),
            given: true,
        }],
    };
    let person = nobody.ask(request).await?.person_id;
    Ok((person.clone(), format!("{} in {STUDIO}", newcomer.name)))
}

async fn sign_in(nobody: &House, newcomer: &Newcomer) -> Result<(String, String), Failure> {
    let asked = members::RequestSignInCodeRequest {
        request_id: request_id(),
        phone: newcomer.phone.clone(),
    };
    let challenge_id = nobody.ask(asked).await?.challenge_id;
    let mail = sinks::mail(nobody.addresses(), &newcomer.email, 0, "登录验证码").await?;
    let code = held(mail.code(), "code in the mail")?;
    let request = members::SignInRequest {
        request_id: request_id(),
        challenge_id,
        phone: newcomer.phone.clone(),
        code,
    };
    let session = session(
        Who::Phone(newcomer.phone.clone()),
        nobody.ask(request).await?.token,
    )?;
    Ok((session.token, format!("mail {}: {}", mail.id, mail.subject)))
}

/// Takes an application to a confirmed order.
pub async fn agree(story: &mut Story, member: &Member, product: &str) -> Result<orders::Order, Failure> {
    let me = story.with_token(&member.token);
    let agent = story.staff("customer-service").await?;
    let reviewer = story.staff("reviewer").await?;
    let order = story
        .step("orders", "the member applies and confirms", applied(&me, product))
        .await?;
    let id = order.order_id.clone();
    story
        .step(
            "orders",
            "customer service passes the review, a quote follows",
            reviewed(&agent, &id),
        )
        .await?;
    story
        .step("orders", "another person approves", approved(&reviewer, &id))
        .await?;
    story
        .step("orders", "the member accepts: confirmed", accepted(&me, &id))
        .await
}

async fn applied(me: &House, product: &str) -> Result<(orders::Order, String), Failure> {
    let order = apply(me, product, STUDIO, String::new(), orders::Channel::App).await?;
    let told = format!("order {}", order.order_number);
    Ok((order, told))
}

async fn reviewed(agent: &House, order_id: &str) -> Result<((), String), Failure> {
    let request = orders::PassFirstReviewRequest {
        request_id: request_id(),
        order_id: order_id.to_owned(),
        note: "complete and valid".to_owned(),
    };
    let quoted = held(agent.ask(request).await?.order, "order")?;
    let submit = orders::SubmitForApprovalRequest {
        request_id: request_id(),
        order_id: order_id.to_owned(),
    };
    agent.ask(submit).await?;
    Ok((
        (),
        format!(
            "quote {}",
            yuan(quoted.quote.as_ref().and_then(|q| q.amount.as_ref()))
        ),
    ))
}

async fn approved(reviewer: &House, order_id: &str) -> Result<((), String), Failure> {
    let decision = Decision {
        order_id: order_id.to_owned(),
        policy: "2026-1".to_owned(),
        reason: "service and price are reasonable".to_owned(),
    };
    let order = approvals::approve(reviewer, decision).await?;
    Ok(((), format!("policy {}", order.policy_version)))
}

async fn accepted(me: &House, order_id: &str) -> Result<(orders::Order, String), Failure> {
    let order = accept(me, order_id.to_owned()).await?;
    let told = format!("terms {}", order.accepted_terms_version);
    Ok((order, told))
}

/// Pays by QR at the simulator's phone, and waits for the card.
async fn by_qr(story: &mut Story, member: &Member, order_id: &str) -> Result<orders::Order, Failure> {
    let me = story.with_token(&member.token);
    let attempt = story
        .step("payments", "a WeChat QR is shown", started(&me, order_id))
        .await?;
    story
        .step("payments", "the payer scans it and pays", scanned(&me, &attempt))
        .await?;
    story
        .step("payments", "a receipt is issued", receipt(&me, &member.person_id))
        .await?;
    story
        .step("members", "the card opens at once", opened(&me, order_id))
        .await
}

async fn started(me: &House, order_id: &str) -> Result<(payments::Attempt, String), Failure> {
    let due = pay::start(me, order_id, orders::PaymentMethod::WechatNative).await?;
    let attempt = pay::ready(me, &due.attempt_id).await?;
    let told = format!("{} {}", yuan(attempt.amount.as_ref()), attempt.code_url);
    Ok((attempt, told))
}

/// Scans a QR, pays, and waits until payments knows.
pub async fn scanned(me: &House, attempt: &payments::Attempt) -> Result<((), String), Failure> {
    sinks::pay(me.addresses(), &attempt.code_url).await?;
    let paid = until("the payment is known", async || {
        let request = payments::GetAttemptRequest {
            attempt_id: attempt.attempt_id.clone(),
        };
        let attempt = held(me.ask(request).await?.attempt, "attempt")?;
        Ok((attempt.state() == payments::AttemptState::Paid).then_some(attempt))
    })
    .await?;
    Ok(((), format!("channel number {}", paid.channel_number)))
}

async fn receipt(me: &House, person_id: &str) -> Result<((), String), Failure> {
    let receipt = until("a receipt", async || {
        let request = payments::ListReceiptsRequest {
            person_id: person_id.to_owned(),
            ..Default::default()
        };
        Ok(me.ask(request).await?.receipts.into_iter().next())
    })
    .await?;
    Ok(((), receipt.receipt_number))
}

/// The order once its card is open.
pub async fn opened(me: &House, order_id: &str) -> Result<(orders::Order, String), Failure> {
    let order = pay::settled(me, order_id).await?;
    let told = format!("card {}", order.card_id);
    Ok((order, told))
}

/// Activates the card and comes in.
async fn train(
    story: &mut Story,
    member: &Member,
    newcomer: &Newcomer,
    card_id: &str,
) -> Result<(), Failure> {
    let me = story.with_token(&member.token);
    let desk = story.staff("front-desk").await?;
    let what = "phone, ID number and mailed code activate it";
    story
        .step("members", what, activated(&me, newcomer, card_id))
        .await?;
    story
        .step(
            "members",
            "checks in and uses a benefit",
            checked_in(&desk, member, card_id),
        )
        .await
}

async fn activated(me: &House, newcomer: &Newcomer, card_id: &str) -> Result<((), String), Failure> {
    let asked = members::RequestActivationCodeRequest {
        request_id: request_id(),
        card_id: card_id.to_owned(),
        phone: newcomer.phone.clone(),
        id_number: newcomer.id_number.clone(),
    };
    let challenge_id = me.ask(asked).await?.challenge_id;
    let mail = sinks::mail(me.addresses(), &newcomer.email, 0, "会员卡激活验证码").await?;
    let request = members::ActivateCardRequest {
        request_id: request_id(),
        card_id: card_id.to_owned(),
        challenge_id,
        phone: newcomer.phone.clone(),
        id_number: newcomer.id_number.clone(),
        code: held(mail.code(), "code in the mail")?,
    };
    let card = held(me.ask(request).await?.card, "card")?;
    Ok(((), format!("{} days", card.remaining_days)))
}

async fn checked_in(desk: &House, member: &Member, card_id: &str) -> Result<((), String), Failure> {
    let request = members::CheckInRequest {
        request_id: request_id(),
        card_id: card_id.to_owned(),
        benefit_code: "ENTRY".to_owned(),
        studio_id: member.studio_id.clone(),
    };
    let reply = desk.ask(request).await?;
    let name = reply
        .benefit
        .and_then(|b| b.terms)
        .map(|t| t.name)
        .unwrap_or_default();
    Ok(((), format!("{name}, visit {}", reply.check_in_id)))
}
