//! `boot python pin`.

use std::fs;

use crate::cli::python::Pin;
use crate::error::{Error, Result};
use crate::project::pin::{self, FILE};
use crate::python::catalog;
use crate::python::installed;
use crate::python::key::{Key, Platform, Variant};
use crate::python::request::{NotARequest, Request};
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
    for text in &args.requests {
        check(ctx, text)?;
    }
    let text: String = args.requests.iter().map(|request| format!("{request}\n")).collect();
    if fs::read_to_string(&file).is_ok_and(|there| there == text) {
        ctx.report.info(&format!("{} says so already", ctx.paths.tilde(&file)));
        return Ok(Code::Done);
    }
    atomic::write(&file, text.as_bytes(), None)?;
    ctx.report.info(&format!("{} now says {}", ctx.paths.tilde(&file), args.requests.join(", ")));
    let missing = args.requests.iter().find(|text| {
        let request: std::result::Result<Request, _> = text.parse();
        request.is_ok_and(|request| request != Request::System && installed::find(&ctx.paths, &request).is_none())
    });
    if let Some(missing) = missing {
        ctx.report.info(&format!("it isn't installed yet: boot python install '{missing}'"));
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
            table::out(&format!("{}  ({})\n", entries.join(", "), ctx.paths.tilde(&pin.file)))?;
        }
        None => ctx.report.info("nothing is pinned: boot python pin 3.11"),
    }
    Ok(Code::Done)
}

/// Refuses what could never be met: no request and no environment's name, or a version that doesn't exist.
fn check(ctx: &Context, text: &str) -> Result<()> {
    let request: Request = match text.parse() {
        Ok(request) => request,
        Err(error) => {
            let is_environment = text.parse::<pin::Name>().is_ok_and(|name| ctx.paths.venvs().join(name.as_str()).is_dir());
            return if is_environment { Ok(()) } else { Err(Error::Usage(NotARequest::to_string(&error))) };
        }
    };
    if request == Request::System || installed::find(&ctx.paths, &request).is_some() {
        return Ok(());
    }
    let builds = catalog::builds(ctx).map_err(python::Error::from)?;
    let variant = match &request {
        Request::Version { variant, .. } | Request::Specifiers { variant, .. } => *variant,
        _ => Variant::Default,
    };
    let known = builds.iter().any(|build| request.matches(&build.key))
        || Platform::host().is_some_and(|platform| {
            catalog::sources().iter().any(|source| request.matches(&Key { version: source.version, variant, platform }))
        });
    if known {
        Ok(())
    } else {
        Err(python::Error::Unknown {
            request: request.to_string(),
            newest: builds.iter().map(|b| b.key.version).filter(|v| v.pre.is_none()).max(),
        }
        .into())
    }
}
