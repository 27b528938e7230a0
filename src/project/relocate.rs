//! Moves an environment to another place: its files, then the paths that they have written in them.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use super::venv::CONFIG;
use crate::package::script::Interpreter;
use crate::store::{self, atomic};

/// Scripts are short; what is longer is a program.
const LONGEST_SCRIPT: u64 = 1 << 20;

/// Moves the folder `from` to `to`, which isn't there; copied where they are on two filesystems.
///
/// # Errors
/// It can't be moved; `from` is whole then.
pub(super) fn move_folder(from: &Path, to: &Path) -> store::Result<()> {
    match fs::rename(from, to) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {}
        Err(error) => return Err(store::Error::io("move", from)(error)),
    }
    // Beside the environment's own folder, which has nothing in it but environment and record.
    let staging = atomic::Staging::within(to.ancestors().nth(2).unwrap_or(to))?;
    copy_folder(from, staging.path())?;
    staging.publish(to)?;
    atomic::remove_folder(from)
}

fn copy_folder(from: &Path, to: &Path) -> store::Result<()> {
    for entry in fs::read_dir(from).map_err(store::Error::io("read", from))? {
        let entry = entry.map_err(store::Error::io("read", from))?;
        let (old, new) = (entry.path(), to.join(entry.file_name()));
        let data = entry.metadata().map_err(store::Error::io("read", &old))?;
        if data.is_dir() {
            fs::DirBuilder::new()
                .mode(0o700)
                .create(&new)
                .map_err(store::Error::io("create", &new))?;
            copy_folder(&old, &new)?;
            let mode = fs::Permissions::from_mode(data.mode() & 0o7777);
            fs::set_permissions(&new, mode).map_err(store::Error::io("create", &new))?;
        } else if data.is_symlink() {
            let target = fs::read_link(&old).map_err(store::Error::io("read", &old))?;
            std::os::unix::fs::symlink(target, &new).map_err(store::Error::io("link", &new))?;
        } else if data.is_file() {
            fs::copy(&old, &new).map_err(store::Error::io("write", &new))?;
            let copy = fs::File::options()
                .write(true)
                .open(&new)
                .map_err(store::Error::io("write", &new))?;
            // Bytecode is only used while its source has the time that it was compiled for.
            let kept = data.modified().and_then(|time| copy.set_modified(time));
            kept.and_then(|()| copy.sync_data())
                .map_err(store::Error::io("write", &new))?;
        }
    }
    Ok(())
}

/// Replaces the path `old` by `root` in the scripts of the environment `root` and in its
/// configuration. Done twice it changes nothing more.
///
/// # Errors
/// Its folder of commands can't be read.
pub(super) fn rewrite_paths(root: &Path, old: &Path) -> store::Result<()> {
    let bin = root.join("bin");
    let entries = fs::read_dir(&bin).map_err(store::Error::io("read", &bin))?;
    let scripts = entries.flatten().map(|entry| entry.path());
    for file in scripts.chain([root.join(CONFIG)]) {
        let Ok(data) = fs::symlink_metadata(&file) else {
            continue;
        };
        if !data.is_file() || data.len() > LONGEST_SCRIPT {
            continue;
        }
        // One that can't be read or written (root's, by sudo pip) doesn't keep the others from
        // their place.
        let Ok(bytes) = fs::read(&file) else { continue };
        if bytes.contains(&0) {
            continue;
        }
        let started = with_first_line(&bytes, root, old);
        let text = started.as_deref().unwrap_or(&bytes);
        let changed = with_path(
            text,
            old.as_os_str().as_bytes(),
            root.as_os_str().as_bytes(),
        )
        .or(started);
        if let Some(changed) = changed {
            // A new file, for the old one may be the cache's too.
            let _ = atomic::put(&file, &changed, data.mode() & 0o7777);
        }
    }
    Ok(())
}

/// A script that starts an interpreter of the environment `old`, with the first lines that start
/// that of `root`: a plain path may have become one that is too long or has a blank, or the other
/// way round. None for any other text.
fn with_first_line(text: &[u8], root: &Path, old: &Path) -> Option<Vec<u8>> {
    let folder = old.join("bin").into_os_string();
    let folder = [folder.as_bytes(), b"/"].concat();
    let lines: Vec<&[u8]> = text.splitn(4, |byte| *byte == b'\n').collect();
    let (line, rest) = match lines.as_slice() {
        [b"#!/bin/sh", exec, b"' '''", rest] if exec.starts_with(b"'''exec' ") => (*exec, *rest),
        [first, ..] if first.starts_with(b"#!") => (*first, text.get(first.len() + 1..)?),
        _ => return None,
    };
    let at = line
        .windows(folder.len())
        .position(|window| window == folder)?
        + folder.len();
    let name: Vec<u8> = line[at..]
        .iter()
        .copied()
        .take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'.')
        .collect();
    let isolated = line[at..].windows(3).any(|window| window == b" -E");
    let path = root.join("bin").join(std::ffi::OsStr::from_bytes(&name));
    let mut out = Interpreter {
        path: &path,
        isolated,
    }
    .shebang();
    out.extend(rest);
    Some(out)
}

/// `text` with each mention of the path `old` replaced; None where there is none. A longer name
/// that begins alike isn't one.
fn with_path(text: &[u8], old: &[u8], new: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut at = 0;
    let mut from = 0;
    while at + old.len() <= text.len() {
        let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let begins = at == 0 || !is_part(&text[at - 1]);
        let ends = text.get(at + old.len()).is_none_or(|byte| !is_part(byte));
        if &text[at..at + old.len()] == old && begins && ends {
            out.extend(&text[from..at]);
            out.extend(new);
            at += old.len();
            from = at;
        } else {
            at += 1;
        }
    }
    out.extend(&text[from..]);
    (from > 0).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_first_line_fits_the_new_path() {
        let (old, new) = (Path::new("/p/.venv"), Path::new("/d/my project"));
        let script = with_first_line(b"#!/p/.venv/bin/python3\nprint()\n", new, old).unwrap();
        let text = String::from_utf8(script.clone()).unwrap();
        assert_eq!(
            text,
            "#!/bin/sh\n'''exec' '/d/my project/bin/python3' \"$0\" \"$@\"\n' '''\nprint()\n"
        );
        let back = with_first_line(&script, Path::new("/e"), new).unwrap();
        assert_eq!(
            String::from_utf8(back).unwrap(),
            "#!/e/bin/python3\nprint()\n"
        );
        assert_eq!(with_first_line(b"#!/usr/bin/python3\nx", new, old), None);
    }

    #[test]
    fn with_path_replaces_whole_paths_only() {
        let replaced = |text: &str| {
            with_path(text.as_bytes(), b"/p/.venv", b"/e")
                .map(|bytes| String::from_utf8(bytes).unwrap())
        };
        assert_eq!(
            replaced("#!/p/.venv/bin/python\nx = '/p/.venv'").as_deref(),
            Some("#!/e/bin/python\nx = '/e'")
        );
        assert_eq!(
            replaced("/p/.venv-old /p/.venvs /p/.venv2 /x/p/.venv"),
            None
        );
        assert_eq!(replaced("/p/.venv").as_deref(), Some("/e"));
        assert_eq!(replaced(""), None);
    }
}
