//! Bills of a day, made from the truth in the channel's own format, with
//! whatever differences they shall have.

mod funds;
pub mod trades;

use std::collections::HashMap;
use std::io::Write as _;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use chrono::NaiveDate;
use flate2::Compression;
use flate2::write::GzEncoder;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields::Problem;
use super::show::beijing;
use super::truth::Truth;

/// Which bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BillKind {
    Trades,
    Funds,
}

/// What is wrong with the bills of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BillScript {
    /// So many times it is still being made.
    pub not_ready: u32,
    /// There is none, whatever happened that day.
    pub none: bool,
    /// The digest is of other bytes.
    pub wrong_hash: bool,
    /// So many addresses have expired before they are used.
    pub expired_addresses: u32,
    pub differences: Vec<Difference>,
}

/// How a trade bill differs from what happened. A row is named by our number of
/// its order or refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Difference {
    Missing {
        number: String,
    },
    Twice {
        number: String,
    },
    /// The amount is off by so many fen.
    Amount {
        number: String,
        off_by: i64,
    },
    /// The fee is off by so many fen.
    Fee {
        number: String,
        off_by: i64,
    },
    State {
        number: String,
        state: String,
    },
    Merchant {
        number: String,
        mchid: String,
    },
    /// A payment that nobody made, of so many fen.
    Extra {
        number: String,
        amount: i64,
    },
}

/// The bills that are scripted and the addresses that were given out.
#[derive(Debug, Default)]
pub struct Bills {
    pub scripts: HashMap<(NaiveDate, BillKind), BillScript>,
    addresses: HashMap<String, Vec<u8>>,
}

/// What is asked for: the day and whether it shall be packed.
pub struct Wanted {
    pub day: NaiveDate,
    pub kind: BillKind,
    packed: bool,
}

impl Wanted {
    /// Reads the query as strictly as the protocol.
    pub fn read(kind: BillKind, query: &str) -> Result<Self, Problem> {
        let (mut day, mut packed) = (None, false);
        for part in query.split('&') {
            match (kind, part.split_once('=').unwrap_or((part, ""))) {
                (_, ("bill_date", text)) => day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok(),
                (BillKind::Trades, ("bill_type", "ALL")) | (BillKind::Funds, ("account_type", "BASIC")) => {}
                (_, ("tar_type", "GZIP")) => packed = true,
                _ => return Err(Problem::param(format!("{part} is none of its parameters"))),
            }
        }
        let day = day.ok_or_else(|| Problem::param("bill_date must be a day"))?;
        Ok(Self { day, kind, packed })
    }
}

impl Bills {
    /// The answer to who asks for a bill; `base` begins the address.
    pub fn ask(&mut self, wanted: &Wanted, truth: &Truth, mchid: &str, base: &str) -> Result<Value, Problem> {
        let script = self.scripts.entry((wanted.day, wanted.kind)).or_default();
        if script.not_ready > 0 {
            script.not_ready -= 1;
            return Err(Problem::new(400, "STATEMENT_CREATING", "the bill is being made"));
        }
        let text = match wanted.kind {
            BillKind::Trades => trades::text(truth, wanted.day, mchid, &script.differences),
            BillKind::Funds => funds::text(truth, wanted.day),
        };
        let Some(text) = text.filter(|_| !script.none) else {
            return Err(Problem::new(
                400,
                "NO_STATEMENT_EXIST",
                "there is no bill of that day",
            ));
        };
        let mut digest = digest_of(text.as_bytes());
        if script.wrong_hash {
            digest = digest.chars().rev().collect();
        }
        let token = super::nonce(32);
        if script.expired_addresses > 0 {
            script.expired_addresses -= 1;
        } else {
            let bytes = text.into_bytes();
            let file = if wanted.packed { pack(&bytes)? } else { bytes };
            self.addresses.insert(token.clone(), file);
        }
        Ok(json!({
            "hash_type": "SHA1",
            "hash_value": digest,
            "download_url": format!("{base}/v3/billdownload/file?token={token}"),
        }))
    }

    /// The file behind an address.
    pub fn download(&self, query: &str) -> Option<Vec<u8>> {
        self.addresses.get(query.strip_prefix("token=")?).cloned()
    }
}

/// The digest that is stated of a bill, over what is not packed.
pub fn digest_of(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

fn pack(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
    packer
        .write_all(bytes)
        .and_then(|()| packer.finish())
        .map_err(|_| Problem::new(500, "SYSTEM_ERROR", "the bill cannot be packed"))
}

/// Rows as the channel writes them: a mark, the heads, the rows with a back-quote
/// before each field, and the sums.
pub fn csv(heads: &str, rows: &[Vec<String>], sum_heads: &str, sums: &[String]) -> String {
    let line = |fields: &[String]| {
        let quoted: Vec<String> = fields.iter().map(|f| format!("`{f}")).collect();
        quoted.join(",")
    };
    let mut text = format!("\u{feff}{heads}\r\n");
    for row in rows {
        text.push_str(&line(row));
        text.push_str("\r\n");
    }
    format!("{text}{sum_heads}\r\n{}\r\n", line(sums))
}

/// Fen as yuan.
fn yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", fen.abs() / 100, fen.abs() % 100)
}

/// What the channel keeps of an amount: 0.60 %, to the fen.
fn fee(fen: i64) -> i64 {
    (fen * 60 + 5_000) / 10_000
}

fn is_of(at: Timestamp, day: NaiveDate) -> bool {
    at.with_timezone(&beijing()).date_naive() == day
}

fn time(at: Timestamp) -> String {
    at.with_timezone(&beijing())
        .format("%Y-%m-%d %H:%M:%S")
        .to_string()
}
