//! Resolving what a manifest means: for each platform the archive of every Python, and one
//! resolution for every tool. What hasn't changed since the last lock stays as it is, so that a
//! lock's diff is as small as the manifest's.

use std::collections::BTreeMap;
use std::fmt;

use crate::Context;
use crate::machine::item::{script, tool as tool_item};
use crate::machine::{Error, Result};
use crate::manifest::lock::{
    Asked, Lock, Locked, LockedPackage, LockedPython, LockedTool, SOURCE, VERSION, hash_wishes,
    list_packages, may_be_on, tools_on,
};
use crate::manifest::{Manifest, PythonRequest, Tool, Written};
use crate::package::build::{self, Builder};
use crate::package::facts::{Facts, Python};
use crate::package::index::Indexes;
use crate::package::options::IndexOptions;
use crate::package::requirement::Name;
use crate::package::resolve::{self, Inputs, Resolution, ResolvedPin};
use crate::parallel::side_by_side;
use crate::python::catalog::{self, Build};
use crate::python::installed::Installed;
use crate::python::key::{Key, Platform};
use crate::python::request::Request;
use crate::python::{installed, target};
use crate::report::escaped;
use crate::tool::environment;
use crate::tool::python::list_lock_requests;

/// Resolutions at a time.
const AT_ONCE: usize = 4;

/// The versions that are taken where the manifest leaves a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Preference {
    /// Those of the old lock.
    OldLock,
    /// The newest, and those of the old lock only for what can't be resolved now.
    Newest,
    /// Those that this machine has, as a first apply takes them.
    ThisMachine,
}

/// A lock in the making, and what could not be resolved.
pub(crate) struct ResolvedLock {
    pub lock: Lock,
    pub failed: Vec<Failed>,
    /// Tells whether it is complete: of all that failed it has what the old lock says.
    pub is_complete: bool,
    /// Tells whether anything was resolved now.
    pub has_news: bool,
}

/// Something that could not be resolved.
pub(crate) struct Failed {
    pub platform: Platform,
    pub subject: Subject,
    pub error: Error,
}

/// A part of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Python(PythonRequest),
    /// By its name in the manifest.
    Tool(String),
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subject::Python(request) => write!(f, "python {request}"),
            Subject::Tool(name) => write!(f, "tool {name}"),
        }
    }
}

impl Failed {
    /// Tells whether it is of this tool, on this machine.
    pub(crate) fn is_of(&self, tool: &Tool) -> bool {
        let is_tool = matches!(&self.subject, Subject::Tool(name) if *name == tool.name);
        is_tool && Platform::host() == Some(self.platform)
    }
}

/// The archive that a request means on this machine where no lock says so: of what is installed,
/// else the newest.
pub(crate) fn archive(ctx: &Context, request: &Request) -> Option<LockedPython> {
    let builds = catalog::builds(ctx).ok()?;
    let host = Platform::host()?;
    let wanted = installed::find(&ctx.paths, request).map(|python| python.key);
    find_archive(ctx, &builds, request, host, wanted)
}

/// Resolves the lock of `manifest` for `platforms` and those that `old` has.
pub(crate) fn resolve(
    ctx: &Context,
    manifest: &Manifest,
    old: Option<&Lock>,
    platforms: &[Platform],
    preference: Preference,
) -> Result<ResolvedLock> {
    let empty = Lock::default();
    let old = old.unwrap_or(&empty);
    let mut platforms = platforms.to_vec();
    platforms.extend(old.platform.keys().map(|platform| *platform.value()));
    platforms.sort();
    platforms.dedup();
    let mut resolver = Resolver {
        ctx,
        manifest,
        old,
        preference,
        builds: catalog::builds(ctx)?,
        made: ResolvedLock {
            lock: Lock {
                version: VERSION,
                manifest: hash_wishes(manifest),
                scripts: script::hashes(manifest)?,
                extends: manifest.commits.clone(),
                packages: list_packages(manifest),
                ..Lock::default()
            },
            failed: Vec::new(),
            is_complete: true,
            has_news: false,
        },
    };
    let mut jobs = Vec::new();
    for platform in platforms {
        let pythons = resolver.resolve_pythons(platform);
        let mut locked = Locked {
            python: pythons,
            ..Locked::default()
        };
        let before = resolver.before(platform);
        for tool in tools_on(manifest, platform) {
            match before.and_then(|before| Some((before, before.tool(tool)?))) {
                Some((before, known)) => keep_tool(&mut locked, tool, known, before),
                None => jobs.push((platform, tool)),
            }
        }
        let platform = Written::by_boot(platform);
        resolver.made.lock.platform.insert(platform, locked);
    }
    let results = side_by_side(&jobs, AT_ONCE, |(platform, tool)| {
        resolver.resolve_tool(*platform, tool)
    });
    for ((platform, tool), result) in jobs.into_iter().zip(results) {
        resolver.add_tool(platform, tool, result);
    }
    Ok(resolver.made)
}

struct Resolver<'a> {
    ctx: &'a Context,
    manifest: &'a Manifest,
    old: &'a Lock,
    preference: Preference,
    builds: Vec<Build>,
    made: ResolvedLock,
}

/// A tool's entry, and the Python that is in the lock for it alone.
type ResolvedTool = (LockedTool, Option<(PythonRequest, LockedPython)>);

impl<'a> Resolver<'a> {
    /// The old lock's part of a platform.
    fn old(&self, platform: Platform) -> Option<&'a Locked> {
        self.old.platform.get(&Written::by_boot(platform))
    }

    /// The old lock's part of a platform, as far as it is kept.
    fn before(&self, platform: Platform) -> Option<&'a Locked> {
        self.old(platform)
            .filter(|_| self.preference != Preference::Newest)
    }

    /// The archives of all Pythons that a platform needs.
    fn resolve_pythons(&mut self, platform: Platform) -> BTreeMap<PythonRequest, LockedPython> {
        let mut pythons = BTreeMap::new();
        let manifest = self.manifest;
        for request in manifest.python_requests(|tool| may_be_on(tool, platform)) {
            let known = self.before(platform).and_then(|b| b.python.get(request));
            let found = known.cloned().or_else(|| {
                let wanted = match self.preference {
                    Preference::ThisMachine => self.installed_key(request.value(), platform),
                    _ => None,
                };
                self.find_archive(request.value(), platform, wanted)
            });
            let old = self.old(platform);
            let kept = || old?.python.get(request).cloned();
            if found.is_none() {
                self.made.is_complete &= kept().is_some();
                self.made.failed.push(Failed {
                    platform,
                    subject: Subject::Python(request.clone()),
                    error: unknown_python(request, platform),
                });
            }
            pythons.extend(found.or_else(kept).map(|python| (request.clone(), python)));
        }
        pythons
    }

    /// The Python of this machine that meets a request, if the platform is its own.
    fn installed_key(&self, request: &Request, platform: Platform) -> Option<Key> {
        if Platform::host() != Some(platform) {
            return None;
        }
        Some(installed::find(&self.ctx.paths, request)?.key)
    }

    /// The archive that a request means, of the Python `wanted` where there is one.
    fn find_archive(
        &self,
        request: &Request,
        platform: Platform,
        wanted: Option<Key>,
    ) -> Option<LockedPython> {
        find_archive(self.ctx, &self.builds, request, platform, wanted)
    }

    /// Adds what came of a tool to the lock; of one that failed, what the old lock says.
    fn add_tool(&mut self, platform: Platform, tool: &Tool, result: Result<ResolvedTool>) {
        let old = self.old(platform);
        let platform_name = Written::by_boot(platform);
        let locked = self.made.lock.platform.entry(platform_name).or_default();
        match result {
            Ok((entry, python)) => {
                self.made.has_news = true;
                locked.tool.insert(Name::normalize(&tool.name), entry);
                locked.python.extend(python);
            }
            Err(error) => {
                match old.and_then(|old| Some((old, old.tool(tool)?))) {
                    Some((old, known)) => keep_tool(locked, tool, known, old),
                    None => self.made.is_complete = false,
                }
                self.made.failed.push(Failed {
                    platform,
                    subject: Subject::Tool(tool.name.clone()),
                    error,
                });
            }
        }
    }

    /// Resolves a tool with what is injected into it, for the first Python that suits it: its own,
    /// else the manifest's in their order, else the machine's default, else the newest.
    fn resolve_tool(&self, platform: Platform, tool: &Tool) -> Result<ResolvedTool> {
        let requests = list_lock_requests(
            &self.ctx.paths,
            tool.python.as_ref(),
            &self.manifest.pythons,
        );
        let inputs = self.inputs(platform, tool)?;
        let mut first = None;
        for request in &requests {
            let known = self.locked_python_for(platform, request);
            let found = match known {
                Some(python) => Some(python.clone()),
                None => {
                    let wanted = self.installed_key(request.value(), platform);
                    self.find_archive(request.value(), platform, wanted)
                }
            };
            let Some(python) = found else { continue };
            match self.resolve_tool_for(tool, &inputs, &python.key) {
                Ok(entry) => {
                    let extra = known.is_none().then(|| (request.clone(), python));
                    return Ok((entry, extra));
                }
                // Another Python may do.
                Err(Attempt::Contradiction(error)) => drop(first.get_or_insert(error)),
                // A network that isn't there won't be there for another Python either.
                Err(Attempt::Failed(error)) => return Err(error),
            }
        }
        Err(first.unwrap_or_else(|| match requests.first() {
            Some(request) => unknown_python(request, platform),
            None => unknown_python(&Written::by_boot(Request::Latest), platform),
        }))
    }

    /// The requirements of a tool, with the versions that stay where they will do: of the last
    /// lock, else of what is installed here.
    fn inputs(&self, platform: Platform, tool: &Tool) -> Result<Inputs> {
        let own = tool.spec();
        let texts: Vec<&str> = std::iter::once(own.as_str())
            .chain(tool.inject.iter().map(Written::as_str))
            .collect();
        let mut inputs = Inputs::parse(&texts, &[], false)?;
        let name = Name::normalize(&tool.name);
        let before = self.before(platform).and_then(|b| b.tool.get(&name));
        inputs.preferred = match before {
            Some(before) => before
                .packages
                .iter()
                .map(|package| (package.name.clone(), package.version.clone()))
                .collect(),
            None if self.preference == Preference::ThisMachine => {
                let installed = tool_item::installed_packages(self.ctx, tool);
                installed.into_iter().collect()
            }
            None => Default::default(),
        };
        Ok(inputs)
    }

    /// The Python of the lock that serves a request; a more exact one serves a wider request too.
    fn locked_python_for(
        &self,
        platform: Platform,
        request: &PythonRequest,
    ) -> Option<&LockedPython> {
        let locked = self.made.lock.platform.get(&Written::by_boot(platform))?;
        locked.python.get(request).or_else(|| {
            locked
                .python
                .values()
                .filter(|python| request.value().matches(&python.key))
                .max_by_key(|python| python.key.version)
        })
    }

    /// Resolves a tool for one Python. What has no wheels for the oldest machines is locked for
    /// newer ones; an older one that comes along says so.
    fn resolve_tool_for(
        &self,
        tool: &Tool,
        inputs: &Inputs,
        key: &Key,
    ) -> std::result::Result<LockedTool, Attempt> {
        // The Python isn't here to be run. What only a build can tell is asked with one that is: a
        // source archive says the same to each Python of a minor, or it couldn't be locked at all.
        let minor: PythonRequest = key
            .version
            .minor_name(key.variant)
            .parse()
            .map_err(|error| Attempt::Failed(Error::from(error)))?;
        let runner = installed::find(&self.ctx.paths, minor.value());
        let mut first = None;
        for facts in target::ages(key) {
            match self.resolve_pins(inputs, &facts, runner.as_ref()) {
                Ok(resolution) => {
                    return self
                        .to_locked_tool(tool, inputs, minor, resolution)
                        .map_err(Attempt::Failed);
                }
                Err(error) if error.is_contradiction() => {
                    first.get_or_insert(Error::NoWheels(error.to_string()));
                }
                Err(error) => {
                    return Err(Attempt::Failed(match error.build() {
                        Some(build::Error::Forbidden { what }) => Error::NoWheels(format!(
                            "{} has no wheel, and only a build with Python {minor} can tell what \
                             it needs\nboot python install {minor}, then the same again",
                            escaped(what)
                        )),
                        Some(error) => Error::NoWheels(error.to_string()),
                        None => error.into(),
                    }));
                }
            }
        }
        Err(Attempt::Contradiction(first.unwrap_or_else(|| {
            Error::NoWheels(format!("no machine with Python {minor} is known"))
        })))
    }

    fn resolve_pins(
        &self,
        inputs: &Inputs,
        facts: &Facts,
        runner: Option<&Installed>,
    ) -> std::result::Result<Resolution, resolve::Error> {
        let builder = match runner {
            Some(runner) => {
                Builder::new(self.ctx, environment::runner(runner), inputs.index.clone())
            }
            None => {
                let python = Python {
                    facts,
                    program: "".as_ref(),
                };
                let wheels_only = IndexOptions {
                    no_build: true,
                    ..inputs.index.clone()
                };
                Builder::new(self.ctx, python, wheels_only)
            }
        };
        resolve::resolve_elsewhere(&builder, facts, inputs)
    }

    /// A resolution as the lock has it: without addresses.
    fn to_locked_tool(
        &self,
        tool: &Tool,
        inputs: &Inputs,
        python: PythonRequest,
        resolution: Resolution,
    ) -> Result<LockedTool> {
        let name = Name::normalize(tool.package());
        let is_own =
            |pin: &ResolvedPin| tool.source.is_some() && pin.name.as_str() == name.as_str();
        let (own, pins): (Vec<ResolvedPin>, Vec<ResolvedPin>) =
            resolution.pins.into_iter().partition(is_own);
        if let Some(pin) = pins.iter().find(|pin| pin.direct_url.is_some()) {
            return Err(Error::NoWheels(format!(
                "{} comes from an address, and a lock has none",
                pin.name
            )));
        }
        let indexes = Indexes::chosen(self.ctx, &inputs.index)?;
        let packages = pins.into_iter().map(|pin| LockedPackage {
            at: pin
                .url
                .as_deref()
                .and_then(|url| indexes.relative(&pin.name, url)),
            name: pin.name,
            version: pin.version,
            file: pin.file,
            sha256: pin.sha256,
        });
        Ok(LockedTool {
            asked: Asked::of(tool),
            commit: own.iter().find_map(ResolvedPin::commit),
            packages: packages.collect(),
            python,
        })
    }
}

/// Why a tool can't be resolved for one Python.
enum Attempt {
    /// Its requirements don't go together there.
    Contradiction(Error),
    Failed(Error),
}

/// The archive that a request means, of the Python `wanted` where that has one: a prebuilt one,
/// else the source that it is built from.
fn find_archive(
    ctx: &Context,
    builds: &[Build],
    request: &Request,
    platform: Platform,
    wanted: Option<Key>,
) -> Option<LockedPython> {
    let prebuilt = |wanted: Option<Key>| {
        let mut all = catalog::matching(builds, request, platform)
            .filter(|build| wanted.is_none_or(|key| build.key == key));
        let build = all.next()?;
        Some(LockedPython {
            key: build.key,
            release: build.release.clone(),
            file: build.file.clone(),
            sha256: build.sha256,
        })
    };
    let source = |wanted: Option<Key>| {
        let find_key = |source: &catalog::Source| {
            source
                .keys(platform)
                .find(|key| wanted.map_or(request.matches(key), |wanted| *key == wanted))
        };
        let sources = catalog::sources(ctx).ok()?.into_iter();
        let (key, source) = sources
            .filter_map(|source| Some((find_key(&source)?, source)))
            .next()?;
        Some(LockedPython {
            key,
            release: SOURCE.into(),
            file: source.file,
            sha256: source.sha256,
        })
    };
    wanted
        .and_then(|key| prebuilt(Some(key)).or_else(|| source(Some(key))))
        .or_else(|| prebuilt(None))
        .or_else(|| source(None))
}

/// Keeps what the lock of `before` knows of a tool, and the Python that is in it for this tool
/// alone.
fn keep_tool(locked: &mut Locked, tool: &Tool, known: &LockedTool, before: &Locked) {
    let is_minor = |python: &LockedPython| {
        python.key.version.minor_name(python.key.variant) == known.python.as_str()
    };
    if !locked.python.values().any(is_minor) {
        let own = before.python.iter().find(|(_, python)| is_minor(python));
        let own = own.map(|(request, python)| (request.clone(), python.clone()));
        locked.python.extend(own);
    }
    locked
        .tool
        .insert(Name::normalize(&tool.name), known.clone());
}

fn unknown_python(request: &PythonRequest, platform: Platform) -> Error {
    Error::UnknownPython {
        request: request.to_string(),
        platform,
    }
}
