use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tonic::transport::channel::Change;
use tonic::transport::{Channel, ClientTlsConfig, Endpoint};

/// How often a name is looked up again.
const AGAIN: Duration = Duration::from_secs(5);
/// How soon after a name could not be looked up.
const SOON: Duration = Duration::from_millis(500);
const CONNECT: Duration = Duration::from_secs(1);
const KEEP_ALIVE: Duration = Duration::from_secs(20);

/// A channel over every process behind `address` (`name:port`), which follows
/// as they come and go. Connects when it is first used.
pub(super) fn channel(address: &str, tls: Option<&ClientTlsConfig>) -> Channel {
    let (channel, changes) = Channel::balance_channel(64);
    let name = address
        .rsplit_once(':')
        .map_or(address, |(host, _)| host)
        .to_owned();
    let tls = tls.map(|tls| tls.clone().domain_name(name));
    let followed = follow(address.to_owned(), tls, changes);
    crate::run::background(followed);
    channel
}

async fn follow(
    address: String,
    tls: Option<ClientTlsConfig>,
    changes: Sender<Change<SocketAddr, Endpoint>>,
) {
    let mut known = BTreeSet::new();
    while !changes.is_closed() {
        let found: BTreeSet<SocketAddr> = match tokio::net::lookup_host(&address).await {
            Ok(found) => found.collect(),
            Err(error) => {
                tracing::debug!(%error, address, "a peer's name cannot be looked up");
                tokio::time::sleep(SOON).await;
                continue;
            }
        };
        for change in changed(&known, &found, tls.as_ref()) {
            if changes.send(change).await.is_err() {
                return;
            }
        }
        known = found;
        tokio::select! {
            () = changes.closed() => return,
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
}

fn changed(
    known: &BTreeSet<SocketAddr>,
    found: &BTreeSet<SocketAddr>,
    tls: Option<&ClientTlsConfig>,
) -> Vec<Change<SocketAddr, Endpoint>> {
    let come = found.difference(known).filter_map(|at| match endpoint(*at, tls) {
        Ok(endpoint) => Some(Change::Insert(*at, endpoint)),
        Err(error) => {
            tracing::error!(
                error = crate::telemetry::chain(&error),
                "a peer's address cannot be used"
            );
            None
        }
    });
    come.chain(known.difference(found).map(|at| Change::Remove(*at)))
        .collect()
}

fn endpoint(at: SocketAddr, tls: Option<&ClientTlsConfig>) -> Result<Endpoint, tonic::transport::Error> {
    let scheme = if tls.is_some() { "https" } else { "http" };
    let endpoint = Endpoint::from_shared(format!("{scheme}://{at}"))?
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true);
    match tls {
        Some(tls) => endpoint.tls_config(tls.clone()),
        None => Ok(endpoint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processes_that_come_and_go_change_the_balance_and_others_do_not() {
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        let known = BTreeSet::from([at(1), at(2)]);
        let found = BTreeSet::from([at(2), at(3)]);
        let changes = changed(&known, &found, None);
        assert!(
            matches!(&changes[..], [Change::Insert(come, _), Change::Remove(gone)] if *come == at(3) && *gone == at(1))
        );
    }
}
