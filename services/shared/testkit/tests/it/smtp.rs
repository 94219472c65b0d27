use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use lettre::message::{MultiPart, header::ContentType};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use serde_json::Value;
use testkit::smtp::{Refusal, Sink};

const ANYWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

async fn sink() -> Sink {
    Sink::start(ANYWHERE, ANYWHERE).await.unwrap()
}

fn sender(sink: &Sink) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(sink.smtp_address().port())
        .build()
}

fn mail(to: &str, subject: &str, body: &str) -> Message {
    let mail = Message::builder()
        .from("studio@example.com".parse().unwrap())
        .to(to.parse().unwrap());
    mail.subject(subject)
        .header(ContentType::TEXT_PLAIN)
        .body(body.to_owned())
        .unwrap()
}

#[tokio::test]
async fn a_chinese_mail_sent_by_a_real_client_reads_as_it_was_written() {
    let sink = sink().await;
    let body = "您的验证码是 483920。\n.一行以点开头\n..两点\n.\n完";
    sender(&sink)
        .send(mail("lin@example.com", "激活年卡：验证码", body))
        .await
        .unwrap();
    let mails = sink.to("LIN@example.com");
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].subject, "激活年卡：验证码");
    assert_eq!(mails[0].text.trim_end(), body);
    assert_eq!(mails[0].from, "studio@example.com");
    assert_eq!(mails[0].code(6).as_deref(), Some("483920"));
}

#[tokio::test]
async fn a_mail_with_text_and_html_shows_both() {
    let sink = sink().await;
    let mail = Message::builder()
        .from("studio@example.com".parse().unwrap())
        .to("lin@example.com".parse().unwrap())
        .subject("a")
        .multipart(MultiPart::alternative_plain_html(
            "纯文本".to_owned(),
            "<p>网页</p>".to_owned(),
        ))
        .unwrap();
    sender(&sink).send(mail).await.unwrap();
    let kept = sink.mails().remove(0);
    assert_eq!(kept.text.trim_end(), "纯文本");
    assert_eq!(kept.html.as_deref().map(str::trim_end), Some("<p>网页</p>"));
}

#[tokio::test]
async fn somebody_who_waits_gets_the_mail_when_it_comes() {
    let sink = sink().await;
    let waiting = sink.wait("lin@example.com", 0, Duration::from_secs(10), |m| {
        m.subject == "second"
    });
    let sending = async {
        let sender = sender(&sink);
        for subject in ["first", "second"] {
            sender.send(mail("lin@example.com", subject, "x")).await.unwrap();
        }
    };
    let (found, ()) = tokio::join!(waiting, sending);
    assert_eq!(found.unwrap().id, 2);
    let none = sink
        .wait("wu@example.com", 0, Duration::from_millis(50), |_| true)
        .await;
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_recipient_can_be_turned_away_for_a_while() {
    let sink = sink().await;
    sink.refuse(Refusal {
        to: "lin@example.com".to_owned(),
        code: 451,
        times: 1,
    });
    let sender = sender(&sink);
    let refused = sender.send(mail("lin@example.com", "a", "x")).await.unwrap_err();
    assert!(refused.is_transient());
    sender.send(mail("lin@example.com", "a", "x")).await.unwrap();
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn mails_are_shown_over_http() {
    let sink = sink().await;
    sender(&sink)
        .send(mail("lin@example.com", "收据", "¥99.00"))
        .await
        .unwrap();
    let get = async |path: &str| {
        reqwest::get(format!("http://{}{path}", sink.http_address()))
            .await
            .unwrap()
    };
    let list: Value = get("/mails?to=lin@example.com").await.json().await.unwrap();
    assert_eq!(list["mails"][0]["subject"], "收据");
    let one: Value = get("/mails/1").await.json().await.unwrap();
    assert_eq!(one["to"][0], "lin@example.com");
    let waited: Value = get("/wait?to=lin@example.com&timeout_ms=100")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(waited["id"], 1);
    assert_eq!(get("/wait?to=wu@example.com&timeout_ms=10").await.status(), 404);
    assert!(get("/").await.text().await.unwrap().contains("<title>"));
}
