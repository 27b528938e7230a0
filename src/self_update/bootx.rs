//! `bootx`, the short name of `boot tool run`: a link beside boot. Another program of that name
//! stays.

use std::fs;
use std::path::{Path, PathBuf};

use super::own_binary;
use crate::Context;
use crate::report::escaped;
use crate::shell::init;
use crate::store::paths::Paths;
use crate::store::{Result, atomic};

/// State of the link after [`make`].
#[derive(Clone, Debug, PartialEq, Eq)]
enum Outcome {
    Linked,
    /// Another program's, or the user's own.
    Foreign(PathBuf),
    /// Somebody else put boot where it is, or its folder can't be written to.
    NotOurs,
}

/// Makes the link where install.sh put boot, and warns of another program of that name.
pub(crate) fn make_or_warn(ctx: &Context) -> Result<()> {
    if let Outcome::Foreign(path) = make(&ctx.paths)? {
        let path = escaped(&ctx.paths.tilde(&path));
        ctx.report.warn(&format!(
            "{path} isn't boot's, so it stays; boot tool run does what bootx would"
        ));
    }
    Ok(())
}

fn make(paths: &Paths) -> Result<Outcome> {
    let Some(boot) = installed(paths) else {
        return Ok(Outcome::NotOurs);
    };
    let link = beside(&boot);
    let name = Path::new(boot.file_name().unwrap_or_default());
    match fs::symlink_metadata(&link) {
        Ok(_) if fs::read_link(&link).is_ok_and(|leads| leads == name) => Ok(Outcome::Linked),
        Ok(_) if !is_own(&link, &boot) => Ok(Outcome::Foreign(link)),
        _ if rustix::fs::access(link.parent().unwrap_or(&link), rustix::fs::Access::WRITE_OK)
            .is_err() =>
        {
            Ok(Outcome::NotOurs)
        }
        _ => {
            atomic::symlink(name, &link)?;
            Ok(Outcome::Linked)
        }
    }
}

/// The link that goes when boot goes: one that leads to `boot`.
pub(crate) fn removable(boot: &Path) -> Option<PathBuf> {
    let link = beside(boot);
    (link.is_symlink() && is_own(&link, boot)).then_some(link)
}

/// boot by the path where its installer put it, unless that is somebody else's folder.
fn installed(paths: &Paths) -> Option<PathBuf> {
    let boot = init::binary(paths).ok()?;
    (boot == paths.bin.join("boot") || own_binary(paths).is_ok()).then_some(boot)
}

fn beside(boot: &Path) -> PathBuf {
    boot.with_file_name("bootx")
}

fn is_own(link: &Path, boot: &Path) -> bool {
    let leads = fs::read_link(link)
        .is_ok_and(|leads| leads == boot || Some(leads.as_os_str()) == boot.file_name());
    leads
        || link.is_symlink()
            && fs::canonicalize(link)
                .is_ok_and(|real| fs::canonicalize(boot).is_ok_and(|boot| boot == real))
}
