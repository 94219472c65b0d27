//! The simulator's own signatures against every vector of Alipay's in a folder:
//! the one that STUDIO_CHANNEL_VECTORS names, or that of payments.

use std::path::{Path, PathBuf};

use serde_json::Value;
use testkit::alipay::sign::{self, Pairs, SigningKey, checking_key};
use testkit::wechat::sign::CheckingKey;

fn folder() -> PathBuf {
    std::env::var_os("STUDIO_CHANNEL_VECTORS").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../payments/vectors"),
        PathBuf::from,
    )
}

/// The file's own field, or the one for all of its cases.
fn text<'a>(case: &'a Value, file: &'a Value, names: &[&str]) -> Option<&'a str> {
    let find = |value: &'a Value| names.iter().find_map(|name| value[*name].as_str());
    find(case).or_else(|| find(file))
}

fn key(case: &Value, file: &Value) -> CheckingKey {
    let names = [
        "alipay_public_key_b64_der",
        "alipay_public_key_pem_or_b64",
        "public_key_pem",
        "public_pem",
    ];
    checking_key(text(case, file, &names).expect("a public key")).expect("a sound public key")
}

fn pairs(case: &Value) -> Pairs {
    let params = case["params"].as_object().expect("params");
    params
        .iter()
        .map(|(name, value)| {
            (
                name.clone(),
                value.as_str().unwrap_or_default().as_bytes().to_vec(),
            )
        })
        .collect()
}

fn left_out(file: &Value) -> Vec<&str> {
    file["excluded_keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// None when the simulator has nothing to do with files of that kind.
fn holds(case: &Value, file: &Value) -> Option<bool> {
    let valid = case["valid"]
        .as_bool()
        .or(file["valid"].as_bool())
        .unwrap_or(true);
    Some(match file["kind"].as_str()? {
        "notify_verify" => {
            let (pairs, signature) = (pairs(case), case["params"]["sign"].as_str()?);
            let over_the_wire = sign::pairs(&sign::wire(&pairs)).expect("a form");
            let content = sign::text(&over_the_wire, &left_out(file));
            let stated = text(case, file, &["sign_content"]).is_none_or(|s| s.as_bytes() == content);
            stated && key(case, file).accepts(&content, signature) == valid
        }
        "request_sign" => {
            let content = sign::text(&pairs(case), &left_out(file));
            text(case, file, &["canonical"]).is_none_or(|s| s.as_bytes() == content)
        }
        "response_sign_content_extract" => {
            let found = sign::part(case["raw"].as_str()?, case["response_key"].as_str()?);
            found == case["expected_sign_content"].as_str()
        }
        "response_verify" if case["raw"].is_string() => {
            let raw = case["raw"].as_str()?;
            let whole: Value = serde_json::from_str(raw).expect("JSON");
            let content = sign::part(raw, case["response_key"].as_str()?)?;
            key(case, file).accepts(content.as_bytes(), whole["sign"].as_str()?) == valid
        }
        "key_forms" => {
            let signing = SigningKey::from_pem(case["private_pkcs8_pem"].as_str()?).expect("a key");
            let signature = signing.sign(b"a=1").expect("a signature");
            [case["public_pem"].as_str()?, case["public_b64"].as_str()?]
                .map(|form| {
                    checking_key(form)
                        .expect("a public key")
                        .accepts(b"a=1", &signature)
                })
                .into_iter()
                .all(|accepted| accepted)
        }
        _ => return None,
    })
}

#[test]
fn every_vector_of_alipay_holds_on_the_simulator() {
    let mut held = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(file) = serde_json::from_str::<Value>(&std::fs::read_to_string(&path).unwrap()) else {
            continue;
        };
        if file["channel"] != "alipay" {
            continue;
        }
        let whole = vec![file.clone()];
        for case in file["cases"].as_array().unwrap_or(&whole) {
            if let Some(holds) = holds(case, &file) {
                assert!(holds, "{}: {case}", path.display());
                held += 1;
            }
        }
    }
    println!("{held} cases of Alipay's held on the simulator");
}
