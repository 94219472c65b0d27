//! A mail server that delivers nothing: it speaks SMTP as a real one, keeps
//! the latest mails, and shows them to people, tests and studioctl over HTTP.

mod http;
mod mime;
mod session;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// A mail as it came, with its text decoded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// From 1, in the order of arrival.
    pub id: u64,
    pub at: Timestamp,
    /// From the envelope.
    pub from: String,
    /// From the envelope.
    pub to: Vec<String>,
    pub subject: String,
    /// The plain text, or what an HTML mail holds.
    pub text: String,
    pub html: Option<String>,
    /// In order, decoded.
    pub headers: Vec<(String, String)>,
}

impl Mail {
    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The first run of `digits` digits in the text: a one-time code.
    pub fn code(&self, digits: usize) -> Option<String> {
        let runs = self.text.split(|c: char| !c.is_ascii_digit());
        runs.into_iter()
            .find(|run| run.len() == digits)
            .map(str::to_owned)
    }
}

/// Mails to somebody that the server turns away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refusal {
    pub to: String,
    /// 4xx for now, 5xx for good.
    pub code: u16,
    pub times: u32,
}

/// A running sink; it ends when the last copy is dropped.
#[derive(Clone)]
pub struct Sink {
    kept: Arc<Kept>,
    address: SocketAddr,
    http_address: SocketAddr,
    _servers: Arc<JoinSet<()>>,
}

struct Kept {
    keep: usize,
    state: Mutex<State>,
    arrived: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    count: u64,
    mails: VecDeque<Mail>,
    refusals: Vec<Refusal>,
}

impl Sink {
    /// Starts it; port 0 takes a free one.
    pub async fn start(smtp: SocketAddr, http: SocketAddr) -> Result<Self> {
        Self::keeping(smtp, http, 10_000).await
    }

    /// As [`Sink::start`], keeping so many mails.
    pub async fn keeping(smtp: SocketAddr, http: SocketAddr, keep: usize) -> Result<Self> {
        let smtp = bind(smtp, "SMTP").await?;
        let http = bind(http, "HTTP").await?;
        let (address, http_address) = (smtp.local_addr()?, http.local_addr()?);
        let kept = Arc::new(Kept {
            keep,
            state: Mutex::default(),
            arrived: watch::Sender::new(0),
        });
        let mut servers = JoinSet::new();
        servers.spawn(session::serve(smtp, kept.clone()));
        let router = self::http::routes(kept.clone());
        servers.spawn(async move {
            if let Err(error) = axum::serve(http, router).await {
                tracing::error!(%error, "the mail pages ended");
            }
        });
        Ok(Self {
            kept,
            address,
            http_address,
            _servers: Arc::new(servers),
        })
    }

    /// Where it takes mail.
    pub fn smtp_address(&self) -> SocketAddr {
        self.address
    }

    /// Where it shows mail.
    pub fn http_address(&self) -> SocketAddr {
        self.http_address
    }

    /// Every mail that is kept, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.kept.state().mails.iter().cloned().collect()
    }

    /// The mails to one address, oldest first.
    pub fn to(&self, address: &str) -> Vec<Mail> {
        self.kept.find(Some(address), 0)
    }

    /// Waits for a mail to `address` that came after the mail with id `after`
    /// and that `wanted` wants. None when the time runs out.
    pub async fn wait(
        &self,
        address: &str,
        after: u64,
        patience: Duration,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Option<Mail> {
        self.kept.wait(Some(address), after, patience, wanted).await
    }

    /// Turns the next mails to somebody away.
    pub fn refuse(&self, refusal: Refusal) {
        self.kept.state().refusals.push(refusal);
    }

    /// Forgets every mail and refusal; ids go on.
    pub fn clear(&self) {
        self.kept.clear();
    }
}

async fn bind(address: SocketAddr, what: &str) -> Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("the SMTP sink cannot listen on {address} for {what}"))
}

impl Kept {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, from: String, to: Vec<String>, raw: &[u8]) -> u64 {
        let decoded = mime::decode(raw);
        let mut state = self.state();
        state.count += 1;
        let id = state.count;
        state.mails.push_back(Mail {
            id,
            at: kernel::Clock::real(),
            from,
            to,
            subject: decoded.header("subject").unwrap_or_default(),
            text: decoded.text,
            html: decoded.html,
            headers: decoded.headers,
        });
        while state.mails.len() > self.keep {
            state.mails.pop_front();
        }
        drop(state);
        self.arrived.send_replace(id);
        id
    }

    /// The answer to a recipient that is turned away.
    fn refusal(&self, to: &str) -> Option<u16> {
        let mut state = self.state();
        let refusal = state
            .refusals
            .iter_mut()
            .find(|r| r.times > 0 && r.to.eq_ignore_ascii_case(to))?;
        refusal.times -= 1;
        Some(refusal.code)
    }

    fn find(&self, to: Option<&str>, after: u64) -> Vec<Mail> {
        let state = self.state();
        let wanted = |mail: &&Mail| {
            mail.id > after && to.is_none_or(|to| mail.to.iter().any(|t| t.eq_ignore_ascii_case(to)))
        };
        state.mails.iter().filter(wanted).cloned().collect()
    }

    async fn wait(
        &self,
        to: Option<&str>,
        after: u64,
        patience: Duration,
        wanted: impl Fn(&Mail) -> bool,
    ) -> Option<Mail> {
        let mut arrived = self.arrived.subscribe();
        let look = async {
            loop {
                arrived.mark_unchanged();
                if let Some(mail) = self.find(to, after).into_iter().find(|mail| wanted(mail)) {
                    return Some(mail);
                }
                if arrived.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(patience, look).await.ok().flatten()
    }

    fn clear(&self) {
        let mut state = self.state();
        state.mails.clear();
        state.refusals.clear();
    }
}
