//! Further names of one file: each is made beside its place and put there by one rename.

use std::fs;
use std::io;
use std::path::Path;

use rustix::io::Errno;

use super::atomic::STAGING;
use super::{Error, Result};

/// Puts a further name of the file `source` at `link`, in the place of a file or link there.
///
/// False where the system refuses: another filesystem, one without such names, too many of them, or
/// a file of another user.
///
/// # Errors
/// The folder of `link` can't be written to.
pub(crate) fn put(source: &Path, link: &Path) -> Result<bool> {
    let folder = link.parent().unwrap_or(Path::new("/"));
    fs::create_dir_all(folder).map_err(Error::io("create", folder))?;
    // Whoever sweeps at this moment takes a name without a lock for a leftover: then it is made
    // once more.
    for _ in 0..3 {
        let made = match tempfile::Builder::new()
            .prefix(STAGING)
            .make_in(folder, |path| fs::hard_link(source, path))
        {
            Ok(made) => made,
            Err(error) if is_refusal(&error) => return Ok(false),
            Err(error) => return Err(Error::io("link into", folder)(error)),
        };
        match fs::rename(made.path(), link) {
            // Two names of one file: the rename did nothing, and the first one goes when it is
            // dropped.
            Ok(()) if fs::symlink_metadata(made.path()).is_ok() => return Ok(true),
            Ok(()) => {
                let _ = made.into_temp_path().keep();
                return Ok(true);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io("link", link)(error)),
        }
    }
    Ok(false)
}

fn is_refusal(error: &io::Error) -> bool {
    let refusals = [
        Errno::XDEV,
        Errno::PERM,
        Errno::ACCESS,
        Errno::MLINK,
        Errno::NOTSUP,
        Errno::OPNOTSUPP,
        Errno::NOSYS,
    ];
    error.raw_os_error().is_some_and(|code| {
        refusals
            .iter()
            .any(|refusal| refusal.raw_os_error() == code)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn put_replaces_links_and_files_without_staging() {
        let root = tempfile::tempdir().unwrap();
        let source = root.path().join("source");
        fs::write(&source, "x").unwrap();
        let link = root.path().join("link");
        symlink("elsewhere", &link).unwrap();
        for _ in 0..2 {
            assert!(put(&source, &link).unwrap());
            assert_eq!(
                fs::symlink_metadata(&link).unwrap().ino(),
                fs::metadata(&source).unwrap().ino()
            );
            assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
        }
        // No second name can be made of what isn't on this filesystem.
        assert!(!put(Path::new("/proc/self/status"), &link).unwrap());
        assert_eq!(fs::read_to_string(&link).unwrap(), "x");
    }
}
