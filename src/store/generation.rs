//! The generation of boot's state: a file whose content changes with each change that open shells
//! go by (trust, Pythons, environments). The hook reads it with a builtin at each prompt in a
//! project, so that a change shows in every shell at its next prompt.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::paths::Paths;
use super::{Result, atomic};

/// The path of the generation file.
pub(crate) fn file_path(paths: &Paths) -> PathBuf {
    paths.state.join("changed")
}

/// Begins the next generation.
pub(crate) fn advance(paths: &Paths) -> Result<()> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // What killed runs left of theirs: nothing else is staged here.
    atomic::sweep(&paths.state);
    // No shell outlives a power cut, so there is nobody to read what was lost in one.
    atomic::write_unsynced(
        &file_path(paths),
        format!("{:x}-{:x}\n", now.as_nanos(), std::process::id()).as_bytes(),
        &paths.state,
    )
}
