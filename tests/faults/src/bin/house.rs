//! Every service in one program: which one it is, it is told by the name under
//! which it is called. It ends when whoever started it does.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    testkit::program::ends_with_its_parent();
    let called = std::env::args_os().next().unwrap_or_default();
    let name = Path::new(&called).file_name().unwrap_or_default();
    match name.to_str().unwrap_or_default() {
        "members" => members::run_blocking(),
        "payments" => payments::run_blocking(),
        "wallet" => wallet::run_blocking(),
        "orders" => orders::run_blocking(),
        "refunds" => refunds::run_blocking(),
        "notifications" => notifications::run_blocking(),
        "oversight" => oversight::run_blocking(),
        other => {
            eprintln!("{other} is none of the services");
            ExitCode::FAILURE
        }
    }
}
