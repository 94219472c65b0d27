//! WeChat Pay API v3. `flow` speaks each product's requests and answers,
//! `transport` signs what goes out and believes only what is signed,
//! `notice` reads callbacks; a further flow is a further file in `flow`.

pub mod certificates;
mod flow;
mod keyring;
pub mod keys;
mod notice;
pub mod resource;
pub mod signature;
mod signers;
mod transport;
mod verdict;

pub use flow::bill;

use async_trait::async_trait;
use chrono::NaiveDate;
use http::HeaderMap;
use kernel::Timestamp;

use self::keyring::Reason;
use self::keys::{Key, PlatformKeys};
use self::resource::ResourceKey;
use self::transport::Transport;
use super::{
    AppCall, Bill, BillKind, Channel, ChannelNumber, Counter, Elsewhere, Identity, Notice, NoticeRefusal,
    Order, Outcome, Paid, PayerCode, RefundOrder, Returned, answered,
};
use crate::config;

/// A merchant's account at WeChat Pay.
#[derive(Debug)]
pub struct WeChat {
    identity: Identity,
    notify_url: String,
    transport: Transport,
}

/// Why an account cannot be used. Never holds any key.
#[derive(Debug, thiserror::Error)]
pub enum BadAccount {
    #[error("private_key_file holds no RSA private key in PEM")]
    PrivateKey,
    #[error("api_v3_key_file must hold 32 characters")]
    ApiV3Key,
    #[error("the key {0} is no RSA public key and no certificate in PEM")]
    PlatformKey(String),
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    #[error("{0} is no usable address")]
    Address(&'static str),
}

impl WeChat {
    pub fn new(account: &config::WeChat) -> Result<Self, BadAccount> {
        let resource_key =
            ResourceKey::of_account(account.api_v3_key_file.expose()).ok_or(BadAccount::ApiV3Key)?;
        let mut keys = PlatformKeys::default();
        if let (Some(file), false) = (account.public_key_file.get(), account.public_key_id.is_empty()) {
            keys.insert(
                &account.public_key_id,
                Key::from_pem(&account.public_key_id, file.expose())?,
            );
        }
        for (serial, file) in &account.certificates {
            keys.insert(serial, Key::from_pem(serial, file.expose())?);
        }
        Ok(Self {
            identity: Identity {
                merchant: account.mchid.clone(),
                app: account.appid.clone(),
            },
            notify_url: account.notify_url.clone(),
            transport: Transport::new(account, resource_key, keys)?,
        })
    }
}

#[async_trait]
impl Channel for WeChat {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn open(&self, order: &Order) -> Outcome<String> {
        answered("open", flow::native::open(self, order)).await
    }

    async fn query(&self, number: &ChannelNumber) -> Outcome<Paid> {
        answered("query", flow::transaction::query(self, number)).await
    }

    async fn close(&self, number: &ChannelNumber) -> Outcome<()> {
        answered("close", flow::transaction::close(self, number)).await
    }

    async fn open_in_app(&self, order: &Order, payer: &str) -> Outcome<AppCall> {
        answered("open_in_app", flow::jsapi::open(self, order, payer)).await
    }

    async fn charge(&self, order: &Order, code: &PayerCode, counter: &Counter) -> Outcome<Paid> {
        answered("charge", flow::codepay::charge(self, order, code, counter)).await
    }

    async fn reverse(&self, number: &ChannelNumber) -> Outcome<()> {
        answered("reverse", flow::codepay::reverse(self, number)).await
    }

    async fn bill(&self, day: NaiveDate, kind: BillKind) -> Outcome<Bill> {
        flow::bill::fetch(self, day, kind).await
    }

    async fn renew_keys(&self) -> Outcome<()> {
        if self.transport.renew(Reason::Unknown).await {
            Outcome::Succeeded(())
        } else {
            Outcome::Unknown("no newer keys".to_owned())
        }
    }

    async fn send_elsewhere(&self, refund: &RefundOrder, to: &Elsewhere) -> Outcome<Returned> {
        answered("send_elsewhere", flow::abnormal::apply(self, refund, to)).await
    }

    async fn refund(&self, refund: &RefundOrder) -> Outcome<Returned> {
        answered("refund", flow::refund::submit(self, refund)).await
    }

    async fn query_refund(&self, refund: &RefundOrder) -> Outcome<Returned> {
        answered("query_refund", flow::refund::query(self, refund)).await
    }

    fn read_notice(&self, headers: &HeaderMap, body: &[u8], now: Timestamp) -> Result<Notice, NoticeRefusal> {
        notice::read(self, headers, body, now)
    }
}
