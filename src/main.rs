//! The command line: see [`rozmova::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    rozmova::cli::run()
}
