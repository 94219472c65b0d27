//! A line between two processes that can be slow, silent or cut.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What a line is like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weather {
    #[default]
    Clear,
    /// Whatever is sent, either way, comes so much later.
    Slow(Duration),
    /// Nothing comes through and nobody is told: a partition.
    Silent,
    /// What is asked comes through, no answer comes back.
    OneWay,
    /// Connections break, and new ones at once.
    Cut,
}

/// Listens, and passes on to where the other really is.
#[derive(Debug)]
pub struct Proxy {
    pub address: SocketAddr,
    weather: watch::Sender<Weather>,
    target: watch::Sender<SocketAddr>,
    _line: JoinSet<()>,
}

impl Proxy {
    pub async fn before(target: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (weather, seen) = watch::channel(Weather::Clear);
        let (target, leads_to) = watch::channel(target);
        let mut line = JoinSet::new();
        line.spawn(accept(listener, leads_to, seen));
        Ok(Self {
            address,
            weather,
            target,
            _line: line,
        })
    }

    pub fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Leads somewhere else from now on; what was connected breaks.
    pub fn lead_to(&self, target: SocketAddr) {
        self.target.send_replace(target);
    }
}

async fn accept(
    listener: TcpListener,
    target: watch::Receiver<SocketAddr>,
    weather: watch::Receiver<Weather>,
) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok((near, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        connections.spawn(carry(near, target.clone(), weather.clone()));
    }
}

/// Carries one connection until either side ends it, or the line is cut or
/// leads somewhere else.
async fn carry(
    near: TcpStream,
    mut target: watch::Receiver<SocketAddr>,
    mut weather: watch::Receiver<Weather>,
) {
    let mut cut = weather.clone();
    let to = *target.borrow_and_update();
    let line = async {
        // A partition lets nobody in either.
        if weather.wait_for(|w| !matches!(w, Weather::Silent)).await.is_err() {
            return;
        }
        let Ok(far) = TcpStream::connect(to).await else {
            return;
        };
        if near
            .set_nodelay(true)
            .and_then(|()| far.set_nodelay(true))
            .is_err()
        {
            return;
        }
        let (mut from_near, mut to_near) = near.into_split();
        let (mut from_far, mut to_far) = far.into_split();
        let there = pump(&mut from_near, &mut to_far, weather.clone(), |w| {
            w != Weather::Silent
        });
        let back = pump(&mut from_far, &mut to_near, weather, |w| {
            !matches!(w, Weather::Silent | Weather::OneWay)
        });
        tokio::select! { () = there => {} () = back => {} }
    };
    tokio::select! {
        () = line => {}
        _ = cut.wait_for(|w| *w == Weather::Cut) => {}
        _ = target.changed() => {}
    }
}

async fn pump(
    from: &mut (impl AsyncRead + Unpin),
    to: &mut (impl AsyncWrite + Unpin),
    mut weather: watch::Receiver<Weather>,
    passes: impl Fn(Weather) -> bool,
) {
    let mut chunk = vec![0; 16 * 1024];
    loop {
        let Ok(read @ 1..) = from.read(&mut chunk).await else {
            return;
        };
        let Ok(now) = weather.wait_for(|w| passes(*w)).await.map(|w| *w) else {
            return;
        };
        if let Weather::Slow(delay) = now {
            tokio::time::sleep(delay).await;
        }
        let Some(bytes) = chunk.get(..read) else { return };
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
