//! Wheels for what has none: source archives and folders are built through PEP 517, by the
//! interpreter that will use them, in an environment that has what the build asks for, nothing
//! else, and is thrown away.
//!
//! A built wheel is kept in the cache as any other; what it was built from, and for which
//! interpreter, tells when it serves again.

mod cause;
mod isolated;
mod source;
mod system;

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::facts::Python;
use super::filename;
use super::metadata::{self, Metadata};
use super::options::IndexOptions;
use super::page::File;
use super::resolve::{self, ResolvedPin};
use super::wheel::{self, CachedWheel};
use crate::Context;
use crate::net::{self, VerifiedArchive, download};
use crate::report::{Bar, Silent, escaped};
use crate::store::atomic::{self, Staging};
use crate::store::digest::Sha256;
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self, cache};

/// Something could not be built.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(
        "{} can't be built: {reason}\nask for a version that has a wheel, or tell the package's \
         authors",
        escaped(what)
    )]
    Unbuildable { what: String, reason: String },
    #[error(
        "{} is no Python project: it has neither a pyproject.toml nor a setup.py\n\
         is it the right folder? the one that has pyproject.toml is meant",
        escaped(what)
    )]
    NoProject { what: String },
    #[error(
        "building {} failed{}{}\nthe whole of its output: {}",
        escaped(what),
        if last.is_empty() { String::new() } else { format!(": {}", escaped(last)) },
        cause.as_ref().map(|cause| format!("\n{}", escaped(cause))).unwrap_or_default(),
        log.display()
    )]
    Failed {
        what: String,
        last: String,
        cause: Option<String>,
        log: PathBuf,
    },
    #[error(
        "{} has no wheel, and --no-build forbids building one\nleave --no-build out",
        escaped(what)
    )]
    Forbidden { what: String },
    #[error(
        "{} is no longer in the cache\nthe same command again fetches it",
        escaped(file)
    )]
    Lost { file: String },
    #[error("building {} needs {} itself, by way of {}\n\
             ask for a version that has a \
             wheel", escaped(what), escaped(what), escaped(&chain.join(", ")))]
    Circle { what: String, chain: Vec<String> },
    #[error("what building {} asks for can't be had: {reason}", escaped(what))]
    Needs {
        what: String,
        reason: Box<resolve::Error>,
    },
    #[error(transparent)]
    Wheel(#[from] wheel::Error),
    #[error(transparent)]
    Link(#[from] super::link::Error),
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Builds for one interpreter.
#[derive(Clone)]
pub struct Builder<'a> {
    pub ctx: &'a Context,
    pub python: Python<'a>,
    /// Where what a build asks for may come from.
    pub index: IndexOptions,
    /// What is being built right now, the outermost first.
    building: Vec<String>,
}

/// A built wheel, as the cache remembers it.
#[derive(Debug, Serialize, Deserialize)]
struct Built {
    sha256: Sha256,
    file: String,
}

/// What is to be built.
pub struct Job<'j> {
    /// For people: name and version, or a folder.
    pub what: &'j str,
    /// Where the sources lie.
    pub tree: &'j Path,
    pub editable: bool,
}

/// What a build came to.
enum Made {
    Wheel(PathBuf),
    Metadata(String),
}

impl<'a> Builder<'a> {
    pub fn new(ctx: &'a Context, python: Python<'a>, index: IndexOptions) -> Builder<'a> {
        Builder {
            ctx,
            python,
            index,
            building: Vec::new(),
        }
    }

    /// The wheel that was built before from what `identity` names, for an interpreter of this kind.
    pub fn built(&self, identity: &str) -> Option<(CachedWheel, String)> {
        let built: Built = serde_json::from_slice(&fs::read(self.note(identity)).ok()?).ok()?;
        Some((
            CachedWheel::open(&self.ctx.paths, &built.sha256)?,
            built.file,
        ))
    }

    fn note(&self, identity: &str) -> PathBuf {
        self.ctx
            .paths
            .builds()
            .join(format!("wheel-{}.json", self.key(identity)))
    }

    /// Of sources and the interpreter: pure wheels too may differ from one Python to the next.
    fn key(&self, identity: &str) -> String {
        let facts = self.python.facts;
        Sha256::of(
            format!(
                "{identity} {} {} {:?}",
                facts.cache_tag, facts.soabi, facts.libc
            )
            .as_bytes(),
        )
        .to_string()
    }

    /// Builds a wheel into the cache; returns it and its file name. `identity` is None for what may
    /// change without telling.
    pub fn wheel(&self, job: &Job<'_>, identity: Option<&str>) -> Result<(CachedWheel, String)> {
        let work = Staging::within(&self.ctx.paths.builds())?;
        let Made::Wheel(path) = self.run(job, work.path(), false)? else {
            return Err(Error::Unbuildable {
                what: job.what.into(),
                reason: "its backend made no wheel".into(),
            });
        };
        let file = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let wheel = CachedWheel::from_file(&self.ctx.paths, &path)?;
        if let Some(identity) = identity
            && let Ok(json) = serde_json::to_vec(&Built {
                sha256: wheel.sha256(),
                file: file.clone(),
            })
        {
            // Without the note it is built again: no harm.
            let _ = atomic::write(&self.note(identity), &json, None);
        }
        Ok((wheel, file))
    }

    /// The metadata that a wheel built from `job` would have, without building it where the backend
    /// can tell.
    fn metadata(&self, job: &Job<'_>) -> Result<String> {
        let work = Staging::within(&self.ctx.paths.builds())?;
        match self.run(job, work.path(), true)? {
            Made::Metadata(text) => Ok(text),
            Made::Wheel(path) => {
                let wheel = CachedWheel::from_file(&self.ctx.paths, &path)?;
                Ok(metadata::of_cached(&wheel).unwrap_or_default())
            }
        }
    }

    /// Makes the environment and runs the hooks, all of it in `work`.
    fn run(&self, job: &Job<'_>, work: &Path, only_metadata: bool) -> Result<Made> {
        if self.index.no_build {
            return Err(Error::Forbidden {
                what: job.what.into(),
            });
        }
        if self.building.iter().any(|other| other == job.what) {
            return Err(Error::Circle {
                what: job.what.into(),
                chain: self.building.clone(),
            });
        }
        self.ctx.report.step(&format!("building {}", job.what));
        let system = system::System::read(job.tree).map_err(|reason| Error::Unbuildable {
            what: job.what.into(),
            reason,
        })?;
        let mut inner = self.clone();
        inner.building.push(job.what.into());
        let out = work.join("out");
        fs::create_dir(&out).map_err(store::Error::io("create", &out))?;
        let mut requires = system.requires.clone();
        let mut ready = false;
        loop {
            let environment = isolated::Environment::make(&inner, job.what, work, &requires)?;
            let answer =
                environment.hook(&self.ctx.paths, job, &system, &out, ready, only_metadata)?;
            match answer {
                // What the backend asks for beside what is written down: a new environment has
                // both.
                isolated::Answer {
                    requires: Some(more),
                    ..
                } if !ready => {
                    requires.extend(more);
                    ready = true;
                }
                isolated::Answer {
                    wheel: Some(file), ..
                } => return Ok(Made::Wheel(inside(&out, &file, job)?)),
                isolated::Answer {
                    metadata: Some(folder),
                    ..
                } => {
                    let path = inside(&out, &folder, job)?.join("METADATA");
                    let text = fs::read(&path).map_err(store::Error::io("read", &path))?;
                    return Ok(Made::Metadata(String::from_utf8_lossy(&text).into_owned()));
                }
                _ => {
                    return Err(Error::Unbuildable {
                        what: job.what.into(),
                        reason: "its backend gave no answer".into(),
                    });
                }
            }
        }
    }
}

/// A name that a backend gave, below the folder that it was to write to.
fn inside(out: &Path, name: &str, job: &Job<'_>) -> Result<PathBuf> {
    if name.is_empty() || name.contains(['/', '\0']) || name == ".." {
        return Err(Error::Unbuildable {
            what: job.what.into(),
            reason: "its backend gave a path instead of a name".into(),
        });
    }
    Ok(out.join(name))
}

/// The wheel of a pin: fetched, built, or in the cache already.
pub(crate) fn obtain(
    builder: &Builder<'_>,
    pin: &ResolvedPin,
    bar: &dyn Bar,
) -> Result<CachedWheel> {
    let ctx = builder.ctx;
    if let Some(wheel) = CachedWheel::open(&ctx.paths, &pin.sha256) {
        return Ok(wheel);
    }
    if pin.direct_url.is_some() || pin.file.ends_with(".whl") {
        return Ok(wheel::fetch(
            ctx,
            &pin.file,
            url_of(pin)?,
            &pin.sha256,
            bar,
        )?);
    }
    let identity = format!("archive {}", pin.sha256);
    if let Some((wheel, _)) = builder.built(&identity) {
        return Ok(wheel);
    }
    let _lock = Lock::hold(
        &ctx.paths.locks(),
        &format!("build-{}", &builder.key(&identity)[..3]),
        &Silent,
    )?;
    if let Some((wheel, _)) = builder.built(&identity) {
        return Ok(wheel);
    }
    let what = format!("{} {}", pin.name, pin.version);
    bar.say(&format!("{what}: building"));
    let archive = match cached_source(ctx, &pin.sha256) {
        Some(archive) => archive,
        None => fetch(ctx, url_of(pin)?, &pin.sha256, bar)?,
    };
    let unpacked = source_of(&ctx.paths, &pin.file, &archive)?;
    let (wheel, file) = builder.wheel(
        &Job {
            what: &what,
            tree: unpacked.tree(),
            editable: false,
        },
        Some(&identity),
    )?;
    let named = filename::WheelName::parse(&file);
    if named.is_none_or(|named| named.name != pin.name || named.version != pin.version) {
        return Err(Error::Unbuildable {
            what,
            reason: format!("it became {}", escaped(&file)),
        });
    }
    Ok(wheel)
}

fn url_of(pin: &ResolvedPin) -> Result<&str> {
    let lost = || Error::Lost {
        file: pin.file.clone(),
    };
    pin.url.as_deref().ok_or_else(lost)
}

/// A source archive, unpacked. `file` is its name.
pub(super) fn source_of(
    paths: &Paths,
    file: &str,
    archive: &VerifiedArchive,
) -> Result<source::Unpacked> {
    source::Unpacked::from(paths, file, archive)
}

/// The name that a source tree gives itself, where that can be known without running it.
pub(crate) fn name_of(tree: &Path) -> Option<String> {
    system::name(tree)
}

/// A source archive of an index, unpacked.
fn fetched(
    ctx: &Context,
    file: &str,
    url: &str,
    sha256: &Sha256,
    bar: &dyn Bar,
) -> Result<source::Unpacked> {
    let archive = fetch(ctx, url, sha256, bar)?;
    source::Unpacked::from(&ctx.paths, file, &archive)
}

/// A source archive in the cache, fetched from `url` where it isn't there yet.
pub(crate) fn fetch(
    ctx: &Context,
    url: &str,
    sha256: &Sha256,
    bar: &dyn Bar,
) -> Result<VerifiedArchive> {
    if let Some(archive) = cached_source(ctx, sha256) {
        return Ok(archive);
    }
    let path = source_path(ctx, sha256);
    Ok(download::to_file(ctx.client()?, url, sha256, &path, bar)?)
}

fn cached_source(ctx: &Context, sha256: &Sha256) -> Option<VerifiedArchive> {
    VerifiedArchive::in_cache(&source_path(ctx, sha256), sha256)
}

fn source_path(ctx: &Context, sha256: &Sha256) -> PathBuf {
    ctx.paths.archives().join(format!("{sha256}.source"))
}

/// The metadata of a source archive of an index: what it says itself where that is final, else what
/// its backend says.
pub(crate) fn metadata(
    builder: &Builder<'_>,
    file: &File,
) -> std::result::Result<Metadata, metadata::Error> {
    let ctx = builder.ctx;
    let bad = |reason: String| metadata::Error::Bad {
        file: file.file.clone(),
        reason,
    };
    // What is true for every interpreter, and what was found out for this one.
    let folder = ctx.paths.index().join("metadata");
    let (always, here) = (
        folder.join(file.sha256.to_string()),
        folder.join(builder.key(&file.sha256.to_string())),
    );
    for path in [&always, &here] {
        if let Some(metadata) = fs::read_to_string(path)
            .ok()
            .and_then(|text| text.parse().ok())
        {
            return Ok(metadata);
        }
    }
    let made = (|| {
        let unpacked = fetched(ctx, &file.file, &file.url, &file.sha256, &Silent)?;
        if let Some(text) = system::stated(unpacked.tree()) {
            return Ok((text, &always));
        }
        let what = file.file.clone();
        if let Some((wheel, _)) = builder.built(&format!("archive {}", file.sha256)) {
            return Ok((metadata::of_cached(&wheel).unwrap_or_default(), &here));
        }
        Ok((
            builder.metadata(&Job {
                what: &what,
                tree: unpacked.tree(),
                editable: false,
            })?,
            &here,
        ))
    })();
    let (text, path) = made.map_err(|error: Error| match error {
        Error::Store(store::Error::Broken { reason, .. }) => bad(reason),
        other => metadata::Error::Build(Box::new(other)),
    })?;
    let found: Metadata = text.parse().map_err(bad)?;
    if filename::source_version(&file.file, &found.name)
        .is_none_or(|version| version != found.version)
    {
        return Err(bad(format!("it is of {} {}", found.name, found.version)));
    }
    cache::keep(&ctx.paths, path, metadata::head(&text).as_bytes());
    Ok(found)
}
