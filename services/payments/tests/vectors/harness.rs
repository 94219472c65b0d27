//! The harness itself: what is wrong is told as wrong.

use serde_json::Value;
use testkit::vectors::{self, Vector, altered};

use crate::checks;

#[test]
fn no_altered_vector_holds() {
    let (copies, held) = altered::that_hold(&vectors::ours(), checks).unwrap();
    assert!(copies > 300, "{copies}");
    assert_eq!(held, [""; 0]);
}

#[test]
fn every_vector_holds_in_its_other_forms() {
    let (forms, failed) = altered::other_forms_that_fail(&vectors::ours(), checks).unwrap();
    assert!(forms > 100, "{forms}");
    assert_eq!(failed, [""; 0]);
}

#[test]
fn what_is_no_vector_is_told_in_one_line() {
    let told = |text: &str| {
        let checked = Vector::parse(text).and_then(|vector| vectors::check(checks, &vector));
        format!("{:#}", checked.unwrap_err())
    };
    for (text, why) in [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        (r#"{"kind":"aes_gcm"}"#, "no text channel"),
        (r#"{"channel":"wechat"}"#, "no text kind"),
        (
            r#"{"channel":"wechat","kind":"new"}"#,
            "unknown kind new of channel wechat",
        ),
        (
            r#"{"channel":"telepathy","kind":"new"}"#,
            "unknown kind new of channel telepathy",
        ),
        (r#"{"channel":"wechat","kind":"aes_gcm","cases":[]}"#, "no case"),
        (
            r#"{"channel":"wechat","kind":"aes_gcm","cases":7}"#,
            "cases is no list",
        ),
        (
            r#"{"channel":"wechat","kind":"aes_gcm","cases":[{}]}"#,
            "case 1: no key",
        ),
        (r#"{"channel":"wechat-v2","kind":"v2_md5_sign"}"#, "no params"),
    ] {
        let told = told(text);
        assert!(told.starts_with(why) && !told.contains('\n'), "{text}: {told}");
    }
}

#[test]
fn a_folder_is_told_file_by_file_and_without_files_refused() {
    let folder = std::env::temp_dir().join(format!("vectors-{}", kernel::fresh_uuid()));
    std::fs::create_dir(&folder).unwrap();
    assert!(vectors::run(&folder, checks, |_| {}).is_err());
    std::fs::write(folder.join("a.json"), "{").unwrap();
    let ours = vectors::files(&vectors::ours()).unwrap();
    std::fs::copy(&ours[0], folder.join("b.json")).unwrap();
    let mut lines = Vec::new();
    let failed = vectors::run(&folder, checks, |line| lines.push(line)).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((failed, lines.len()), (1, 2));
    assert!(lines[0].starts_with("a.json: failed: no JSON"), "{lines:?}");
}

#[test]
fn a_bill_of_which_nothing_is_stated_does_not_hold() {
    let mut bills = 0;
    for path in vectors::files(&vectors::ours()).unwrap() {
        let mut file: Value = vectors::read(&path).unwrap().value().clone();
        if file["kind"] == "bill_csv" {
            file["expected"] = serde_json::json!({});
            assert!(vectors::check(checks, &Vector::of(file).unwrap()).is_err());
            bills += 1;
        }
    }
    assert_eq!(bills, 2);
}
