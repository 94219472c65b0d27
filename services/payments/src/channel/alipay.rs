//! Alipay over its classic gateway. `flow` speaks each product's requests and
//! answers, `transport` signs what goes out and believes only what is signed,
//! `notice` reads notifications, `archive` opens bills, `certificates` holds what
//! Alipay signs with.

mod archive;
pub mod certificate;
pub mod certificates;
mod flow;
pub mod form;
pub mod keys;
pub mod notice;
pub mod signature;
mod transport;
mod verdict;

use async_trait::async_trait;
use chrono::NaiveDate;
use http::HeaderMap;
use kernel::Timestamp;

use self::keys::AlipayKeys;
use self::transport::Transport;
use super::rsa::SigningKey;
use super::{
    Bill, BillKind, Channel, ChannelNumber, Counter, Identity, Notice, NoticeRefusal, Order, Outcome, Paid,
    PayerCode, RefundOrder, Returned, answered,
};
use crate::config;

pub use archive::detail;

/// A merchant's account at Alipay: an application and the seller it is bound to.
#[derive(Debug)]
pub struct Alipay {
    identity: Identity,
    transport: Transport,
}

/// Why an account cannot be used. Never holds any key.
#[derive(Debug, thiserror::Error)]
pub enum BadAccount {
    #[error("private_key_file holds no RSA private key")]
    PrivateKey,
    #[error("public_key_file holds no RSA public key")]
    PublicKey,
    #[error("give either public_key_file, or app_certificate_file with Alipay's certificates")]
    Mode,
    #[error("{0} holds no certificate that can be named")]
    Certificate(&'static str),
    #[error("the HTTP client cannot be made")]
    Client(#[source] reqwest::Error),
    #[error("{0} is no usable address")]
    Address(&'static str),
}

impl Alipay {
    pub fn new(account: &config::Alipay) -> Result<Self, BadAccount> {
        let key = SigningKey::from_text(account.private_key_file.expose()).ok_or(BadAccount::PrivateKey)?;
        let (keys, names) = AlipayKeys::of_account(account)?;
        Ok(Self {
            identity: Identity {
                merchant: account.seller_id.clone(),
                app: account.app_id.clone(),
            },
            transport: Transport::new(account, key, keys, names)?,
        })
    }
}

#[async_trait]
impl Channel for Alipay {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    async fn open(&self, order: &Order) -> Outcome<String> {
        answered("open", flow::precreate::open(self, order)).await
    }

    async fn query(&self, number: &ChannelNumber) -> Outcome<Paid> {
        answered("query", flow::trade::query(self, number)).await
    }

    async fn close(&self, number: &ChannelNumber) -> Outcome<()> {
        answered("close", flow::trade::close(self, number)).await
    }

    async fn charge(&self, order: &Order, code: &PayerCode, counter: &Counter) -> Outcome<Paid> {
        answered("charge", flow::barcode::charge(self, order, code, counter)).await
    }

    async fn reverse(&self, number: &ChannelNumber) -> Outcome<()> {
        answered("reverse", flow::barcode::cancel(self, number)).await
    }

    async fn query_charge(&self, number: &ChannelNumber) -> Outcome<Paid> {
        answered("query_charge", flow::trade::query_charge(self, number)).await
    }

    async fn refund(&self, refund: &RefundOrder) -> Outcome<Returned> {
        answered("refund", flow::refund::submit(self, refund)).await
    }

    async fn query_refund(&self, refund: &RefundOrder) -> Outcome<Returned> {
        answered("query_refund", flow::refund::query(self, refund)).await
    }

    async fn bill(&self, day: NaiveDate, kind: BillKind) -> Outcome<Bill> {
        flow::bill::fetch(self, day, kind).await
    }

    fn read_notice(
        &self,
        _headers: &HeaderMap,
        body: &[u8],
        _now: Timestamp,
    ) -> Result<Notice, NoticeRefusal> {
        notice::read(&self.transport.keys, body)
    }

    fn acknowledgement(&self) -> &'static str {
        "success"
    }
}
