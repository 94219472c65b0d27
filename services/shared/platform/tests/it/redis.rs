use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// A Redis for one test, gone with it.
pub struct Redis {
    server: Child,
    port: u16,
    pub url: String,
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Redis {
    /// None on a machine without Redis, which is no reason to fail: no outcome
    /// depends on it.
    pub async fn start() -> Option<Self> {
        let port = testkit::free_port().ok()?.port();
        Self::start_at(port).await
    }

    async fn start_at(port: u16) -> Option<Self> {
        let (text, folder) = (port.to_string(), std::env::temp_dir().display().to_string());
        let server = Command::new("redis-server")
            .args([
                "--port",
                &text,
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
            port,
            url: format!("redis://127.0.0.1:{port}"),
        };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return Some(redis);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }

    /// Gone at once, with everything in it.
    pub fn stop(&mut self) {
        self.server
            .kill()
            .and_then(|()| self.server.wait())
            .map(drop)
            .unwrap_or_default();
    }

    /// Another one in the same place, empty.
    pub async fn start_again(&mut self) {
        self.stop();
        *self = Self::start_at(self.port)
            .await
            .expect("Redis does not start again");
    }
}
