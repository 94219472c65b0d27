//! One idle service as a process of its own: how long until it serves, and
//! how much memory it holds.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use anyhow::{Context as _, Result, bail};
use platform::Service as _;
use rust_decimal::Decimal;
use serde_json::json;
use testkit::database::Database;

use crate::Bar;

const ROUNDS: usize = 5;

/// Starts the wallet a few times.
pub async fn measure(programs: &Path) -> Result<Vec<Bar>> {
    let program = programs.join("wallet");
    let database = Database::create("wallet", &platform::all_migrations(wallet::App::migrations())).await?;
    let folder = env::temp_dir().join(format!("studio-bench-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let (mut starts, mut sizes) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (start, size) = once(&program, &database, &folder)?;
        starts.push(start);
        sizes.push(size);
    }
    fs::remove_dir_all(&folder)?;
    Ok(vec![
        Bar {
            name: "start",
            value: median(&mut starts),
            unit: "s",
            floor: Decimal::from(2),
            goal: Decimal::new(5, 1),
            detail: json!({ "rounds": starts, "unit": "s" }),
        },
        Bar {
            name: "rss-idle",
            value: median(&mut sizes),
            unit: "MiB",
            floor: Decimal::from(32),
            goal: Decimal::from(16),
            detail: json!({ "rounds": sizes, "unit": "MiB" }),
        },
    ])
}

fn once(program: &Path, database: &Database, folder: &Path) -> Result<(Decimal, Decimal)> {
    let port = testkit::free_port()?.port();
    let settings = testkit::settings("wallet", database)?.replace(
        "metrics.listen = '127.0.0.1:0'",
        &format!("metrics.listen = '127.0.0.1:{port}'"),
    );
    let file = folder.join("wallet.toml");
    fs::write(&file, settings)?;
    let began = Instant::now();
    let mut process = Process(
        Command::new(program)
            .args(["serve", "--config"])
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    while !serves(port) {
        if began.elapsed() > Duration::from_secs(20) || process.0.try_wait()?.is_some() {
            bail!("{} did not begin to serve", program.display());
        }
        thread::sleep(Duration::from_millis(2));
    }
    let took = Decimal::new(i64::try_from(began.elapsed().as_millis())?, 3);
    thread::sleep(Duration::from_secs(2));
    Ok((took, resident(process.0.id())?))
}

/// Ends with the measurement, however it ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        for ended in [self.0.kill(), self.0.wait().map(drop)] {
            if let Err(error) = ended {
                eprintln!("the measured process: {error}");
            }
        }
    }
}

fn serves(port: u16) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(("127.0.0.1", port)) else {
        return false;
    };
    let asked = stream.write_all(b"GET /readyz HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n");
    let mut answer = String::new();
    asked.is_ok() && stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200")
}

/// Resident memory in MiB.
pub fn resident(pid: u32) -> Result<Decimal> {
    memory(pid, "VmRSS:")
}

/// The most memory that was ever resident, in MiB.
pub fn peak(pid: u32) -> Result<Decimal> {
    memory(pid, "VmHWM:")
}

fn memory(pid: u32, what: &str) -> Result<Decimal> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|l| l.strip_prefix(what))
        .with_context(|| format!("no {what}"))?;
    let kib: i64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok((Decimal::from(kib) / Decimal::from(1024)).round_dp(1))
}

fn median(values: &mut [Decimal]) -> Decimal {
    values.sort();
    values[values.len() / 2]
}
