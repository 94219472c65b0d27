use std::process::ExitCode;

fn main() -> ExitCode {
    payments::run_blocking()
}
