//! The harness itself: what is wrong is told as wrong.

use std::path::Path;

use serde_json::Value;

use crate::file::{Held, Vector};
use crate::{check, files, run};

fn vectors() -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let read = |path: &Path| serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    files(&folder)
        .unwrap()
        .iter()
        .map(|path| (path.display().to_string(), read(path)))
        .collect()
}

fn held(value: &Value) -> anyhow::Result<Held> {
    check(&Vector::parse(&value.to_string()).unwrap())
}

/// Another text of the same form.
fn change(text: &str) -> String {
    let at = text.len() / 3;
    let at = (at..text.len())
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0);
    let (head, tail) = text.split_at(at);
    let first = tail.chars().next().unwrap_or('A');
    let other = if first == 'B' { 'C' } else { 'B' };
    format!("{head}{other}{}", tail.chars().skip(1).collect::<String>())
}

/// What is published of each kind, for which our own must not be taken.
const PUBLISHED: [&str; 12] = [
    "signature_b64",
    "sign",
    "canonical",
    "authorization",
    "jsapi_canonical",
    "app_canonical",
    "ciphertext_b64",
    "plaintext",
    "expected_plaintext",
    "expected_serial",
    "expected_certificate_pem",
    "message",
];

#[test]
fn a_file_that_is_changed_anywhere_no_longer_holds() {
    let mut changed = 0;
    for (name, whole) in vectors() {
        held(&whole).unwrap();
        let cases = whole["cases"].as_array().map_or(0, Vec::len);
        for field in PUBLISHED {
            for case in (0..cases).map(Some).chain([None]) {
                let mut file = whole.clone();
                let at = match case {
                    Some(case) => &mut file["cases"][case],
                    None => &mut file,
                };
                let Some(text) = at.get(field).and_then(Value::as_str).map(str::to_owned) else {
                    continue;
                };
                if at["valid"] == false
                    || at["verification"]["result"] == "UNVERIFIABLE" && field.ends_with("_b64")
                {
                    continue;
                }
                at[field] = Value::from(change(&text));
                assert!(held(&file).is_err(), "{name}: {field} of case {case:?}");
                changed += 1;
            }
        }
    }
    assert!(changed > 20, "{changed}");
}

#[test]
fn a_case_that_must_not_hold_fails_when_it_does() {
    let mut turned = 0;
    for (name, whole) in vectors() {
        held(&whole).unwrap();
        for case in 0..whole["cases"].as_array().map_or(0, Vec::len) {
            let mut file = whole.clone();
            let Some(valid) = file["cases"][case]["valid"].as_bool() else {
                continue;
            };
            file["cases"][case]["valid"] = Value::from(!valid);
            assert!(held(&file).is_err(), "{name}: case {case}");
            turned += 1;
        }
    }
    assert!(turned > 5, "{turned}");
}

#[test]
fn what_is_no_vector_is_told_in_one_line() {
    let told = |text: &str| format!("{:#}", Vector::parse(text).and_then(|v| check(&v)).unwrap_err());
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
            "case 1: no text key_utf8",
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
    assert!(run(&folder, |_| {}).is_err());
    std::fs::write(folder.join("a.json"), "{").unwrap();
    let [(_, ok), ..] = &vectors()[..] else {
        panic!("no vector")
    };
    drop(std::fs::write(folder.join("b.json"), ok.to_string()));
    let mut lines = Vec::new();
    let failed = run(&folder, |line| lines.push(line)).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((failed, lines.len()), (1, 2));
    assert!(lines[0].starts_with("a.json: failed: no JSON"), "{lines:?}");
}

#[test]
fn a_bill_whose_figures_are_others_does_not_hold() {
    let mut turned = 0;
    for (name, whole) in vectors().into_iter().filter(|(_, v)| v["kind"] == "bill_csv") {
        for figure in ["rows", "detail_rows", "trades", "refunds"] {
            let mut file = whole.clone();
            if let Some(count) = file["expected"][figure].as_i64() {
                file["expected"][figure] = Value::from(count + 1);
                assert!(held(&file).is_err(), "{name}: {figure}");
                turned += 1;
            }
        }
        let mut file = whole;
        file["expected"] = serde_json::json!({});
        assert!(held(&file).is_err(), "{name}: nothing");
    }
    assert!(turned >= 4, "{turned}");
}
