use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kernel::Clock;

use super::{Only, Running, migrate};
use crate::config::Settings;
use crate::telemetry::Telemetry;
use crate::{Service, all_migrations};

/// One service of the platform.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// A file with settings; the environment stands over it.
    #[arg(long, global = true, env = "STUDIO_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve until told to stop.
    Serve {
        /// A part of the service, to run the parts as processes of their own.
        #[arg(long, value_enum)]
        only: Option<Only>,
    },
    /// Bring the schema up to date and end.
    Migrate,
    /// Print every setting in force and where it came from, secrets hidden.
    CheckConfig,
}

/// The whole program of the service `S`.
pub fn run_blocking<S: Service>() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    match runtime.block_on(run::<S>(arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// Also for people who start it by hand, before any log is set up.
fn fail(error: &anyhow::Error) -> ExitCode {
    use std::io::Write as _;
    tracing::error!(error = format!("{error:#}"), "the process ends");
    match writeln!(std::io::stderr(), "{error:#}") {
        Ok(()) | Err(_) => ExitCode::FAILURE,
    }
}

async fn run<S: Service>(arguments: Arguments) -> anyhow::Result<()> {
    let settings = Settings::<S::Config>::load(S::NAME, S::CONFIG, arguments.config.as_deref())?;
    match arguments.command {
        Command::Serve { only } => serve::<S>(settings, only.unwrap_or(Only::All)).await,
        Command::Migrate => migrate(&settings.platform.database, &all_migrations(S::migrations())).await,
        Command::CheckConfig => print(&settings.lines()?),
    }
}

async fn serve<S: Service>(settings: Settings<S::Config>, only: Only) -> anyhow::Result<()> {
    let telemetry = Telemetry::start(S::NAME, &settings.platform.telemetry)?;
    let running = Running::<S>::start_with(settings, only, Clock::default(), Some(telemetry)).await?;
    tracing::info!(grpc = %running.grpc_addr, metrics = %running.metrics_addr, "{} serves", S::NAME);
    told_to_stop().await?;
    tracing::info!("{} stops", S::NAME);
    running.shutdown().await;
    Ok(())
}

async fn told_to_stop() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        _ = terminate.recv() => Ok(()),
        pressed = tokio::signal::ctrl_c() => Ok(pressed?),
    }
}

fn print(lines: &[String]) -> anyhow::Result<()> {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    Ok(())
}
