fn main() -> std::process::ExitCode {
    unclosed::cli::run(std::env::args_os())
}
