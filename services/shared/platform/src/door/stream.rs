use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use http_body::Frame;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep_until};
use tonic::Status;
use tonic::body::Body;

use crate::Error;
use crate::transaction::domain;

/// An answer that is a stream: it has a place for as long as it lasts, and it
/// ends at its deadline, however slowly it is read.
pub(super) struct Streaming {
    inner: Option<Body>,
    end: Pin<Box<Sleep>>,
    service: &'static str,
    _place: OwnedSemaphorePermit,
}

impl Streaming {
    pub(super) fn new(
        inner: Body,
        until: Instant,
        service: &'static str,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            inner: Some(inner),
            end: Box::pin(sleep_until(until)),
            service,
            _place: place,
        }
    }

    /// The last frame of a stream whose time is up.
    fn late(&self) -> Result<Frame<Bytes>, Status> {
        let mut trailers = HeaderMap::new();
        let status = Error::deadline().to_status(&domain(self.service));
        status.add_header(&mut trailers)?;
        Ok(Frame::trailers(trailers))
    }
}

impl http_body::Body for Streaming {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let Some(inner) = self.inner.as_mut() else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(inner).poll_frame(cx) {
            return Poll::Ready(frame);
        }
        std::task::ready!(self.end.as_mut().poll(cx));
        self.inner = None;
        Poll::Ready(Some(self.late()))
    }
}
