//! Calls to the services: any request of the contracts, by its type alone.

use std::time::Duration;

use kernel::fresh_uuid;
use proto::Call;
use tonic::client::Grpc;
use tonic::metadata::MetadataValue;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

use crate::addresses::{Addresses, Service};
use crate::failure::Failure;

/// The most that a call may take.
const PATIENCE: Duration = Duration::from_secs(25);

/// Somebody who calls, with one trace for all that they do.
#[derive(Debug, Clone)]
pub struct House {
    addresses: Addresses,
    token: Option<String>,
    trace: Trace,
}

/// A trace that begins here: the services' spans hang below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    pub id: String,
}

impl Trace {
    pub fn begin() -> Self {
        Self {
            id: fresh_uuid().simple().to_string(),
        }
    }

    /// W3C trace context, sampled, with a span of its own for each call.
    fn parent(&self) -> String {
        let span: String = fresh_uuid().simple().to_string().chars().rev().take(16).collect();
        format!("00-{}-{span}-01", self.id)
    }
}

impl House {
    pub fn new(addresses: Addresses) -> Self {
        Self {
            addresses,
            token: None,
            trace: Trace::begin(),
        }
    }

    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// The token of whoever entered, if anybody did.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// The same house, entered by somebody.
    #[must_use]
    pub fn with_token(&self, token: impl Into<String>) -> Self {
        Self {
            token: Some(token.into()),
            ..self.clone()
        }
    }

    /// The same caller, continuing a trace.
    #[must_use]
    pub fn on(&self, trace: &Trace) -> Self {
        Self {
            trace: trace.clone(),
            ..self.clone()
        }
    }

    /// Makes a call of the service whose contract has it.
    pub async fn ask<C: Call>(&self, request: C) -> Result<C::Reply, Failure> {
        let service = Service::of_method(C::METHOD)
            .ok_or_else(|| Failure::new(format!("{} belongs to every service", C::METHOD)))?;
        self.ask_at(service, request).await
    }

    /// Makes a call that every service has.
    pub async fn ask_at<C: Call>(&self, service: Service, request: C) -> Result<C::Reply, Failure> {
        let failed = |status: &Status| Failure::of(service.name(), status);
        let mut grpc = self.grpc(service)?;
        grpc.ready()
            .await
            .map_err(|e| failed(&Status::unavailable(e.to_string())))?;
        let codec = ProstCodec::<C, C::Reply>::default();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(C::METHOD);
        let reply: Result<Response<C::Reply>, Status> = grpc.unary(self.request(request), path, codec).await;
        reply.map(Response::into_inner).map_err(|status| failed(&status))
    }

    /// Makes a call that answers a stream.
    pub async fn watch<C: Call>(&self, request: C) -> Result<Streaming<C::Reply>, Failure> {
        let service =
            Service::of_method(C::METHOD).ok_or_else(|| Failure::new("no service has this call"))?;
        let failed = |status: &Status| Failure::of(service.name(), status);
        let mut grpc = self.grpc(service)?;
        grpc.ready()
            .await
            .map_err(|e| failed(&Status::unavailable(e.to_string())))?;
        let codec = ProstCodec::<C, C::Reply>::default();
        let path = tonic::codegen::http::uri::PathAndQuery::from_static(C::METHOD);
        let mut request = self.request(request);
        request.set_timeout(Duration::from_mins(20));
        let reply = grpc.server_streaming(request, path, codec).await;
        reply.map(Response::into_inner).map_err(|status| failed(&status))
    }

    /// A channel on which this caller calls, for generated clients.
    pub fn channel(&self, service: Service) -> Result<InterceptedService<Channel, Self>, Failure> {
        Ok(InterceptedService::new(self.connect(service)?, self.clone()))
    }

    fn connect(&self, service: Service) -> Result<Channel, Failure> {
        let endpoint = Endpoint::from_shared(self.addresses.of(service))
            .map_err(|e| Failure::new(format!("{}: {e}", self.addresses.of(service))))?;
        Ok(endpoint.connect_timeout(Duration::from_secs(3)).connect_lazy())
    }

    fn grpc(&self, service: Service) -> Result<Grpc<Channel>, Failure> {
        Ok(Grpc::new(self.connect(service)?).max_decoding_message_size(16 * 1024 * 1024))
    }

    fn request<C>(&self, message: C) -> Request<C> {
        let mut request = Request::new(message);
        self.dress(&mut request);
        request
    }

    /// Who calls, in which trace, for how long at most.
    fn dress<C>(&self, request: &mut Request<C>) {
        request.set_timeout(PATIENCE);
        let bearer = self.token.as_ref().map(|token| format!("Bearer {token}"));
        for (name, value) in [
            ("authorization", bearer),
            ("traceparent", Some(self.trace.parent())),
        ] {
            if let Some(Ok(value)) = value.map(MetadataValue::try_from) {
                request.metadata_mut().insert(name, value);
            }
        }
    }
}

impl Interceptor for House {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        self.dress(&mut request);
        Ok(request)
    }
}

/// A fresh key for one act.
pub fn request_id() -> String {
    fresh_uuid().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_of_a_trace_has_its_own_span_below_one_trace_id() {
        let trace = Trace::begin();
        let (one, other) = (trace.parent(), trace.parent());
        assert_ne!(one, other);
        for parent in [one, other] {
            let parts: Vec<&str> = parent.split('-').collect();
            assert_eq!(
                (parts[0], parts[1], parts[2].len(), parts[3]),
                ("00", trace.id.as_str(), 16, "01")
            );
        }
    }
}
