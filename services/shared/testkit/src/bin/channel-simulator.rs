//! Stands in for WeChat Pay on a machine of one's own: see `testkit::wechat`.

use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Parser;
use testkit::wechat::{APPID, Config, MCHID, Simulator};

/// A simulator of WeChat Pay v3 with a phone to pay with.
#[derive(Parser)]
struct Arguments {
    /// Where merchants, payers and tests reach it.
    #[arg(long, env = "STUDIO_SIMULATOR_LISTEN", default_value = "127.0.0.1:7120")]
    listen: SocketAddr,
    /// The folder `wechat` of the keys that `studioctl keys` made.
    #[arg(long, env = "STUDIO_SIMULATOR_KEYS")]
    keys: PathBuf,
    /// The merchant's number.
    #[arg(long, env = "STUDIO_SIMULATOR_MCHID", default_value = MCHID)]
    mchid: String,
    /// The application that is bound to it.
    #[arg(long, env = "STUDIO_SIMULATOR_APPID", default_value = APPID)]
    appid: String,
    /// How many times faster than the channel callbacks are repeated.
    #[arg(long, default_value_t = 30)]
    speed: u32,
    /// Callbacks to addresses that begin with FROM go to TO, as FROM=TO.
    #[arg(long = "route", value_parser = testkit::program::route)]
    routes: Vec<(String, String)>,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let config = Config {
        mchid: arguments.mchid,
        appid: arguments.appid,
        speed: arguments.speed,
        routes: arguments.routes,
        ..Config::from_folder(&arguments.keys, arguments.listen)?
    };
    testkit::program::run(async move {
        let simulator = Simulator::start(config)
            .await
            .context("the channel simulator does not start")?;
        tracing::info!("pay at {}/phone", simulator.url());
        testkit::program::until_told().await;
        drop(simulator);
        Ok(())
    })
}
