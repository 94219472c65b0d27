//! The texts, read from the data files under `templates/` that are part of the
//! program, and checked when it starts.

use std::collections::{BTreeMap, BTreeSet};

use chrono_tz::Tz;
use figment::Figment;
use figment::providers::{Format as _, Toml};
use serde::Deserialize;

use super::fill::{Fill, Language, Pen};
use super::message::Channel;

macro_rules! files {
    ($($name:literal,)*) => {
        &[$(($name, include_str!(concat!("../../templates/", $name, ".toml")))),*]
    };
}

/// Every template by name, alphabetical.
const FILES: &[(&str, &str)] = files![
    "activation_code",
    "application_received",
    "benefits_revoked",
    "card_activated",
    "card_opened",
    "checked_in",
    "counter_code_mismatched",
    "exception_announced",
    "exception_answered",
    "exception_opened",
    "exception_overdue",
    "information_needed",
    "information_provided",
    "order_approved",
    "order_cancelled",
    "order_confirmed",
    "order_declined",
    "order_expired",
    "order_rejected",
    "order_sent_back",
    "order_unfulfillable",
    "payment_announced",
    "payment_anomaly",
    "payment_received",
    "payment_returned",
    "person_registered",
    "quote_issued",
    "receipt_issued",
    "recharge_accepted",
    "recharge_applied",
    "recharge_cancelled",
    "recharge_expired",
    "recharge_posted",
    "recharge_received",
    "recharge_rejected",
    "recharge_returned",
    "refund_approved",
    "refund_completed",
    "refund_rejected",
    "refund_requested",
    "sign_in_code",
    "spend_returned",
    "ticket_closed",
    "ticket_declined",
    "ticket_opened",
    "ticket_progressed",
    "ticket_proposed",
    "wallet_spent",
];
const WORDS: &str = include_str!("../../templates/words.toml");

/// Filled by the renderer itself, from the studio of the message.
const STUDIO: &str = "studio";
/// Filled when the mail leaves, and only in a mail.
pub const CODE: &str = "code";
/// What staff wrote to the applicant: asked of orders when a mail leaves.
pub const ORDER_REASON: &str = "order_reason";
/// The word in its place wherever it is not told: in the inbox, and in a mail
/// that was overtaken by the order.
pub const SEE_ORDER: &str = "see_order";
/// The house's own reason for sending an order back.
pub const QUOTE_RAN_OUT: &str = "quote_ran_out";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    channels: Vec<String>,
    #[serde(default)]
    departments: Vec<String>,
    /// Services may ask for it by SendNotice.
    #[serde(default)]
    service: bool,
    /// A one-time code goes with it.
    #[serde(default)]
    code: bool,
    #[serde(rename = "zh-CN")]
    zh_cn: Text,
    en: Text,
}

/// A subject and a body, with `{values}` or written out.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    pub subject: String,
    pub body: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Word {
    #[serde(rename = "zh-CN")]
    zh_cn: String,
    en: String,
}

/// One template in every language.
#[derive(Debug)]
pub struct Template {
    pub name: &'static str,
    pub channels: Vec<Channel>,
    pub departments: Vec<String>,
    pub for_services: bool,
    pub carries_code: bool,
    zh_cn: Text,
    en: Text,
    values: BTreeSet<String>,
}

/// All templates and words.
#[derive(Debug)]
pub struct Templates {
    all: BTreeMap<&'static str, Template>,
    words: BTreeMap<String, BTreeMap<Language, String>>,
}

/// A template file that cannot be used: the program does not start.
#[derive(Debug, thiserror::Error)]
pub enum BadTemplate {
    #[error("template {0} cannot be read")]
    Unreadable(&'static str, #[source] Box<figment::Error>),
    #[error("template {0}: {1}")]
    Contradicts(&'static str, &'static str),
}

/// A message that its template cannot say.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CannotSay {
    #[error("there is no template {0}")]
    Unknown(String),
    #[error("template {0} wants {{{1}}}")]
    Missing(&'static str, String),
}

impl Templates {
    pub fn read() -> Result<Self, BadTemplate> {
        let all = FILES
            .iter()
            .map(|(name, file)| Ok((*name, Template::read(name, file)?)));
        let words: BTreeMap<String, Word> = parse(WORDS).map_err(|e| BadTemplate::Unreadable("words", e))?;
        let words = words
            .into_iter()
            .map(|(word, w)| {
                (
                    word,
                    BTreeMap::from([(Language::ZhCn, w.zh_cn), (Language::En, w.en)]),
                )
            })
            .collect();
        Ok(Self {
            all: all.collect::<Result<_, BadTemplate>>()?,
            words,
        })
    }

    pub fn get(&self, name: &str) -> Result<&Template, CannotSay> {
        self.all
            .get(name)
            .ok_or_else(|| CannotSay::Unknown(name.to_owned()))
    }

    /// By name.
    pub fn iter(&self) -> impl Iterator<Item = &Template> {
        self.all.values()
    }

    /// Writes a template out. `studio` is the name and zone of the studio.
    pub fn write(
        &self,
        name: &str,
        language: Language,
        fill: &Fill,
        studio: Option<(&str, Tz)>,
    ) -> Result<Text, CannotSay> {
        let template = self.get(name)?;
        let (studio, zone) = studio.unwrap_or(("", chrono_tz::Asia::Shanghai));
        let pen = Pen {
            language,
            zone,
            words: &self.words,
        };
        let value = |name: &str| {
            if name == STUDIO {
                Some(studio.to_owned())
            } else {
                fill.0.get(name).and_then(|value| pen.write(value))
            }
        };
        let text = template.text(language);
        let fill_in = |text: &str| {
            substitute(text, value).map_err(|missing| CannotSay::Missing(template.name, missing))
        };
        Ok(Text {
            subject: fill_in(&text.subject)?,
            body: fill_in(&text.body)?,
        })
    }
}

impl Template {
    fn read(name: &'static str, file: &str) -> Result<Self, BadTemplate> {
        let file: File = parse(file).map_err(|e| BadTemplate::Unreadable(name, e))?;
        let contradicts = |what| Err(BadTemplate::Contradicts(name, what));
        let Some(channels) = file
            .channels
            .iter()
            .map(|c| Channel::parse(c))
            .collect::<Option<Vec<_>>>()
        else {
            return contradicts("an unknown channel");
        };
        let values = placeholders(&file.zh_cn);
        if values != placeholders(&file.en) {
            return contradicts("the languages want different values");
        }
        if channels.is_empty() == file.departments.is_empty() {
            return contradicts("it goes either to a person or to departments");
        }
        if file.code != values.contains(CODE) || (file.code && channels != [Channel::Email]) {
            return contradicts("a code goes by e-mail only");
        }
        Ok(Self {
            name,
            channels,
            departments: file.departments,
            for_services: file.service,
            carries_code: file.code,
            zh_cn: file.zh_cn,
            en: file.en,
            values,
        })
    }

    pub fn text(&self, language: Language) -> &Text {
        match language {
            Language::ZhCn => &self.zh_cn,
            Language::En => &self.en,
        }
    }

    /// The values that whoever queues a message has to give.
    pub fn wants(&self) -> impl Iterator<Item = &str> {
        self.values
            .iter()
            .map(String::as_str)
            .filter(|value| *value != STUDIO && *value != CODE)
    }

    /// The first wanted value that is not given.
    pub fn missing(&self, fill: &Fill) -> Option<&str> {
        self.wants().find(|value| !fill.0.contains_key(*value))
    }
}

fn parse<T: serde::de::DeserializeOwned>(toml: &str) -> Result<T, Box<figment::Error>> {
    Figment::from(Toml::string(toml)).extract().map_err(Box::new)
}

fn placeholders(text: &Text) -> BTreeSet<String> {
    [&text.subject, &text.body]
        .into_iter()
        .flat_map(|part| part.split('{').skip(1).filter_map(|rest| rest.split_once('}')))
        .map(|(name, _)| name.to_owned())
        .collect()
}

/// Puts values for `{names}`; what a value holds is not looked at again.
fn substitute(text: &str, value: impl Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut parts = text.trim_end().split('{');
    let mut written = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once('}').ok_or_else(|| part.to_owned())?;
        written.push_str(&value(name).ok_or_else(|| name.to_owned())?);
        written.push_str(rest);
    }
    Ok(written)
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
