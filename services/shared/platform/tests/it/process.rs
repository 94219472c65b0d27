use std::time::Duration;

use platform::config::Settings;
use platform::run::{Only, Running as Process, schema_is_current};
use testkit::Running;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::toy::Toy;

const SERVING: i32 = 1;

/// One HTTP/1.1 exchange, as a browser or a probe makes it.
async fn http(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(request.replace('\n', "\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = vec![0; 4096];
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read(&mut answer))
        .await
        .unwrap()
        .unwrap();
    String::from_utf8_lossy(&answer[..read]).to_lowercase()
}

#[tokio::test]
async fn every_service_of_a_process_has_its_health() {
    let it = Running::<Toy>::start().await;
    for service in ["", "studio.feed.v1.FeedService", "studio.orders.v1.OrderService"] {
        let request = HealthCheckRequest {
            service: service.to_owned(),
        };
        let health = HealthClient::new(it.channel())
            .check(request)
            .await
            .unwrap()
            .into_inner();
        assert_eq!(health.status, SERVING, "{service}");
    }
}

#[tokio::test]
async fn a_stranger_learns_the_contracts_by_reflection() {
    let it = Running::<Toy>::start_with("grpc.reflection = true").await;
    let ask = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut answers = ServerReflectionClient::new(it.channel())
        .server_reflection_info(futures::stream::iter([ask]))
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}")
    };
    assert!(
        list.service
            .iter()
            .any(|s| s.name == "studio.operations.v1.OperationsService")
    );
}

#[tokio::test]
async fn a_page_of_a_permitted_origin_may_call_and_another_may_not() {
    let it = Running::<Toy>::start_with("grpc.allow_origins = ['https://console.example']").await;
    for (origin, may) in [
        ("https://console.example", true),
        ("https://elsewhere.example", false),
    ] {
        let preflight = format!(
            "OPTIONS /studio.operations.v1.OperationsService/GetClock HTTP/1.1\nhost: x\norigin: {origin}\n\
             access-control-request-method: POST\naccess-control-request-headers: content-type,x-grpc-web\n\n"
        );
        let answer = http(&it.address(), &preflight).await;
        assert_eq!(
            answer.contains("access-control-allow-origin: https://console.example"),
            may,
            "{answer}"
        );
    }
}

#[tokio::test]
async fn grpc_web_reaches_the_same_door() {
    let it = Running::<Toy>::start().await;
    let call = "POST /studio.operations.v1.OperationsService/GetClock HTTP/1.1\nhost: x\n\
                content-type: application/grpc-web+proto\ncontent-length: 5\n\n\0\0\0\0\0";
    let answer = http(&it.address(), call).await;
    assert!(
        answer.contains("200 ok") && answer.contains("grpc-status: 16"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_schema_that_lacks_a_migration_is_not_new_enough() {
    let it = Running::<Toy>::start().await;
    let migrations = platform::all_migrations(sqlx::migrate!("tests/toy"));
    assert!(schema_is_current(it.pool(), &migrations).await.unwrap());
    sqlx::query("delete from _sqlx_migrations where version = (select max(version) from _sqlx_migrations)")
        .execute(it.pool())
        .await
        .unwrap();
    assert!(!schema_is_current(it.pool(), &migrations).await.unwrap());
}

#[tokio::test]
async fn a_process_without_its_keys_does_not_start_and_says_which() {
    let settings = Settings::with(
        "orders",
        "[service]",
        "grpc.listen = '127.0.0.1:0'\nmetrics.listen = '127.0.0.1:0'\ndatabase.url = 'postgres://nobody@127.0.0.1:1/none'",
    )
    .unwrap();
    let Err(error) = Process::<Toy>::start(settings, Only::All, kernel::Clock::default()).await else {
        panic!("it started")
    };
    assert!(format!("{error:#}").contains("fingerprint.key_file"), "{error:#}");
}
