//! Source archives, unpacked for a build or for a look.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;

use flate2::read::MultiGzDecoder;
use lzma_rust2::XzReader;

use super::{Error, Result};
use crate::net::VerifiedArchive;
use crate::store::atomic::Staging;
use crate::store::bounded::{Bounded, Counted, is_only_padding};
use crate::store::paths::Paths;
use crate::store::{self, unpack};

/// An unpacked source archive. Gone when dropped.
pub(crate) struct Unpacked {
    tree: PathBuf,
    _staging: Staging,
}

impl Unpacked {
    /// Unpacks `archive`; `file` is its name, which tells the kind. What is packed in several
    /// pieces is one archive, and nothing may follow its end: another reader may see another
    /// archive there.
    pub(crate) fn from(paths: &Paths, file: &str, archive: &VerifiedArchive) -> Result<Unpacked> {
        let staging = Staging::within(&paths.builds())?;
        let root = staging.path().join("source");
        fs::create_dir(&root).map_err(store::Error::io("create", &root))?;
        let reader =
            File::open(archive.path()).map_err(store::Error::io("read", archive.path()))?;
        let limits = unpack::Limits::of(
            reader
                .metadata()
                .map_err(store::Error::io("read", archive.path()))?
                .len(),
        );
        let (name, all) = (Path::new(file), Path::new(""));
        if file.ends_with(".zip") {
            unpack::zip(BufReader::new(reader), name, &root, limits)?;
        } else {
            let read = AtomicU64::new(0);
            let reader = BufReader::new(Counted {
                inner: reader,
                count: &read,
            });
            let decoder: Box<dyn Read> = if file.ends_with(".tar.gz") || file.ends_with(".tgz") {
                Box::new(MultiGzDecoder::new(reader))
            } else if file.ends_with(".tar.xz") {
                Box::new(XzReader::new(reader, true))
            } else {
                let reason = "its kind of archive isn't known; .tar.gz, .tgz, .tar.xz and .zip are"
                    .to_string();
                return Err(Error::Unbuildable {
                    what: file.into(),
                    reason,
                });
            };
            let mut content = Bounded::new(decoder, &read);
            unpack::tar(&mut content, name, &root, all, limits)?;
            let broken = |reason: String| store::Error::Broken {
                archive: name.into(),
                reason,
            };
            if !is_only_padding(&mut content).map_err(|error| broken(error.to_string()))? {
                return Err(broken("something follows its end".into()).into());
            }
        }
        Ok(Unpacked {
            tree: top(&root)?,
            _staging: staging,
        })
    }

    /// The folder with the pyproject.toml or setup.py.
    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }
}

/// An archive's one folder, or all of it.
fn top(root: &Path) -> Result<PathBuf> {
    let mut entries = fs::read_dir(root)
        .map_err(store::Error::io("read", root))?
        .flatten()
        .map(|entry| entry.path());
    match (entries.next(), entries.next()) {
        (Some(only), None) if only.is_dir() => Ok(only),
        _ => Ok(root.into()),
    }
}
