use kernel::{Amount, DueId, PaymentId, from_proto_time};
use platform::{Error, SystemTx, inconsistent};
use proto::studio::payments::v1::{Method as PaidBy, PaymentCaptured, Purpose};

use crate::domain::order::{Method, Money, News};
use crate::{App, store};

/// A captured payment pays its due. Money for a due that nobody knows parks
/// the fact: it must not pass unseen.
pub async fn react(app: &App, tx: &mut SystemTx, fact: &PaymentCaptured) -> Result<(), Error> {
    if fact.purpose() != Purpose::Order {
        return Ok(());
    }
    let due = DueId::parse("due_id", &fact.due_id)?;
    let money = Money {
        method: method(fact.method())?,
        payment: Some(PaymentId::parse("payment_id", &fact.payment_id)?),
        amount: Amount::parse("amount", fact.amount.as_ref())?,
        paid_at: from_proto_time(fact.paid_at.as_ref()).unwrap_or_else(|| tx.now()),
    };
    let order = store::order::of_due(tx, due)
        .await?
        .ok_or_else(|| inconsistent("dues", format!("the paid due {due} is not here")))?;
    super::learn(app, tx, order, News::Arrived { due, money }).await
}

/// How a payment was made, in our words.
fn method(by: PaidBy) -> Result<Method, Error> {
    match by {
        PaidBy::WechatNative => Ok(Method::WechatNative),
        PaidBy::WechatCodepay => Ok(Method::WechatCodepay),
        PaidBy::WechatJsapi => Ok(Method::WechatJsapi),
        PaidBy::AlipayQr => Ok(Method::AlipayQr),
        PaidBy::AlipayBarcode => Ok(Method::AlipayBarcode),
        PaidBy::Cash => Ok(Method::Cash),
        PaidBy::CardTerminal => Ok(Method::CardTerminal),
        PaidBy::BankTransfer => Ok(Method::BankTransfer),
        PaidBy::Unspecified => Err(inconsistent("feed", "a payment without its method")),
    }
}
