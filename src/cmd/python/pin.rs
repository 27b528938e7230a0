//! `boot python pin`.

use std::fs;

use crate::cli::python::Pin;
use crate::context::var;
use crate::error::{Error, Result};
use crate::project::choice::quoted;
use crate::project::pin::{self, Entry, FILE};
use crate::python::catalog;
use crate::python::installed;
use crate::python::key::Platform;
use crate::python::refresh::{self, When};
use crate::python::request::Request;
use crate::report::escaped;
use crate::store::{self, atomic};
use crate::ui::table;
use crate::{Code, Context, python};

pub fn run(args: &Pin, ctx: &Context) -> Result<Code> {
    let here = std::env::current_dir().map_err(store::Error::io("find", std::path::Path::new(".")))?;
    let file = if args.global { ctx.paths.global_pin() } else { here.join(FILE) };
    if args.unset {
        return match fs::remove_file(&file) {
            Ok(()) => {
                ctx.report.info(&format!("removed {}", ctx.paths.tilde(&file)));
                Ok(Code::Done)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                ctx.report.info(&format!("there is no {}", ctx.paths.tilde(&file)));
                Ok(Code::Done)
            }
            Err(error) => Err(store::Error::io("remove", &file)(error).into()),
        };
    }
    if args.requests.is_empty() {
        return show(ctx, args.global, &here);
    }
    let mut entries: Vec<Entry> = Vec::new();
    for text in &args.requests {
        entries.push(check(ctx, text)?);
    }
    let text: String = entries.iter().map(|entry| format!("{entry}\n")).collect();
    if fs::read_to_string(&file).is_ok_and(|there| there == text) {
        ctx.report.info(&format!("{} says so already", ctx.paths.tilde(&file)));
        return Ok(Code::Done);
    }
    // A link, as dotfiles have them, stays one.
    let real = fs::canonicalize(&file).unwrap_or_else(|_| file.clone());
    atomic::write(&real, text.as_bytes(), None)?;
    ctx.report.info(&format!("{} now says {}", ctx.paths.tilde(&file), args.requests.join(", ")));
    let missing = entries.iter().find(|entry| match entry {
        Entry::Python(request) => *request != Request::System && installed::find(&ctx.paths, request).is_none(),
        Entry::Environment(_) => false,
    });
    if let Some(missing) = missing {
        ctx.report.info(&format!("Python {missing} isn't installed yet: boot python install {}", quoted(&missing.to_string())));
    }
    Ok(Code::Done)
}

fn show(ctx: &Context, global: bool, here: &std::path::Path) -> Result<Code> {
    // From the root of a filesystem upwards there is nothing: only the default is left.
    let found = if global { pin::find_from(std::path::Path::new("/"), &ctx.paths) } else { pin::find_from(here, &ctx.paths) };
    for warning in &found.warnings {
        ctx.report.warn(warning);
    }
    match found.pin.filter(|pin| !global || pin.global) {
        Some(pin) => {
            let entries: Vec<String> = pin.entries.iter().map(ToString::to_string).collect();
            if let Some(variable) = var("BOOT_PYTHON") {
                ctx.report.info(&format!("BOOT_PYTHON is set and beats it: {}", escaped(&variable)));
            }
            table::out(&format!("{}  ({})\n", entries.join(", "), ctx.paths.tilde(&pin.file)))?;
        }
        None => ctx.report.info("nothing is pinned: boot python pin 3.11"),
    }
    Ok(Code::Done)
}

/// The entry that `text` makes. Refuses what could never be met: no request and no environment's name, or a version that doesn't
/// exist for this machine.
fn check(ctx: &Context, text: &str) -> Result<Entry> {
    let request: Request = match text.parse() {
        Ok(request) => request,
        Err(error) => {
            let name = text.parse::<pin::Name>().ok().filter(|name| ctx.paths.venvs().join(name.as_str()).is_dir());
            return name.map(Entry::Environment).ok_or_else(|| Error::Usage(error.to_string()));
        }
    };
    if request == Request::System || installed::find(&ctx.paths, &request).is_some() {
        return Ok(Entry::Python(request));
    }
    let mut builds = catalog::builds(ctx).map_err(python::Error::from)?;
    let sources = catalog::sources(ctx).map_err(python::Error::from)?;
    let known = |builds: &[catalog::Build]| {
        Platform::host().is_some_and(|platform| {
            catalog::matching(builds, &request, platform).next().is_some()
                || sources.iter().any(|source| source.keys(platform).any(|key| request.matches(&key)))
        })
    };
    if !known(&builds) {
        // Published since, perhaps.
        refresh::run(ctx, None, When::Daily)?;
        builds = catalog::builds(ctx).map_err(python::Error::from)?;
    }
    if known(&builds) {
        return Ok(Entry::Python(request));
    }
    let newest = builds.iter().map(|build| build.key.version).filter(|version| version.pre.is_none()).max();
    Err(python::Error::Unknown { request: request.to_string(), newest }.into())
}
