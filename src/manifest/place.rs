//! The place of a repository on this machine.

use std::fs;
use std::path::{Path, PathBuf};

/// The place of a repository: where it is, and where it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// Its folder, now or later: links lead there.
    pub root: PathBuf,
    /// The folder to read it from now; another folder than `root` until somebody has agreed to a
    /// fetched one.
    pub base: PathBuf,
}

impl Place {
    /// The place of a repository that lies where it belongs.
    pub(crate) fn at(root: &Path) -> Place {
        Place {
            root: root.into(),
            base: root.into(),
        }
    }

    /// The folder to read from: what was fetched moves to its place once somebody has agreed.
    pub(crate) fn readable(&self) -> &Path {
        if self.base == self.root || fs::symlink_metadata(&self.base).is_err() {
            &self.root
        } else {
            &self.base
        }
    }
}
