//! Reads the evidence about a service from itself and from its witnesses.

use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::audit_service_client::AuditServiceClient;
use tonic::Status;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::{Body as Reply, Bytes, StdError};

use super::verify::Evidence;

/// Most that one page holds.
const PAGE: i32 = 200;

/// Somebody who may read the audit of one service.
pub struct Reader<T>(AuditServiceClient<T>);

impl<T> Reader<T>
where
    T: GrpcService<Body>,
    T::Error: Into<StdError>,
    T::ResponseBody: Reply<Data = Bytes> + Send + 'static,
    <T::ResponseBody as Reply>::Error: Into<StdError> + Send,
{
    pub fn new(channel: T) -> Self {
        Self(AuditServiceClient::new(channel))
    }

    /// What this service holds of another's heads.
    pub async fn witnessed(&mut self, service: &str) -> Result<Vec<pb::WitnessedHead>, Status> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListWitnessedRequest {
                service: service.to_owned(),
                page_size: PAGE,
                page_token,
            };
            let page = self.0.list_witnessed(request).await?.into_inner();
            all.extend(page.heads);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    /// The service's own chain. `witnessed` was read before: a chain that is
    /// read first may miss what a head that comes later speaks of.
    pub async fn chain(
        &mut self,
        service: &str,
        witnessed: Vec<(String, pb::WitnessedHead)>,
    ) -> Result<Evidence, Status> {
        let own = self.own().await?;
        let entries = self.entries().await?;
        let strays = self
            .0
            .find_strays(pb::FindStraysRequest {})
            .await?
            .into_inner()
            .strays;
        Ok(Evidence {
            service: service.to_owned(),
            entries,
            strays,
            own,
            witnessed,
        })
    }

    async fn own(&mut self) -> Result<Vec<pb::AuditHead>, Status> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListHeadsRequest {
                after_seq: 0,
                page_size: PAGE,
                page_token,
            };
            let page = self.0.list_heads(request).await?.into_inner();
            all.extend(page.heads);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }

    async fn entries(&mut self) -> Result<Vec<pb::AuditEntry>, Status> {
        let (mut all, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListEntriesRequest {
                after_seq: 0,
                page_size: PAGE,
                page_token,
            };
            let page = self.0.list_entries(request).await?.into_inner();
            all.extend(page.entries);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                return Ok(all);
            }
        }
    }
}
