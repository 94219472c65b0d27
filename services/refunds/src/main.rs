//! Refunds as a process.

use std::process::ExitCode;

fn main() -> ExitCode {
    refunds::run_blocking()
}
