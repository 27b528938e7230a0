//! Uninstalling a tool.

use super::{Result, expose, find, folder, manuals, named};
use crate::Context;
use crate::report::Silent;
use crate::store::atomic;
use crate::store::lock::Lock;

/// Removes a tool's links, then its environment; also one whose receipt can't be read. Gives its
/// name.
pub(crate) fn uninstall(ctx: &Context, typed: &str) -> Result<String> {
    // A tool whose receipt can't be read is known by its folder alone.
    let found = find(&ctx.paths, typed)
        .ok()
        .map(|receipt| receipt.wanted.tool());
    let name = found
        .or_else(|| named(&ctx.paths, typed))
        .ok_or_else(|| super::not_installed(&ctx.paths, typed))?;
    let home = folder(&ctx.paths, &name);
    let _lock = super::lock(ctx, &name)?;
    if std::fs::symlink_metadata(&home).is_err() {
        return Err(super::not_installed(&ctx.paths, typed));
    }
    let _bin = Lock::hold(&ctx.paths.locks(), "bin", &Silent)?;
    expose::unlink(&ctx.paths, &name)?;
    manuals::unlink(&ctx.paths, &name)?;
    atomic::remove_folder(&home)?;
    Ok(name)
}
