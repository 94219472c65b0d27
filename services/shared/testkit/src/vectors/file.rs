//! One file of a folder of vectors: whose it is, what it holds, and its cases.

use std::fmt;

use anyhow::{Context as _, Result, anyhow, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// A file as it was read.
#[derive(Debug, Clone)]
pub struct Vector(Value);

/// What was made, or found, is not what was published.
#[derive(Debug)]
pub struct Differs(String);

impl fmt::Display for Differs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Differs {}

impl Vector {
    pub fn parse(text: &str) -> Result<Self> {
        let value: Value = serde_json::from_str(text).context("no JSON")?;
        Self::of(value)
    }

    pub fn of(value: Value) -> Result<Self> {
        if !value.is_object() {
            bail!("no JSON object");
        }
        Ok(Self(value))
    }

    pub fn value(&self) -> &Value {
        &self.0
    }

    pub fn channel(&self) -> Result<&str> {
        self.whole().text("channel")
    }

    pub fn kind(&self) -> Result<&str> {
        self.whole().text("kind")
    }

    /// The fields of the file itself.
    fn whole(&self) -> Case<'_> {
        Case {
            own: &self.0,
            file: &self.0,
        }
    }

    /// Checks each case, or the file as the only one where it lists none.
    pub fn each(&self, check: impl Fn(Case<'_>) -> Result<()>) -> Result<()> {
        let Some(cases) = self.0.get("cases") else {
            return check(self.whole());
        };
        let cases = cases.as_array().context("cases is no list")?;
        if cases.is_empty() {
            bail!("no case");
        }
        for (at, own) in cases.iter().enumerate() {
            let case = Case { own, file: &self.0 };
            check(case).with_context(|| format!("case {}", at + 1))?;
        }
        Ok(())
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
        let bytes = STANDARD.decode(self.text(name)?);
        bytes.map_err(|why| anyhow!(Differs(format!("{name} is no base64: {why}"))))
    }

    /// Bytes under whichever name says how they are written.
    pub fn bytes(self, stem: &str) -> Result<Option<Vec<u8>>> {
        let name = |ending: &str| format!("{stem}{ending}");
        if let Ok(text) = self.text_of(&[stem, &name("_utf8")]) {
            return Ok(Some(text.as_bytes().to_vec()));
        }
        if self.get(&name("_b64")).is_some() {
            return self.base64(&name("_b64")).map(Some);
        }
        let digits = self.maybe(&name("_hex"))?.map(hex::decode).transpose();
        digits.with_context(|| format!("{stem}_hex is no hex"))
    }

    /// As [`Self::bytes`], of what must be there and is text.
    pub fn plain(self, stem: &str) -> Result<String> {
        let bytes = self.bytes(stem)?.with_context(|| format!("no {stem}"))?;
        String::from_utf8(bytes).with_context(|| format!("{stem} is no text"))
    }

    /// A number, which some write as text.
    pub fn number(self, name: &str) -> Result<i64> {
        let value = self.get(name).with_context(|| format!("no {name}"))?;
        value
            .as_i64()
            .or_else(|| value.as_str()?.parse().ok())
            .with_context(|| format!("{name} is no number"))
    }

    /// The object of that name.
    pub fn object(self, name: &str) -> Result<&'a Map<String, Value>> {
        let object = self.get(name).and_then(Value::as_object);
        object.with_context(|| format!("no {name}"))
    }

    /// Every key of one half, with its name: files name them as their sources do.
    pub fn keys(self, half: &str) -> Vec<(&'a str, &'a str)> {
        let of = |value: &'a Value| value.as_object().into_iter().flatten();
        let all = of(self.own).chain(of(self.file));
        let named = all.filter(|(name, _)| name.contains(half) && !name.ends_with("_id"));
        let mut keys: Vec<_> = named
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect();
        keys.dedup();
        keys
    }

    pub fn private_key(self) -> Result<&'a str> {
        let keys = self.keys("private");
        keys.first().map(|(_, key)| *key).context("no private key")
    }

    /// The key that proves signatures, or the certificate that it is in.
    pub fn public_key(self) -> Result<&'a str> {
        let certificates = self.keys("cert").into_iter();
        let certificates =
            certificates.filter(|(name, key)| !name.starts_with("expected") && key.len() > 300);
        let mut keys = self.keys("public").into_iter().chain(certificates);
        keys.next().map(|(_, key)| key).context("no public key")
    }

    /// Whether the case is one that must hold, which it is unless it says otherwise.
    pub fn valid(self) -> Result<bool> {
        match self.get("valid") {
            None => Ok(true),
            Some(value) => value.as_bool().context("valid is neither true nor false"),
        }
    }

    /// What must hold, or must differ in a case that says so.
    pub fn judged(self, found: Result<()>) -> Result<()> {
        match found {
            found if self.valid()? => found,
            Ok(()) => bail!("it holds"),
            Err(why) if why.is::<Differs>() => Ok(()),
            Err(why) => Err(why),
        }
    }

    /// RSA-OAEP comes with SHA-1 and without a label here.
    pub fn is_our_oaep(self) -> Result<()> {
        let Some(oaep) = self.get("oaep") else {
            return Ok(());
        };
        for (name, ours) in [("hash", "SHA-1"), ("mgf1", "SHA-1"), ("label", "")] {
            let stated = oaep.get(name).and_then(Value::as_str).unwrap_or(ours);
            same(name, &ours, &stated)?;
        }
        Ok(())
    }
}

/// What was made must be what was published.
pub fn same<T: PartialEq + fmt::Debug>(what: &str, made: &T, published: &T) -> Result<()> {
    if made == published {
        return Ok(());
    }
    Err(anyhow!(Differs(format!("{what}: {made:?} is not {published:?}"))))
}
