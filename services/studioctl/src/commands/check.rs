//! Whether the nine invariants hold in the running platform.

use std::time::Duration;

use checker::{ChannelTruth, House, INVARIANTS, Invariant, Terms, Violation};
use clap::Args;
use serde_json::{Value, json};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Endpoint;
use tonic::{Request, Status};

use super::Desk;
use crate::addresses::Service;
use crate::failure::Failure;
use crate::output::Output;
use crate::sinks;

const ROLE: &str = "operations";

/// Calls in the name of whoever has the token.
#[derive(Clone)]
struct Bearer(MetadataValue<Ascii>);

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// How to check.
#[derive(Debug, Args)]
pub struct Check {
    /// For how many seconds a thing may stand still before it counts as stuck.
    #[arg(long, default_value_t = 60)]
    patience: u32,
    /// Compare with what the channel simulator knows too, if it kept everything.
    #[arg(long)]
    channel: bool,
    /// Print JSON, as `--output json`.
    #[arg(long)]
    json: bool,
}

/// Runs every check, compares what services tell, and fails when anything is
/// broken.
pub async fn run(desk: &Desk, asked: &Check) -> Result<(), Failure> {
    let house = house(desk).await?;
    let truth = if asked.channel {
        Some(truth(desk).await?)
    } else {
        None
    };
    let terms = Terms {
        patience: Duration::from_secs(asked.patience.into()),
        channel: truth.as_ref(),
        ..Terms::default()
    };
    let checked = checker::check(&house, &terms).await;
    let found = checked.map_err(|away| Failure::of(&away.service, &away.status))?;
    let output = if asked.json { Output::Json } else { desk.output };
    output.value(&shown(&found), || text(&found));
    if found.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("{} violations", found.len()))
        .hint("see deploy/observability/runbooks.md#invariantbroken"))
}

async fn house(desk: &Desk) -> Result<House<Bearer>, Failure> {
    let entered = desk.enter_as(ROLE).await?;
    let token = format!("Bearer {}", entered.token().unwrap_or_default());
    let token = MetadataValue::try_from(token).map_err(|e| Failure::new(e.to_string()))?;
    let mut house = House::new();
    for service in Service::ALL {
        let address = entered.addresses().of(service);
        let endpoint = Endpoint::from_shared(address.clone());
        let endpoint = endpoint.map_err(|e| Failure::new(format!("{address}: {e}")))?;
        let channel = endpoint.connect_timeout(Duration::from_secs(3)).connect_lazy();
        house = house.with(
            service.name(),
            InterceptedService::new(channel, Bearer(token.clone())),
        );
    }
    Ok(house)
}

async fn truth(desk: &Desk) -> Result<ChannelTruth, Failure> {
    let orders = sinks::channels(desk.house.addresses(), "orders").await?;
    let refunds = sinks::channels(desk.house.addresses(), "refunds").await?;
    ChannelTruth::of_simulator(&orders, &refunds).map_err(|e| Failure::new(e.to_string()))
}

fn of(found: &[Violation], invariant: Invariant) -> Vec<&Violation> {
    found
        .iter()
        .filter(|violation| violation.invariant == invariant)
        .collect()
}

fn shown(found: &[Violation]) -> Value {
    let invariants = INVARIANTS.map(|invariant| {
        let violations: Vec<Value> = of(found, invariant)
            .into_iter()
            .map(|v| json!({ "service": v.service, "key": v.key, "what": v.what }))
            .collect();
        json!({
            "invariant": checker::code(invariant),
            "holds": violations.is_empty(),
            "violations": violations,
        })
    });
    json!({ "ok": found.is_empty(), "invariants": invariants })
}

fn text(found: &[Violation]) -> String {
    let mut lines = Vec::new();
    for invariant in INVARIANTS {
        let broken = of(found, invariant);
        let how = if broken.is_empty() { "ok" } else { "BROKEN" };
        let sentence = checker::sentence(invariant);
        lines.push(format!("{} {how:<6} {sentence}", checker::code(invariant)));
        lines.extend(
            broken
                .iter()
                .map(|v| format!("     {} {}: {}", v.service, v.key, v.what)),
        );
    }
    lines.join("\n")
}
