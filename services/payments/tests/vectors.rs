//! The adapter against what other implementations signed and sealed. Each file
//! names where it comes from; the keys in them are published test keys.

#![cfg(test)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use kernel::Timestamp;
use payments::channel::NoticeRefusal;
use payments::channel::wechat::keys::{Key, MerchantKey, PlatformKeys};
use payments::channel::wechat::resource::{Resource, ResourceKey};
use payments::channel::wechat::signature::{self, Signing};
use serde_json::Value;

fn vector(name: &str) -> Value {
    let path = format!("{}/vectors/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field}"))
}

fn cases(vector: &Value) -> &[Value] {
    let cases = vector["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
}

#[test]
fn our_signature_is_the_official_go_sdks() {
    let vector = vector("wx-go-01-rsa-sign");
    let key = MerchantKey::from_pem(text(&vector, "private_key_pem")).unwrap();
    let signature = STANDARD.encode(key.sign(text(&vector, "message").as_bytes()).unwrap());
    assert_eq!(signature, text(&vector, "signature_b64"));
}

#[test]
fn a_public_key_tells_the_official_go_sdks_signature_from_others() {
    let vector = vector("wx-go-02-pubkey-verify");
    let key = Key::from_pem("vector", text(&vector, "public_key_pem")).unwrap();
    for case in cases(&vector) {
        let signature = STANDARD.decode(text(case, "signature_b64"));
        let holds = signature.is_ok_and(|s| key.holds(text(case, "message").as_bytes(), &s));
        assert_eq!(holds, case["valid"].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn what_is_signed_of_a_request_is_the_official_go_sdks_text() {
    let vector = vector("wx-go-05-canonical-request");
    for case in cases(&vector) {
        let message = signature::request_message(
            text(case, "method"),
            text(case, "url"),
            vector["timestamp"].as_i64().unwrap(),
            text(&vector, "nonce"),
            text(case, "body"),
        );
        assert_eq!(message, text(case, "canonical"));
    }
}

#[test]
fn the_authorization_header_is_that_of_the_widely_used_php_sdk() {
    let vector = vector("wx-yansongda-01-authorization");
    let key = MerchantKey::from_pem(text(&vector, "private_key_pem")).unwrap();
    let canonical = text(&vector, "canonical");
    let mut lines = canonical.splitn(5, '\n');
    let (method, target) = (lines.next().unwrap(), lines.next().unwrap());
    let body = lines.nth(2).unwrap().strip_suffix('\n').unwrap();
    let who = Signing {
        mchid: text(&vector, "mchid"),
        serial: text(&vector, "serial_no"),
        timestamp: vector["timestamp"].as_i64().unwrap(),
        nonce: text(&vector, "nonce"),
    };
    let header = signature::authorization(&key, who, method, target, body).unwrap();
    assert_eq!(header, text(&vector, "authorization"));
}

#[test]
fn resources_sealed_by_the_official_java_sdk_open_and_changed_ones_do_not() {
    for case in cases(&vector("wx-java-02-aes-256-gcm")) {
        let key = ResourceKey::from_text(text(case, "key_utf8")).unwrap();
        let opened = key.open(
            text(case, "nonce_utf8"),
            text(case, "aad_utf8"),
            text(case, "ciphertext_b64"),
        );
        let expected = case["valid"]
            .as_bool()
            .unwrap()
            .then(|| text(case, "plaintext").as_bytes().to_vec());
        assert_eq!(opened, expected, "{case}");
    }
}

/// The official Go test seals with 16 characters; an APIv3 key has 32.
#[test]
fn a_key_of_sixteen_characters_is_no_api_v3_key() {
    for case in cases(&vector("wx-go-04-aes-gcm")) {
        assert!(ResourceKey::from_text(text(case, "key_utf8")).is_none());
    }
}

/// These were sealed with a nonce of 16 bytes on purpose; the protocol has 12.
#[test]
fn a_nonce_that_is_not_twelve_bytes_is_refused() {
    for case in cases(&vector("wx-axios-01-aes-256-gcm")) {
        let key = ResourceKey::from_text(text(case, "key_utf8")).unwrap();
        assert_eq!(
            key.open(
                text(case, "nonce_utf8"),
                text(case, "aad_utf8"),
                text(case, "ciphertext_b64")
            ),
            None
        );
    }
}

#[test]
fn a_callback_kept_by_the_php_sdk_is_proved_by_its_certificate() {
    let vector = vector("wx-yansongda-02-notify");
    let mut headers = HeaderMap::new();
    for (name, value) in vector["headers"].as_object().unwrap() {
        headers.insert(
            http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
            value.as_str().unwrap().parse().unwrap(),
        );
    }
    let serial = text(&vector["headers"], "Wechatpay-Serial");
    let mut keys = PlatformKeys::default();
    keys.insert(
        serial,
        Key::from_pem(serial, text(&vector, "platform_certificate_pem")).unwrap(),
    );
    let body = text(&vector, "body");
    let sent = Timestamp::from_timestamp(
        text(&vector["headers"], "Wechatpay-Timestamp").parse().unwrap(),
        0,
    )
    .unwrap();

    assert_eq!(signature::verify(&keys, &headers, body.as_bytes(), sent), Ok(()));
    let changed = body.replacen("resource", "resourcE", 1);
    assert_eq!(
        signature::verify(&keys, &headers, changed.as_bytes(), sent),
        Err(NoticeRefusal::BadSignature)
    );
    let late = sent + std::time::Duration::from_secs(301);
    assert_eq!(
        signature::verify(&keys, &headers, body.as_bytes(), late),
        Err(NoticeRefusal::Stale)
    );
    assert_eq!(
        signature::verify(&PlatformKeys::default(), &headers, body.as_bytes(), sent),
        Err(NoticeRefusal::UnknownKey)
    );
}

#[test]
fn the_resource_of_the_php_sdks_callback_opens_with_its_key() {
    let vector = vector("wx-yansongda-02-notify");
    let envelope: Value = serde_json::from_str(text(&vector, "body")).unwrap();
    let resource: Resource = serde_json::from_value(envelope["resource"].clone()).unwrap();
    let key = ResourceKey::from_text(text(&vector, "api_v3_key_utf8")).unwrap();
    assert_eq!(resource.open(&key).unwrap(), text(&vector, "expected_plaintext"));
}

#[test]
fn a_signature_that_begins_as_a_probe_is_refused_as_one() {
    let vector = vector("wx-yansongda-02-notify");
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("wechatpay-signature", "WECHATPAY/SIGNTEST/aGVsbG8="),
        (
            "wechatpay-timestamp",
            text(&vector["headers"], "Wechatpay-Timestamp"),
        ),
        ("wechatpay-nonce", "n"),
        ("wechatpay-serial", "45F59D4DABF31918AFCEC556D5D2C6E376675D57"),
    ] {
        headers.insert(name, value.parse().unwrap());
    }
    let sent = Timestamp::from_timestamp(1_626_444_144, 0).unwrap();
    assert_eq!(
        signature::verify(&PlatformKeys::default(), &headers, b"{}", sent),
        Err(NoticeRefusal::Probe)
    );
}

/// Published with a signature but without the key: only the layout of the text
/// can be compared, and both strings end each line, the last too.
#[test]
fn every_line_that_is_signed_ends_in_a_line_feed() {
    let vector = vector("wx-skills-01-paysign-nokey");
    let message = signature::answer_message(text(&vector, "timestamp"), text(&vector, "nonce"), b"body");
    let lines: Vec<&str> = text(&vector, "jsapi_canonical").split_terminator('\n').collect();
    assert_eq!(lines[1], text(&vector, "timestamp"));
    assert_eq!(lines[2], text(&vector, "nonce"));
    assert!(text(&vector, "jsapi_canonical").ends_with('\n') && message.ends_with(b"\n"));
    assert_eq!(
        message,
        format!("{}\n{}\nbody\n", lines[1], lines[2]).into_bytes()
    );
}
