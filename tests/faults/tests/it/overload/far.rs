use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// A database that is a few milliseconds away, so that connections to it are
/// what runs out first, and not the processors that the load is made on too.
pub struct Far {
    pub address: SocketAddr,
    _ways: JoinSet<()>,
}

impl Far {
    /// Everything to `upstream` and back takes `delay` longer.
    pub async fn away(upstream: String, delay: Duration) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut ways = JoinSet::new();
        ways.spawn(async move {
            let mut open = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                open.spawn(relay(near, upstream.clone(), delay));
                while open.try_join_next().is_some() {}
            }
        });
        Self { address, _ways: ways }
    }
}

async fn relay(near: TcpStream, upstream: String, delay: Duration) {
    let far = TcpStream::connect(upstream).await.unwrap();
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let ((from_near, to_near), (from_far, to_far)) = (near.into_split(), far.into_split());
    tokio::join!(
        one_way(from_near, to_far, delay),
        one_way(from_far, to_near, delay)
    );
}

async fn one_way(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, delay: Duration) {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(256);
    let read = async move {
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let sent = sender.send((Instant::now() + delay, buffer[..count].to_vec()));
            if sent.await.is_err() {
                return;
            }
        }
    };
    let write = async move {
        while let Some((at, bytes)) = under_way.recv().await {
            sleep_until(at).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
    };
    tokio::join!(read, write);
}
