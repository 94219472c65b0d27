//! The values of a template: ids, sums, times and names of things, kept as
//! what they are, and written out in a language when somebody reads them.

use std::collections::BTreeMap;

use chrono::{Datelike as _, Duration};
use chrono_tz::Tz;
use kernel::{Timestamp, yuan_text};
use serde::{Deserialize, Serialize};

/// A language in which every template is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    ZhCn,
    En,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::ZhCn, Self::En];
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A number or the name of a thing; never of a person.
    Text(String),
    /// In fen.
    Money(i64),
    /// A moment, shown in the studio's zone.
    Time(Timestamp),
    /// From the first to the last day of a validity whose end is not part of it.
    Days { from: Timestamp, until: Timestamp },
    /// A word of `words.toml`.
    Word(String),
    /// How often something can still be used; none is without limit.
    Uses(Option<i32>),
    /// Benefits by name, each with its uses.
    Benefits(Vec<(String, Option<i32>)>),
}

/// The values of one message by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fill(pub BTreeMap<String, Value>);

impl Fill {
    #[must_use]
    pub fn with(mut self, name: &str, value: Value) -> Self {
        self.0.insert(name.to_owned(), value);
        self
    }

    #[must_use]
    pub fn text(self, name: &str, text: impl Into<String>) -> Self {
        self.with(name, Value::Text(text.into()))
    }

    #[must_use]
    pub fn word(self, name: &str, word: impl Into<String>) -> Self {
        self.with(name, Value::Word(word.into()))
    }

    #[must_use]
    pub fn money(self, name: &str, fen: i64) -> Self {
        self.with(name, Value::Money(fen))
    }

    #[must_use]
    pub fn time(self, name: &str, at: Timestamp) -> Self {
        self.with(name, Value::Time(at))
    }
}

/// How values are written out: the language, the zone, the words.
pub struct Pen<'a> {
    pub language: Language,
    pub zone: Tz,
    pub words: &'a BTreeMap<String, BTreeMap<Language, String>>,
}

impl Pen<'_> {
    /// `None` for a word that is in no dictionary.
    pub fn write(&self, value: &Value) -> Option<String> {
        Some(match value {
            Value::Text(text) => text.clone(),
            Value::Money(fen) => format!("¥{}", yuan_text(*fen)),
            Value::Time(at) => self.time(*at),
            Value::Days { from, until } => self.days(*from, *until),
            Value::Word(word) => self.word(word)?,
            Value::Uses(uses) => self.uses(*uses)?,
            Value::Benefits(benefits) => self.benefits(benefits)?,
        })
    }

    fn word(&self, word: &str) -> Option<String> {
        self.words.get(word)?.get(&self.language).cloned()
    }

    fn time(&self, at: Timestamp) -> String {
        let at = at.with_timezone(&self.zone);
        match self.language {
            Language::ZhCn => format!(
                "{}年{}月{}日 {}",
                at.year(),
                at.month(),
                at.day(),
                at.format("%H:%M")
            ),
            Language::En => at.format("%-d %b %Y, %H:%M").to_string(),
        }
    }

    fn day(&self, at: Timestamp) -> String {
        let at = at.with_timezone(&self.zone);
        match self.language {
            Language::ZhCn => format!("{}年{}月{}日", at.year(), at.month(), at.day()),
            Language::En => at.format("%-d %b %Y").to_string(),
        }
    }

    fn days(&self, from: Timestamp, until: Timestamp) -> String {
        let last = until - Duration::milliseconds(1);
        match self.language {
            Language::ZhCn => format!("{} 至 {}", self.day(from), self.day(last)),
            Language::En => format!("{} to {}", self.day(from), self.day(last)),
        }
    }

    fn uses(&self, uses: Option<i32>) -> Option<String> {
        match (uses, self.language) {
            (None, _) => self.word("unlimited"),
            (Some(count), Language::ZhCn) => Some(format!("{count} 次")),
            (Some(1), Language::En) => Some("1 use".to_owned()),
            (Some(count), Language::En) => Some(format!("{count} uses")),
        }
    }

    fn benefits(&self, benefits: &[(String, Option<i32>)]) -> Option<String> {
        let lines: Option<Vec<String>> = benefits
            .iter()
            .map(|(name, uses)| Some(format!("- {name}: {}", self.uses(*uses)?)))
            .collect();
        lines.map(|lines| lines.join("\n"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;
    use chrono_tz::Asia::Shanghai;

    fn written(language: Language, value: &Value) -> String {
        let words = BTreeMap::from([(
            "unlimited".to_owned(),
            BTreeMap::from([
                (Language::ZhCn, "不限次".to_owned()),
                (Language::En, "without limit".to_owned()),
            ]),
        )]);
        Pen {
            language,
            zone: Shanghai,
            words: &words,
        }
        .write(value)
        .unwrap_or_default()
    }

    fn at(hour: u32) -> Timestamp {
        chrono::Utc.with_ymd_and_hms(2026, 11, 21, hour, 30, 0).unwrap()
    }

    #[test]
    fn a_time_is_told_in_the_studios_zone_and_the_readers_language() {
        assert_eq!(
            written(Language::ZhCn, &Value::Time(at(16))),
            "2026年11月22日 00:30"
        );
        assert_eq!(written(Language::En, &Value::Time(at(16))), "22 Nov 2026, 00:30");
    }

    #[test]
    fn a_validity_ends_on_its_last_day() {
        let days = Value::Days {
            from: at(16),
            until: chrono::Utc.with_ymd_and_hms(2026, 11, 30, 16, 0, 0).unwrap(),
        };
        assert_eq!(written(Language::ZhCn, &days), "2026年11月22日 至 2026年11月30日");
    }

    #[test]
    fn money_is_written_exactly() {
        assert_eq!(written(Language::En, &Value::Money(123_456_705)), "¥1234567.05");
    }

    #[test]
    fn benefits_are_lines_with_their_uses() {
        let benefits = Value::Benefits(vec![("团课".to_owned(), Some(12)), ("入场".to_owned(), None)]);
        assert_eq!(
            written(Language::ZhCn, &benefits),
            "- 团课: 12 次\n- 入场: 不限次"
        );
    }

    #[test]
    fn an_unknown_word_is_not_written() {
        let words = BTreeMap::new();
        let pen = Pen {
            language: Language::En,
            zone: Shanghai,
            words: &words,
        };
        assert_eq!(pen.write(&Value::Word("nowhere".to_owned())), None);
    }
}
