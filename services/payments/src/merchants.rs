//! Whose account at which channel collects for which legal entity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::LegalEntityId;

use crate::channel::Channel;
use crate::channel::alipay::{self, Alipay};
use crate::channel::wechat::{self, WeChat};
use crate::config;
use crate::domain::Method;
use crate::domain::reconciliation::Book;
use crate::domain::statement::Party;

/// The accounts of one merchant.
#[derive(Debug)]
pub struct Merchant {
    /// As in the configuration and the callbacks' address.
    pub name: String,
    /// Begins the numbers of receipts; empty for the legal entity's code.
    pub receipt_series: String,
    entities: BTreeSet<LegalEntityId>,
    wechat: Option<Arc<dyn Channel>>,
    alipay: Option<Arc<dyn Channel>>,
}

impl Merchant {
    /// The channel by which a method pays.
    pub fn channel(&self, method: Method) -> Option<&Arc<dyn Channel>> {
        self.channel_called(method.channel())
    }

    /// The channel whose callbacks come under its word in the address.
    pub fn channel_called(&self, word: &str) -> Option<&Arc<dyn Channel>> {
        match word {
            "wechat" => self.wechat.as_ref(),
            "alipay" => self.alipay.as_ref(),
            _ => None,
        }
    }
}

/// Why the merchants cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadMerchants {
    #[error("{0}.wechat cannot be used")]
    WeChat(String, #[source] wechat::BadAccount),
    #[error("{0}.alipay cannot be used")]
    Alipay(String, #[source] alipay::BadAccount),
    #[error("{0} and another merchant both collect for the legal entity {1}")]
    EntityTwice(String, LegalEntityId),
    #[error("{0} and another merchant both name no legal entity")]
    TwoForAll(String),
    #[error("{0}: receipt_series must be up to 8 capital letters and digits, and no other merchant's")]
    Series(String),
}

#[derive(Debug)]
pub struct Merchants(BTreeMap<String, Merchant>);

impl Merchants {
    pub fn new(settings: &BTreeMap<String, config::Merchant>) -> Result<Self, BadMerchants> {
        let (mut entities, mut series, mut for_all) = (BTreeSet::new(), BTreeSet::new(), false);
        let mut merchants = BTreeMap::new();
        for (name, setting) in settings {
            for entity in &setting.legal_entity_ids {
                if !entities.insert(*entity) {
                    return Err(BadMerchants::EntityTwice(name.clone(), *entity));
                }
            }
            if setting.legal_entity_ids.is_empty() && std::mem::replace(&mut for_all, true) {
                return Err(BadMerchants::TwoForAll(name.clone()));
            }
            let text = &setting.receipt_series;
            let sound = text.len() <= 8 && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
            if !sound || (!text.is_empty() && !series.insert(text.clone())) {
                return Err(BadMerchants::Series(name.clone()));
            }
            merchants.insert(name.clone(), merchant(name, setting)?);
        }
        Ok(Self(merchants))
    }

    /// Who collects for a legal entity.
    pub fn of_entity(&self, entity: LegalEntityId) -> Option<&Merchant> {
        self.0
            .values()
            .find(|m| m.entities.contains(&entity))
            .or_else(|| self.0.values().find(|m| m.entities.is_empty()))
    }

    /// Every account at a channel whose bills are fetched.
    pub fn books(&self) -> impl Iterator<Item = Book> {
        self.0.values().flat_map(|merchant| {
            let parties = [Party::Wechat, Party::Alipay].into_iter();
            parties
                .filter(move |party| merchant.channel_called(party.word()).is_some())
                .map(move |party| Book::of(party, &merchant.name))
        })
    }

    pub fn by_name(&self, name: &str) -> Option<&Merchant> {
        self.0.get(name)
    }
}

fn merchant(name: &str, setting: &config::Merchant) -> Result<Merchant, BadMerchants> {
    let wechat = match &setting.wechat {
        Some(account) => {
            let channel = WeChat::new(account).map_err(|e| BadMerchants::WeChat(name.to_owned(), e))?;
            let channel: Arc<dyn Channel> = Arc::new(channel);
            Some(channel)
        }
        None => None,
    };
    let alipay = match &setting.alipay {
        Some(account) => {
            let channel = Alipay::new(account).map_err(|e| BadMerchants::Alipay(name.to_owned(), e))?;
            let channel: Arc<dyn Channel> = Arc::new(channel);
            Some(channel)
        }
        None => None,
    };
    Ok(Merchant {
        name: name.to_owned(),
        receipt_series: setting.receipt_series.clone(),
        entities: setting.legal_entity_ids.iter().copied().collect(),
        wechat,
        alipay,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(entities: &[LegalEntityId], series: &str) -> config::Merchant {
        config::Merchant {
            legal_entity_ids: entities.to_vec(),
            receipt_series: series.to_owned(),
            wechat: None,
            alipay: None,
        }
    }

    fn merchants(settings: &[(&str, config::Merchant)]) -> Result<Merchants, BadMerchants> {
        Merchants::new(
            &settings
                .iter()
                .map(|(n, s)| ((*n).to_owned(), s.clone()))
                .collect(),
        )
    }

    #[test]
    fn a_legal_entity_has_its_own_merchant_and_others_the_one_for_all() {
        let own = LegalEntityId::fresh();
        let merchants =
            merchants(&[("beijing", setting(&[own], "BJ")), ("house", setting(&[], ""))]).unwrap();
        assert_eq!(merchants.of_entity(own).unwrap().name, "beijing");
        assert_eq!(merchants.of_entity(LegalEntityId::fresh()).unwrap().name, "house");
    }

    #[test]
    fn without_a_merchant_for_all_a_strange_entity_has_none() {
        let merchants = merchants(&[("beijing", setting(&[LegalEntityId::fresh()], "BJ"))]).unwrap();
        assert!(merchants.of_entity(LegalEntityId::fresh()).is_none());
    }

    #[test]
    fn what_two_merchants_would_share_is_refused_at_the_start() {
        let one = LegalEntityId::fresh();
        assert!(matches!(
            merchants(&[("a", setting(&[one], "A")), ("b", setting(&[one], "B"))]),
            Err(BadMerchants::EntityTwice(..))
        ));
        assert!(matches!(
            merchants(&[("a", setting(&[], "A")), ("b", setting(&[], "B"))]),
            Err(BadMerchants::TwoForAll(_))
        ));
        assert!(matches!(
            merchants(&[
                ("a", setting(&[one], "A")),
                ("b", setting(&[LegalEntityId::fresh()], "A"))
            ]),
            Err(BadMerchants::Series(_))
        ));
        assert!(matches!(
            merchants(&[("a", setting(&[], "bj"))]),
            Err(BadMerchants::Series(_))
        ));
    }
}
