//! Everything that leaves a service other than by its answers, kept to be
//! looked through.

use std::io::{Read as _, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::TryStreamExt as _;
use platform::config;
use platform::telemetry::Telemetry;
use sqlx::PgPool;
use testkit::otlp::Sink;

pub struct Captured {
    logs: Arc<Mutex<Vec<u8>>>,
    telemetry: Telemetry,
    spans: Sink,
    /// None on a machine without Redis.
    pub redis: Option<Redis>,
}

/// Where the logs go.
#[derive(Clone)]
struct Tape(Arc<Mutex<Vec<u8>>>);

impl Write for Tape {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Captured {
    /// Sets telemetry of the whole process up, with every log that a service
    /// can be told to write.
    pub async fn start() -> Self {
        let nowhere: SocketAddr = "127.0.0.1:0".parse().unwrap();
        let spans = Sink::keeping(nowhere, nowhere, 100_000).await.unwrap();
        let logs: Arc<Mutex<Vec<u8>>> = Arc::default();
        let config = config::Telemetry {
            otlp: format!("http://{}", spans.otlp_address()),
            log: "debug".to_owned(),
            format: config::LogFormat::Json,
            metric_interval_s: 1,
        };
        let tape = Tape(logs.clone());
        let telemetry = Telemetry::start_writing("journeys", &config, move || tape.clone()).unwrap();
        Self {
            logs,
            telemetry,
            spans,
            redis: Redis::start(),
        }
    }

    /// Logs, spans, metrics, and what was told to Redis so far.
    pub async fn everything(&self) -> Vec<(String, Vec<u8>)> {
        tokio::time::sleep(Duration::from_millis(1_500)).await; // spans leave in batches
        let spans: Vec<_> = self
            .spans
            .traces()
            .iter()
            .map(|t| (t.clone(), self.spans.trace(&t.trace_id)))
            .collect();
        assert!(spans.len() > 20, "few traces: {}", spans.len());
        let logs = self.logs.lock().unwrap().clone();
        assert!(logs.len() > 10_000, "few logs: {}", logs.len());
        let mut everything = vec![
            ("logs".to_owned(), logs),
            ("spans".to_owned(), format!("{spans:?}").into_bytes()),
            (
                "metrics".to_owned(),
                self.telemetry.scrape().unwrap().into_bytes(),
            ),
        ];
        if let Some(redis) = &self.redis {
            everything.push(("redis".to_owned(), redis.heard.lock().unwrap().clone()));
        }
        everything
    }
}

/// Every row of every table, as PostgreSQL dumps it.
pub async fn dump(service: &str, pool: &PgPool) -> Vec<(String, Vec<u8>)> {
    let tables: Vec<String> =
        sqlx::query_scalar("select tablename::text from pg_tables where schemaname = 'public'")
            .fetch_all(pool)
            .await
            .unwrap();
    let mut dumped = Vec::new();
    for table in tables {
        let mut conn = pool.acquire().await.unwrap();
        let rows = conn
            .copy_out_raw(&format!("copy {table} to stdout"))
            .await
            .unwrap();
        let rows: Vec<_> = rows.try_collect().await.unwrap();
        dumped.push((format!("{service}.{table}"), rows.concat()));
    }
    dumped
}

/// A Redis for one test, with somebody who listens to every command.
pub struct Redis {
    server: Child,
    pub url: String,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Redis {
    fn start() -> Option<Self> {
        let port = testkit::free_port().ok()?.port().to_string();
        let folder = std::env::temp_dir().display().to_string();
        let server = Command::new("redis-server")
            .args([
                "--port",
                &port,
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--dir",
                &folder,
            ])
            .stdout(Stdio::null())
            .spawn()
            .ok()?;
        let redis = Self {
            server,
            url: format!("redis://127.0.0.1:{port}"),
            heard: Arc::default(),
        };
        let mut listening = (0..100).find_map(|_| {
            std::thread::sleep(Duration::from_millis(50));
            TcpStream::connect(format!("127.0.0.1:{port}")).ok()
        })?;
        listening.write_all(b"MONITOR\r\n").unwrap();
        let heard = redis.heard.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = listening.read(&mut bytes) {
                heard.lock().unwrap().extend_from_slice(&bytes[..count]);
            }
        });
        Some(redis)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.server
            .kill()
            .and_then(|()| self.server.wait())
            .map(drop)
            .unwrap_or_default();
    }
}
