//! What stands between a cashier and a channel: the table `[service.cashier]`.

use std::time::Duration;

use kernel::Amount;
use serde::{Deserialize, Deserializer, de};

use crate::domain::breaker;
use crate::domain::limit::{Limit, Place, Subject, Terms};

/// Longer than the longest call of a channel that starts money.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cashier {
    pub breaker_failures: u32,
    pub breaker_pause_s: u64,
    /// Hold where neither studio nor legal entity has set one for the same
    /// subject and window.
    #[serde(default)]
    pub limits: Vec<Configured>,
}

/// A limit that holds for every studio, and counts across them.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Configured {
    #[serde(deserialize_with = "subject")]
    pub subject: Subject,
    #[serde(deserialize_with = "window_s")]
    pub window_s: i32,
    #[serde(default, deserialize_with = "most_starts")]
    pub most_starts: Option<i32>,
    /// In fen.
    #[serde(default, deserialize_with = "most")]
    pub most_minor: Option<Amount>,
}

impl Cashier {
    pub fn breaker(&self) -> breaker::Terms {
        breaker::Terms {
            failures: self.breaker_failures,
            pause: Duration::from_secs(self.breaker_pause_s),
            patience: PATIENCE,
        }
    }

    pub fn limits(&self) -> Vec<Limit> {
        let limit = |configured: &Configured| Limit {
            id: None,
            place: Place::Everywhere,
            terms: Terms {
                subject: configured.subject,
                window_s: configured.window_s,
                most_starts: configured.most_starts,
                most: configured.most_minor,
            },
        };
        self.limits.iter().map(limit).collect()
    }
}

fn subject<'de, D: Deserializer<'de>>(from: D) -> Result<Subject, D::Error> {
    Subject::from_word(&String::deserialize(from)?)
        .ok_or_else(|| de::Error::custom("must be member, device or studio"))
}

fn window_s<'de, D: Deserializer<'de>>(from: D) -> Result<i32, D::Error> {
    let window_s = i32::deserialize(from)?;
    if (60..=2_678_400).contains(&window_s) {
        Ok(window_s)
    } else {
        Err(de::Error::custom("must be a minute to 31 days"))
    }
}

fn most_starts<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i32>, D::Error> {
    match i32::deserialize(from)? {
        most if most > 0 => Ok(Some(most)),
        _ => Err(de::Error::custom("must be above zero")),
    }
}

fn most<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Amount>, D::Error> {
    Amount::from_minor(i64::deserialize(from)?)
        .map(Some)
        .ok_or_else(|| de::Error::custom("must be above zero"))
}
