//! The binary; the program is in the library, where tests and fuzz targets reach its parts.

use std::process::ExitCode;

fn main() -> ExitCode {
    boot::run()
}
