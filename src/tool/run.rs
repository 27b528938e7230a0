//! Running a tool once: the installed one where it is what is asked for, else from an environment
//! in the cache.
//!
//! An environment in the cache is named after what is in it, so it never changes under a program
//! that runs from it. Beside it lies what a request came to, for a day: then the packages are
//! looked up again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::environment::{Addition, Now, Purpose, Recipe};
use super::receipt::{Receipt, Wanted};
use super::source::{self, Typed};
use super::spec::Spec;
use super::{Error, Result, folder, health, inline};
use crate::Context;
use crate::package::bytecode;
use crate::package::options::IndexOptions;
use crate::store::atomic::{self, Staging};
use crate::store::digest::Sha256;
use crate::store::lock::Lock;

/// How long a request means the same packages.
const FRESH: Duration = Duration::from_secs(24 * 3600);

/// The script to run for `command` of `spec`; without a command the one that is called as the
/// package, or the only one it has.
pub(crate) fn find(
    ctx: &Context,
    spec: &Spec,
    command: Option<&str>,
    with: &[Spec],
    typed: &Typed,
) -> Result<PathBuf> {
    if with.is_empty()
        && typed.python.is_none()
        && typed.index == IndexOptions::default()
        && let Some(receipt) = Receipt::read(&folder(&ctx.paths, spec.name().as_str()))?
        && receipt
            .wanted
            .spec()
            .is_some_and(|asked| spec.is_met_by(&receipt.version, asked))
        && health::is_complete(ctx, &receipt)
    {
        let scripts: Vec<String> = receipt.apps.iter().map(|app| app.script.clone()).collect();
        if let Ok(script) = choose(spec, command, &scripts) {
            return Ok(folder(&ctx.paths, spec.name().as_str())
                .join("bin")
                .join(script));
        }
    }
    let wanted = Wanted {
        python_request: typed.python.clone(),
        index: typed.index.clone(),
        ..Wanted::new(spec.clone())
    };
    let additions: Vec<Addition> = with.iter().cloned().map(Addition::inside).collect();
    let home = environment_for(ctx, &wanted, &additions).map_err(|error| match error {
        Error::NoCommands { name, version } => Error::NothingToRun { name, version },
        error => error,
    })?;
    let receipt =
        Receipt::read_any(&home)?.ok_or_else(|| super::not_installed(&ctx.paths, wanted.name()))?;
    let scripts: Vec<String> = receipt.apps.iter().map(|app| app.script.clone()).collect();
    Ok(home.join("bin").join(choose(spec, command, &scripts)?))
}

/// The interpreter for a script that says itself what it needs (PEP 723), in an environment with
/// that and `with`.
///
/// # Errors
/// The script can't be read, or asks for what can't be had.
pub(crate) fn for_script(
    ctx: &Context,
    script: &Path,
    with: &[Spec],
    typed: &Typed,
) -> Result<PathBuf> {
    let failed = |error: String| Error::Script {
        script: script.display().to_string(),
        error,
    };
    let text = fs::read(script).map_err(|error| failed(error.to_string()))?;
    let asked =
        inline::read(&String::from_utf8_lossy(&text)).map_err(|error| failed(error.to_string()))?;
    let typed = Typed {
        python: typed.python.clone().or(asked.requires_python),
        ..typed.clone()
    };
    let mut additions: Vec<Addition> = with.iter().cloned().map(Addition::inside).collect();
    additions.extend(
        source::conditional_all(ctx, &asked.dependencies, &typed)?
            .into_iter()
            .map(Addition::inside),
    );
    let name = script
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let wanted = Wanted {
        python_request: typed.python,
        index: typed.index.clone(),
        ..Wanted::for_script(name)
    };
    Ok(environment_for(ctx, &wanted, &additions)?.join("bin/python"))
}

fn choose(spec: &Spec, command: Option<&str>, scripts: &[String]) -> Result<String> {
    let wanted = command.unwrap_or(spec.name().as_str());
    let found = scripts.iter().find(|script| *script == wanted);
    let only = || {
        scripts
            .first()
            .filter(|_| command.is_none() && scripts.len() == 1)
    };
    found
        .or_else(only)
        .cloned()
        .ok_or_else(|| Error::NoSuchCommand {
            package: spec.name().to_string(),
            command: wanted.into(),
            offered: scripts.to_vec(),
        })
}

/// An environment in the cache with what is wanted, made if need be.
fn environment_for(ctx: &Context, wanted: &Wanted, additions: &[Addition]) -> Result<PathBuf> {
    let root = ctx.paths.environments();
    let name = |text: String| Sha256::of(text.as_bytes()).to_string()[..16].to_string();
    let known = root.join(format!(
        "{}.request",
        name(format!("{wanted:?} {additions:?}"))
    ));
    // What lies in a folder on this machine may have changed since.
    let changes = additions
        .iter()
        .map(|addition| &addition.spec)
        .chain(wanted.spec())
        .any(|spec| spec.url().is_some_and(|url| url.starts_with("file:")));
    if !changes && let Some(home) = remembered(ctx, &root, &known) {
        return Ok(home);
    }
    let bar = ctx.report.spinner(wanted.name());
    let recipe = Recipe {
        ctx,
        wanted,
        additions,
        bar: bar.as_ref(),
    };
    let resolved = recipe.resolve(Now::Nothing, Purpose::Install(None))?;
    let packages: Vec<String> = resolved
        .packages()
        .iter()
        .map(|(name, version)| format!("{name}=={version}"))
        .collect();
    let addressed = resolved.addressed();
    // A script's has no receipt, and so is never that of a package which is called the same.
    let owner = match wanted.spec() {
        Some(spec) => spec.name().to_string(),
        None => format!("script {}", wanted.name()),
    };
    let content = name(format!(
        "{} {packages:?} {addressed:?} {owner:?}",
        resolved.python.key
    ));
    let home = root.join(&content);
    let _lock = Lock::hold(
        &ctx.paths.locks(),
        &format!("run-{}", &content[..2]),
        ctx.report.as_ref(),
    )?;
    if !works(&home) {
        let wheels = recipe.fetch(&resolved)?;
        let apps = recipe.apps(&wheels)?;
        let staging = Staging::beside(&home)?;
        recipe.write(&resolved, &wheels, staging.path(), &home)?;
        if let Some(receipt) = recipe.receipt(&resolved, apps) {
            receipt.write(staging.path())?;
        }
        staging.publish(&home)?;
        bytecode::compile_later(&ctx.paths, &wheels, &resolved.python.facts, &home);
    }
    atomic::write(&known, content.as_bytes(), Some(0o644))?;
    Ok(home)
}

/// What the request came to less than a day ago; any time ago where nothing can be asked.
fn remembered(ctx: &Context, root: &Path, known: &Path) -> Option<PathBuf> {
    let age = fs::metadata(known)
        .ok()?
        .modified()
        .ok()?
        .elapsed()
        .unwrap_or_default();
    if age > FRESH && !ctx.offline {
        return None;
    }
    let content = fs::read_to_string(known).ok()?;
    let plain = content.len() == 16 && content.bytes().all(|byte| byte.is_ascii_hexdigit());
    Some(root.join(content)).filter(|home| plain && works(home))
}

fn works(home: &Path) -> bool {
    fs::metadata(home.join("bin/python")).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choose_takes_own_or_only_command() {
        let spec: Spec = "httpie".parse().unwrap();
        let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(
            choose(&spec, None, &names(&["http", "httpie"])).unwrap(),
            "httpie"
        );
        assert_eq!(choose(&spec, None, &names(&["http"])).unwrap(), "http");
        assert_eq!(
            choose(&spec, Some("http"), &names(&["http", "httpie"])).unwrap(),
            "http"
        );
        assert!(choose(&spec, None, &names(&["http", "https"])).is_err());
        assert!(choose(&spec, Some("x"), &names(&["http"])).is_err());
    }
}
