//! Source archives, unpacked for a build or for a look.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use lzma_rust2::XzReader;

use super::{Error, Result};
use crate::net::VerifiedArchive;
use crate::store::atomic::Staging;
use crate::store::paths::Paths;
use crate::store::{self, unpack};

/// An unpacked source archive. Gone when dropped.
pub struct Unpacked {
    tree: PathBuf,
    _staging: Staging,
}

impl Unpacked {
    /// Unpacks `archive`; `file` is its name, which tells the kind.
    pub fn from(paths: &Paths, file: &str, archive: &VerifiedArchive) -> Result<Unpacked> {
        let staging = Staging::within(&paths.builds())?;
        let root = staging.path().join("source");
        fs::create_dir(&root).map_err(store::Error::io("create", &root))?;
        let reader = File::open(archive.path()).map_err(store::Error::io("read", archive.path()))?;
        let limits = unpack::Limits::of(reader.metadata().map_err(store::Error::io("read", archive.path()))?.len());
        let reader = BufReader::new(reader);
        let (name, all) = (Path::new(file), Path::new(""));
        if file.ends_with(".zip") {
            unpack::zip(reader, name, &root, limits)?;
        } else {
            let reader: Box<dyn Read> = if file.ends_with(".tar.gz") || file.ends_with(".tgz") {
                Box::new(GzDecoder::new(reader))
            } else if file.ends_with(".tar.xz") {
                Box::new(XzReader::new(reader, true))
            } else {
                let reason = "its kind of archive isn't known; .tar.gz, .tgz, .tar.xz and .zip are".to_string();
                return Err(Error::Unbuildable { what: file.into(), reason });
            };
            unpack::tar(reader, name, &root, all, limits)?;
        }
        Ok(Unpacked { tree: top(&root)?, _staging: staging })
    }

    /// The folder with the pyproject.toml or setup.py.
    pub fn tree(&self) -> &Path {
        &self.tree
    }
}

/// An archive's one folder, or all of it.
fn top(root: &Path) -> Result<PathBuf> {
    let mut entries = fs::read_dir(root).map_err(store::Error::io("read", root))?.flatten().map(|entry| entry.path());
    match (entries.next(), entries.next()) {
        (Some(only), None) if only.is_dir() => Ok(only),
        _ => Ok(root.into()),
    }
}
