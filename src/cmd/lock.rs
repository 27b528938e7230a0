//! `boot lock`: what the manifest means, by checksum.

use crate::cli::machine::Lock as Args;
use crate::error::Result;
use crate::machine::fresh_lock::FreshLock;
use crate::machine::item::script;
use crate::machine::resolve_lock::Preference;
use crate::machine::session::load_remembered;
use crate::manifest::lock::{Lock, list_packages};
use crate::manifest::{Error, Manifest};
use crate::python::key::Platform;
use crate::ui::table;
use crate::{Code, Context};

pub(super) fn run(args: &Args, ctx: &Context) -> Result<Code> {
    let (_repository, loaded, _) = load_remembered(ctx)?;
    let manifest = &loaded.manifest;
    let mut platforms: Vec<Platform> = Platform::host().into_iter().collect();
    for text in &args.platform {
        platforms.push(parse_platform(text)?);
    }
    let old = Lock::read(&manifest.place)?;
    if args.check {
        return check(args, ctx, manifest, old.as_ref(), &platforms);
    }
    write(args, ctx, manifest, old.as_ref(), &platforms)
}

/// Understands a platform with or without its C library: the usual one is meant then.
fn parse_platform(text: &str) -> Result<Platform> {
    let parsed = text.parse().or_else(|error| match text {
        "linux-x86_64" | "linux-aarch64" => format!("{text}-gnu").parse(),
        "macos-x86_64" | "macos-aarch64" | "darwin-x86_64" | "darwin-aarch64" => {
            format!("{text}-none").parse()
        }
        _ => Err(error),
    });
    parsed.map_err(|error| {
        crate::Error::Usage(format!(
            "{error}\nwrite linux-aarch64-gnu, linux-x86_64-musl or macos-aarch64"
        ))
    })
}

/// Says whether the lock is what the manifest asks for.
fn check(
    args: &Args,
    ctx: &Context,
    manifest: &Manifest,
    old: Option<&Lock>,
    platforms: &[Platform],
) -> Result<Code> {
    let staleness = match old {
        None => Some("there is none".to_string()),
        Some(lock) => {
            let staleness = lock.staleness(manifest, &script::hashes(manifest)?, platforms);
            // Recorded, not enforced: no apply fails for them.
            let has_other_packages = || lock.packages != list_packages(manifest);
            staleness.or_else(|| {
                has_other_packages()
                    .then(|| "boot.toml asks for other packages of the system".into())
            })
        }
    };
    if args.json {
        let path = Lock::path(&manifest.place);
        table::json(serde_json::json!({
            "lock": path.to_string_lossy(),
            "current": staleness.is_none(),
            "reason": staleness,
        }))?;
        return Ok(match staleness {
            None => Code::Done,
            Some(_) => Code::Failed,
        });
    }
    match staleness {
        None => {
            ctx.report.info("boot.lock is what boot.toml asks for");
            Ok(Code::Done)
        }
        Some(reason) => Err(Error::Content {
            what: "boot.lock".into(),
            reason,
            hint: "boot lock writes it again",
        }
        .into()),
    }
}

/// Resolves the lock, and writes it unless something failed.
fn write(
    args: &Args,
    ctx: &Context,
    manifest: &Manifest,
    old: Option<&Lock>,
    platforms: &[Platform],
) -> Result<Code> {
    let (fresh, resolved) = FreshLock::resolve(ctx, manifest, old, platforms, Preference::OldLock)?;
    let code = fresh.as_ref().map_or(Code::Failed, |fresh| fresh.code);
    if !args.json {
        if let Some(fresh) = fresh {
            fresh.write(ctx, &manifest.place)?;
        }
        return Ok(code);
    }
    let is_written = match &fresh {
        Some(fresh) => fresh.lock.write(&manifest.place)?,
        None => false,
    };
    let platforms = resolved.lock.platform.keys();
    let platforms: Vec<&str> = platforms.map(|platform| platform.as_str()).collect();
    let failed = resolved.failed.iter().map(|failed| {
        serde_json::json!({
            "what": failed.subject.to_string(),
            "platform": failed.platform.to_string(),
            "error": failed.error.to_string(),
        })
    });
    let path = Lock::path(&manifest.place);
    table::json(serde_json::json!({
        "lock": path.to_string_lossy(),
        "written": is_written,
        "platforms": platforms,
        "failed": failed.collect::<Vec<_>>(),
    }))?;
    Ok(code)
}
