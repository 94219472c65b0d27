//! Asks services, by the calls that every one of them has.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::studio::operations::v1 as pb;
use proto::studio::operations::v1::check_service_client::CheckServiceClient;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Response, Status};

use crate::Violation;
use crate::history::{Acts, History};

/// A channel to a service on which somebody calls who has the role operations.
pub type Door<I> = InterceptedService<Channel, I>;

/// Lists that services must agree on: (service, list).
pub(crate) const LISTS: [(&str, &str); 14] = [
    ("members", "cards"),
    ("payments", "captured"),
    ("payments", "refunds"),
    ("payments", "attempts"),
    ("payments", "channel_refunds"),
    ("wallet", "spends"),
    ("wallet", "spend_returns"),
    ("wallet", "recharges"),
    ("wallet", "recharge_returns"),
    ("orders", "order_cards"),
    ("orders", "paid_dues"),
    ("orders", "refund_records"),
    ("refunds", "legs"),
    ("refunds", "cases"),
];

/// How many requests are asked for at once, and how many lines a page has.
const PAGE: i32 = 200;
const PAGE_ROWS: usize = 200;
/// The longest that a service lets a call take.
const PATIENCE: Duration = Duration::from_secs(28);

/// A service did not answer, so nothing can be said about it.
#[derive(Debug, thiserror::Error)]
#[error("{service} does not answer {call}")]
pub struct Unreachable {
    pub service: String,
    pub call: &'static str,
    #[source]
    pub status: Box<Status>,
}

/// The lines of every list that could be had, by (service, list).
pub(crate) type Lists = BTreeMap<(&'static str, &'static str), Vec<pb::Tally>>;

/// The services of a house, or those of them that a test has. What is between
/// a service that is there and one that is not is not compared.
#[derive(Debug, Clone)]
pub struct House<I> {
    doors: BTreeMap<String, Door<I>>,
}

impl<I> Default for House<I> {
    fn default() -> Self {
        Self {
            doors: BTreeMap::new(),
        }
    }
}

impl<I> House<I>
where
    I: Interceptor + Clone + Send + Sync + 'static,
{
    pub fn new() -> Self {
        Self::default()
    }

    /// The same house with one more service, named as in the contracts.
    #[must_use]
    pub fn with(mut self, service: &str, door: Door<I>) -> Self {
        self.doors.insert(service.to_owned(), door);
        self
    }

    pub(crate) fn services(&self) -> impl Iterator<Item = &str> {
        self.doors.keys().map(String::as_str)
    }

    pub(crate) fn has(&self, service: &str) -> bool {
        self.doors.contains_key(service)
    }

    /// Reads from a service, once more when the connection went away meanwhile:
    /// a service closes those that are old.
    async fn ask<M, T, F>(
        &self,
        service: &str,
        call: &'static str,
        message: M,
        ask: impl Fn(CheckServiceClient<Door<I>>, Request<M>) -> F,
    ) -> Result<T, Unreachable>
    where
        M: Clone,
        F: Future<Output = Result<Response<T>, Status>>,
    {
        let unreachable = |status| Unreachable {
            service: service.to_owned(),
            call,
            status: Box::new(status),
        };
        let missing = || unreachable(Status::not_found("no such service in this house"));
        let door = self.doors.get(service).ok_or_else(missing)?;
        let request = || {
            let mut request = Request::new(message.clone());
            request.set_timeout(PATIENCE);
            request
        };
        let client = || CheckServiceClient::new(door.clone());
        let answer = match ask(client(), request()).await {
            Err(status) if matches!(status.code(), Code::Unknown | Code::Unavailable) => {
                ask(client(), request()).await
            }
            answer => answer,
        };
        answer.map(Response::into_inner).map_err(unreachable)
    }

    /// Every service's own checks, and whose facts each takes.
    pub(crate) async fn run_checks(
        &self,
        patience: Duration,
    ) -> Result<(Vec<Violation>, BTreeMap<String, Vec<String>>), Unreachable> {
        let patience_s = i32::try_from(patience.as_secs().max(1)).unwrap_or(i32::MAX);
        let (mut found, mut sources) = (Vec::new(), BTreeMap::new());
        for service in self.services() {
            let request = pb::RunChecksRequest { patience_s };
            let reply = self
                .ask(service, "RunChecks", request, |mut client, request| async move {
                    client.run_checks(request).await
                })
                .await?;
            found.extend(reply.results.iter().flat_map(|result| broken(service, result)));
            sources.insert(service.to_owned(), reply.sources);
        }
        Ok((found, sources))
    }

    /// Every list of every service that is there.
    pub(crate) async fn lists(&self) -> Result<Lists, Unreachable> {
        let mut lists = Lists::new();
        for (service, kind) in LISTS.into_iter().filter(|(service, _)| self.has(service)) {
            lists.insert((service, kind), self.list(service, kind).await?);
        }
        Ok(lists)
    }

    async fn list(&self, service: &str, kind: &str) -> Result<Vec<pb::Tally>, Unreachable> {
        let (mut lines, mut page_token) = (Vec::new(), String::new());
        loop {
            let request = pb::ListTalliesRequest {
                kind: kind.to_owned(),
                page_size: PAGE,
                page_token,
            };
            let reply = self
                .ask(
                    service,
                    "ListTallies",
                    request,
                    |mut client, request| async move { client.list_tallies(request).await },
                )
                .await?;
            lines.extend(reply.tallies);
            page_token = reply.next_page_token;
            if page_token.is_empty() {
                return Ok(lines);
            }
        }
    }

    pub(crate) async fn digest(
        &self,
        service: &str,
        request: pb::DigestFactsRequest,
    ) -> Result<pb::DigestFactsResponse, Unreachable> {
        self.ask(
            service,
            "DigestFacts",
            request,
            |mut client, request| async move { client.digest_facts(request).await },
        )
        .await
    }

    /// What became of every request of a history.
    pub(crate) async fn acts(&self, history: &History) -> Result<Acts, Unreachable> {
        let mut acts = Acts::new();
        for service in self.services() {
            for ids in history.request_ids(service).chunks(PAGE_ROWS) {
                let request = pb::FindActsRequest {
                    request_ids: ids.to_vec(),
                };
                let reply = self
                    .ask(service, "FindActs", request, |mut client, request| async move {
                        client.find_acts(request).await
                    })
                    .await?;
                for act in reply.acts {
                    let key = (service.to_owned(), act.request_id.clone());
                    acts.entry(key).or_default().push(act);
                }
            }
        }
        Ok(acts)
    }
}

/// What one check names, and that there is more when it names not all.
fn broken(service: &str, result: &pb::CheckResult) -> Vec<Violation> {
    let (invariant, check) = (result.invariant(), &result.check);
    let mut found: Vec<_> = result
        .findings
        .iter()
        .map(|finding| {
            let what = format!("{check}: {}", finding.what);
            Violation::new(invariant, service, &finding.key, what)
        })
        .collect();
    let named = i64::try_from(found.len()).unwrap_or(i64::MAX);
    if result.violations > named {
        let more = format!("{} in all, {named} of them named", result.violations);
        found.push(Violation::new(invariant, service, check, more));
    }
    found
}

impl Unreachable {
    /// Whether the caller may not ask, rather than the service not answer.
    pub fn is_refused(&self) -> bool {
        matches!(self.status.code(), Code::PermissionDenied | Code::Unauthenticated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Invariant;

    #[test]
    fn a_check_that_names_not_all_says_so() {
        let finding = pb::Finding {
            key: "k".to_owned(),
            what: "bad".to_owned(),
        };
        let result = pb::CheckResult {
            invariant: Invariant::BooksBalance.into(),
            check: "balances".to_owned(),
            violations: 3,
            off_minor: 0,
            findings: vec![finding],
        };
        let told: Vec<String> = broken("wallet", &result)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            told,
            [
                "I1 wallet k: balances: bad",
                "I1 wallet balances: 3 in all, 1 of them named"
            ]
        );
    }
}
