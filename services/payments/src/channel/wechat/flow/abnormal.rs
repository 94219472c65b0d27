//! A refund that hangs since the payer's card takes none: applied for anew, to
//! another card of the payer's or to the merchant's own account.

use serde::Serialize;

use super::{outcome, refund};
use crate::channel::wechat::WeChat;
use crate::channel::{Elsewhere, Outcome, PayerAccount, RefundOrder, Returned};

#[derive(Serialize)]
struct Request<'a> {
    out_refund_no: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(flatten)]
    account: Option<Sealed<'a>>,
}

/// What of a bank account only WeChat Pay may read is sealed.
#[derive(Serialize)]
struct Sealed<'a> {
    bank_type: &'a str,
    bank_account: String,
    real_name: String,
}

pub async fn apply(account: &WeChat, order: &RefundOrder, to: &Elsewhere) -> Outcome<Returned> {
    let id = match refund::hanging(account, order).await {
        Ok(id) => id,
        Err(known) => return known,
    };
    let (kind, sealed) = match to {
        Elsewhere::Merchant => ("MERCHANT_BANK_CARD", None),
        Elsewhere::Payer(payer) => ("USER_BANK_CARD", Some(payer)),
    };
    let (key_id, sealed) = match sealed.map(|payer| seal(account, payer)) {
        None => (None, None),
        Some(Some((key_id, sealed))) => (Some(key_id), Some(sealed)),
        Some(None) => return Outcome::Unknown("no key to seal an account with".to_owned()),
    };
    let request = Request {
        out_refund_no: order.number.as_str(),
        kind,
        account: sealed,
    };
    let target = format!("/v3/refund/domestic/refunds/{id}/apply-abnormal-refund");
    let answer = account.transport.post_sealed(&target, &request, key_id).await;
    outcome(answer, |body| refund::read(body, order))
}

fn seal<'a>(account: &WeChat, payer: &'a PayerAccount) -> Option<(String, Sealed<'a>)> {
    let keys = account.transport.keyring.keys();
    let (id, key) = keys.sealing(kernel::Clock::real())?;
    let sealed = Sealed {
        bank_type: &payer.bank,
        bank_account: key.seal(&payer.number)?,
        real_name: key.seal(&payer.holder)?,
    };
    Some((id.to_owned(), sealed))
}
