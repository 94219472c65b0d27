use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use fantoccini::wd::Locator;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::json;

/// How long the page may take to show what it is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

/// Chromium without a screen, with a profile of its own.
pub struct Browser {
    driver: Driver,
    client: Client,
}

/// ChromeDriver, on a port that it chose.
struct Driver(Child);

impl Drop for Driver {
    fn drop(&mut self) {
        // it may have ended already
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// Where a program of PATH lies.
fn found(program: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
        .unwrap_or_else(|| {
            panic!("{program} is not on PATH: tests/run installs Debian's chromium and chromium-driver")
        })
}

fn start() -> (Driver, u16) {
    let mut child = Command::new(found("chromedriver"))
        .arg("--port=0")
        .stdout(Stdio::piped())
        .spawn()
        .expect("chromedriver starts");
    let says = BufReader::new(child.stdout.take().expect("it was piped"));
    let driver = Driver(child);
    let port = says.lines().map_while(Result::ok).find_map(|line| {
        line.rsplit_once("successfully on port ")?
            .1
            .trim_end_matches('.')
            .parse()
            .ok()
    });
    (driver, port.expect("chromedriver says on which port it listens"))
}

impl Browser {
    pub async fn open() -> Self {
        let (driver, port) = start();
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ];
        let wanted = json!({ "goog:chromeOptions": { "args": arguments, "binary": found("chromium") } });
        let wanted = wanted.as_object().expect("an object").clone();
        let client = ClientBuilder::new(HttpConnector::new())
            .capabilities(wanted.into_iter().collect())
            .connect(&format!("http://127.0.0.1:{port}"))
            .await
            .expect("Chromium starts");
        Self { driver, client }
    }

    pub async fn go(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
    }

    pub async fn write(&self, id: &str, text: &str) {
        let field = self.client.find(Locator::Id(id)).await.expect("a field");
        field.clear().await.expect("it can be emptied");
        field.send_keys(text).await.expect("it takes text");
    }

    /// Presses a button when it can be seen.
    pub async fn press(&self, id: &str) {
        self.wait(&format!("//button[@id='{id}'][not(ancestor::*[@hidden])]"))
            .await;
        let button = self.client.find(Locator::Id(id)).await.expect("a button");
        button.click().await.expect("it can be pressed");
    }

    /// Waits until an element says a text, or more.
    pub async fn reads(&self, id: &str, text: &str) {
        self.wait(&format!("//*[@id='{id}'][contains(., '{text}')]"))
            .await;
    }

    async fn wait(&self, what: &str) {
        if let Err(error) = self
            .client
            .wait()
            .at_most(PATIENCE)
            .for_element(Locator::XPath(what))
            .await
        {
            let shown = self.client.source().await.unwrap_or_default();
            panic!("{what}: {error}; the page is {shown}");
        }
    }

    pub async fn close(self) {
        self.client.close().await.expect("Chromium ends");
        drop(self.driver);
    }
}
