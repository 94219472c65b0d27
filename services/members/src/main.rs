fn main() -> std::process::ExitCode {
    members::run_blocking()
}
