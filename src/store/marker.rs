//! Markers: empty files with the modification time of a folder, by which a shell sees with a
//! builtin (`-nt`, `-ot`) that another folder stands in its place. Named after that time, so that a
//! marker never changes; they lie in the cache, and a missing one only has the hook ask again.

use std::fs::{self, File, FileTimes, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::paths::Paths;

/// The marker for a folder whose data is `data`, made if need be. None where none can be kept: a
/// full or read-only disk, or one with coarser times than the folder's.
pub(crate) fn create_marker(paths: &Paths, data: &Metadata) -> Option<PathBuf> {
    let time = data.modified().ok()?;
    let marker = paths
        .markers()
        .join(format!("{:x}.{:x}", data.mtime(), data.mtime_nsec()));
    let is_right = || {
        fs::metadata(&marker)
            .and_then(|data| data.modified())
            .is_ok_and(|modified| modified == time)
    };
    if is_right() {
        return Some(marker);
    }
    fs::create_dir_all(paths.markers()).ok()?;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&marker)
        .ok()?;
    // Used just now, as far as pruning goes.
    file.set_times(
        FileTimes::new()
            .set_modified(time)
            .set_accessed(SystemTime::now()),
    )
    .ok()?;
    is_right().then_some(marker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn create_marker_keeps_time_of_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().to_path_buf();
        let paths = Paths::from(&|name| (name == "HOME").then(|| root.clone().into())).unwrap();
        let folder = home.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let before = fs::metadata(&folder).unwrap();
        let marker = create_marker(&paths, &before).unwrap();
        assert_eq!(
            fs::metadata(&marker).unwrap().modified().unwrap(),
            before.modified().unwrap()
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(folder.join("x"), "").unwrap();
        let other = create_marker(&paths, &fs::metadata(&folder).unwrap()).unwrap();
        assert_ne!(other, marker);
        assert_eq!(
            fs::metadata(&marker).unwrap().modified().unwrap(),
            before.modified().unwrap()
        );
    }
}
