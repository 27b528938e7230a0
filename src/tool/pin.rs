//! Holding a tool at its version.

use super::receipt::Receipt;
use super::{Result, find, folder};
use crate::Context;

/// Holds a tool at its version, or lets it go on. None where it was so before.
pub(crate) fn pin(ctx: &Context, typed: &str, pinned: bool) -> Result<Option<Receipt>> {
    let name = find(&ctx.paths, typed)?.wanted.tool();
    let _lock = super::lock(ctx, &name)?;
    let mut receipt = find(&ctx.paths, typed)?;
    if receipt.wanted.pinned == pinned {
        return Ok(None);
    }
    receipt.wanted.pinned = pinned;
    receipt.write(&folder(&ctx.paths, &name))?;
    Ok(Some(receipt))
}
