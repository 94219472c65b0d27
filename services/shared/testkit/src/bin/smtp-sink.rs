//! Takes mail and keeps it: see `testkit::smtp`.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Parser;
use testkit::smtp::Sink;

/// A mail server that delivers nothing and shows everything.
#[derive(Parser)]
struct Arguments {
    /// Where it takes mail.
    #[arg(long, env = "STUDIO_SMTP_SINK_LISTEN", default_value = "127.0.0.1:7130")]
    listen: SocketAddr,
    /// Where it shows mail.
    #[arg(long, env = "STUDIO_SMTP_SINK_HTTP", default_value = "127.0.0.1:7131")]
    http: SocketAddr,
    /// How many mails are kept.
    #[arg(long, default_value_t = 10_000)]
    keep: usize,
}

fn main() -> Result<()> {
    let Arguments { listen, http, keep } = Arguments::parse();
    testkit::program::run(async move {
        let sink = Sink::keeping(listen, http, keep).await?;
        tracing::info!(
            "mail comes to {} and is shown at http://{}",
            sink.smtp_address(),
            sink.http_address()
        );
        testkit::program::until_told().await;
        drop(sink);
        Ok(())
    })
}
