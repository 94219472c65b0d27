//! A caller that does not give up: it asks under the same request id until it
//! has a definite answer, as the contract allows.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use journeys::{ask, service_of};
use prost::Message;
use proto::{Call, Command};
use rand::Rng as _;
use testkit::Identity;
use tokio::time::{Instant, timeout};
use tonic::{Code, Request, Status};
use tonic_types::StatusExt as _;

use crate::history::{End, History};
use crate::house::House;

/// How long a caller waits for one answer.
const ANSWER: Duration = Duration::from_secs(5);

/// What callers are like.
#[derive(Debug, Clone, Copy)]
pub struct Manners {
    /// How long something may take altogether.
    pub patience: Duration,
    /// One of so many tries is cut off by its caller in its midst; 0 for none.
    pub cut_one_in: u32,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            patience: Duration::from_mins(5),
            cut_one_in: 0,
        }
    }
}

/// One journey's caller.
#[derive(Clone)]
pub struct Client {
    pub house: Arc<House>,
    pub history: Arc<History>,
    pub journey: u32,
    pub manners: Manners,
}

/// Whether an answer leaves it open what happened.
pub fn is_unknown(status: &Status) -> bool {
    matches!(
        status.code(),
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::Cancelled
            | Code::Unknown
            | Code::Internal
            | Code::ResourceExhausted
    )
}

impl Client {
    /// Makes a call that writes, until its answer is definite.
    pub async fn act<C: Command>(&self, step: &'static str, who: &Identity, request: C) -> Result<C::Reply> {
        let answer = self.until_definite(step, who, &request, request.request_id());
        answer
            .await?
            .map_err(|status| anyhow!("{step} was refused: {}", told(&status)))
    }

    /// Makes a call that must be refused.
    pub async fn refused<C: Command>(
        &self,
        step: &'static str,
        who: &Identity,
        request: C,
    ) -> Result<Status> {
        let answer = self
            .until_definite(step, who, &request, request.request_id())
            .await?;
        answer.err().with_context(|| format!("{step} was not refused"))
    }

    /// Makes a call that reads, until it is answered.
    pub async fn look<C: Call>(&self, step: &'static str, who: &Identity, request: C) -> Result<C::Reply> {
        let answer = self.until_definite(step, who, &request, "").await?;
        answer.map_err(|status| anyhow!("{step} was refused: {}", told(&status)))
    }

    async fn until_definite<C: Call>(
        &self,
        step: &'static str,
        who: &Identity,
        request: &C,
        id: &str,
    ) -> Result<Result<C::Reply, Status>> {
        let until = Instant::now() + self.manners.patience;
        let mut last = None;
        let mut pause = Duration::from_millis(50);
        while Instant::now() < until {
            match self.attempt(step, who, request, id).await {
                Ok(reply) => return Ok(Ok(reply)),
                Err(status) if is_unknown(&status) => last = Some(status),
                Err(status) => return Ok(Err(status)),
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_millis(800));
        }
        let last = last.as_ref().map_or_else(String::new, told);
        bail!(
            "{step} had no definite answer in {:?}; the last was {last}",
            self.manners.patience
        )
    }

    async fn attempt<C: Call>(
        &self,
        step: &'static str,
        who: &Identity,
        request: &C,
        id: &str,
    ) -> Result<C::Reply, Status> {
        let service = service_of::<C>();
        let door = self
            .house
            .door(service, who)
            .map_err(|e| Status::invalid_argument(e.to_string()))?;
        let mut message = Request::new(request.clone());
        message.set_timeout(ANSWER);
        let note = |end, said: Option<String>| {
            if !id.is_empty() {
                self.history.note(self.journey, step, C::METHOD, id, end, said);
            }
        };
        note(End::Invoked, None);
        let answered = match timeout(self.nerves(), ask(door, message)).await {
            Ok(answered) => answered,
            Err(_) => Err(Status::cancelled("its caller went away")),
        };
        match &answered {
            Ok(reply) => note(End::Ok, Some(digest::<C>(reply))),
            Err(status) if is_unknown(status) => note(End::Unknown, Some(told(status))),
            Err(status) => note(End::Fail, Some(told(status))),
        }
        answered
    }

    /// After how long this try is cut off by its caller.
    fn nerves(&self) -> Duration {
        let mut chance = rand::rng();
        match self.manners.cut_one_in {
            0 => ANSWER + Duration::from_secs(1),
            n if chance.random_ratio(1, n) => Duration::from_millis(chance.random_range(1..60)),
            _ => ANSWER + Duration::from_secs(1),
        }
    }

    /// Looks again and again until there is what was waited for.
    pub async fn until<T, F>(&self, what: &str, mut look: impl FnMut() -> F) -> Result<T>
    where
        F: Future<Output = Result<Option<T>>>,
    {
        let until = Instant::now() + self.manners.patience;
        let mut pause = Duration::from_millis(100);
        while Instant::now() < until {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            tokio::time::sleep(pause).await;
            pause = (pause + pause / 2).min(Duration::from_millis(700));
        }
        bail!("never happened in {:?}: {what}", self.manners.patience)
    }
}

/// Calls that wait a while for what they began and answer how it stands then:
/// what is kept of them is how it stood when they were claimed.
const OF_NOW: [&str; 1] = ["/studio.orders.v1.OrderService/StartPayment"];

/// What the checker holds against the reply that was kept; empty for none.
fn digest<C: Call>(reply: &C::Reply) -> String {
    if OF_NOW.contains(&C::METHOD) {
        return String::new();
    }
    let bytes = reply.encode_to_vec();
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes))
}

/// A status for a person: code, reason and message.
fn told(status: &Status) -> String {
    let details = status.get_error_details();
    let reason = details.error_info().map_or("", |info| info.reason.as_str());
    format!("{:?} {reason} {}", status.code(), status.message())
}
