//! Whose account at which channel collects for which legal entity.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kernel::{LegalEntityId, StudioId};

use crate::channel::Channel;
use crate::channel::alipay::{self, Alipay};
use crate::channel::wechat::{self, WeChat};
use crate::config;
use crate::domain::Method;
use crate::domain::reconciliation::Book;
use crate::domain::route::{self, Over, Route, Rule, Wanted};
use crate::domain::statement::Party;

/// The accounts of one merchant.
#[derive(Debug)]
pub struct Merchant {
    /// As in the configuration and the callbacks' address.
    pub name: String,
    /// Begins the numbers of receipts; empty for the legal entity's code.
    pub receipt_series: String,
    entities: BTreeSet<LegalEntityId>,
    by_rule_only: bool,
    wechat: Option<Arc<dyn Channel>>,
    alipay: Option<Arc<dyn Channel>>,
}

impl Merchant {
    fn collects_for(&self, entity: LegalEntityId) -> bool {
        self.entities.is_empty() || self.entities.contains(&entity)
    }

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
    #[error("the route {rule}: {what}")]
    Route { rule: String, what: &'static str },
}

#[derive(Debug)]
pub struct Merchants {
    by_name: BTreeMap<String, Merchant>,
    rules: Vec<Rule>,
}

impl Merchants {
    pub fn new(settings: &BTreeMap<String, config::Merchant>, rules: &[Rule]) -> Result<Self, BadMerchants> {
        let (mut entities, mut series, mut for_all) = (BTreeSet::new(), BTreeSet::new(), false);
        let mut merchants = BTreeMap::new();
        for (name, setting) in settings {
            for entity in setting.legal_entity_ids.iter().filter(|_| !setting.by_rule_only) {
                if !entities.insert(*entity) {
                    return Err(BadMerchants::EntityTwice(name.clone(), *entity));
                }
            }
            if setting.legal_entity_ids.is_empty()
                && !setting.by_rule_only
                && std::mem::replace(&mut for_all, true)
            {
                return Err(BadMerchants::TwoForAll(name.clone()));
            }
            let text = &setting.receipt_series;
            let sound = text.len() <= 8 && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
            if !sound || (!text.is_empty() && !series.insert(text.clone())) {
                return Err(BadMerchants::Series(name.clone()));
            }
            merchants.insert(name.clone(), merchant(name, setting)?);
        }
        for rule in rules {
            sound(rule, &merchants)?;
        }
        Ok(Self {
            by_name: merchants,
            rules: rules.to_vec(),
        })
    }

    /// The main account of a legal entity.
    pub fn of_entity(&self, entity: LegalEntityId) -> Option<&Merchant> {
        let mut main = self.by_name.values().filter(|m| !m.by_rule_only);
        main.clone()
            .find(|m| m.entities.contains(&entity))
            .or_else(|| main.find(|m| m.entities.is_empty()))
    }

    /// Whether an account at the channel with this word collects for a studio: the
    /// main one of its legal entity, or one that a rule has for it.
    pub fn collects(&self, entity: LegalEntityId, studio: StudioId, channel: &str) -> bool {
        let ruled = self.rules.iter().filter(|rule| rule.is_for(studio));
        ruled
            .filter_map(|rule| self.by_name(&rule.merchant))
            .filter(|merchant| merchant.collects_for(entity))
            .chain(self.of_entity(entity))
            .any(|merchant| merchant.channel_called(channel).is_some())
    }

    /// The account that collects what is wanted and how it came to that, past those
    /// that are held up.
    pub fn route(
        &self,
        wanted: &Wanted<'_>,
        held_up: impl Fn(&str) -> Option<Over>,
    ) -> Option<(&Merchant, Route)> {
        let entity = wanted.claim.legal_entity_id;
        let ruled = self.rules.iter().filter(|rule| rule.holds(wanted));
        let preferred = ruled.filter_map(|rule| Some((self.by_name(&rule.merchant)?, rule.name.as_str())));
        let mut candidates: Vec<(&str, &str)> = Vec::new();
        for (merchant, rule) in preferred.chain(self.of_entity(entity).map(|main| (main, ""))) {
            let able = merchant.collects_for(entity) && merchant.channel(wanted.method).is_some();
            if able && candidates.iter().all(|(name, _)| *name != merchant.name) {
                candidates.push((&merchant.name, rule));
            }
        }
        let (name, route) = route::choose(&candidates, held_up)?;
        Some((self.by_name(name)?, route))
    }

    /// Every account at a channel whose bills are fetched.
    pub fn books(&self) -> impl Iterator<Item = Book> {
        self.by_name.values().flat_map(|merchant| {
            let parties = [Party::Wechat, Party::Alipay].into_iter();
            parties
                .filter(move |party| merchant.channel_called(party.word()).is_some())
                .map(move |party| Book::of(party, &merchant.name))
        })
    }

    pub fn by_name(&self, name: &str) -> Option<&Merchant> {
        self.by_name.get(name)
    }
}

fn sound(rule: &Rule, merchants: &BTreeMap<String, Merchant>) -> Result<(), BadMerchants> {
    let bad = |what| {
        let rule = rule.name.clone();
        Err(BadMerchants::Route { rule, what })
    };
    if rule.name.is_empty() {
        return bad("must have a name");
    }
    if rule.methods.iter().any(|word| Method::from_word(word).is_none()) {
        return bad("a method is none");
    }
    let Some(merchant) = merchants.get(&rule.merchant) else {
        return bad("there is no such merchant");
    };
    if rule.legal_entity_ids.iter().any(|id| !merchant.collects_for(*id)) {
        return bad("the merchant does not collect for a legal entity that it names");
    }
    Ok(())
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
        by_rule_only: setting.by_rule_only,
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
            by_rule_only: false,
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
            &[],
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

    #[test]
    fn a_merchant_by_rule_only_is_nobodys_main_one_and_shares_its_legal_entity() {
        let one = LegalEntityId::fresh();
        let second = config::Merchant {
            by_rule_only: true,
            ..setting(&[one], "B")
        };
        let merchants = merchants(&[("a", second), ("b", setting(&[one], "A"))]).unwrap();
        assert_eq!(merchants.of_entity(one).unwrap().name, "b");
    }

    #[test]
    fn a_rule_that_can_never_be_kept_is_refused_at_the_start() {
        let one = LegalEntityId::fresh();
        let settings = BTreeMap::from([("a".to_owned(), setting(&[one], "A"))]);
        let rule = Rule {
            name: "large".to_owned(),
            merchant: "a".to_owned(),
            ..Rule::default()
        };
        let bad = [
            Rule {
                name: String::new(),
                ..rule.clone()
            },
            Rule {
                merchant: "b".to_owned(),
                ..rule.clone()
            },
            Rule {
                methods: vec!["cheque".to_owned()],
                ..rule.clone()
            },
            Rule {
                legal_entity_ids: vec![LegalEntityId::fresh()],
                ..rule.clone()
            },
        ];
        for rule in bad {
            assert!(
                matches!(
                    Merchants::new(&settings, std::slice::from_ref(&rule)),
                    Err(BadMerchants::Route { .. })
                ),
                "{rule:?}"
            );
        }
        assert!(Merchants::new(&settings, &[rule]).is_ok());
    }
}
