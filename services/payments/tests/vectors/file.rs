//! One file of a folder of vectors: whose it is, what it holds, and its cases.

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What became of a file whose checks all hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Held {
    /// On the adapter.
    Ok,
    /// On code of these tests alone: no flow of ours needs it.
    NoFlow,
}

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct Vector(Value);

impl Vector {
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).context("no JSON")?;
        if !value.is_object() {
            bail!("no JSON object");
        }
        Ok(Self(value))
    }

    pub fn channel(&self) -> Result<&str> {
        self.whole().text("channel")
    }

    pub fn kind(&self) -> Result<&str> {
        self.whole().text("kind")
    }

    /// The fields of the file itself.
    pub fn whole(&self) -> Case<'_> {
        Case {
            own: &self.0,
            file: &self.0,
        }
    }

    /// Checks each case, or the file as the only one where it lists none.
    pub fn each(&self, check: impl Fn(Case<'_>) -> Result<()>) -> Result<Held> {
        let Some(cases) = self.0.get("cases") else {
            check(self.whole())?;
            return Ok(Held::Ok);
        };
        let cases = cases.as_array().context("cases is no list")?;
        if cases.is_empty() {
            bail!("no case");
        }
        for (at, own) in cases.iter().enumerate() {
            let case = Case { own, file: &self.0 };
            check(case).with_context(|| format!("case {}", at + 1))?;
        }
        Ok(Held::Ok)
    }
}

/// The fields of one case, and those that the file states for all of them.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    own: &'a Value,
    file: &'a Value,
}

impl<'a> Case<'a> {
    pub fn get(self, name: &str) -> Option<&'a Value> {
        self.own
            .get(name)
            .or_else(|| self.file.get(name))
            .filter(|v| !v.is_null())
    }

    pub fn text(self, name: &str) -> Result<&'a str> {
        self.get(name)
            .and_then(Value::as_str)
            .with_context(|| format!("no text {name}"))
    }

    /// The first of these that is there.
    pub fn text_of(self, names: &[&str]) -> Result<&'a str> {
        names
            .iter()
            .find_map(|name| self.get(name).and_then(Value::as_str))
            .with_context(|| format!("none of {}", names.join(", ")))
    }

    pub fn maybe(self, name: &str) -> Result<Option<&'a str>> {
        match self.get(name) {
            None => Ok(None),
            Some(value) => value
                .as_str()
                .map(Some)
                .with_context(|| format!("{name} is no text")),
        }
    }

    /// Bytes that stand in base64.
    pub fn base64(self, name: &str) -> Result<Vec<u8>> {
        STANDARD
            .decode(self.text(name)?)
            .with_context(|| format!("{name} is no base64"))
    }

    /// A number, which some write as text.
    pub fn number(self, name: &str) -> Result<i64> {
        let value = self.get(name).with_context(|| format!("no {name}"))?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.parse().ok())
            .with_context(|| format!("{name} is no number"))
    }

    /// Whether the case is one that must hold, which it is unless it says otherwise.
    pub fn valid(self) -> Result<bool> {
        match self.get("valid") {
            None => Ok(true),
            Some(value) => value.as_bool().context("valid is neither true nor false"),
        }
    }
}

/// What was made must be what was published.
pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, made: &T, published: &T) -> Result<()> {
    if made != published {
        bail!("{what}: {made:?} is not {published:?}");
    }
    Ok(())
}
