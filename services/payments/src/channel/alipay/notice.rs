//! Notifications: signature over the decoded fields, then what they tell.
//! Whether it concerns anything of ours is decided by the caller.

use std::collections::BTreeMap;

use kernel::{CURRENCY, fen_from_yuan};

use super::flow::read_time;
use super::form::Form;
use super::keys::AlipayKeys;
use super::signature::{self, SIGN, SIGN_AND_TYPE};
use crate::channel::{ChannelNumber, Identity, Notice, NoticeContent, NoticeRefusal, Paid};

/// The channel's ids have 34 characters; an index has no place for any length.
const LONGEST_ID: usize = 200;
/// What differs from one delivery of a notification to the next.
const OF_THE_DELIVERY: [&str; 3] = ["notify_time", "sign", "sign_type"];
/// Trades are told by notifications of this type.
const TRADE: &str = "trade_status_sync";

pub fn read(keys: &AlipayKeys, body: &[u8]) -> Result<Notice, NoticeRefusal> {
    let form = Form::read(body).ok_or(NoticeRefusal::Schema)?;
    verify(keys, &form)?;
    let id = form.get("notify_id").ok_or(NoticeRefusal::Schema)?;
    if id.len() > LONGEST_ID || form.text().any(|(_, text)| text.contains('\0')) {
        return Err(NoticeRefusal::Schema);
    }
    Ok(Notice {
        id: id.to_owned(),
        kind: kind(&form),
        plaintext: plaintext(&form),
        content: content(&form)?,
    })
}

/// Proves that Alipay sent the form.
pub fn verify(keys: &AlipayKeys, form: &Form) -> Result<(), NoticeRefusal> {
    let sign = form.get("sign").ok_or(NoticeRefusal::Headers)?;
    if form.get("sign_type").is_some_and(|kind| kind != "RSA2") {
        return Err(NoticeRefusal::Headers);
    }
    let mut known = true;
    // trades are told by the first version; either signs all but what it leaves out
    for without in [SIGN_AND_TYPE, SIGN] {
        let signed = signature::content(&form.fields, without);
        match keys.hold(form.get("alipay_cert_sn"), &signed, sign) {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => known = false,
        }
    }
    Err(if known {
        NoticeRefusal::BadSignature
    } else {
        NoticeRefusal::UnknownKey
    })
}

fn kind(form: &Form) -> String {
    let kind = form.get("notify_type").or_else(|| form.get("msg_method"));
    let state = form.get("trade_status").map(|state| format!(".{state}"));
    format!("{}{}", kind.unwrap_or_default(), state.unwrap_or_default())
}

/// What is the same however often it is told.
fn plaintext(form: &Form) -> String {
    let told: BTreeMap<&str, &str> = form
        .text()
        .filter(|(name, _)| !OF_THE_DELIVERY.contains(name))
        .collect();
    serde_json::json!(told).to_string()
}

fn content(form: &Form) -> Result<NoticeContent, NoticeRefusal> {
    if form.get("notify_type") != Some(TRADE) {
        return Ok(NoticeContent::Other);
    }
    let number = |field| form.get(field).map(ChannelNumber::from_text);
    // a refund is told to the payment's address, with the refund's number beside
    if form.get("gmt_refund").is_some() {
        return Ok(number("out_biz_no").map_or(NoticeContent::News, NoticeContent::Refund));
    }
    match form.get("trade_status") {
        Some("TRADE_SUCCESS" | "TRADE_FINISHED") => {
            paid(form).map(NoticeContent::Paid).ok_or(NoticeRefusal::Schema)
        }
        Some("WAIT_BUYER_PAY" | "TRADE_CLOSED") => Ok(NoticeContent::News),
        _ => Err(NoticeRefusal::Schema),
    }
}

fn paid(form: &Form) -> Option<Paid> {
    let text = |field| form.get(field).map(str::to_owned);
    Some(Paid {
        number: ChannelNumber::from_text(text("out_trade_no")?),
        identity: Identity {
            merchant: text("seller_id")?,
            app: text("app_id")?,
        },
        transaction: text("trade_no")?,
        amount_minor: fen_from_yuan(form.get("total_amount")?).ok()?,
        currency: text("trans_currency").unwrap_or_else(|| CURRENCY.to_owned()),
        paid_at: read_time(form.get("gmt_payment")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(more: &str) -> Result<NoticeContent, NoticeRefusal> {
        let body = format!(
            "notify_type=trade_status_sync&notify_id=i&out_trade_no=n&trade_no=t&app_id=2021&seller_id=2088\
             &total_amount=88.80&{more}"
        );
        content(&Form::read(body.as_bytes()).unwrap())
    }

    #[test]
    fn a_paid_trade_is_a_payment_with_its_total() {
        let Ok(NoticeContent::Paid(paid)) =
            told("trade_status=TRADE_SUCCESS&receipt_amount=80.00&gmt_payment=2026-11-21+10:00:00")
        else {
            panic!("no payment");
        };
        assert_eq!(
            (paid.amount_minor, paid.identity.merchant.as_str()),
            (8_880, "2088")
        );
        assert_eq!(told("trade_status=TRADE_SUCCESS"), Err(NoticeRefusal::Schema));
    }

    #[test]
    fn a_refund_is_a_hint_by_its_own_number_and_no_second_payment() {
        for state in ["TRADE_SUCCESS", "TRADE_CLOSED"] {
            let content = told(&format!(
                "trade_status={state}&gmt_payment=2026-11-21+10:00:00&refund_fee=88.80&gmt_refund=2026-11-21+11:00:00.320&out_biz_no=r"
            ));
            assert_eq!(content, Ok(NoticeContent::Refund(ChannelNumber::from_text("r"))));
        }
    }

    #[test]
    fn other_states_are_information_and_other_types_are_kept() {
        for state in ["WAIT_BUYER_PAY", "TRADE_CLOSED"] {
            assert_eq!(told(&format!("trade_status={state}")), Ok(NoticeContent::News));
        }
        assert_eq!(told("trade_status=NEW_IN_2027"), Err(NoticeRefusal::Schema));
        let form = Form::read(b"notify_type=servicemarket_order_notify&notify_id=i").unwrap();
        assert_eq!(content(&form), Ok(NoticeContent::Other));
    }

    #[test]
    fn a_second_delivery_says_the_same() {
        let said =
            |time| plaintext(&Form::read(format!("a=1&notify_time={time}&sign=s{time}").as_bytes()).unwrap());
        assert_eq!(said(1), said(2));
    }
}
