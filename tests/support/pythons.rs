//! Real Pythons of this machine, from pyenv, the system or the tester, for tests that stand-ins do
//! not serve.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::needs;

/// A Python that another program installed.
pub struct Real {
    pub minor: String,
    pub path: PathBuf,
}

/// Finds a complete interpreter of each minor from 3.8 on, newest first.
pub fn real() -> Vec<Real> {
    let pyenv = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| Some(Path::new(&std::env::var_os("HOME")?).join(".pyenv")));
    let versions = pyenv.iter().flat_map(|root| {
        fs::read_dir(root.join("versions"))
            .into_iter()
            .flatten()
            .flatten()
    });
    let mut folders: Vec<PathBuf> = versions.map(|entry| entry.path().join("bin")).collect();
    folders.extend(["/usr/local/bin", "/usr/bin", "/opt/homebrew/bin"].map(PathBuf::from));
    let program = "import ssl, sqlite3, zlib, bz2, lzma, ctypes, readline, curses, uuid, venv, \
                   ensurepip, pip";
    let mut found = BTreeMap::new();
    for folder in folders {
        for minor in 8..30u32 {
            let path = folder.join(format!("python3.{minor}"));
            let is_complete = || {
                Command::new(&path)
                    .args(["-I", "-c", program])
                    .output()
                    .is_ok_and(|output| output.status.success())
            };
            if !found.contains_key(&minor) && path.is_file() && is_complete() {
                found.insert(minor, path);
            }
        }
    }
    found
        .into_iter()
        .rev()
        .map(|(minor, path)| Real {
            minor: format!("3.{minor}"),
            path,
        })
        .collect()
}

/// Like [`real`], if there are at least two.
pub fn several() -> Option<Vec<Real>> {
    let found = real();
    if found.len() < 2 {
        needs::skipped(&format!("{} real Python, and two are needed", found.len()));
        return None;
    }
    Some(found)
}
