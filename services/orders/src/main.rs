fn main() -> std::process::ExitCode {
    orders::run_blocking()
}
