use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::commands::held;
use crate::failure::Failure;
use crate::house::{House, Trace};
use crate::output::line;
use crate::session::{self, Who};
use crate::{sinks, trace};

/// How long something that follows by itself is waited for.
const PATIENCE: Duration = Duration::from_secs(45);
const PAUSE: Duration = Duration::from_millis(150);

/// What is told, and who acts in it.
pub struct Story {
    house: House,
    json: bool,
    part: Trace,
    parts: Vec<(&'static str, Trace)>,
    steps: u32,
    tokens: BTreeMap<String, String>,
}

impl Story {
    pub fn new(house: House, json: bool) -> Self {
        Self {
            house,
            json,
            part: Trace::begin(),
            parts: Vec::new(),
            steps: 0,
            tokens: BTreeMap::new(),
        }
    }

    /// A line for people.
    pub fn tell(&self, text: &str) {
        if !self.json {
            line(text);
        }
    }

    /// Begins a part: everything in it is one trace.
    pub fn part(&mut self, name: &'static str) {
        self.part = Trace::begin();
        self.parts.push((name, self.part.clone()));
        self.tell(&format!("\n{name}"));
    }

    /// Nobody, within this part's trace.
    pub fn nobody(&self) -> House {
        self.house.on(&self.part)
    }

    /// Somebody with a token, within this part's trace.
    pub fn with_token(&self, token: &str) -> House {
        self.nobody().with_token(token)
    }

    /// One of the demo's staff, as `customer-service`, within this part's trace.
    pub async fn staff(&mut self, role: &str) -> Result<House, Failure> {
        if !self.tokens.contains_key(role) {
            let session = session::sign_in(&self.house, Who::read(role)).await?;
            self.tokens.insert(role.to_owned(), session.token);
        }
        let token = held(self.tokens.get(role), "token")?;
        Ok(self.with_token(token))
    }

    /// One step: a service, what happens, and the doing of it, which answers a
    /// line to tell beside its value.
    pub async fn step<T>(
        &mut self,
        service: &str,
        what: &str,
        doing: impl Future<Output = Result<(T, String), Failure>>,
    ) -> Result<T, Failure> {
        let begun = Instant::now();
        let done = doing.await;
        let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.steps += 1;
        let told = match &done {
            Ok((_, told)) => told.clone(),
            Err(failure) => failure.to_string(),
        };
        if self.json {
            let mut object = json!({ "step": what, "ok": done.is_ok(), "service": service, "trace_id": self.part.id, "ms": ms });
            if done.is_err() {
                object["error"] = told.into();
            }
            line(&object.to_string());
        } else {
            let mark = if done.is_ok() { "✓" } else { "✗" };
            line(&format!("  {mark} {service:<14}{what:<52}{ms:>6} ms  {told}"));
        }
        done.map(|(value, _)| value)
    }

    /// The end: how many steps, and each part's trace with the services in it.
    pub async fn end(&self) {
        if self.json {
            return;
        }
        // The last spans leave their services a moment later.
        tokio::time::sleep(Duration::from_secs(2)).await;
        line(&format!(
            "\nAll {} steps succeeded. Each part is one trace:\n",
            self.steps
        ));
        for (name, part) in &self.parts {
            let services = self.services(part).await;
            line(&format!("  studioctl trace {}   {name}: {services}", part.id));
        }
    }

    async fn services(&self, part: &Trace) -> String {
        let found = sinks::trace(self.house.addresses(), &part.id).await;
        let Ok(Some(found)) = found else {
            return "no trace receiver".to_owned();
        };
        let spans: Vec<trace::Span> = serde_json::from_value(found["spans"].clone()).unwrap_or_default();
        trace::services(&spans).into_iter().collect::<Vec<_>>().join(", ")
    }
}

/// Looks until something is there.
pub async fn until<T>(what: &str, look: impl AsyncFn() -> Result<Option<T>, Failure>) -> Result<T, Failure> {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if begun.elapsed() > PATIENCE {
            return Err(
                Failure::new(format!("{what}: not after {} seconds", PATIENCE.as_secs()))
                    .hint("`studioctl stuck` and `studioctl feeds` show where it waits"),
            );
        }
        tokio::time::sleep(PAUSE).await;
    }
}
