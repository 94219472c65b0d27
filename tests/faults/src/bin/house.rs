//! Every service in one program: which one it is, it is told by the name under
//! which it is called. It ends when whoever started it does.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, setrlimit};

fn main() -> ExitCode {
    // It dies on purpose: nobody reads what a kernel would keep of it.
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    if let Err(error) = setrlimit(Resource::Core, none) {
        eprintln!("a crash may leave a core behind: {error}");
    }
    std::thread::spawn(end_with_parent);
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

/// A test that was killed cannot end what it started.
fn end_with_parent() {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        std::thread::sleep(Duration::from_millis(500));
    }
    std::process::abort();
}
