//! The bills of a day: an address that Alipay signs, good for half a minute,
//! and an archive there that nobody signs.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{doubtful, garbled, told};
use crate::channel::alipay::{Alipay, archive};
use crate::channel::{Bill, BillKind, Outcome};

/// The largest archive that is fetched.
const MAX_ARCHIVE_BYTES: usize = 64 * 1024 * 1024;
/// Nothing happened that day.
const NONE: &str = "isp.bill_not_exist";

#[derive(Serialize)]
struct Request {
    bill_type: &'static str,
    bill_date: String,
}

#[derive(Deserialize)]
struct Reply {
    bill_download_url: String,
}

pub async fn fetch(account: &Alipay, day: NaiveDate, kind: BillKind) -> Outcome<Bill> {
    let request = Request {
        bill_type: match kind {
            BillKind::Trades => "trade",
            BillKind::Funds => "signcustomer",
        },
        bill_date: day.format("%Y-%m-%d").to_string(),
    };
    let method = "alipay.data.dataservice.bill.downloadurl.query";
    let answer = account.transport.call(method, &request).await;
    if answer.as_ref().is_ok_and(|answer| answer.sub_code == NONE) {
        return Outcome::NotFound;
    }
    match told(answer, |reply: Reply| Outcome::Succeeded(reply.bill_download_url)) {
        Outcome::Succeeded(address) => download(account, &address).await,
        Outcome::Pending => Outcome::Pending,
        Outcome::NotFound => garbled("no trade in place of a bill"),
        Outcome::Failed(failure) => Outcome::Failed(failure),
        Outcome::Unknown(why) => Outcome::Unknown(why),
        Outcome::NeedsPerson(word) => Outcome::NeedsPerson(word),
    }
}

async fn download(account: &Alipay, address: &str) -> Outcome<Bill> {
    let archive = match account.transport.fetch(address, MAX_ARCHIVE_BYTES).await {
        Ok(archive) => archive,
        Err(doubt) => return doubtful(&doubt),
    };
    match archive::detail(archive) {
        Ok(bytes) => Outcome::Succeeded(Bill {
            bytes,
            stated_digest: String::new(),
        }),
        Err(why) => garbled(&why.to_string()),
    }
}
