//! Brings a minor to its newest patch. The minor's link moves in one step, and with it every
//! environment that is bound to it; then the old patch goes, unless something is bound to that
//! patch itself.

use std::fs;

use super::catalog;
use super::install::{self, Options};
use super::installed::{self, Installed, Origin, RECORD};
use super::key::{Key, Variant, Version};
use super::request::{Numbers, Request};
use super::{links, uninstall};
use crate::store::lock::Lock;
use crate::store::{self};
use crate::{Code, Context};

/// A minor, and whether it is the free-threaded one.
pub(crate) type Minor = (u32, u32, Variant);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("Python {0} isn't installed, so there is nothing to upgrade\nboot python install {0}")]
    NotInstalled(String),
    #[error(
        "{0} names one patch, which stays what it is\nboot python upgrade {1} brings the newest"
    )]
    Exact(String, String),
    #[error(
        "Python {version} is adopted from {path}: its owner upgrades it there\n\
         boot python install {minor} installs one that boot keeps up to date"
    )]
    Adopted {
        version: Version,
        path: String,
        minor: String,
    },
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        match self {
            Error::Exact(..) => Code::Usage,
            _ => Code::Failed,
        }
    }
}

/// The upgrade of one minor.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The minor's Python after the upgrade.
    pub now: Installed,
    /// Its version before; the same where there was nothing newer.
    pub before: Version,
    /// Old patches that are gone.
    pub gone: Vec<Version>,
    /// Old patches that stay, and the names of their users.
    pub held: Vec<(Version, Vec<String>)>,
}

/// The installed minors that `request` means, newest first; all that boot installed itself without
/// one.
///
/// Errors: none is installed; or the request is bound to one patch.
pub(crate) fn minors(ctx: &Context, request: Option<&Request>) -> Result<Vec<Minor>, Error> {
    let installed = installed::list(&ctx.paths);
    let minor = |key: &Key| (key.version.major, key.version.minor, key.variant);
    let mut minors: Vec<Minor> = Vec::new();
    let mut adopted = None;
    for python in &installed {
        let meant = match request {
            None => true,
            Some(Request::Version {
                numbers: Numbers::Full(full),
                variant,
            }) => {
                return Err(Error::Exact(
                    format!("{full}{}", variant.suffix()),
                    full.minor_name(*variant),
                ));
            }
            Some(Request::Key(key)) => {
                return Err(Error::Exact(
                    key.to_string(),
                    key.version.minor_name(key.variant),
                ));
            }
            Some(request) => request.matches(&python.key),
        };
        if meant && python.origin == Origin::Adopted {
            adopted.get_or_insert(python);
        } else if meant && !minors.contains(&minor(&python.key)) {
            minors.push(minor(&python.key));
        }
    }
    match (request, adopted) {
        (Some(_), Some(python)) if minors.is_empty() => Err(Error::Adopted {
            version: python.key.version,
            path: ctx.paths.tilde(&python.executable),
            minor: python.key.version.minor_name(python.key.variant),
        }),
        (Some(request), None) if minors.is_empty() => Err(Error::NotInstalled(request.to_string())),
        _ => Ok(minors),
    }
}

/// The newest version of `installed`'s minor that is newer than it and can be had the way it came:
/// as an archive, or as source. Pre-releases are followed by newer ones and by the final release,
/// final releases by final ones.
pub(crate) fn newer(
    ctx: &Context,
    installed: &Installed,
) -> Result<Option<Version>, catalog::Error> {
    let wanted = next(&installed.key);
    let key = |version| Key {
        version,
        ..installed.key
    };
    let known: Vec<Version> = if installed.origin == Origin::Source {
        catalog::sources(ctx)?
            .into_iter()
            .map(|source| source.version)
            .collect()
    } else {
        let builds = catalog::builds(ctx)?;
        catalog::matching(&builds, &wanted, installed.key.platform)
            .map(|build| build.key.version)
            .collect()
    };
    Ok(known
        .into_iter()
        .filter(|version| wanted.matches(&key(*version)))
        .max())
}

/// The request for what is newer than `key` in its minor.
fn next(key: &Key) -> Request {
    let Version { major, minor, .. } = key.version;
    let specifiers = format!(">{},=={major}.{minor}.*", key.version);
    match specifiers.parse() {
        Ok(specifiers) => Request::Specifiers {
            specifiers,
            variant: key.variant,
        },
        // Numbers always parse.
        Err(_) => Request::Key(*key),
    }
}

/// The old patch, once an upgrade has installed a newer one.
pub(crate) enum OldPatch<'a> {
    Keep,
    /// Removed unless it has users, which the function names.
    Remove(&'a (dyn Fn(&Installed) -> Vec<String> + Sync)),
}

/// Upgrades one minor.
///
/// # Errors
/// Those of [`install::ensure`]; the state from before is then kept.
pub(crate) fn upgrade(
    ctx: &Context,
    minor: Minor,
    old_patch: &OldPatch<'_>,
    options: &Options,
) -> Result<Outcome, install::Error> {
    let paths = &ctx.paths;
    let own = |python: &Installed| {
        python.origin != Origin::Adopted
            && (
                python.key.version.major,
                python.key.version.minor,
                python.key.variant,
            ) == minor
    };
    let all = installed::list(paths);
    let Some(newest) = all.iter().find(|python| own(python)) else {
        let name = Version::new(minor.0, minor.1, 0).minor_name(minor.2);
        return Err(install::Error::Unknown {
            request: name,
            newest: None,
        });
    };
    // What the minor's link leads to: the newest one, unless an earlier upgrade was killed just
    // before it moved the link.
    let link = fs::read_link(newest.minor_link(paths)).ok();
    let before = all.iter().find(|python| {
        own(python) && python.root.file_name() == link.as_deref().map(|link| link.as_os_str())
    });
    let before = before.unwrap_or(newest).clone();

    let mut now = newest.clone();
    if newer(ctx, newest)?.is_some() {
        let options = Options {
            source: options.source || newest.origin == Origin::Source,
            build: options.build.clone().or(&newest.build),
            replaces: matches!(old_patch, OldPatch::Remove(_)).then_some(before.key),
            ..options.clone()
        };
        now = install::ensure(ctx, &next(&newest.key), &options)?.installed;
    }
    links::repair(paths)?;

    let mut outcome = Outcome {
        before: before.key.version,
        gone: Vec::new(),
        held: Vec::new(),
        now,
    };
    if let OldPatch::Remove(list_users) = old_patch {
        remove_old_patches(ctx, before, *list_users, &mut outcome)?;
    }
    Ok(outcome)
}

/// Removes the patch from `before` the upgrade, and one that an earlier upgrade left behind.
fn remove_old_patches(
    ctx: &Context,
    before: Installed,
    list_users: &dyn Fn(&Installed) -> Vec<String>,
    outcome: &mut Outcome,
) -> Result<(), store::Error> {
    let mut old = vec![before];
    // What a killed upgrade, or one whose old patch was in use, left behind.
    old.extend(
        outcome
            .now
            .replaces
            .and_then(|key| installed::read(&ctx.paths.pythons().join(key.to_string()))),
    );
    old.dedup_by_key(|python| python.key);
    for python in old {
        if python.key != outcome.now.key
            && python.origin != Origin::Adopted
            && !is_newer_on_disk(&python, &outcome.now)
        {
            drop_patch(ctx, &python, list_users, outcome)?;
        }
    }
    Ok(())
}

/// Removes an old patch, if nothing is bound to it.
fn drop_patch(
    ctx: &Context,
    python: &Installed,
    list_users: &dyn Fn(&Installed) -> Vec<String>,
    outcome: &mut Outcome,
) -> Result<(), store::Error> {
    let _lock = Lock::hold(&ctx.paths.locks(), &python.key.to_string(), &*ctx.report)?;
    let users = list_users(python);
    if users.is_empty() {
        uninstall::remove(&ctx.paths, python)?;
        outcome.gone.push(python.key.version);
    } else {
        outcome.held.push((python.key.version, users));
    }
    Ok(())
}

/// True if somebody has installed `old` again since `now` took its place.
fn is_newer_on_disk(old: &Installed, now: &Installed) -> bool {
    let time = |python: &Installed| {
        fs::metadata(python.root.join(RECORD))
            .and_then(|data| data.modified())
            .ok()
    };
    time(old) > time(now)
}
