//! Bills: asked for, fetched at once since their address lives for minutes, and
//! believed only by the digest that the signed answer stated.

use std::io::Read as _;

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use chrono::NaiveDate;
use flate2::read::MultiGzDecoder;
use serde::Deserialize;

use super::{doubtful, garbled, told};
use crate::channel::wechat::WeChat;
use crate::channel::{Bill, BillKind, Outcome};

/// How often an address is asked for in all, when one expired before it was used.
const ASKS: usize = 2;
/// The most that one bill may unpack to.
const MAX_BILL_BYTES: u64 = 512 * 1024 * 1024;

#[derive(Deserialize)]
struct Reply {
    hash_type: String,
    hash_value: String,
    download_url: String,
}

pub async fn fetch(account: &WeChat, day: NaiveDate, kind: BillKind) -> Outcome<Bill> {
    let target = match kind {
        BillKind::Trades => format!("/v3/bill/tradebill?bill_date={day}&bill_type=ALL&tar_type=GZIP"),
        BillKind::Funds => format!("/v3/bill/fundflowbill?bill_date={day}&account_type=BASIC&tar_type=GZIP"),
    };
    for _ in 0..ASKS {
        let answer = account.transport.get(&target).await;
        let reply = match told(answer, |body| match serde_json::from_slice::<Reply>(body) {
            Ok(reply) if reply.hash_type == "SHA1" => Outcome::Succeeded(reply),
            _ => garbled("bill"),
        }) {
            Outcome::Succeeded(reply) => reply,
            other => return other.without_value(),
        };
        match account.transport.download(&reply.download_url).await {
            Ok(Some(packed)) => return unpacked(packed, reply.hash_value).await,
            Ok(None) => {}
            Err(doubt) => return doubtful(&doubt),
        }
    }
    Outcome::Unknown("the address of the bill expired".to_owned())
}

async fn unpacked(packed: Vec<u8>, stated: String) -> Outcome<Bill> {
    let read = tokio::task::spawn_blocking(move || read(&packed, &stated, MAX_BILL_BYTES)).await;
    read.unwrap_or_else(|_| garbled("a bill"))
}

/// Unpacks at most `limit` bytes, and compares the digest of what was packed.
fn read(packed: &[u8], stated: &str, limit: u64) -> Outcome<Bill> {
    let mut bytes = Vec::new();
    let read = MultiGzDecoder::new(packed)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes);
    match read.map(u64::try_from) {
        Ok(Ok(length)) if length <= limit => {}
        Ok(_) => return Outcome::Unknown("the bill is larger than any".to_owned()),
        Err(_) => return garbled("a bill that cannot be unpacked"),
    }
    let found = digest_of(&bytes);
    if !found.eq_ignore_ascii_case(stated) {
        return Outcome::Unknown(format!("the bill's digest is {found} and not {stated}"));
    }
    Outcome::Succeeded(Bill {
        bytes,
        stated_digest: format!("sha1:{found}"),
    })
}

/// The digest that WeChat Pay states of a bill, over what is not packed.
pub fn digest_of(bytes: &[u8]) -> String {
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::fast());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    const ABC: &str = "a9993e364706816aba3e25717850c26c9cd0d89d";

    #[test]
    fn the_digest_is_over_what_was_packed() {
        let Outcome::Succeeded(bill) = read(&packed(b"abc"), &ABC.to_uppercase(), 3) else {
            panic!("it is a bill")
        };
        assert_eq!(
            (bill.bytes, bill.stated_digest),
            (b"abc".to_vec(), format!("sha1:{ABC}"))
        );
        assert!(matches!(read(&packed(b"abd"), ABC, 3), Outcome::Unknown(_)));
    }

    #[test]
    fn what_unpacks_to_more_than_the_limit_or_to_nothing_is_no_bill() {
        assert!(matches!(
            read(&packed(&[b'a'; 4096]), ABC, 3),
            Outcome::Unknown(_)
        ));
        assert!(matches!(read(b"abc", ABC, 3), Outcome::Unknown(_)));
        let whole = packed(b"abc");
        let (cut, _) = whole.split_at(whole.len() - 4);
        assert!(matches!(read(cut, ABC, 3), Outcome::Unknown(_)));
    }
}
