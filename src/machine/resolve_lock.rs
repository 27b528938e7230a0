//! Finding out what a manifest means: for each platform the archive of every Python, and one
//! resolution for every tool. What hasn't changed since the last lock stays as it is, so that a
//! lock's diff is as small as the manifest's.

use std::collections::BTreeMap;

use crate::Context;
use crate::machine::item::script;
use crate::machine::{Error, Result, items};
use crate::manifest::lock::{
    Lock, Locked, LockedPython, LockedTool, Package, asked, may_be_on, packages, tools, wanted,
};
use crate::manifest::{Manifest, Tool};
use crate::package::build::{self, Builder};
use crate::package::facts::Python;
use crate::package::index::Indexes;
use crate::package::options::IndexOptions;
use crate::package::requirement::Name;
use crate::package::resolve::{self, Inputs, ResolvedPin};
use crate::parallel::side_by_side;
use crate::python::catalog::{self, Build};
use crate::python::key::{Key, Platform};
use crate::python::request::Request;
use crate::python::{installed, target};
use crate::report::escaped;
use crate::tool::environment;
use crate::tool::python::list_lock_requests;

/// Resolutions at a time.
const AT_ONCE: usize = 4;

/// A lock in the making, and what could not be found out.
pub(crate) struct Made {
    pub lock: Lock,
    pub failed: Vec<Failed>,
    /// Whether it is whole: of all that failed it has what the old lock says.
    pub whole: bool,
    /// Whether anything was found out now.
    pub news: bool,
}

/// What could not be found out.
pub(crate) struct Failed {
    pub platform: Platform,
    /// `tool black`.
    pub what: String,
    pub error: Error,
}

impl Failed {
    /// Whether it is of this tool, on this machine.
    pub(crate) fn is_of(&self, tool: &Tool) -> bool {
        Platform::host() == Some(self.platform) && self.what == format!("tool {}", tool.name)
    }
}

/// The archive that a request means on this machine where no lock says so: of what is installed,
/// else the newest.
pub(crate) fn archive(ctx: &Context, request: &str) -> Option<LockedPython> {
    python(
        ctx,
        &catalog::builds(ctx).ok()?,
        request,
        Platform::host()?,
        true,
    )
}

/// Makes the lock of `manifest` for `platforms` and those that `old` has. With `anew`, nothing of
/// `old` is kept but what can't be found out now. With `here`, Pythons that this machine has are
/// taken before newer ones, as a first apply does.
pub(crate) fn make(
    ctx: &Context,
    manifest: &Manifest,
    old: Option<&Lock>,
    platforms: &[Platform],
    anew: bool,
    here: bool,
) -> Result<Made> {
    let empty = Lock::default();
    let old = old.unwrap_or(&empty);
    let mut all: Vec<Platform> = platforms.to_vec();
    all.extend(
        old.platform
            .keys()
            .filter_map(|platform| platform.parse::<Platform>().ok()),
    );
    all.sort();
    all.dedup();
    let builds = catalog::builds(ctx).map_err(|error| Error::Item(error.to_string()))?;
    let mut lock = Lock {
        version: crate::manifest::lock::VERSION,
        manifest: wanted(manifest),
        scripts: script::hashes(manifest)?,
        ..Lock::default()
    };
    lock.extends = manifest.commits.clone();
    lock.packages = packages(manifest);
    let (mut failed, mut whole) = (Vec::new(), true);
    let mut jobs = Vec::new();
    for platform in all {
        let then = old.platform.get(&platform.to_string());
        let before = then.filter(|_| !anew);
        let mut locked = Locked::default();
        for request in manifest.python_requests(|tool| may_be_on(tool, platform)) {
            let known = before
                .and_then(|before| before.python.get(request))
                .cloned();
            match known.or_else(|| python(ctx, &builds, request, platform, here)) {
                Some(python) => drop(locked.python.insert(request.clone(), python)),
                None => {
                    failed.push(Failed {
                        platform,
                        what: format!("python {request}"),
                        error: none(request, platform),
                    });
                    let kept = then.and_then(|then| then.python.get(request));
                    whole &= kept.is_some();
                    locked
                        .python
                        .extend(kept.map(|kept| (request.clone(), kept.clone())));
                }
            }
        }
        for tool in tools(manifest, platform) {
            match before.and_then(|before| before.tool(tool)) {
                Some(known) => keep(&mut locked, tool, known, before),
                None => jobs.push((
                    platform,
                    tool,
                    before.and_then(|before| before.tool.get(&Name::normalize(&tool.name))),
                )),
            }
        }
        lock.platform.insert(platform.to_string(), locked);
    }
    let results = side_by_side(&jobs, AT_ONCE, |(platform, tool, before)| {
        let pythons = &lock.platform[&platform.to_string()].python;
        one(
            ctx, manifest, tool, *platform, pythons, &builds, *before, here,
        )
    });
    let mut found = Vec::new();
    for ((platform, tool, _), result) in jobs.iter().zip(results) {
        match result {
            Ok(locked) => found.push((platform.to_string(), Name::normalize(&tool.name), locked)),
            Err(error) => {
                failed.push(Failed {
                    platform: *platform,
                    what: format!("tool {}", tool.name),
                    error,
                });
                let then = old.platform.get(&platform.to_string());
                match then.and_then(|then| then.tool(tool)) {
                    Some(known) => keep(
                        lock.platform.entry(platform.to_string()).or_default(),
                        tool,
                        known,
                        then,
                    ),
                    None => whole = false,
                }
            }
        }
    }
    let news = !found.is_empty();
    for (platform, name, (locked, extra)) in found {
        let entry = lock.platform.entry(platform).or_default();
        entry.tool.insert(name, locked);
        entry.python.extend(extra);
    }
    Ok(Made {
        lock,
        failed,
        whole,
        news,
    })
}

/// Takes over what the lock of `before` knows of a tool, and the Python that is in it for this tool
/// alone.
fn keep(locked: &mut Locked, tool: &Tool, known: &LockedTool, before: Option<&Locked>) {
    let minor = |python: &LockedPython| {
        python
            .key
            .parse::<Key>()
            .is_ok_and(|key| key.version.minor_name(key.variant) == known.python)
    };
    if !locked.python.values().any(minor) {
        let own = before.and_then(|before| before.python.iter().find(|(_, python)| minor(python)));
        locked
            .python
            .extend(own.map(|(request, python)| (request.clone(), python.clone())));
    }
    locked
        .tool
        .insert(Name::normalize(&tool.name), known.clone());
}

fn none(request: &str, platform: Platform) -> Error {
    Error::Item(format!(
        "no CPython {request} for {platform} is known\nboot python list --available shows those \
         that are"
    ))
}

/// The archive that a request means: a prebuilt one, else the source that it is built from.
fn python(
    ctx: &Context,
    builds: &[Build],
    request: &str,
    platform: Platform,
    here: bool,
) -> Option<LockedPython> {
    let request: Request = request.parse().ok()?;
    let there = Some(platform).filter(|platform| here && Platform::host() == Some(*platform));
    let there = there
        .and_then(|_| installed::find(&ctx.paths, &request))
        .map(|there| there.key);
    let prebuilt = |wanted: Option<Key>| {
        let mut all = catalog::matching(builds, &request, platform)
            .filter(|build| wanted.is_none_or(|key| build.key == key));
        let build = all.next()?;
        Some(LockedPython {
            key: build.key.to_string(),
            release: build.release.clone(),
            file: build.file.clone(),
            sha256: build.sha256,
        })
    };
    let source = |wanted: Option<Key>| {
        let keys = |source: &catalog::Source| {
            source
                .keys(platform)
                .find(|key| wanted.map_or(request.matches(key), |wanted| *key == wanted))
        };
        let (key, source) = catalog::sources(ctx)
            .ok()?
            .into_iter()
            .find_map(|source| Some((keys(&source)?, source)))?;
        Some(LockedPython {
            key: key.to_string(),
            release: crate::manifest::lock::SOURCE.into(),
            file: source.file,
            sha256: source.sha256,
        })
    };
    let same = there.and_then(|_| prebuilt(there).or_else(|| source(there)));
    same.or_else(|| prebuilt(None)).or_else(|| source(None))
}

#[allow(clippy::too_many_arguments)]
/// Resolves one tool with what is injected into it, for the first Python that suits it: its own,
/// else the manifest's in their order, else the machine's default, else the newest.
fn one(
    ctx: &Context,
    manifest: &Manifest,
    tool: &Tool,
    platform: Platform,
    pythons: &BTreeMap<String, LockedPython>,
    builds: &[Build],
    before: Option<&LockedTool>,
    here: bool,
) -> Result<(LockedTool, Option<(String, LockedPython)>)> {
    let item = |error: &dyn std::fmt::Display| Error::Item(error.to_string());
    let requests = list_lock_requests(&ctx.paths, tool.python.as_deref(), &manifest.pythons);
    let mut texts = vec![tool.spec()];
    texts.extend(tool.inject.iter().cloned());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let mut inputs = Inputs::parse(&texts, &[], false).map_err(|error| item(&error))?;
    // What is there stays where it will do: of the last lock, else of what is installed here.
    let there = match before {
        Some(before) => before
            .packages
            .iter()
            .map(|package| (package.name.clone(), package.version.clone()))
            .collect(),
        None if here => items::versions(ctx, tool),
        None => Vec::new(),
    };
    inputs.preferred = there
        .iter()
        .filter_map(|(name, version)| Some((name.parse().ok()?, version.parse().ok()?)))
        .collect();
    let indexes = Indexes::chosen(ctx, &inputs.index).map_err(|error| item(&error))?;
    let mut first = None;
    for request in &requests {
        // A more exact one serves a wider request too.
        let serves = |python: &&LockedPython| {
            request.parse::<Request>().is_ok_and(|request| {
                python
                    .key
                    .parse::<Key>()
                    .is_ok_and(|key| request.matches(&key))
            })
        };
        let best = || {
            pythons
                .values()
                .filter(serves)
                .max_by_key(|python| python.key.parse::<Key>().ok().map(|key| key.version))
        };
        let known = pythons.get(request).or_else(best).cloned();
        let extra = known.is_none();
        let Some(found) = known.or_else(|| python(ctx, builds, request, platform, true)) else {
            continue;
        };
        let Ok(key) = found.key.parse::<Key>() else {
            continue;
        };
        // It isn't here to be run. What only a build can tell is asked with one that is: a source
        // archive says the same to each Python of a minor, or it couldn't be locked at all.
        let minor = key.version.minor_name(key.variant);
        let runner = minor
            .parse()
            .ok()
            .and_then(|minor| installed::find(&ctx.paths, &minor));
        // What has no wheels for the oldest machines is locked for newer ones; an older one that
        // comes along says so.
        for facts in target::ages(&key) {
            let python = Python {
                facts: &facts,
                program: "".as_ref(),
            };
            let forbidden = IndexOptions {
                no_build: true,
                ..inputs.index.clone()
            };
            let builder = match &runner {
                Some(runner) => {
                    Builder::new(ctx, environment::runner(runner), inputs.index.clone())
                }
                None => Builder::new(ctx, python, forbidden),
            };
            match resolve::resolve_elsewhere(&builder, &facts, &inputs) {
                Ok(resolution) => {
                    let (own, pins): (Vec<ResolvedPin>, Vec<ResolvedPin>) =
                        resolution.pins.into_iter().partition(|pin| {
                            tool.source.is_some()
                                && pin.name.as_str() == Name::normalize(tool.package())
                        });
                    if let Some(pin) = pins.iter().find(|pin| pin.direct_url.is_some()) {
                        return Err(Error::NoWheels(format!(
                            "{} comes from an address, and a lock has none",
                            pin.name
                        )));
                    }
                    let commit = own.iter().find_map(ResolvedPin::commit);
                    let packages = pins.into_iter().map(|pin| Package {
                        at: pin
                            .url
                            .as_deref()
                            .and_then(|url| indexes.relative(&pin.name, url)),
                        name: pin.name.as_str().into(),
                        version: pin.version.to_string(),
                        file: pin.file,
                        sha256: pin.sha256,
                    });
                    let locked = LockedTool {
                        asked: asked(tool),
                        python: minor,
                        commit,
                        packages: packages.collect(),
                    };
                    return Ok((locked, extra.then(|| (request.clone(), found))));
                }
                // Another Python may do; a network that isn't there won't be there for it either.
                Err(error) if error.is_contradiction() => {
                    first.get_or_insert(Error::NoWheels(error.to_string()));
                }
                Err(error) => {
                    return Err(match error.build() {
                        Some(build::Error::Forbidden { what }) => Error::NoWheels(format!(
                            "{} has no wheel, and only a build with Python {minor} can tell what \
                             it needs\nboot python install {minor}, then the same again",
                            escaped(what)
                        )),
                        Some(error) => Error::NoWheels(error.to_string()),
                        None => item(&error),
                    });
                }
            }
        }
    }
    Err(first.unwrap_or_else(|| none(requests.first().map_or("latest", String::as_str), platform)))
}
