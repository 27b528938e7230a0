//! Marks: empty files with the modification time of a folder, by which a shell sees with a builtin
//! (`-nt`, `-ot`) that another folder stands in its place. Named after that time, so that a mark
//! never changes; they lie in the cache, and one that is gone only has the hook ask again.

use std::fs::{self, File, FileTimes, Metadata};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::SystemTime;

use super::paths::Paths;

/// The mark for a folder whose data is `data`, made if need be. None where none can be kept: a full
/// or read-only disk, or one with coarser times than the folder's.
pub(crate) fn of(paths: &Paths, data: &Metadata) -> Option<PathBuf> {
    let time = data.modified().ok()?;
    let mark = paths
        .marks()
        .join(format!("{:x}.{:x}", data.mtime(), data.mtime_nsec()));
    let right = || {
        fs::metadata(&mark)
            .and_then(|data| data.modified())
            .is_ok_and(|marked| marked == time)
    };
    if right() {
        return Some(mark);
    }
    fs::create_dir_all(paths.marks()).ok()?;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(&mark)
        .ok()?;
    // Used just now, as far as pruning goes.
    file.set_times(
        FileTimes::new()
            .set_modified(time)
            .set_accessed(SystemTime::now()),
    )
    .ok()?;
    right().then_some(mark)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mark_keeps_time_of_its_folder() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().to_path_buf();
        let paths = Paths::from(&|name| (name == "HOME").then(|| root.clone().into())).unwrap();
        let folder = home.path().join("folder");
        fs::create_dir(&folder).unwrap();
        let before = fs::metadata(&folder).unwrap();
        let mark = of(&paths, &before).unwrap();
        assert_eq!(
            fs::metadata(&mark).unwrap().modified().unwrap(),
            before.modified().unwrap()
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(folder.join("x"), "").unwrap();
        let other = of(&paths, &fs::metadata(&folder).unwrap()).unwrap();
        assert_ne!(other, mark);
        assert_eq!(
            fs::metadata(&mark).unwrap().modified().unwrap(),
            before.modified().unwrap()
        );
    }
}
