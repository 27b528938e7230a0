//! Takes an installed Python away, if nothing that boot made would break.

use std::fs;
use std::path::{Path, PathBuf};

use super::installed::{self, Installed};
use super::links;
use super::request::Request;
use crate::Context;
use crate::store::lock::Lock;
use crate::store::{self, atomic};

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("Python {version} is used by {}\nuninstall those first, or: boot python uninstall --force {version}", list(users))]
    InUse { version: String, users: Vec<PathBuf> },
    #[error(transparent)]
    Store(#[from] store::Error),
}

fn list(users: &[PathBuf]) -> String {
    let shown: Vec<String> = users.iter().take(5).map(|path| path.display().to_string()).collect();
    match users.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Uninstalls the newest Python that meets `request`; None where none does.
pub fn uninstall(ctx: &Context, request: &Request, force: bool) -> Result<Option<Installed>, Error> {
    let Some(python) = installed::find(&ctx.paths, request) else { return Ok(None) };
    let _lock = Lock::hold(&ctx.paths.locks(), &python.key.to_string(), &*ctx.report)?;
    if !force {
        let users = users(ctx, &python);
        if !users.is_empty() {
            return Err(Error::InUse { version: python.key.version.to_string(), users });
        }
    }
    atomic::remove_folder(&python.root)?;
    links::refresh(&ctx.paths)?;
    Ok(Some(python))
}

/// The environments below boot's folders whose interpreter this is: by its own path, or by its minor's link with no other patch to
/// take its place.
fn users(ctx: &Context, python: &Installed) -> Vec<PathBuf> {
    let minor = python.key.version.minor_name(python.key.variant);
    let last = !installed::list(&ctx.paths)
        .iter()
        .any(|other| other.key != python.key && other.key.version.minor_name(other.key.variant) == minor);
    let link = ctx.paths.pythons().join(&minor);
    let mut users = Vec::new();
    for folder in [ctx.paths.tools(), ctx.paths.venvs()] {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let root = entry.path();
            let uses = |place: &Path| fs::read_link(root.join("bin/python")).is_ok_and(|target| target.starts_with(place));
            if uses(&python.root) || (last && uses(&link)) {
                users.push(root);
            }
        }
    }
    users.sort();
    users
}
