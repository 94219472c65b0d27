//! Stands in for Alipay on a machine of one's own: see `testkit::alipay`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use testkit::alipay::{APP_ID, Config, SELLER_ID, Simulator};

/// A simulator of Alipay's gateway.
#[derive(Parser)]
struct Arguments {
    /// Where merchants, payers and tests reach it.
    #[arg(long, env = "STUDIO_ALIPAY_LISTEN", default_value = "127.0.0.1:7121")]
    listen: SocketAddr,
    /// The folder `alipay` of the keys that `studioctl keys` made.
    #[arg(long, env = "STUDIO_ALIPAY_KEYS")]
    keys: PathBuf,
    /// The application's number.
    #[arg(long, default_value = APP_ID)]
    app_id: String,
    /// The seller that it collects for.
    #[arg(long, default_value = SELLER_ID)]
    seller_id: String,
    /// How many times faster than the channel notifications are repeated.
    #[arg(long, default_value_t = 30)]
    speed: u32,
    /// Notifications to addresses that begin with FROM go to TO, as FROM=TO.
    #[arg(long = "route", value_parser = testkit::program::route)]
    routes: Vec<(String, String)>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let config = Config {
        app_id: arguments.app_id,
        seller_id: arguments.seller_id,
        speed: arguments.speed,
        routes: arguments.routes,
        ..Config::from_folder(&arguments.keys, arguments.listen)?
    };
    testkit::program::run(async move {
        let simulator = Simulator::start(config)
            .await
            .context("the simulator of Alipay does not start")?;
        tracing::info!("pay at {}/control/pay", simulator.url());
        testkit::program::until_told().await;
        drop(simulator);
        Ok(())
    })
}
