//! Calls by their path with a request that is already encoded, or is no
//! request at all, as a stranger's client would make them.

use bytes::{Buf as _, BufMut as _, Bytes};
use http::uri::PathAndQuery;
use tonic::client::Grpc;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::{Request, Status};

use crate::Door;

/// Hands bytes through as they are.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bare;

impl Codec for Bare {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put(item);
        Ok(())
    }
}

impl Decoder for Bare {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(from.copy_to_bytes(from.remaining())))
    }
}

/// Makes the call at `path`, as `/studio.wallet.v1.WalletService/Spend`, and
/// returns the reply as it came.
pub async fn call(door: &Door, path: &str, request: Bytes) -> Result<Bytes, Status> {
    let mut grpc = ready(door).await?;
    let reply = grpc.unary(Request::new(request), parsed(path)?, Bare).await?;
    Ok(reply.into_inner())
}

/// As [`call`], for a call that answers with a stream: its first message, or
/// nothing where it ends without one.
pub async fn first(door: &Door, path: &str, request: Bytes) -> Result<Bytes, Status> {
    let mut grpc = ready(door).await?;
    let reply = grpc
        .server_streaming(Request::new(request), parsed(path)?, Bare)
        .await?;
    Ok(reply.into_inner().message().await?.unwrap_or_default())
}

async fn ready(door: &Door) -> Result<Grpc<Door>, Status> {
    let mut grpc = Grpc::new(door.clone());
    grpc.ready()
        .await
        .map_err(|error| Status::unavailable(error.to_string()))?;
    Ok(grpc)
}

fn parsed(path: &str) -> Result<PathAndQuery, Status> {
    path.parse()
        .map_err(|_| Status::invalid_argument(format!("{path} is no path")))
}
