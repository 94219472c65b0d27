//! A receipt as a page in zh-CN that needs nothing beside itself: no script, no
//! font and no picture from elsewhere. Whatever was typed by somebody is text.

use chrono_tz::Tz;
use kernel::{PersonId, Timestamp};

use crate::domain::capitals::capitals;
use crate::domain::receipt::Receipt;
use crate::domain::seller::Seller;
use crate::domain::{Method, Purpose};

const RECEIPT: &str = include_str!("page/receipt.html");

/// What the page shows beside the receipt.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub company: &'a str,
    pub seller: &'a Seller,
    pub studio: &'a str,
    pub zone: Tz,
    /// The payer's name as it is masked; empty while nobody knows it.
    pub payer: &'a str,
}

/// The page of a receipt.
pub fn receipt(receipt: &Receipt, place: Place<'_>) -> String {
    fill(RECEIPT, |slot| match slot {
        "number" => receipt.number.clone(),
        "seller" => place.company.to_owned(),
        "code" => place.seller.credit_code.to_string(),
        "after_sales" => place.seller.after_sales.clone(),
        "studio" => place.studio.to_owned(),
        "payer" => payer(place.payer, receipt.person_id),
        "purpose" => purpose(receipt.purpose).to_owned(),
        "description" => receipt.description.clone(),
        "amount" => yuan(receipt.amount.minor()),
        "capitals" => capitals(receipt.amount),
        "method" => method(receipt.method).to_owned(),
        "transaction" => receipt.transaction.clone(),
        "paid_at" => time(receipt.paid_at, place.zone),
        "issued_at" => time(receipt.issued_at, place.zone),
        _ => String::new(),
    })
}

/// Puts values into the slots of a template, once, and escaped: what a value
/// holds is never a slot.
fn fill(template: &str, value: impl Fn(&str) -> String) -> String {
    let mut pieces = template.split("{{");
    let mut page = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (slot, text) = piece.split_once("}}").unwrap_or((piece, ""));
        escape(&value(slot), &mut page);
        page.push_str(text);
    }
    page
}

/// Characters that mean something in HTML are written by their names, and those
/// that turn or hide text are left out.
fn escape(text: &str, into: &mut String) {
    for character in text.chars() {
        match character {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {}
            other if other.is_control() => into.push(' '),
            other => into.push(other),
        }
    }
}

/// Nobody's name in full; the member finds the end of their own number.
fn payer(masked: &str, person: PersonId) -> String {
    let number = person.0.simple().to_string().to_uppercase();
    let tail: String = number.chars().skip(number.len().saturating_sub(6)).collect();
    format!("{masked} 会员 ******{tail}").trim_start().to_owned()
}

/// As `¥3,680.00`.
fn yuan(minor: i64) -> String {
    let whole = (minor / 100).to_string();
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("¥{grouped}.{:02}", minor % 100)
}

fn time(at: Timestamp, zone: Tz) -> String {
    at.with_timezone(&zone)
        .format("%Y年%m月%d日 %H:%M:%S")
        .to_string()
}

const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::Order => "订单支付",
        Purpose::Recharge => "储值充值",
    }
}

const fn method(method: Method) -> &'static str {
    match method {
        Method::WechatNative => "微信支付（扫码）",
        Method::WechatCodepay => "微信支付（付款码）",
        Method::WechatJsapi => "微信支付（微信内）",
        Method::AlipayQr => "支付宝（扫码）",
        Method::AlipayBarcode => "支付宝（付款码）",
        Method::Cash => "现金",
        Method::CardTerminal => "银行卡（POS 机）",
        Method::BankTransfer => "银行转账",
    }
}

#[cfg(test)]
mod tests;
