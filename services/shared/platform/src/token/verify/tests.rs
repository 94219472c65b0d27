use std::time::Duration;

use kernel::{NodeId, PersonId};
use proptest::prelude::*;
use proto::studio::access::v1::Role;
use serde_json::{Value, json};

use super::super::{Grant, GrantNode, PersonKind, Signer, generate_keys};
use super::*;

struct House {
    people: Signer,
    orders: Signer,
    verifier: Verifier,
}

fn house() -> House {
    let (people, orders) = (generate_keys().unwrap(), generate_keys().unwrap());
    let keys = [
        ("person".to_owned(), people.public_pem),
        ("orders".to_owned(), orders.public_pem),
    ];
    House {
        people: Signer::from_pem("person", &people.private_pem).unwrap(),
        orders: Signer::from_pem("orders", &orders.private_pem).unwrap(),
        verifier: Verifier::new("studio", keys).unwrap(),
    }
}

fn wu() -> PersonToken {
    PersonToken {
        account: "wu".to_owned(),
        person: PersonId::fresh(),
        kind: PersonKind::Staff,
        grants: vec![
            Grant {
                role: Role::FrontDesk,
                node: GrantNode::Node(NodeId::fresh()),
            },
            Grant {
                role: Role::Reviewer,
                node: GrantNode::All,
            },
        ],
    }
}

fn claims() -> Value {
    let now = super::super::now();
    json!({
        "iss": "studio", "sub": "wu", "aud": "platform", "exp": now + 60, "nbf": now, "iat": now,
        "jti": kernel::fresh_uuid(), "person": PersonId::fresh(), "kind": "staff", "grants": [],
    })
}

#[test]
fn a_persons_token_survives_the_way_there_and_back() {
    let house = house();
    let wu = wu();
    let token = house
        .people
        .person("studio", &wu, Duration::from_mins(15))
        .unwrap();
    assert_eq!(house.verifier.person(&token), Ok(wu));
}

#[test]
fn a_token_that_was_good_stays_who_it_was_for() {
    let house = house();
    let token = house.orders.service(Duration::from_mins(5)).unwrap();
    for _ in 0..2 {
        assert_eq!(house.verifier.service(&token), Ok("orders".to_owned()));
        assert!(house.verifier.person(&token).is_err());
    }
    let wu = wu();
    let token = house
        .people
        .person("studio", &wu, Duration::from_mins(15))
        .unwrap();
    for _ in 0..2 {
        assert_eq!(house.verifier.person(&token), Ok(wu.clone()));
        assert!(house.verifier.service(&token).is_err());
    }
}

#[test]
fn a_services_token_names_the_service() {
    let house = house();
    let token = house.orders.service(Duration::from_mins(5)).unwrap();
    assert_eq!(house.verifier.service(&token), Ok("orders".to_owned()));
}

#[test]
fn a_service_cannot_sign_a_person_nor_another_service() {
    let house = house();
    let token = house
        .orders
        .person("studio", &wu(), Duration::from_mins(15))
        .unwrap();
    assert_eq!(house.verifier.person(&token), Err(BadToken::UnknownKey));
    let mut claims = claims();
    claims["iss"] = json!("orders");
    claims["sub"] = json!("wallet");
    assert_eq!(
        house.verifier.service(&house.orders.sign(&claims).unwrap()),
        Err(BadToken::Foreign)
    );
}

#[test]
fn a_persons_token_is_no_services_token() {
    let house = house();
    let token = house
        .people
        .person("studio", &wu(), Duration::from_mins(15))
        .unwrap();
    assert_eq!(house.verifier.service(&token), Err(BadToken::UnknownKey));
}

#[test]
fn an_expired_token_is_refused() {
    let house = house();
    let mut claims = claims();
    claims["exp"] = json!(super::super::now() - 60);
    assert_eq!(
        house.verifier.person(&house.people.sign(&claims).unwrap()),
        Err(BadToken::Expired)
    );
}

#[test]
fn a_token_for_somebody_else_is_refused() {
    let house = house();
    for (claim, value) in [("aud", "elsewhere"), ("iss", "elsewhere")] {
        let mut claims = claims();
        claims[claim] = json!(value);
        assert_eq!(
            house.verifier.person(&house.people.sign(&claims).unwrap()),
            Err(BadToken::Foreign),
            "{claim}"
        );
    }
}

#[test]
fn a_token_that_is_not_valid_yet_is_refused() {
    let house = house();
    let mut claims = claims();
    claims["nbf"] = json!(super::super::now() + 60);
    assert_eq!(
        house.verifier.person(&house.people.sign(&claims).unwrap()),
        Err(BadToken::Foreign)
    );
}

#[test]
fn a_time_given_as_text_is_refused() {
    let house = house();
    for claim in ["exp", "nbf", "iat"] {
        let mut claims = claims();
        claims[claim] = json!("99999999999");
        assert!(
            house
                .verifier
                .person(&house.people.sign(&claims).unwrap())
                .is_err(),
            "{claim}"
        );
    }
}

#[test]
fn every_claim_is_needed() {
    let house = house();
    assert!(
        house
            .verifier
            .person(&house.people.sign(&claims()).unwrap())
            .is_ok()
    );
    for claim in [
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "person", "kind", "grants",
    ] {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(claim);
        assert!(
            house
                .verifier
                .person(&house.people.sign(&claims).unwrap())
                .is_err(),
            "{claim}"
        );
    }
}

#[test]
fn a_token_by_another_key_of_the_same_name_is_refused() {
    let house = house();
    let other = Signer::from_pem("person", &generate_keys().unwrap().private_pem).unwrap();
    assert_eq!(
        house.verifier.person(&other.sign(&claims()).unwrap()),
        Err(BadToken::UnknownKey)
    );
}

#[test]
fn another_algorithm_is_refused_whatever_its_key() {
    let house = house();
    let header = jsonwebtoken::Header {
        kid: Some("person".to_owned()),
        ..jsonwebtoken::Header::default()
    };
    let key = jsonwebtoken::EncodingKey::from_secret(b"public key as a secret");
    let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
    assert!(house.verifier.person(&token).is_err());
}

fn anything() -> impl Strategy<Value = Value> {
    let one = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,40}".prop_map(Value::from),
    ];
    one.prop_recursive(4, 20, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map("[a-z]{1,6}", inner, 0..5).prop_map(Value::from_iter),
        ]
    })
}

proptest! {
    #[test]
    fn no_text_passes_for_a_token(text in "\\PC{0,80}(\\.[A-Za-z0-9_=-]{0,60}){0,4}") {
        let house = house();
        prop_assert!(house.verifier.person(&text).is_err());
        prop_assert!(house.verifier.service(&text).is_err());
    }

    #[test]
    fn any_changed_character_of_a_token_is_noticed(at: prop::sample::Index, to in "[A-Za-z0-9_.=-]") {
        let house = house();
        let mut token = house.people.sign(&claims()).unwrap();
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != to);
        token.replace_range(at..=at, &to);
        prop_assert!(house.verifier.person(&token).is_err());
    }

    #[test]
    fn a_claim_of_any_shape_is_read_or_refused(
        claim in prop::sample::select(vec!["iss", "sub", "aud", "exp", "nbf", "iat", "jti", "person", "kind", "grants"]),
        value in anything(),
    ) {
        let house = house();
        let mut claims = claims();
        claims[claim] = value;
        let read = house.verifier.person(&house.people.sign(&claims).unwrap());
        prop_assert!(read.is_err() || ["sub", "nbf", "exp", "iat", "jti", "grants"].contains(&claim));
    }
}
