//! The conversation of SMTP (RFC 5321), as far as a client that sends mail needs it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufStream};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Kept;

const MOST_BYTES: usize = 10 * 1024 * 1024;
const MOST_LINE: u64 = 4096;
const MOST_RECIPIENTS: usize = 100;
const IDLE: Duration = Duration::from_mins(5);

pub(super) async fn serve(listener: TcpListener, kept: Arc<Kept>) {
    let mut sessions = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                while sessions.try_join_next().is_some() {}
                let kept = kept.clone();
                sessions.spawn(async move {
                    if let Err(error) = Session::new(stream, kept).talk().await {
                        tracing::info!(%error, "a mail session broke off");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "accepting a mail session failed");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

struct Session {
    stream: BufStream<TcpStream>,
    kept: Arc<Kept>,
    greeted: bool,
    from: Option<String>,
    to: Vec<String>,
}

impl Session {
    fn new(stream: TcpStream, kept: Arc<Kept>) -> Self {
        Self {
            stream: BufStream::new(stream),
            kept,
            greeted: false,
            from: None,
            to: Vec::new(),
        }
    }

    async fn talk(mut self) -> Result<()> {
        self.say("220 smtp-sink ESMTP").await?;
        loop {
            let Some(line) = self.line().await? else {
                return Ok(());
            };
            let line = String::from_utf8_lossy(&line).into_owned();
            let (verb, rest) = line.split_once(' ').unwrap_or((&line, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" | "HELO" => self.greet(verb).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.forget();
                    self.say("250 2.0.0 forgotten").await?;
                }
                "NOOP" => self.say("250 2.0.0 fine").await?,
                "VRFY" => self.say("252 2.1.5 send, and it will be kept").await?,
                "QUIT" => return self.say("221 2.0.0 bye").await,
                _ => self.say("500 5.5.1 no such command").await?,
            }
        }
    }

    fn forget(&mut self) {
        self.from = None;
        self.to.clear();
    }

    async fn greet(&mut self, verb: &str) -> Result<()> {
        self.forget();
        self.greeted = true;
        if verb.eq_ignore_ascii_case("HELO") {
            return self.say("250 smtp-sink").await;
        }
        let size = format!("250-SIZE {MOST_BYTES}");
        self.say(&format!("250-smtp-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n{size}\r\n250 ENHANCEDSTATUSCODES"))
            .await
    }

    async fn mail(&mut self, rest: &str) -> Result<()> {
        if !self.greeted || self.from.is_some() {
            return self.say("503 5.5.1 not now").await;
        }
        match path(rest, "FROM:") {
            Some((from, parameters)) if size(parameters) <= MOST_BYTES => {
                self.from = Some(from);
                self.say("250 2.1.0 sender ok").await
            }
            Some(_) => self.say("552 5.3.4 too large").await,
            None => self.say("501 5.5.4 MAIL FROM:<address>").await,
        }
    }

    async fn recipient(&mut self, rest: &str) -> Result<()> {
        if self.from.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        let to = match path(rest, "TO:") {
            Some((to, _)) if to.contains('@') => to,
            _ => return self.say("501 5.1.3 RCPT TO:<address>").await,
        };
        if self.to.len() >= MOST_RECIPIENTS {
            return self.say("452 4.5.3 too many recipients").await;
        }
        if let Some(code) = self.kept.refusal(&to) {
            let class = code / 100;
            return self.say(&format!("{code} {class}.2.1 turned away")).await;
        }
        self.to.push(to);
        self.say("250 2.1.5 recipient ok").await
    }

    async fn data(&mut self) -> Result<()> {
        if self.to.is_empty() {
            return self.say("503 5.5.1 RCPT first").await;
        }
        self.say("354 end with <CR><LF>.<CR><LF>").await?;
        let mut raw = Vec::new();
        loop {
            let Some(line) = self.line().await? else {
                bail!("ended within a mail")
            };
            if line == b"." {
                break;
            }
            if raw.len() <= MOST_BYTES {
                // A line that begins with a dot came with one more.
                raw.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                raw.extend_from_slice(b"\r\n");
            }
        }
        if raw.len() > MOST_BYTES {
            self.forget();
            return self.say("552 5.3.4 too large").await;
        }
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        let id = self.kept.take(from, to, &raw);
        self.say(&format!("250 2.0.0 kept as {id}")).await
    }

    /// The next line without its end; none when the client went away.
    async fn line(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(MOST_LINE);
        if timeout(IDLE, limited.read_until(b'\n', &mut line)).await?? == 0 {
            return Ok(None);
        }
        if line.pop() != Some(b'\n') {
            bail!("a line without an end");
        }
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    async fn say(&mut self, text: &str) -> Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.write_all(b"\r\n").await?;
        Ok(self.stream.flush().await?)
    }
}

/// The address of `FROM:<address> parameters`.
fn path<'a>(rest: &'a str, keyword: &str) -> Option<(String, &'a str)> {
    let head = rest
        .get(..keyword.len())
        .filter(|head| head.eq_ignore_ascii_case(keyword))?;
    let (address, parameters) = rest[head.len()..]
        .trim_start()
        .strip_prefix('<')?
        .split_once('>')?;
    Some((address.to_owned(), parameters))
}

fn size(parameters: &str) -> usize {
    let size = parameters
        .split_whitespace()
        .find_map(|p| p.strip_prefix("SIZE="));
    size.and_then(|s| s.parse().ok()).unwrap_or_default()
}
