//! Takes an installed Python away, if nothing that boot knows of would break.

use super::installed::{self, Installed};
use super::key::Version;
use super::links;
use super::request::Request;
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self, atomic};
use crate::{Code, Context};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(
        "Python {version} is used by {}\nremove or reinstall those first, or: boot python \
         uninstall --force {version}",
        listed(users)
    )]
    InUse { version: String, users: Vec<String> },
    #[error("{request} is {}\nname one of them: boot python uninstall {}", listed(found), found[0])]
    Several { request: String, found: Vec<String> },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        Code::Failed
    }
}

/// As many as fit a line.
fn listed(all: &[String]) -> String {
    let (shown, more) = all.split_at(all.len().min(5));
    match (shown, more.len()) {
        ([most @ .., last], 0) if !most.is_empty() => format!("{} and {last}", most.join(", ")),
        (shown, 0) => shown.join(", "),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

/// An uninstalled Python.
#[derive(Clone, Debug)]
pub(crate) struct Gone {
    pub python: Installed,
    /// Names of its users, which have no Python now; empty without `force`.
    pub broken: Vec<String>,
}

/// Uninstalls the Python that meets `request`; None where none does. `list_users` names the tools
/// and environments that run on a Python.
///
/// # Errors
/// Tools or environments use it and `force` isn't given; or several meet the request.
pub(crate) fn uninstall(
    ctx: &Context,
    request: &Request,
    force: bool,
    list_users: &dyn Fn(&Installed) -> Vec<String>,
) -> Result<Option<Gone>, Error> {
    let all = installed::list(&ctx.paths)
        .into_iter()
        .chain(installed::gone(&ctx.paths));
    let found: Vec<Installed> = all.filter(|python| request.matches(&python.key)).collect();
    let python = match found.as_slice() {
        [] => {
            // An earlier run may have been killed when the Python was gone and its links weren't.
            links::repair(&ctx.paths)?;
            return Ok(None);
        }
        [one] => one.clone(),
        _ => {
            let found = found
                .iter()
                .map(|python| named(&python.key.version, python))
                .collect();
            return Err(Error::Several {
                request: request.to_string(),
                found,
            });
        }
    };
    let _lock = Lock::hold(&ctx.paths.locks(), &python.key.to_string(), &*ctx.report)?;
    let broken = list_users(&python);
    if !force && !broken.is_empty() {
        return Err(Error::InUse {
            version: named(&python.key.version, &python),
            users: broken,
        });
    }
    remove(&ctx.paths, &python)?;
    Ok(Some(Gone { python, broken }))
}

fn named(version: &Version, python: &Installed) -> String {
    format!("{version}{}", python.key.variant.suffix())
}

/// Takes its folder away and sets the links right. Whoever calls holds its lock.
pub(super) fn remove(paths: &Paths, python: &Installed) -> store::Result<()> {
    atomic::remove_folder(&python.root)?;
    links::refresh(paths)
}
