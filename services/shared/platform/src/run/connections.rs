use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::{Stream, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::transport::server::{Connected, TcpConnectInfo, TcpIncoming};

use crate::telemetry::meters;

/// A connection that has a place for as long as it is open.
pub(super) struct Held {
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
}

/// The connections that come to `listener`, at most so many at a time. One
/// more is closed at once: whoever called looks for another process then,
/// instead of waiting here.
pub(super) fn at_most(
    connections: usize,
    listener: TcpListener,
) -> impl Stream<Item = io::Result<Held>> + Send + 'static {
    let places = Arc::new(Semaphore::new(connections));
    TcpIncoming::from(listener)
        .with_nodelay(Some(true))
        .filter_map(move |stream| {
            let place = places.clone().try_acquire_owned();
            std::future::ready(match (stream, place) {
                (Ok(stream), Ok(place)) => Some(Ok(Held::new(stream, place))),
                (Ok(_), Err(_)) => {
                    meters().shed("connection", "connections of the door");
                    None
                }
                (Err(error), _) => Some(Err(error)),
            })
        })
}

impl Held {
    fn new(stream: TcpStream, place: OwnedSemaphorePermit) -> Self {
        meters().connections.add(1, &[]);
        Self {
            stream,
            _place: place,
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        meters().connections.add(-1, &[]);
    }
}

impl Connected for Held {
    type ConnectInfo = TcpConnectInfo;

    fn connect_info(&self) -> TcpConnectInfo {
        self.stream.connect_info()
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Held {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
