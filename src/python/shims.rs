//! The files in the shims folder: further names of boot's own file, so that whoever resolves one
//! finds the shim itself, not boot. Where the system gives the installed file no further names,
//! they are names of a copy that lies in the shims folder.

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::shell::{init, shim};
use crate::store::paths::Paths;
use crate::store::{Error, Result, atomic, hard_link};

/// Every boot has it in its file: how one knows another one.
#[used]
static MARK: [u8; 32] = *b"\x1fboot: this file can be a shim\x1f\n";

/// The state of a shim's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// This boot.
    Current,
    /// Another boot, or a link to one as boots made them at first.
    Old,
    /// Something that boot didn't make.
    Foreign,
    Absent,
}

/// Makes the shims those of this boot: `names`, and no others. True if there was anything to
/// change. What is foreign stays. The caller holds the lock of the links.
pub(crate) fn set(paths: &Paths, names: &[String]) -> Result<bool> {
    let folder = paths.shims();
    let mut changed = false;
    if !names.is_empty() {
        let mut boot = Boot::running()?;
        let mut sources = vec![boot.file.clone()];
        let states: Vec<(PathBuf, State)> = names
            .iter()
            .map(|name| folder.join(name))
            .map(|path| (path.clone(), boot.state(&path)))
            .collect();
        sources.extend(
            states
                .iter()
                .find(|(_, state)| *state == State::Current)
                .map(|(path, _)| path.clone()),
        );
        if states.iter().any(|(_, state)| *state != State::Current) {
            // Nobody else is at it: the caller holds the lock.
            atomic::sweep(&folder);
        }
        for (path, state) in states {
            if matches!(state, State::Old | State::Absent) {
                put(&mut sources, &path)?;
                changed = true;
            }
        }
    }
    let left: Vec<PathBuf> = entries(&folder)
        .into_iter()
        .filter(|(name, _)| !names.contains(name))
        .map(|(_, path)| path)
        .collect();
    if !left.is_empty() {
        let mut boot = Boot::running()?;
        for path in left
            .into_iter()
            .filter(|path| matches!(boot.state(path), State::Current | State::Old))
        {
            changed |= fs::remove_file(path).is_ok();
        }
    }
    Ok(changed)
}

/// The places of `names` that have no shim of this boot.
pub(crate) fn wrong(paths: &Paths, names: &[String]) -> Vec<(PathBuf, State)> {
    let Ok(mut boot) = Boot::running() else {
        return Vec::new();
    };
    let places = names.iter().map(|name| paths.shims().join(name));
    places
        .map(|path| (path.clone(), boot.state(&path)))
        .filter(|(_, state)| *state != State::Current)
        .collect()
}

/// Entries of `folder` with a shim's name.
fn entries(folder: &Path) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let named =
        entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())));
    named.filter(|(name, _)| shim::is_shim(name)).collect()
}

/// Puts a shim at `path`: a further name of the first of `sources` that can have one, else a copy,
/// which is a source from then on. On a disk that has no room for that it is a link, which the next
/// change replaces.
fn put(sources: &mut Vec<PathBuf>, path: &Path) -> Result<()> {
    for source in sources.iter().rev() {
        if hard_link::put(source, path)? {
            return Ok(());
        }
    }
    match atomic::copy(&sources[0], path) {
        Err(Error::Io { source, .. })
            if matches!(
                source.kind(),
                ErrorKind::StorageFull | ErrorKind::QuotaExceeded
            ) =>
        {
            return atomic::put_symlink(&sources[0], path);
        }
        other => other?,
    }
    sources.push(path.into());
    Ok(())
}

/// The file of the boot that runs, and what is known of others.
struct Boot {
    file: PathBuf,
    /// By device and inode: all shims of a boot are one file.
    seen: Vec<((u64, u64), State)>,
}

impl Boot {
    fn running() -> Result<Boot> {
        let find = |path: PathBuf| fs::canonicalize(&path).map_err(Error::io("read", &path));
        let file = init::running()
            .map_err(Error::io("find", Path::new("boot")))
            .and_then(find)?;
        let data = fs::metadata(&file).map_err(Error::io("read", &file))?;
        Ok(Boot {
            seen: vec![(id(&data), State::Current)],
            file,
        })
    }

    fn state(&mut self, path: &Path) -> State {
        let Ok(data) = fs::symlink_metadata(path) else {
            return State::Absent;
        };
        if data.is_symlink() {
            let leads = fs::read_link(path).unwrap_or_default();
            // Boot may be installed by another name, or not any more.
            let is_boots = leads.file_name().is_some_and(|name| name == "boot")
                || fs::metadata(path).is_ok_and(|data| {
                    matches!(self.state_of_file(path, &data), State::Current | State::Old)
                });
            return if is_boots { State::Old } else { State::Foreign };
        }
        self.state_of_file(path, &data)
    }

    fn state_of_file(&mut self, path: &Path, data: &fs::Metadata) -> State {
        if let Some((_, state)) = self.seen.iter().find(|(seen, _)| *seen == id(data)) {
            return *state;
        }
        let state = match data.is_file() {
            false => State::Foreign,
            true if atomic::is_same(path, &self.file) => State::Current,
            true if has_mark(path) => State::Old,
            true => State::Foreign,
        };
        self.seen.push((id(data), state));
        state
    }
}

fn id(data: &fs::Metadata) -> (u64, u64) {
    (data.dev(), data.ino())
}

/// True if a file is a boot.
fn has_mark(path: &Path) -> bool {
    // Not as a constant: taken apart, this binary wouldn't have it.
    let mark: &[u8] = std::hint::black_box(&MARK);
    let Ok(mut file) = fs::File::open(path) else {
        return false;
    };
    let mut buffer = vec![0; 1 << 20];
    let mut kept = 0;
    loop {
        let Ok(read) = file.read(&mut buffer[kept..]) else {
            return false;
        };
        let filled = kept + read;
        if read == 0 {
            return false;
        }
        if buffer[..filled]
            .split(|byte| *byte == mark[0])
            .any(|part| part == &mark[1..30])
        {
            return true;
        }
        // It may lie across two parts.
        kept = filled.min(mark.len());
        buffer.copy_within(filled - kept..filled, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_mark_finds_mark_at_any_offset() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("f");
        for before in [
            0,
            1,
            (1 << 20) - 40,
            (1 << 20) - 16,
            1 << 20,
            (3 << 20) - 33,
        ] {
            let mut bytes = vec![0x1f; before];
            fs::write(&file, &bytes).unwrap();
            assert!(!has_mark(&file));
            bytes.extend(MARK);
            fs::write(&file, &bytes).unwrap();
            assert!(has_mark(&file), "{before}");
        }
        assert!(has_mark(&std::env::current_exe().unwrap()));
        assert!(!has_mark(Path::new("/bin/sh")));
    }
}
