//! What the desk and finance do around payments: cash at a drawer, a static code on
//! the counter, the look at what was paid, and the day's takings.

use kernel::fresh_uuid;
use proto::studio::money::v1::Money;
use proto::studio::orders::v1 as orders;
use proto::studio::payments::v1 as pb;

use super::Story;
use super::people::Member;
use super::purchase::{agree, opened};
use super::story::until;
use crate::commands::{held, pay};
use crate::failure::Failure;
use crate::house::{House, request_id};
use crate::output::{time, word, yuan};

/// Notes and coins, the largest first, in fen.
const PIECES: [i64; 11] = [10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10, 5, 2, 1];
/// What stands in the drawer for change, in fen.
const CHANGE: i64 = 20_000;

pub async fn run(story: &mut Story, member: &Member) -> Result<(), Failure> {
    story.part("A day at the desk");
    let order = agree(story, member, "CLASS-10").await?;
    let desk = story.staff("front-desk").await?;
    let me = story.with_token(&member.token);
    let what = "the desk opens a drawer";
    let drawer = story.step("payments", what, opens(&desk, member)).await?;
    let what = "the member pays cash, and gets change";
    let price = story
        .step("payments", what, takes(&desk, &drawer, &order.order_id))
        .await?;
    story
        .step("members", "the class pass opens", opened(&me, &order.order_id))
        .await?;
    let what = "what is counted is what should be there";
    story
        .step("payments", what, counts(&desk, &drawer, CHANGE + price))
        .await?;
    let what = "the desk looks at what was paid: amount and member";
    let day = story.step("payments", what, looks(&desk, member)).await?;

    let finance = story.staff("finance-supervisor").await?;
    let what = "the code on the counter is the one that finance put up";
    story
        .step("payments", what, scanned(&finance, &desk, member))
        .await?;
    let what = "finance sums the studio's takings up";
    story.step("payments", what, summed(&finance, member, &day)).await
}

fn fen(minor: i64) -> Money {
    Money {
        minor,
        currency: kernel::CURRENCY.to_owned(),
    }
}

async fn opens(desk: &House, member: &Member) -> Result<(String, String), Failure> {
    let request = pb::OpenDrawerRequest {
        request_id: request_id(),
        studio_id: member.studio_id.clone(),
        opening: Some(fen(CHANGE)),
    };
    let drawer = held(desk.ask(request).await?.drawer, "drawer")?;
    Ok((
        drawer.drawer_id,
        format!("with {} for change", yuan(Some(&fen(CHANGE)))),
    ))
}

/// Answers the price in fen.
async fn takes(desk: &House, drawer: &str, order_id: &str) -> Result<(i64, String), Failure> {
    let due = pay::start(desk, order_id, orders::PaymentMethod::Cash).await?;
    let price = held(due.amount, "amount")?.minor;
    let tendered = (price / 10_000 + 1) * 10_000;
    let request = pb::TakeMoneyRequest {
        request_id: request_id(),
        drawer_id: drawer.to_owned(),
        intent_id: due.intent_id,
        tendered: Some(fen(tendered)),
        card: None,
    };
    let change = desk.ask(request).await?.change;
    let told = format!("{} of {}", yuan(change.as_ref()), yuan(Some(&fen(tendered))));
    Ok((price, told))
}

async fn counts(desk: &House, drawer: &str, minor: i64) -> Result<((), String), Failure> {
    let mut left = minor;
    let mut pieces = Vec::new();
    for piece in PIECES {
        pieces.push(pb::Pieces {
            denomination_minor: i32::try_from(piece).unwrap_or_default(),
            pieces: i32::try_from(left / piece).unwrap_or_default(),
        });
        left %= piece;
    }
    let request = pb::CountDrawerRequest {
        request_id: request_id(),
        drawer_id: drawer.to_owned(),
        pieces,
        reason: String::new(),
    };
    held(desk.ask(request).await?.drawer, "drawer")?;
    Ok(((), yuan(Some(&fen(minor)))))
}

/// Answers the day of the payment.
async fn looks(desk: &House, member: &Member) -> Result<(String, String), Failure> {
    let payment = until("a payment through a channel, with its payer", async || {
        let request = pb::ListPaymentsRequest {
            person_id: member.person_id.clone(),
            ..Default::default()
        };
        let payments = desk.ask(request).await?.payments;
        Ok(payments
            .into_iter()
            .find(|p| p.method() == pb::Method::WechatNative && !p.masked_payer.is_empty()))
    })
    .await?;
    let request = pb::VerifyPaymentRequest {
        request_id: request_id(),
        payment_id: payment.payment_id,
        amount: payment.amount.clone(),
        person_id: member.person_id.clone(),
    };
    desk.ask(request).await?;
    let told = format!("{} by {}", yuan(payment.amount.as_ref()), payment.masked_payer);
    let day = time(payment.paid_at.as_ref());
    Ok((day.split(' ').next().unwrap_or_default().to_owned(), told))
}

async fn scanned(finance: &House, desk: &House, member: &Member) -> Result<((), String), Failure> {
    let content = format!("wxp://f2f0{}", fresh_uuid().simple());
    let request = pb::PutUpCodeRequest {
        request_id: request_id(),
        studio_id: member.studio_id.clone(),
        channel: pb::CodeChannel::Wechat.into(),
        place: format!("demo {}", fresh_uuid().simple()),
        content: content.clone(),
    };
    let code = held(finance.ask(request).await?.code, "code")?;
    let request = pb::CheckCodeRequest {
        request_id: request_id(),
        code_id: code.code_id.clone(),
        content,
    };
    if !desk.ask(request).await?.same {
        return Err(Failure::new("another code stands there"));
    }
    let request = pb::TakeDownCodeRequest {
        request_id: request_id(),
        code_id: code.code_id,
    };
    finance.ask(request).await?;
    Ok(((), "scanned, and taken down again".to_owned()))
}

async fn summed(finance: &House, member: &Member, day: &str) -> Result<((), String), Failure> {
    let request = pb::ListTakingsRequest {
        from_day: day.to_owned(),
        to_day: day.to_owned(),
        studio_id: member.studio_id.clone(),
        ..Default::default()
    };
    let takings = finance.ask(request).await?.takings;
    let told: Vec<String> = takings
        .iter()
        .map(|row| {
            let net = fen(row.net_minor);
            format!(
                "{} {}",
                word(row.method().as_str_name(), "METHOD_"),
                yuan(Some(&net))
            )
        })
        .collect();
    if !takings.iter().any(|row| row.method() == pb::Method::Cash) {
        return Err(Failure::new("the cash is not in the takings"));
    }
    Ok(((), told.join(", ")))
}
