//! A word that changes whenever something changed that open shells go by: what is trusted,
//! installed, made or removed. The hook reads it with a builtin at each prompt in a project, so
//! that a change shows in every shell at its next prompt.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::paths::Paths;
use super::{Result, atomic};

/// The file that holds the word.
pub(crate) fn file(paths: &Paths) -> PathBuf {
    paths.state.join("changed")
}

/// Changes the word.
pub(crate) fn touch(paths: &Paths) -> Result<()> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    // What killed runs left of theirs: nothing else is staged here.
    atomic::sweep(&paths.state);
    // No shell outlives a power cut, so there is nobody to read what was lost in one.
    atomic::write_unsynced(
        &file(paths),
        format!("{:x}-{:x}\n", now.as_nanos(), std::process::id()).as_bytes(),
        &paths.state,
    )
}
