//! A small merchant with an ear for callbacks.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use reqwest::Response;
use serde_json::{Value, json};
use testkit::house;
use testkit::wechat::sign::{CheckingKey, SigningKey, answer_text, decrypt, request_text};
use testkit::wechat::{Config, Simulator};

const NOTIFY: &str = "https://callbacks.studio.test/callbacks/wechat/studio";

pub struct Merchant {
    pub simulator: Simulator,
    key: SigningKey,
    platform: Arc<CheckingKey>,
    pub config: Config,
    /// Callbacks: whether the signature held, and the decrypted resource.
    heard: Arc<Mutex<Vec<(bool, Value)>>>,
    _server: tokio::task::JoinSet<()>,
}

#[derive(Clone)]
struct Ear {
    heard: Arc<Mutex<Vec<(bool, Value)>>>,
    platform: Arc<CheckingKey>,
    key: String,
    refuse_first: Arc<Mutex<u32>>,
}

async fn hear(State(ear): State<Ear>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let header = |name: &str| headers[name].to_str().unwrap().to_owned();
    let text = answer_text(&header("wechatpay-timestamp"), &header("wechatpay-nonce"), &body);
    let genuine = ear.platform.accepts(&text, &header("wechatpay-signature"));
    let envelope: Value = serde_json::from_slice(&body).unwrap();
    let resource = &envelope["resource"];
    let part = |name: &str| resource[name].as_str().unwrap();
    let plain = decrypt(
        ear.key.as_bytes(),
        part("nonce"),
        part("associated_data"),
        part("ciphertext"),
    );
    let plain = plain
        .ok()
        .and_then(|p| serde_json::from_slice(&p).ok())
        .unwrap_or(Value::Null);
    ear.heard.lock().unwrap().push((genuine, plain));
    let mut refuse = ear.refuse_first.lock().unwrap();
    if *refuse > 0 || !genuine {
        *refuse = refuse.saturating_sub(1);
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    StatusCode::NO_CONTENT
}

impl Merchant {
    pub async fn open(refuse_first: u32) -> Self {
        let keys = house::keys();
        let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
        let config = Config {
            speed: 2000,
            refund_takes: Duration::from_millis(20),
            ..Config::from_keys(keys, anywhere).unwrap()
        };
        let read = |file: &str| std::fs::read_to_string(keys.wechat(file)).unwrap();
        let platform = Arc::new(CheckingKey::from_pem(&read("platform-public.pem")).unwrap());
        let simulator = Simulator::start(config.clone()).await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let ear = Ear {
            heard: heard.clone(),
            platform: platform.clone(),
            key: config.api_v3_key.clone(),
            refuse_first: Arc::new(Mutex::new(refuse_first)),
        };
        let listener = tokio::net::TcpListener::bind(anywhere).await.unwrap();
        simulator.route(
            "https://callbacks.studio.test",
            format!("http://{}", listener.local_addr().unwrap()),
        );
        let router = Router::new().fallback(hear).with_state(ear);
        let mut server = tokio::task::JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        let key = SigningKey::from_pem(&read("merchant-private.pem")).unwrap();
        Self {
            simulator,
            key,
            platform,
            config,
            heard,
            _server: server,
        }
    }

    pub fn authorization(&self, method: &str, path: &str, body: &str, at: i64, nonce: &str) -> String {
        let signature = self
            .key
            .sign(&request_text(
                method,
                path,
                &at.to_string(),
                nonce,
                body.as_bytes(),
            ))
            .unwrap();
        format!(
            "WECHATPAY2-SHA256-RSA2048 mchid=\"{}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{at}\",serial_no=\"{}\"",
            self.config.mchid, self.config.merchant_serial
        )
    }

    pub async fn send(&self, method: &str, path: &str, body: &str, authorization: String) -> Response {
        let client = reqwest::Client::builder()
            .timeout(Duration::from_millis(500))
            .build()
            .unwrap();
        let request = client
            .request(method.parse().unwrap(), format!("{}{path}", self.simulator.url()))
            .header("Accept", "application/json")
            .header("User-Agent", "test")
            .header("Authorization", authorization)
            .body(body.to_owned());
        let request = if body.is_empty() {
            request
        } else {
            request.header("Content-Type", "application/json")
        };
        request.send().await.unwrap()
    }

    /// Sends a well signed request, checks the answer's signature, and gives status and body.
    pub async fn ask(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let nonce = kernel::fresh_uuid().simple().to_string();
        let now = kernel::Clock::real().timestamp();
        let reply = self
            .send(
                method,
                path,
                &body,
                self.authorization(method, path, &body, now, &nonce),
            )
            .await;
        let (status, genuine, bytes) = self.check(reply).await;
        assert!(genuine, "every answer is signed");
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub async fn check(&self, reply: Response) -> (u16, bool, Bytes) {
        let status = reply.status().as_u16();
        let header = |name: &str| {
            reply
                .headers()
                .get(name)
                .and_then(|v| v.to_str().ok())
                .unwrap_or_default()
                .to_owned()
        };
        let (timestamp, nonce, signature) = (
            header("wechatpay-timestamp"),
            header("wechatpay-nonce"),
            header("wechatpay-signature"),
        );
        let bytes = reply.bytes().await.unwrap();
        let genuine = self
            .platform
            .accepts(&answer_text(&timestamp, &nonce, &bytes), &signature);
        (status, genuine, bytes)
    }

    pub fn order(&self, number: &str, total: i64) -> Value {
        json!({
            "appid": self.config.appid, "mchid": self.config.mchid, "description": "年卡", "out_trade_no": number,
            "notify_url": NOTIFY, "amount": { "total": total, "currency": "CNY" },
        })
    }

    pub async fn create(&self, number: &str, total: i64) -> String {
        let (status, body) = self
            .ask("POST", "/v3/pay/transactions/native", &self.order(number, total))
            .await;
        assert_eq!(status, 200, "{body}");
        body["code_url"].as_str().unwrap().to_owned()
    }

    pub async fn query(&self, number: &str) -> (u16, Value) {
        let path = format!(
            "/v3/pay/transactions/out-trade-no/{number}?mchid={}",
            self.config.mchid
        );
        self.ask("GET", &path, &Value::Null).await
    }

    pub async fn close(&self, number: &str) -> (u16, Value) {
        let path = format!("/v3/pay/transactions/out-trade-no/{number}/close");
        self.ask("POST", &path, &json!({ "mchid": self.config.mchid }))
            .await
    }

    pub async fn refund(&self, number: &str, refund_no: &str, refund: i64, total: i64) -> (u16, Value) {
        let body = json!({
            "out_trade_no": number, "out_refund_no": refund_no, "notify_url": NOTIFY,
            "amount": { "refund": refund, "total": total, "currency": "CNY" },
        });
        self.ask("POST", "/v3/refund/domestic/refunds", &body).await
    }

    pub async fn quiet(&self) {
        testkit::until("the channel comes to rest", async || !self.simulator.is_busy()).await;
    }

    pub fn heard(&self) -> Vec<(bool, Value)> {
        self.heard.lock().unwrap().clone()
    }
}
