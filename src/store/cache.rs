//! The cache as a whole: how large it is, and emptying it. What lies in it is made by those who use
//! it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Once;
use std::time::{Duration, SystemTime};

use super::{Result, atomic};
use crate::store::paths::Paths;

/// The time that an unused entry survives a pruning of the cache.
const KEPT: Duration = Duration::from_secs(90 * 24 * 3600);

/// A part of the cache and its size.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Part {
    pub name: &'static str,
    pub path: PathBuf,
    /// Bytes on disk that would be free if it went: a file that an environment shares counts for
    /// nothing.
    pub bytes: u64,
    pub files: u64,
}

/// The parts of the cache, whether they are there or not.
pub(crate) fn parts(paths: &Paths) -> Vec<Part> {
    folders(paths)
        .into_iter()
        .map(|(name, path)| {
            let mut part = Part {
                name,
                bytes: 0,
                files: 0,
                path,
            };
            let path = part.path.clone();
            measure(&path, &mut part);
            part
        })
        .collect()
}

fn folders(paths: &Paths) -> [(&'static str, PathBuf); 8] {
    [
        ("wheels", paths.wheels()),
        ("index", paths.index()),
        ("archives", paths.archives()),
        ("builds", paths.builds()),
        ("git", paths.git()),
        ("environments", paths.environments()),
        ("marks", paths.markers()),
        ("catalogs", paths.catalogs()),
    ]
}

fn measure(folder: &Path, part: &mut Part) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(data) = entry.metadata() else { continue };
        if data.is_dir() {
            measure(&entry.path(), part);
        } else {
            part.files += 1;
            if data.nlink() == 1 {
                part.bytes += data.blocks() * 512;
            }
        }
    }
}

/// Deletes the whole cache. What is installed doesn't need it.
pub(crate) fn clean(paths: &Paths) -> Result<()> {
    for (_, part) in folders(paths) {
        atomic::remove_folder(&part)?;
    }
    Ok(())
}

/// Writes a small file that the cache's `index` keeps: a page, or a wheel's metadata. Best effort:
/// without it the next run asks again. It doesn't wait for the disk either, since one that is empty
/// after a power cut is read as none.
pub(crate) fn keep(paths: &Paths, path: &Path, bytes: &[u8]) {
    sweep_index(paths);
    let _ = atomic::write_unsynced(path, bytes, &paths.index());
}

/// Deletes what killed runs left of the files that [`keep`] writes; once a run.
pub(crate) fn sweep_index(paths: &Paths) {
    static SWEPT: Once = Once::new();
    SWEPT.call_once(|| atomic::sweep(&paths.index()));
}

/// Deletes what a dead process left half-made, downloads that were cut, and what nobody has used
/// for three months. Returns how many entries went.
pub(crate) fn prune(paths: &Paths) -> Result<u64> {
    let mut gone = 0;
    sweep_index(paths);
    for (_, part) in folders(paths) {
        atomic::sweep(&part);
        let Ok(entries) = fs::read_dir(&part) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(data) = entry.metadata() else { continue };
            let unused = used(&entry.path(), &data)
                .elapsed()
                .is_ok_and(|age| age > KEPT);
            if unused {
                atomic::remove_folder(&entry.path())?;
                gone += 1;
            }
        }
    }
    Ok(gone)
}

/// When an entry was used last: a folder by what lies right in it as well, of which its users read
/// a file (`wheel.json`, `pyvenv.cfg`). That they did leaves no trace on the folder itself; and who
/// lists it, as [`parts`] does, hasn't used it.
fn used(path: &Path, data: &fs::Metadata) -> SystemTime {
    let last = |data: &fs::Metadata| {
        let read = data.accessed().ok().filter(|_| !data.is_dir());
        data.modified()
            .ok()
            .max(read)
            .unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let inside = fs::read_dir(path)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some(last(&entry.metadata().ok()?)));
    inside.fold(last(data), SystemTime::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_empties_cache_and_prune_keeps_new_entries() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().to_path_buf();
        let paths = Paths::from(&|name| (name == "HOME").then(|| root.clone().into())).unwrap();
        fs::create_dir_all(paths.wheels().join("a")).unwrap();
        fs::write(paths.wheels().join("a/f"), [1; 5000]).unwrap();
        assert!(parts(&paths)[0].bytes >= 5000);
        assert_eq!(prune(&paths).unwrap(), 0, "what is new stays");
        clean(&paths).unwrap();
        assert_eq!(parts(&paths).iter().map(|part| part.files).sum::<u64>(), 0);
    }
}
