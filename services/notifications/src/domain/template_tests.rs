use super::*;
use kernel::Clock;

use crate::domain::fill::Value;

fn example(name: &str) -> Value {
    match name {
        "amount" | "balance" => Value::Money(9_900),
        "at" | "valid_until" | "accept_by" | "pay_by" | "respond_by" | "due_at" => Value::Time(Clock::real()),
        "method" => Value::Word("wechat_native".to_owned()),
        "type" => Value::Word("duplicate_charge".to_owned()),
        "anomaly" => Value::Word("anomaly_other".to_owned()),
        "remedy" => Value::Word("send_back".to_owned()),
        "cause" => Value::Word("wrong_amount".to_owned()),
        ORDER_REASON => Value::Word(SEE_ORDER.to_owned()),
        "advice" => Value::Word("apply_again".to_owned()),
        "money" => Value::Word("money_returns".to_owned()),
        "left" => Value::Uses(Some(3)),
        "validity" => Value::Word("validity_at_first_visit".to_owned()),
        "benefits" => Value::Benefits(vec![("团课".to_owned(), None)]),
        _ => Value::Text(format!("<{name}>")),
    }
}

#[test]
fn every_template_can_be_written_in_every_language() {
    let templates = Templates::read().unwrap();
    for template in templates.iter() {
        let mut fill = Fill::default();
        for name in template.wants() {
            fill = fill.with(name, example(name));
        }
        if template.carries_code {
            fill = fill.text(CODE, "123456");
        }
        for language in Language::ALL {
            let text = templates.write(
                template.name,
                language,
                &fill,
                Some(("国贸馆", chrono_tz::Asia::Shanghai)),
            );
            let text = text.unwrap_or_else(|e| panic!("{}: {e}", template.name));
            assert!(
                !text.subject.is_empty() && !text.body.is_empty(),
                "{}",
                template.name
            );
            assert!(
                !text.subject.contains('{') && !text.body.contains('{'),
                "{}",
                template.name
            );
        }
    }
}

#[test]
fn every_template_file_is_part_of_the_program() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/templates");
    let on_disk: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| {
            entry
                .unwrap()
                .path()
                .file_stem()
                .map(|s| s.to_string_lossy().into_owned())
        })
        .filter(|name| name != "words")
        .collect();
    let embedded: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(on_disk, embedded);
}

#[test]
fn a_code_goes_by_mail_and_nowhere_else() {
    let templates = Templates::read().unwrap();
    let with_codes: Vec<&str> = templates
        .iter()
        .filter(|t| t.carries_code)
        .map(|t| t.name)
        .collect();
    assert_eq!(with_codes, ["activation_code", "sign_in_code"]);
    let in_app = "channels = [\"email\", \"in_app\"]\ncode = true\n[zh-CN]\nsubject = \"a\"\nbody = \"{code}\"\n[en]\nsubject = \"a\"\nbody = \"{code}\"\n";
    assert!(matches!(
        Template::read("bad", in_app),
        Err(BadTemplate::Contradicts(..))
    ));
}

#[test]
fn languages_that_want_different_values_stop_the_start() {
    let file = "channels = [\"email\"]\n[zh-CN]\nsubject = \"{a}\"\nbody = \"x\"\n[en]\nsubject = \"b\"\nbody = \"x\"\n";
    assert!(matches!(
        Template::read("bad", file),
        Err(BadTemplate::Contradicts(..))
    ));
}

#[test]
fn a_value_in_braces_is_not_filled_again() {
    let text = substitute("{a} and {b}", |name| {
        Some(if name == "a" {
            "{b}".to_owned()
        } else {
            "two".to_owned()
        })
    });
    assert_eq!(text, Ok("{b} and two".to_owned()));
}

#[test]
fn a_missing_value_is_named() {
    let templates = Templates::read().unwrap();
    let template = templates.get("receipt_issued").unwrap();
    let fill = Fill::default().text("receipt_number", "R-1");
    assert_eq!(template.missing(&fill), Some("amount"));
    let error = templates
        .write("receipt_issued", Language::En, &fill, None)
        .unwrap_err();
    assert_eq!(error, CannotSay::Missing("receipt_issued", "amount".to_owned()));
}
