//! Which of a legal entity's accounts collects an attempt, and why that one
//! (`channels/protocol.md` 5, 35). Rules say what is preferred;
//! health only decides who is passed over.

use kernel::{Amount, LegalEntityId, StudioId};
use serde::{Deserialize, Serialize};

use super::Method;
use super::intent::Claim;

/// A rule of the configuration. What it leaves empty holds for everything.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// As it stands with the attempts that it decided.
    pub name: String,
    /// The account that it prefers.
    pub merchant: String,
    #[serde(default)]
    pub legal_entity_ids: Vec<LegalEntityId>,
    #[serde(default)]
    pub studio_ids: Vec<StudioId>,
    /// Words of methods, as `wechat_native`.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Programs that ask, as they name themselves.
    #[serde(default)]
    pub clients: Vec<String>,
    /// The least amount in fen.
    pub from_minor: Option<i64>,
    /// Amounts from here on are beyond it, in fen.
    pub below_minor: Option<i64>,
}

/// What is to be collected.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub claim: &'a Claim,
    pub method: Method,
    /// The program that asks; empty when it did not name itself.
    pub client: &'a str,
}

/// Why an account was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Over {
    /// Its channel has not answered for a while.
    Down,
    /// It refused an attempt of this intent for good before the payer acted.
    Refused,
}

/// How an attempt came to its account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The rule that prefers the account; empty for the legal entity's main one.
    #[serde(default)]
    pub rule: String,
    /// Accounts that came first, in their order.
    #[serde(default)]
    pub passed_over: Vec<PassedOver>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassedOver {
    pub merchant: String,
    pub why: Over,
}

impl Rule {
    pub fn holds(&self, wanted: &Wanted<'_>) -> bool {
        let claim = wanted.claim;
        let within = |amount: Amount| {
            self.from_minor.is_none_or(|from| amount.minor() >= from)
                && self.below_minor.is_none_or(|below| amount.minor() < below)
        };
        empty_or(&self.legal_entity_ids, |id| *id == claim.legal_entity_id)
            && self.is_for(claim.studio_id)
            && empty_or(&self.methods, |word| word == wanted.method.word())
            && empty_or(&self.clients, |name| name == wanted.client)
            && within(claim.amount)
    }

    /// Whether it can hold for a studio.
    pub fn is_for(&self, studio: StudioId) -> bool {
        empty_or(&self.studio_ids, |id| *id == studio)
    }
}

fn empty_or<T>(list: &[T], is: impl Fn(&T) -> bool) -> bool {
    list.is_empty() || list.iter().any(is)
}

/// Chooses among accounts, the preferred first, each with the name of its rule.
/// When none is well the first is chosen: what holds it up is then told to whoever
/// asks. `None` without any.
pub fn choose<'a>(
    candidates: &[(&'a str, &str)],
    held_up: impl Fn(&str) -> Option<Over>,
) -> Option<(&'a str, Route)> {
    let mut passed_over = Vec::new();
    for (merchant, rule) in candidates {
        let Some(why) = held_up(merchant) else {
            let rule = (*rule).to_owned();
            return Some((merchant, Route { rule, passed_over }));
        };
        passed_over.push(PassedOver {
            merchant: (*merchant).to_owned(),
            why,
        });
    }
    let (merchant, rule) = candidates.first()?;
    Some((
        merchant,
        Route {
            rule: (*rule).to_owned(),
            passed_over: Vec::new(),
        },
    ))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::domain::examples::intent;

    fn held_by(rule: &Rule, claim: &Claim) -> bool {
        rule.holds(&Wanted {
            claim,
            method: Method::WechatNative,
            client: "desk",
        })
    }

    #[test]
    fn a_rule_without_conditions_holds_for_everything_and_each_condition_narrows_it() {
        let claim = intent().claim;
        let minor = claim.amount.minor();
        let all = Rule::default;
        let cases: [(Rule, bool); 13] = [
            (all(), true),
            (
                Rule {
                    legal_entity_ids: vec![claim.legal_entity_id],
                    ..all()
                },
                true,
            ),
            (
                Rule {
                    legal_entity_ids: vec![LegalEntityId::fresh()],
                    ..all()
                },
                false,
            ),
            (
                Rule {
                    studio_ids: vec![StudioId::fresh(), claim.studio_id],
                    ..all()
                },
                true,
            ),
            (
                Rule {
                    studio_ids: vec![StudioId::fresh()],
                    ..all()
                },
                false,
            ),
            (
                Rule {
                    methods: vec!["wechat_native".to_owned()],
                    ..all()
                },
                true,
            ),
            (
                Rule {
                    methods: vec!["alipay_qr".to_owned()],
                    ..all()
                },
                false,
            ),
            (
                Rule {
                    clients: vec!["desk".to_owned()],
                    ..all()
                },
                true,
            ),
            (
                Rule {
                    clients: vec!["app".to_owned()],
                    ..all()
                },
                false,
            ),
            (
                Rule {
                    from_minor: Some(minor),
                    ..all()
                },
                true,
            ),
            (
                Rule {
                    from_minor: Some(minor + 1),
                    ..all()
                },
                false,
            ),
            (
                Rule {
                    below_minor: Some(minor + 1),
                    ..all()
                },
                true,
            ),
            (
                Rule {
                    below_minor: Some(minor),
                    ..all()
                },
                false,
            ),
        ];
        for (rule, holds) in cases {
            assert_eq!(held_by(&rule, &claim), holds, "{rule:?}");
        }
    }

    #[rstest]
    #[case::the_first_is_well(&[], "app", "by app", &[])]
    #[case::the_first_is_down(&[("app", Over::Down)], "main", "", &[("app", Over::Down)])]
    #[case::both_are_held_up(&[("app", Over::Refused), ("main", Over::Down)], "app", "by app", &[])]
    fn who_is_held_up_is_passed_over_while_another_is_well(
        #[case] held_up: &[(&str, Over)],
        #[case] chosen: &str,
        #[case] rule: &str,
        #[case] passed_over: &[(&str, Over)],
    ) {
        let why = |merchant: &str| {
            held_up
                .iter()
                .find(|(name, _)| *name == merchant)
                .map(|(_, why)| *why)
        };
        let (merchant, route) = choose(&[("app", "by app"), ("main", "")], why).unwrap();
        assert_eq!((merchant, route.rule.as_str()), (chosen, rule));
        let over: Vec<_> = route
            .passed_over
            .iter()
            .map(|p| (p.merchant.as_str(), p.why))
            .collect();
        assert_eq!(over, passed_over);
    }

    #[test]
    fn without_an_account_there_is_no_route() {
        assert!(choose(&[], |_| None).is_none());
    }
}
