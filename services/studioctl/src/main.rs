fn main() -> std::process::ExitCode {
    studioctl::run()
}
