fn main() -> std::process::ExitCode {
    notifications::run_blocking()
}
