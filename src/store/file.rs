//! Small files that others may have written: read whole, up to a bound, and never waited for.

use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// The content of the regular file `path`, of at most `longest` bytes. A FIFO, a device or a socket
/// is an error, and isn't waited for.
///
/// # Errors
/// It isn't there, isn't a regular file (`InvalidInput`), is longer (`FileTooLarge`), or can't be
/// read.
pub(crate) fn read_bounded(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let bytes = read_start(path, longest + 1)?;
    if bytes.len() as u64 > longest {
        let most = match longest >> 20 {
            0 => format!("{longest} bytes"),
            megabytes => format!("{megabytes} MB"),
        };
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is larger than {most}"),
        ));
    }
    Ok(bytes)
}

/// As [`read_bounded`], for a file in UTF-8 (else `InvalidData`).
pub(crate) fn read_bounded_text(path: &Path, longest: u64) -> io::Result<String> {
    let bytes = read_bounded(path, longest)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it isn't UTF-8"))
}

/// The first `length` bytes of the regular file `path`, or all of a shorter one.
///
/// # Errors
/// As [`read_bounded`], whatever the file's length.
pub(crate) fn read_start(path: &Path, length: u64) -> io::Result<Vec<u8>> {
    let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it isn't a regular file",
        ));
    }
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}
