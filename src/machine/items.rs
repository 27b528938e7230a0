//! Where the machine meets the rest of boot: every call into Pythons, tools and shells is here, in
//! the words of a manifest.

use std::path::PathBuf;

use super::applied::{Applied, Backup, Placed};
use super::{Error, Result};
use crate::Context;
use crate::manifest::Tool;
use crate::manifest::lock::{self, Locked, LockedPython};
use crate::package::requirement::Name;
use crate::project::venv::Config;
use crate::project::{make, pin};
use crate::python;
use crate::python::installed::{self, Installed, Origin};
use crate::python::key::Key;
use crate::python::request::{NotARequest, Request};
use crate::report::escaped;
use crate::shell::{init, install};
use crate::store;
use crate::store::env::var;
use crate::tool::expose::Moved;
use crate::tool::{self, Receipt, Spec};

/// The version of the newest installed Python that meets `request`.
pub(crate) fn python(ctx: &Context, request: &str) -> Option<String> {
    let python = installed::find(&ctx.paths, &request.parse().ok()?)?;
    Some(version(&python))
}

fn version(python: &Installed) -> String {
    format!("{}{}", python.key.version, python.key.variant.suffix())
}

/// The minor, as `3.11`, of the installed Python that meets `request`.
pub(crate) fn minor(ctx: &Context, request: &str) -> Option<String> {
    let python = installed::find(&ctx.paths, &request.parse().ok()?)?;
    Some(python.key.version.minor_name(python.key.variant))
}

/// The linked commands of an installed tool; None where it isn't installed.
pub(crate) fn commands(ctx: &Context, wanted: &Tool) -> Option<Vec<String>> {
    let receipt = Receipt::read(&tool::folder(&ctx.paths, &wanted.installed_name()))
        .ok()
        .flatten()?;
    Some(receipt.apps.into_iter().map(|app| app.name).collect())
}

/// Installs a Python, and says which.
pub(crate) fn install_python(ctx: &Context, request: &str) -> Result<String> {
    let request: Request = request
        .parse()
        .map_err(|error: NotARequest| Error::Item(error.to_string()))?;
    let outcome = python::install::ensure(ctx, &request, &python::install::Options::default())
        .map_err(|error| Error::Item(error.to_string()))?;
    let how = match outcome.installed.origin {
        Origin::Source => "built",
        _ => "installed",
    };
    Ok(format!("{how} {}", version(&outcome.installed)))
}

/// Installs the Python that a lock names, and says which. Where it can't be had, another one that
/// meets the request is taken instead, which is said, and given back to be remembered; never with
/// `strict`.
pub(crate) fn install_locked_python(
    ctx: &Context,
    request: &str,
    locked: Option<&LockedPython>,
    strict: bool,
) -> Result<(String, Option<(String, String)>)> {
    let Some(locked) = locked else {
        return Ok((install_python(ctx, request)?, None));
    };
    match locked.install(ctx) {
        Ok(installed) => Ok((format!("installed {}", version(&installed)), None)),
        Err(python::Error::Standalone(python::standalone::Error::Net(error)))
            if error.is_elsewhere() && !strict =>
        {
            let said = install_python(ctx, request)?;
            let parsed: Request = request
                .parse()
                .map_err(|error: NotARequest| Error::Item(error.to_string()))?;
            let there = installed::find(&ctx.paths, &parsed)
                .map(|there| there.key.to_string())
                .unwrap_or_default();
            if there == locked.key {
                return Ok((said, None));
            }
            Ok((
                format!("{said}: {} can't be had here", locked.key),
                Some((locked.key.clone(), there)),
            ))
        }
        Err(error) => Err(Error::Item(error.to_string())),
    }
}

/// Whether a lock's Python is here, or what was taken instead of it; and the version that is.
pub(crate) fn locked_python(
    ctx: &Context,
    request: &str,
    locked: &LockedPython,
    applied: &Applied,
) -> (bool, Option<String>) {
    if let Some(there) = locked.installed(ctx) {
        return (true, Some(version(&there)));
    }
    let Some(there) = request
        .parse()
        .ok()
        .and_then(|request| installed::find(&ctx.paths, &request))
    else {
        return (false, None);
    };
    let instead = applied
        .instead
        .get(&locked.key)
        .is_some_and(|key| *key == there.key.to_string());
    let wanted = locked
        .key
        .parse::<Key>()
        .map(|key| key.version.to_string())
        .unwrap_or_default();
    let note = if instead {
        "instead of"
    } else {
        "the lock says"
    };
    (
        instead,
        Some(format!("{}, {note} {wanted}", version(&there))),
    )
}

/// The first entry of the global pin.
pub(crate) fn default_python(ctx: &Context) -> Option<String> {
    pin::read_global(&ctx.paths).map(|pin| pin.first().to_string())
}

/// Whether the global pin says no other than `request`.
pub(crate) fn is_default(now: &str, request: &str) -> bool {
    request
        .parse::<Request>()
        .is_ok_and(|request| request.to_string() == now)
}

/// Makes the global pin say `request`, and tells of it. One that came with the dotfiles since the
/// plan is the user's own choice, and only a pin that was written here is noted as boot's.
pub(crate) fn set_default_python(
    ctx: &Context,
    applied: &mut Applied,
    request: &str,
) -> Result<String> {
    match default_python(ctx) {
        Some(now)
            if !is_default(&now, request) && applied.default_python.as_ref() != Some(&now) =>
        {
            return Ok(format!(
                "{} stays the default: your own choice",
                escaped(&now)
            ));
        }
        _ => {}
    }
    let request: Request = request
        .parse()
        .map_err(|error: NotARequest| Error::Item(error.to_string()))?;
    let said = format!("{request} is the default");
    if pin::write(
        &ctx.paths,
        &ctx.paths.global_pin(),
        &[pin::Entry::Python(request.clone())],
    )? {
        applied.default_python = Some(request.to_string());
        applied.write(&ctx.paths)?;
    }
    Ok(said)
}

/// Whether the named virtualenv is there with the Python that is asked for; else what is there
/// instead.
pub(crate) fn venv(ctx: &Context, name: &str, request: &str) -> (bool, String) {
    let Some(there) = Config::read(&ctx.paths.venvs().join(name)) else {
        return (false, String::new());
    };
    let wanted = request
        .parse()
        .ok()
        .and_then(|request| installed::find(&ctx.paths, &request));
    let same = wanted.is_some_and(|wanted| {
        there.minor() == Some((wanted.key.version.major, wanted.key.version.minor))
    });
    if same {
        (true, String::new())
    } else {
        (false, format!("it has {}", escaped(&there.version)))
    }
}

/// Makes a named virtualenv, and says with what.
pub(crate) fn make_venv(ctx: &Context, name: &str, request: &str) -> Result<String> {
    let item = |error: &dyn std::fmt::Display| Error::Item(error.to_string());
    let wanted = make::Wanted {
        place: make::Place::Named(name.parse::<pin::Name>().map_err(|error| item(&error))?),
        python: Some(request.parse::<Request>().map_err(|error| item(&error))?),
        system: None,
        prompt: None,
        system_site_packages: false,
        pip: true,
        clear: false,
    };
    let made =
        make::make_environment(ctx, &ctx.paths.home, &wanted).map_err(|error| item(&error))?;
    Ok(format!("{name}, with Python {}", made.version))
}

/// How an installed tool differs from what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ToolState {
    Right,
    Missing,
    /// It is there, in another version, with another Python, or without something that is to be
    /// injected.
    Other(&'static str),
}

/// Reads the tool's receipt, and compares.
pub(crate) fn tool(ctx: &Context, wanted: &Tool, locked: Option<&Locked>) -> ToolState {
    let name = wanted.installed_name();
    let Ok(Some(receipt)) = Receipt::read(&tool::folder(&ctx.paths, &name)) else {
        return ToolState::Missing;
    };
    let Ok(spec) = wanted.spec().parse::<Spec>() else {
        return ToolState::Missing;
    };
    if !receipt
        .wanted
        .spec()
        .is_some_and(|installed| spec.is_met_by(&receipt.version, installed))
    {
        return ToolState::Other("another version");
    }
    let has = |dependency: &String| {
        let Ok(with) = dependency.parse::<Spec>() else {
            return false;
        };
        receipt.injected.iter().any(|there| there.meets(&with))
    };
    if !wanted.inject.iter().all(has) {
        return ToolState::Other("more to inject");
    }
    if !wanted
        .python
        .as_ref()
        .is_none_or(|request| meets(request, &receipt))
    {
        return ToolState::Other("another Python");
    }
    if !receipt.has_exposed(&wanted.expose) {
        return ToolState::Other("other commands");
    }
    if let Some(entry) = locked.and_then(|locked| locked.tool(wanted)) {
        let has = |package: &lock::Package| {
            let name = package.name.parse::<Name>().ok();
            let version = name.and_then(|name| receipt.packages.get(&name));
            version.is_some_and(|version| version.to_string() == package.version)
        };
        let minor = receipt.python.version.minor_name(receipt.python.variant);
        let commit = receipt.commits.get(spec.name());
        let same_commit = entry.commit.is_none() || entry.commit.as_ref() == commit;
        if minor != entry.python || !entry.packages.iter().all(has) || !same_commit {
            return ToolState::Other("not what the lock says");
        }
    }
    if !tool::health::is_complete(ctx, &receipt) {
        return ToolState::Other("broken");
    }
    ToolState::Right
}

/// Made for the same request, or with a Python that meets it.
fn meets(request: &str, receipt: &Receipt) -> bool {
    receipt.wanted.python_request.as_deref() == Some(request)
        || request
            .parse::<Request>()
            .is_ok_and(|request| request.matches(&receipt.python))
}

/// A command that somebody else has, and that the tool would have to take over.
pub(crate) fn command_in_the_way(ctx: &Context, wanted: &Tool) -> Option<PathBuf> {
    tool::expose::taken(
        &ctx.paths,
        &wanted.installed_name(),
        wanted.expose.keys().map(String::as_str),
    )
}

/// Installs a tool with what is injected into it, as the lock says where it says something, and
/// says what happened. With `force` it takes over commands that somebody else has; where those are
/// now is given back, to be remembered as what the apply of this number replaced.
pub(crate) fn install_tool(
    ctx: &Context,
    wanted: &Tool,
    locked: Option<&Locked>,
    force: Option<u64>,
) -> Result<(String, Vec<Backup>)> {
    let parse = |text: &str| {
        text.parse::<Spec>()
            .map_err(|error| Error::Item(error.to_string()))
    };
    let with = wanted
        .inject
        .iter()
        .map(|text| parse(text))
        .collect::<Result<Vec<Spec>>>()?;
    let mut options = tool::InstallOptions {
        with,
        python: wanted.python.clone(),
        expose: wanted.expose.clone(),
        ..tool::InstallOptions::default()
    };
    options.force = force.is_some();
    options.suffix = wanted.suffix.clone();
    if let Some((locked, entry)) = locked.and_then(|locked| Some((locked, locked.tool(wanted)?))) {
        let Some(python) = entry.python(ctx, locked) else {
            return Err(Error::Item(format!(
                "it is made with Python {0}, which isn't here\nboot python install {0}",
                entry.python
            )));
        };
        entry.check(&python)?;
        let bar = ctx.report.spinner(&wanted.name);
        entry.fetch(ctx, bar.as_ref())?;
        if wanted.source.is_some() {
            bar.say("building");
        }
        options.locked = Some(entry.resolved(ctx, python, wanted)?);
    }
    let outcome = tool::install(ctx, &parse(&wanted.spec())?, &options)
        .map_err(|error| Error::Item(error.to_string()))?;
    let backup = |moved: &Moved| {
        // The bin folder may be elsewhere; joined with the home directory, a whole path stays what
        // it is.
        let target = moved
            .from
            .strip_prefix(&ctx.paths.home)
            .unwrap_or(&moved.from)
            .to_string_lossy()
            .into_owned();
        let placed = Placed::Link(std::fs::read_link(&moved.from).ok()?);
        Some(Backup {
            apply: force?,
            is: moved.to.clone(),
            was: moved.from.clone(),
            target,
            placed,
            stuck: false,
        })
    };
    Ok((
        outcome.to_string(),
        outcome.moved.iter().filter_map(backup).collect(),
    ))
}

/// The versions of what is installed with a tool, for a lock to keep.
pub(crate) fn versions(ctx: &Context, wanted: &Tool) -> Vec<(String, String)> {
    let Ok(Some(receipt)) = Receipt::read(&tool::folder(&ctx.paths, &wanted.installed_name()))
    else {
        return Vec::new();
    };
    receipt
        .packages
        .iter()
        .map(|(name, version)| (name.to_string(), version.to_string()))
        .collect()
}

/// Whether the hook stands in the start-up files of the shells in use.
pub(crate) fn hook(ctx: &Context) -> Result<bool> {
    Ok(hook_changes(ctx)?.iter().all(|change| !change.is_needed()))
}

/// Puts the hook there, and says where.
pub(crate) fn install_hook(ctx: &Context) -> Result<String> {
    let changes = hook_changes(ctx)?;
    install::apply(&changes)?;
    let files = changes
        .iter()
        .filter(|change| change.is_needed() && !change.is_own(&ctx.paths));
    let files: Vec<String> = files.map(|change| ctx.paths.tilde(&change.file)).collect();
    Ok(if files.is_empty() {
        "the hook is up to date".into()
    } else {
        format!("the hook, in {}", files.join(", "))
    })
}

fn hook_changes(ctx: &Context) -> Result<Vec<install::Change>> {
    let binary =
        init::binary(&ctx.paths).map_err(store::Error::io("find", "boot itself".as_ref()))?;
    Ok(install::plan(
        &ctx.paths,
        &install::in_use(&ctx.paths, var("SHELL").as_deref()),
        &binary,
    )?)
}
