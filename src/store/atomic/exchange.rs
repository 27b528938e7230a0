//! Two names that swap their content in one step.

use std::fs;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::remove::remove;
use super::{Error, Result, name};

/// Swaps what stands at two names; false where kernel or filesystem can't, or where they are two
/// filesystems: then nothing was done.
pub(crate) fn swap(one: &Path, other: &Path) -> Result<bool> {
    match renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP | Errno::XDEV) => Ok(false),
        Err(error) => Err(Error::io("publish", other)(error.into())),
    }
}

/// Swaps two folders on one filesystem. Where the kernel or the filesystem can't, two renames: in
/// between the old folder stands under a staging name beside the target, and `target` is missing
/// for an instant.
pub(crate) fn exchange(new: &Path, target: &Path) -> Result<()> {
    match swap(new, target)? {
        true => Ok(()),
        false => {
            let aside = new.with_file_name(format!("{}.old", name(new)));
            fs::rename(target, &aside).map_err(Error::io("move aside", target))?;
            match fs::rename(new, target) {
                Ok(()) => {
                    remove(&aside);
                    Ok(())
                }
                Err(error) => {
                    let _ = fs::rename(&aside, target);
                    Err(Error::io("publish", target)(error))
                }
            }
        }
    }
}
