//! `boot lock` and `boot update`: what the manifest means, by checksum.

use super::apply::run_with;
use crate::cli::machine::{Apply, Lock as Args, Update};
use crate::error::Result;
use crate::machine::applied::Applied;
use crate::machine::item::script;
use crate::machine::repository::Repository;
use crate::machine::repository::extends::{self, Loaded};
use crate::machine::resolve_lock::{self, Made};
use crate::manifest::lock::{Lock, packages};
use crate::manifest::{Error, Manifest, Place};
use crate::python::key::Platform;
use crate::report::set_in;
use crate::ui::table;
use crate::{Code, Context};

fn manifest(ctx: &Context, anew: bool) -> Result<(Repository, Loaded)> {
    let applied = Applied::read(&ctx.paths)?;
    let repository = Repository::remembered(&ctx.paths, &applied)?;
    let loaded = extends::load(
        ctx,
        &repository.place(),
        &repository.name(&ctx.paths),
        &applied,
        anew,
    )?;
    Ok((repository, loaded))
}

pub(super) fn run(args: &Args, ctx: &Context) -> Result<Code> {
    let (_repository, loaded) = manifest(ctx, false)?;
    let manifest = &loaded.manifest;
    let mut platforms: Vec<Platform> = Platform::host().into_iter().collect();
    for text in &args.platform {
        let parsed = text.parse().or_else(|error| match text.as_str() {
            "linux-x86_64" | "linux-aarch64" => format!("{text}-gnu").parse(),
            "macos-x86_64" | "macos-aarch64" | "darwin-x86_64" | "darwin-aarch64" => {
                format!("{text}-none").parse()
            }
            _ => Err(error),
        });
        platforms.push(parsed.map_err(|error| {
            crate::Error::Usage(format!(
                "{error}\nwrite linux-aarch64-gnu, linux-x86_64-musl or macos-aarch64"
            ))
        })?);
    }
    let old = Lock::read(&manifest.place)?;
    if args.check {
        let stale = match &old {
            None => Some("there is none".to_string()),
            Some(lock) => match lock.staleness(manifest, &script::hashes(manifest)?, &platforms)? {
                // Recorded, not enforced: no apply fails for them.
                None if lock.packages != packages(manifest) => {
                    Some("boot.toml asks for other packages of the system".into())
                }
                stale => stale,
            },
        };
        if args.json {
            let path = Lock::path(&manifest.place);
            table::json(
                serde_json::json!({ "lock": path.to_string_lossy(), "current": stale.is_none(), "reason": stale }),
            )?;
            return Ok(if stale.is_none() {
                Code::Done
            } else {
                Code::Failed
            });
        }
        return match stale {
            None => {
                ctx.report.info("boot.lock is what boot.toml asks for");
                Ok(Code::Done)
            }
            Some(reason) => Err(Error::Content {
                what: "boot.lock".into(),
                reason,
                hint: "boot lock writes it anew",
            }
            .into()),
        };
    }
    write(ctx, manifest, old.as_ref(), &platforms, args.json)
}

/// A lock that may be written: whole, or of what can't be found out now with what the old one says.
pub(super) struct Found {
    pub lock: Lock,
    code: Code,
    kept: Vec<String>,
}

impl Found {
    /// Writes it, and says so.
    pub(super) fn write(&self, ctx: &Context, place: &Place) -> Result<()> {
        let platforms: Vec<&str> = self.lock.platform.keys().map(String::as_str).collect();
        if self.lock.write(place)? {
            ctx.report
                .info(&format!("wrote boot.lock for {}", platforms.join(", ")));
        } else {
            ctx.report.info(&format!(
                "nothing to do: boot.lock is right for {}",
                platforms.join(", ")
            ));
        }
        if !self.kept.is_empty() {
            ctx.report.warn(&format!(
                "kept in boot.lock as it was: {}",
                self.kept.join(", ")
            ));
        }
        Ok(())
    }
}

/// None unless all of it could be found out: half a lock would be taken for a whole one. With
/// `anew`, what the old lock says will do for what can't be found out now, as long as there is any
/// news. What failed is said.
fn find_out(
    ctx: &Context,
    manifest: &Manifest,
    old: Option<&Lock>,
    platforms: &[Platform],
    anew: bool,
) -> Result<(Option<Found>, Made)> {
    let made = resolve_lock::make(ctx, manifest, old, platforms, anew, false)?;
    for failed in &made.failed {
        let text = set_in(&failed.error.to_string());
        ctx.report
            .error(&format!("{} for {}: {text}", failed.what, failed.platform));
    }
    let code = match made.failed.is_empty() {
        true => Code::Done,
        false if anew && made.whole && made.news => Code::Partial,
        false => return Ok((None, made)),
    };
    let kept = made
        .failed
        .iter()
        .map(|failed| failed.what.clone())
        .collect();
    Ok((
        Some(Found {
            lock: made.lock.clone(),
            code,
            kept,
        }),
        made,
    ))
}

fn write(
    ctx: &Context,
    manifest: &Manifest,
    old: Option<&Lock>,
    platforms: &[Platform],
    json: bool,
) -> Result<Code> {
    let (found, made) = find_out(ctx, manifest, old, platforms, false)?;
    let code = found.as_ref().map_or(Code::Failed, |found| found.code);
    if !json {
        found
            .iter()
            .try_for_each(|found| found.write(ctx, &manifest.place))?;
        return Ok(code);
    }
    let written = match &found {
        Some(found) => found.lock.write(&manifest.place)?,
        None => false,
    };
    let platforms: Vec<String> = made.lock.platform.keys().cloned().collect();
    let failed: Vec<_> = made
        .failed
        .iter()
        .map(|one| serde_json::json!({ "what": one.what, "platform": one.platform.to_string(), "error": one.error.to_string() }))
        .collect();
    let path = Lock::path(&manifest.place);
    table::json(
        serde_json::json!({ "lock": path.to_string_lossy(), "written": written, "platforms": platforms, "failed": failed }),
    )?;
    Ok(code)
}

pub(super) fn update(args: &Update, ctx: &Context) -> Result<Code> {
    let (repository, before) = manifest(ctx, false)?;
    // One that nobody committed is gone after the pull; the platforms in it stay.
    let own = Lock::read(&before.manifest.place)?;
    repository.pull(ctx)?;
    let (_repository, loaded) = self::manifest(ctx, !args.locked)?;
    let manifest = &loaded.manifest;
    if let Some(own) = &own
        && Lock::read(&manifest.place)?.is_none()
    {
        own.write(&manifest.place)?;
    }
    let mut codes = Vec::new();
    let mut found = None;
    if !args.locked {
        let host: Vec<Platform> = Platform::host().into_iter().collect();
        let old = Lock::read(&manifest.place)?;
        found = find_out(ctx, manifest, old.as_ref(), &host, true)?.0;
        match &found {
            Some(found) => codes.push(found.code),
            None => return Ok(Code::Failed),
        }
    }
    let apply = Apply {
        only: Vec::new(),
        on_conflict: args.on_conflict,
        yes: args.yes,
        locked: args.locked,
    };
    // The lock is written when somebody has agreed: it names what isn't here before.
    codes.push(run_with(ctx, loaded, &apply, found)?);
    Ok(Code::sum(codes))
}
