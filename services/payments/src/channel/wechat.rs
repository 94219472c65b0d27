//! WeChat Pay API v3. `flow` speaks each product's requests and answers,
//! `transport` signs what goes out and believes only what is signed,
//! `notice` reads callbacks; a further flow is a further file in `flow`.

pub mod certificates;
mod flow;
pub mod keys;
mod notice;
pub mod resource;
pub mod signature;
mod transport;
mod verdict;

use async_trait::async_trait;
use http::HeaderMap;
use kernel::Timestamp;

use self::keys::{Key, MerchantKey, PlatformKeys};
use self::resource::ResourceKey;
use self::transport::Transport;
use super::{
    Channel, ChannelNumber, Identity, Notice, NoticeRefusal, Order, Outcome, Paid, RefundOrder, Returned,
    answered,
};
use crate::config;

/// A merchant's account at WeChat Pay.
#[derive(Debug)]
pub struct WeChat {
    identity: Identity,
    notify_url: String,
    resource_key: ResourceKey,
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
    #[error("no platform key: give public_key_id with public_key_file, or a certificate")]
    NoPlatformKey,
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    #[error("{0} is no usable address")]
    Address(&'static str),
}

impl WeChat {
    pub fn new(account: &config::WeChat) -> Result<Self, BadAccount> {
        let merchant_key = MerchantKey::from_pem(account.private_key_file.expose())?;
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
        if keys.is_empty() {
            return Err(BadAccount::NoPlatformKey);
        }
        Ok(Self {
            identity: Identity {
                merchant: account.mchid.clone(),
                app: account.appid.clone(),
            },
            notify_url: account.notify_url.clone(),
            resource_key: ResourceKey::of_account(account.api_v3_key_file.expose())
                .ok_or(BadAccount::ApiV3Key)?,
            transport: Transport::new(account, merchant_key, keys)?,
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
