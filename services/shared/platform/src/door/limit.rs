use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tonic::Status;
use tonic::body::Body;

/// The flag and the length that stand before every message.
const HEAD: usize = 5;

/// A request that ends with a refusal when it grows beyond its limit, so that
/// nobody fills the memory before the first byte is understood.
pub(super) struct Limited {
    inner: Body,
    left: usize,
    limit: usize,
}

impl Limited {
    pub(super) fn new(inner: Body, limit: usize) -> Self {
        Self {
            inner,
            left: limit + HEAD,
            limit,
        }
    }
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = std::task::ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            match self.left.checked_sub(data.len()) {
                Some(left) => self.left = left,
                None => return Poll::Ready(Some(Err(too_large(self.limit)))),
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

fn too_large(limit: usize) -> Status {
    Status::out_of_range(format!("the request is larger than {limit} bytes"))
}
