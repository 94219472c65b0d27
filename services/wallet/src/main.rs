//! The wallet as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    wallet::run_blocking()
}
