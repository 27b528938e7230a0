//! Uninstalling, and holding a version.

use super::receipt::Receipt;
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
    let _lock = Lock::hold(
        &ctx.paths.locks(),
        &format!("tool-{name}"),
        ctx.report.as_ref(),
    )?;
    if std::fs::symlink_metadata(&home).is_err() {
        return Err(super::not_installed(&ctx.paths, typed));
    }
    let _bin = Lock::hold(&ctx.paths.locks(), "bin", &Silent)?;
    expose::unlink(&ctx.paths, &name)?;
    manuals::unlink(&ctx.paths, &name)?;
    atomic::remove_folder(&home)?;
    Ok(name)
}

/// Holds a tool at its version, or lets it go on. None if it was so before.
pub(crate) fn pin(ctx: &Context, typed: &str, pinned: bool) -> Result<Option<Receipt>> {
    let name = find(&ctx.paths, typed)?.wanted.tool();
    let _lock = Lock::hold(
        &ctx.paths.locks(),
        &format!("tool-{name}"),
        ctx.report.as_ref(),
    )?;
    let mut receipt = find(&ctx.paths, typed)?;
    if receipt.wanted.pinned == pinned {
        return Ok(None);
    }
    receipt.wanted.pinned = pinned;
    receipt.write(&folder(&ctx.paths, &name))?;
    Ok(Some(receipt))
}
