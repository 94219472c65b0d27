//! The adapters against what other implementations signed, sealed and
//! published: every file of a folder, by what it says of itself. The folder is
//! `vectors/`, or the one that STUDIO_CHANNEL_VECTORS names. Each file names where
//! it comes from; the keys in them are published test keys.

#![cfg(test)]

mod alipay;
mod bills;
mod harness;
mod wechat;

use testkit::vectors::{self, Check};

fn checks(channel: &str, kind: &str) -> Option<Check> {
    match channel {
        "wechat" => wechat::check(kind),
        "alipay" => alipay::check(kind),
        _ => None,
    }
}

#[test]
fn every_vector_of_the_folder_holds() {
    let failed = vectors::run(&vectors::folder(), checks, |line| println!("{line}")).unwrap();
    assert_eq!(failed, 0, "vectors that do not hold");
}
