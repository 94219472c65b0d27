fn main() -> std::process::ExitCode {
    oversight::run_blocking()
}
