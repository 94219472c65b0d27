use http::uri::PathAndQuery;
use proto::Call;
use testkit::Door;
use tonic::client::Grpc;
use tonic::{Request, Status};
use tonic_prost::ProstCodec;

/// Makes one call at the service behind `door`, whichever it is.
pub async fn ask<C: Call>(door: Door, request: Request<C>) -> Result<C::Reply, Status> {
    let mut grpc = Grpc::new(door);
    let ready = grpc.ready().await;
    ready.map_err(|error| Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::from_static(C::METHOD);
    let reply = grpc.unary(request, path, ProstCodec::default()).await?;
    Ok(reply.into_inner())
}

/// The service that answers `C`: `orders` of `/studio.orders.v1.OrderService/Apply`.
pub fn service_of<C: Call>() -> &'static str {
    C::METHOD.split('.').nth(1).unwrap_or_default()
}
