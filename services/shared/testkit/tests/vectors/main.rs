//! The simulators, on their own code, against what other implementations signed,
//! sealed and published: the folder that STUDIO_CHANNEL_VECTORS names, or ours.

#![cfg(test)]

mod alipay;
mod bills;
mod wechat;

use testkit::vectors::{self, Check, altered};

fn checks(channel: &str, kind: &str) -> Option<Check> {
    match channel {
        "wechat" => wechat::check(kind),
        "alipay" => alipay::check(kind),
        _ => None,
    }
}

#[test]
fn every_vector_of_the_folder_holds_on_the_simulators() {
    let failed = vectors::run(&vectors::folder(), checks, |line| println!("{line}")).unwrap();
    assert_eq!(failed, 0, "vectors that do not hold");
}

#[test]
fn no_altered_vector_holds_on_the_simulators() {
    let (copies, held) = altered::that_hold(&vectors::ours(), checks).unwrap();
    assert!(copies > 300, "{copies}");
    assert_eq!(held, [""; 0]);
}

#[test]
fn every_vector_holds_in_its_other_forms_on_the_simulators() {
    let (forms, failed) = altered::other_forms_that_fail(&vectors::ours(), checks).unwrap();
    assert!(forms > 100, "{forms}");
    assert_eq!(failed, [""; 0]);
}
