//! Takes traces and keeps the recent ones: see `testkit::otlp`.

use std::net::SocketAddr;

use anyhow::Result;
use clap::Parser;
use testkit::otlp::Sink;

/// A receiver of OTLP that shows recent traces.
#[derive(Parser)]
struct Arguments {
    /// Where it takes OTLP over gRPC.
    #[arg(long, env = "STUDIO_OTLP_SINK_LISTEN", default_value = "127.0.0.1:7140")]
    listen: SocketAddr,
    /// Where it shows traces.
    #[arg(long, env = "STUDIO_OTLP_SINK_HTTP", default_value = "127.0.0.1:7141")]
    http: SocketAddr,
    /// How many traces are kept.
    #[arg(long, default_value_t = 5_000)]
    keep: usize,
}

fn main() -> Result<()> {
    let Arguments { listen, http, keep } = Arguments::parse();
    testkit::program::run(async move {
        let sink = Sink::keeping(listen, http, keep).await?;
        tracing::info!(
            "traces come to {} and are shown at http://{}",
            sink.otlp_address(),
            sink.http_address()
        );
        testkit::program::until_told().await;
        drop(sink);
        Ok(())
    })
}
