//! What stands in for the world on one machine: the payer's phone, the
//! mailbox, and the trace receiver, each over HTTP.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::addresses::Addresses;
use crate::failure::Failure;

/// A mail that the sink took.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    pub id: u64,
    pub subject: String,
    pub text: String,
}

impl Mail {
    /// The first run of six digits.
    pub fn code(&self) -> Option<String> {
        self.text
            .split(|c: char| !c.is_ascii_digit())
            .find(|run| run.len() == 6)
            .map(str::to_owned)
    }
}

#[derive(Deserialize)]
struct Mails {
    mails: Vec<Mail>,
}

/// How the QRs of Alipay begin.
const ALIPAY: &str = "https://qr.alipay.com/";

/// Scans a QR with the phone of the simulator whose it is, and pays.
pub async fn pay(addresses: &Addresses, code_url: &str) -> Result<(), Failure> {
    let simulator = if code_url.starts_with(ALIPAY) {
        addresses.alipay()
    } else {
        addresses.simulator()
    };
    let url = format!("{simulator}/control/pay");
    let answer = client()?
        .post(url)
        .json(&json!({ "code_url": code_url }))
        .send()
        .await?;
    if answer.status().is_success() {
        return Ok(());
    }
    let why: Value = answer.json().await.unwrap_or_default();
    Err(Failure::new(format!(
        "the channel simulator did not pay: {}",
        why["message"].as_str().unwrap_or_default()
    )))
}

/// What the simulators of the channels know: their `orders` or their `refunds`.
pub async fn channels(addresses: &Addresses, what: &str) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    for simulator in [addresses.simulator(), addresses.alipay()] {
        let url = format!("{simulator}/control/{what}");
        let mut answer: Value = client()?.get(url).send().await?.json().await?;
        match answer[what].take() {
            Value::Array(rows) => all.extend(rows),
            _ => return Err(Failure::new(format!("{simulator} shows no {what}"))),
        }
    }
    Ok(all)
}

/// Waits for a mail to an address, after the mail with an id, with words in its subject.
pub async fn mail(addresses: &Addresses, to: &str, after: u64, subject: &str) -> Result<Mail, Failure> {
    let url = format!("{}/wait", addresses.mails());
    let query = [
        ("to", to.to_owned()),
        ("after", after.to_string()),
        ("subject", subject.to_owned()),
        ("timeout_ms", "30000".to_owned()),
    ];
    let answer = client()?.get(url).query(&query).send().await?;
    if !answer.status().is_success() {
        return Err(
            Failure::new(format!("no mail about {subject} came within 30 seconds"))
                .hint("see `studioctl deliveries list --state failed` and `studioctl stuck`"),
        );
    }
    Ok(answer.json().await?)
}

/// Every mail to an address that the sink kept, the latest first.
pub async fn mails(addresses: &Addresses, to: &str) -> Result<Vec<Mail>, Failure> {
    let url = format!("{}/mails", addresses.mails());
    let mails: Mails = client()?
        .get(url)
        .query(&[("to", to)])
        .send()
        .await?
        .json()
        .await?;
    Ok(mails.mails)
}

/// The spans of a trace as JSON. None while the sink has none.
pub async fn trace(addresses: &Addresses, id: &str) -> Result<Option<Value>, Failure> {
    let url = format!("{}/traces/{id}", addresses.traces());
    let answer = client()?.get(url).send().await?;
    if !answer.status().is_success() {
        return Ok(None);
    }
    Ok(Some(answer.json().await?))
}

fn client() -> Result<reqwest::Client, Failure> {
    Ok(reqwest::Client::builder()
        .no_proxy()
        .timeout(Duration::from_secs(65))
        .build()?)
}
