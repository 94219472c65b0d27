//! Finds what must not be anywhere: the text itself, and what it becomes when
//! somebody encodes it, cuts it up or turns it around.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Something that must not be found, and what it is called in a report.
pub struct Canary {
    pub name: String,
    pub text: String,
}

/// Shorter than this, chance would find it as well.
const LEAST: usize = 8;

pub struct Leaks {
    canaries: Vec<Canary>,
    forms: Vec<(usize, &'static str)>,
    all: AhoCorasick,
    /// Canaries that are nothing but digits, looked for between separators too.
    numbers: AhoCorasick,
    numbered: Vec<usize>,
}

impl Leaks {
    pub fn of(canaries: Vec<Canary>) -> Self {
        let (mut forms, mut needles) = (Vec::new(), Vec::new());
        for (at, canary) in canaries.iter().enumerate() {
            for (form, needle) in forms_of(&canary.text) {
                forms.push((at, form));
                needles.push(needle);
            }
        }
        let digits = |c: &Canary| {
            c.text.len() >= LEAST && c.text.bytes().take(c.text.len() - 1).all(|b| b.is_ascii_digit())
        };
        let numbered: Vec<usize> = (0..canaries.len()).filter(|at| digits(&canaries[*at])).collect();
        let numbers = numbered
            .iter()
            .map(|at| canaries[*at].text.as_bytes()[..LEAST].to_vec());
        let numbers: Vec<_> = numbers.collect();
        let build = |needles: &[Vec<u8>]| {
            AhoCorasickBuilder::new()
                .ascii_case_insensitive(true)
                .build(needles)
                .unwrap()
        };
        Self {
            all: build(&needles),
            numbers: build(&numbers),
            canaries,
            forms,
            numbered,
        }
    }

    /// What is found in `bytes`, each canary once a form.
    pub fn find(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = self.plainly(place, bytes);
        found.extend(self.plainly(&format!("{place}, in hex"), &from_hex(bytes)));
        let bare = without_separators(bytes);
        for hit in self.numbers.find_iter(&bare) {
            let canary = &self.canaries[self.numbered[hit.pattern().as_usize()]];
            if bare[hit.start()..]
                .to_ascii_uppercase()
                .starts_with(canary.text.as_bytes())
            {
                found.push(format!("{place}: {} between separators", canary.name));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn plainly(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for hit in self.all.find_overlapping_iter(bytes) {
            let (canary, form) = self.forms[hit.pattern().as_usize()];
            if hit.len() < LEAST && !stands_alone(bytes, hit.start(), hit.end()) {
                continue;
            }
            let around = &bytes[hit.start().saturating_sub(60)..(hit.end() + 20).min(bytes.len())];
            let around = String::from_utf8_lossy(around).replace(['\n', '\r', '\0'], " ");
            let name = &self.canaries[canary].name;
            if !found
                .iter()
                .any(|f: &String| f.starts_with(&format!("{place}: {name} ({form})")))
            {
                found.push(format!("{place}: {name} ({form}) in …{around}…"));
            }
        }
        found
    }
}

/// Six digits are found everywhere, in times for example; a code stands alone.
fn stands_alone(bytes: &[u8], start: usize, end: usize) -> bool {
    let part = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || b".-_+".contains(b));
    !part(start.checked_sub(1).and_then(|at| bytes.get(at))) && !part(bytes.get(end))
}

/// What a text looks like to somebody who meant to hide it, or did not mean to.
fn forms_of(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let reversed: String = text.chars().rev().collect();
    let wide: Vec<u16> = text.encode_utf16().collect();
    let encodings = [
        ("plain", text.as_bytes().to_vec()),
        ("reversed", reversed.into_bytes()),
        ("UTF-16LE", wide.iter().flat_map(|u| u.to_le_bytes()).collect()),
        ("UTF-16BE", wide.iter().flat_map(|u| u.to_be_bytes()).collect()),
        ("GB18030", encoding_rs::GB18030.encode(text).0.into_owned()),
    ];
    let mut forms = vec![("escaped", escaped(&wide))];
    for (name, bytes) in encodings {
        let percent = bytes.iter().flat_map(|b| {
            if b.is_ascii_alphanumeric() {
                vec![*b]
            } else {
                format!("%{b:02X}").into_bytes()
            }
        });
        forms.push(("percent", percent.collect()));
        forms.push(("hex", hex::encode(&bytes).into_bytes()));
        for shift in 0..3 {
            forms.push(("base64", base64(&bytes, shift, &STANDARD_NO_PAD)));
            forms.push(("base64url", base64(&bytes, shift, &URL_SAFE_NO_PAD)));
        }
        forms.push((name, bytes));
    }
    let mut seen = std::collections::HashSet::new();
    forms.retain(|(form, needle)| (needle.len() >= LEAST || *form == "plain") && seen.insert(needle.clone()));
    forms
}

fn escaped(wide: &[u16]) -> Vec<u8> {
    wide.iter()
        .flat_map(|u| format!("\\u{u:04x}").into_bytes())
        .collect()
}

/// The characters that are the same whatever stands around the bytes, which
/// begin at this place of a group of three.
fn base64(bytes: &[u8], shift: usize, engine: &impl base64::Engine) -> Vec<u8> {
    let shifted = [vec![0; shift], bytes.to_vec()].concat();
    let text = engine.encode(&shifted).into_bytes();
    text[(shift * 8).div_ceil(6)..shifted.len() * 8 / 6].to_vec()
}

/// What runs of hex digits stand for, as a database prints its bytes.
fn from_hex(bytes: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::new();
    for run in bytes
        .split(|b| !b.is_ascii_hexdigit())
        .filter(|run| run.len() >= LEAST)
    {
        decoded.extend(hex::decode(&run[..run.len() / 2 * 2]).unwrap());
        decoded.push(b'\n');
    }
    decoded
}

/// Digits as they are without what people put between them.
fn without_separators(bytes: &[u8]) -> Vec<u8> {
    bytes
        .iter()
        .copied()
        .filter(|b| !b" -._()/".contains(b))
        .collect()
}

#[test]
fn a_leak_is_found_in_whatever_form() {
    let canary = |name: &str, text: &str| Canary {
        name: name.to_owned(),
        text: text.to_owned(),
    };
    let leaks = Leaks::of(vec![
        canary("name", "欧阳蔷薇珂"),
        canary("phone", "15473190462"),
        canary("code", "730519"),
    ]);
    let b64 = |text: &str| base64::engine::general_purpose::STANDARD.encode(text);
    let wide = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let carriers: [Vec<u8>; 16] = [
        "name=欧阳蔷薇珂;".into(),
        "phone 15473190462".into(),
        "+86 154-7319-0462".into(),
        "154 7319 0462".into(),
        "26409137451".into(),
        hex::encode("call 15473190462").into(),
        hex::encode_upper("欧阳蔷薇珂").into(),
        format!("\\x00{}", hex::encode(b64("tel:15473190462"))).into(),
        b64("15473190462").into(),
        b64("x15473190462y").into(),
        b64("xy15473190462z").into(),
        wide("欧阳蔷薇珂"),
        encoding_rs::GB18030.encode("欧阳蔷薇珂").0.into_owned(),
        "%E6%AC%A7%E9%98%B3%E8%94%B7%E8%96%87%E7%8F%82".into(),
        r"\u6b27\u9633\u8537\u8587\u73c2".into(),
        "your code is 730519, hurry".into(),
    ];
    for bytes in &carriers {
        assert!(
            !leaks.find("here", bytes).is_empty(),
            "{}",
            String::from_utf8_lossy(bytes)
        );
    }
    for clean in [
        "欧阳",
        "1547319 and 0462",
        "2026-11-22 04:00:00.730519+00",
        "a730519b",
        "154****0462",
    ] {
        assert_eq!(
            leaks.find("here", clean.as_bytes()),
            Vec::<String>::new(),
            "{clean}"
        );
    }
}
