//! Gets a Python: finds it installed, else fetches a prebuilt one, else builds it; in staging,
//! tested there, published by one rename together with its record.

use std::path::{Path, PathBuf};

use super::catalog::{self, Build};
use super::installed::{self, Installed, Origin, Record};
use super::key::{Key, Platform, Variant, Version};
use super::refresh::{self, When};
use super::request::Request;
use super::source::{self, Options as BuildOptions};
use super::{links, patch, pip, publish, selftest, standalone, tarball};
use crate::Context;
use crate::net;
use crate::package::facts::Facts;
use crate::store::atomic::Staging;
use crate::store::digest::Sha256;
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self};

/// Options of an installation.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Also where it is installed already.
    pub reinstall: bool,
    /// Build it, whatever archives there are.
    pub source: bool,
    /// Never build it.
    pub prebuilt: bool,
    /// In place of the publisher's address.
    pub mirror: Option<String>,
    pub build: BuildOptions,
    /// The archive that a lock names, whatever the catalog says.
    pub locked: Option<Build>,
    /// The patch whose place it takes, in an upgrade.
    pub replaces: Option<Key>,
}

/// A Python that meets the request.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub installed: Installed,
    /// False where it was there already.
    pub fresh: bool,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("no CPython {request} is known{}\nboot python list --available shows those that \
             are", newest.as_ref().map_or(String::new(), |newest| newest_known(request, newest)))]
    Unknown {
        request: String,
        newest: Option<Version>,
    },
    #[error(
        "boot installs no Python named {0}\nask for 3.11, 3.11.9, 3.13t, '>=3.10,<3.13' or latest; \
         boot python adopt adopts one of this machine"
    )]
    NotInstallable(String),
    #[error(
        "there is no Python that boot can install on this machine ({0})\n\
         boot runs on Linux and macOS, x86-64 and arm64"
    )]
    Platform(String),
    #[error(
        "Python {request} isn't installed, and nothing is fetched with --offline\n\
         run the same command once without it"
    )]
    Offline { request: String },
    #[error("could not download CPython {request}; tried: {}\n\
             is the network there? BOOT_PYTHON_MIRROR and BOOT_SOURCE_MIRROR can name other \
             places", places.join(", "))]
    NowhereReached {
        request: String,
        places: Vec<String>,
    },
    #[error("could not download the source of CPython {request}{}\n\
             BOOT_SOURCE_MIRROR can name a place that has \
             it", if places.is_empty() { ": no mirror has it".into() } else { format!("; tried: \
                                              {}", places.join(", ")) })]
    NoSource {
        request: String,
        places: Vec<String>,
    },
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    #[error(transparent)]
    Standalone(#[from] standalone::Error),
    #[error(transparent)]
    Tarball(#[from] tarball::Error),
    #[error(transparent)]
    Source(#[from] source::Error),
    #[error(transparent)]
    Pip(#[from] pip::Error),
    #[error(transparent)]
    SelfTest(#[from] selftest::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Settings(#[from] crate::settings::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The Python that meets `request`, installed now if it wasn't. Newest matching version first; what
/// is there already and meets it is enough.
pub(crate) fn ensure(ctx: &Context, request: &Request, options: &Options) -> Result<Outcome> {
    if !options.reinstall
        && let Some(installed) = installed::find(&ctx.paths, request)
    {
        return Ok(Outcome {
            installed,
            fresh: false,
        });
    }
    if matches!(request, Request::System | Request::Path(_)) {
        return Err(Error::NotInstallable(request.to_string()));
    }
    if let Some(build) = &options.locked {
        return prebuilt(ctx, build, options);
    }
    let platform = Platform::host().ok_or_else(|| {
        Error::Platform(format!(
            "{} {}",
            std::env::consts::OS,
            std::env::consts::ARCH
        ))
    })?;
    let mut builds = catalog::builds_at(ctx, options.mirror.as_deref())?;
    // A reinstall is of what is there, not of something newer.
    let wanted = match installed::find(&ctx.paths, request) {
        Some(there) if options.reinstall => Request::Key(there.key),
        _ => request.clone(),
    };
    let mut attempt = SourceAttempt {
        ctx,
        request,
        wanted: &wanted,
        platform,
        builds: &[],
        unreached: None,
        options,
    };
    if options.source {
        attempt.builds = &builds;
        return attempt.run();
    }
    if catalog::matching(&builds, &wanted, platform)
        .next()
        .is_none()
    {
        // Published since, perhaps.
        refresh::run(ctx, options.mirror.as_deref(), When::Daily)?;
        builds = catalog::builds_at(ctx, options.mirror.as_deref())?;
    }
    attempt.builds = &builds;
    let Some(build) = catalog::matching(&builds, &wanted, platform).next() else {
        return match options.prebuilt {
            true => Err(unknown(request, &builds)),
            false => attempt.run(),
        };
    };
    match prebuilt(ctx, build, options) {
        Err(Error::Standalone(standalone::Error::Net(error)))
            if error.is_elsewhere() && !options.prebuilt =>
        {
            attempt.unreached = Some((build, error));
            attempt.run()
        }
        // A finished build may lie in the cache.
        Err(error @ Error::Offline { .. }) if !options.prebuilt => {
            attempt.run().map_err(|other| match other {
                Error::Unknown { .. } => error,
                other => other,
            })
        }
        result => result,
    }
}

fn unknown(request: &Request, builds: &[Build]) -> Error {
    let keys: Vec<Key> = builds.iter().map(|build| build.key).collect();
    Error::Unknown {
        request: request.to_string(),
        newest: catalog::newest_like(&keys, request),
    }
}

/// `; the newest 3.11 is 3.11.15` where that minor was asked for.
fn newest_known(request: &str, newest: &Version) -> String {
    let minor = newest.minor_name(Default::default());
    let is_same = request
        .parse()
        .is_ok_and(|request: Request| request.minor() == Some((newest.major, newest.minor)));
    if is_same {
        format!("; the newest {minor} is {newest}")
    } else {
        format!("; the newest is {newest}")
    }
}

fn prebuilt(ctx: &Context, build: &Build, options: &Options) -> Result<Outcome> {
    let result = make_and_publish(
        ctx,
        &build.key,
        Origin::Prebuilt,
        build.sha256,
        options,
        &|staging, home| {
            standalone::fetch(ctx, build, options.mirror.as_deref(), staging)?;
            patch::all(&build.key, staging, home)?;
            Ok(())
        },
    );
    // An archive's address is a long one, and tells nobody what to do.
    result.map_err(|error| match error {
        Error::Standalone(standalone::Error::Net(net::Error::Offline { .. })) => Error::Offline {
            request: format!("{}{}", build.key.version, build.key.variant.suffix()),
        },
        error => error,
    })
}

/// A request that no prebuilt archive has met, to be built from source.
struct SourceAttempt<'a> {
    ctx: &'a Context,
    /// As it was asked for, for messages.
    request: &'a Request,
    /// The same, or the patch to reinstall.
    wanted: &'a Request,
    platform: Platform,
    builds: &'a [Build],
    /// An archive that couldn't be fetched, and why.
    unreached: Option<(&'a Build, net::Error)>,
    options: &'a Options,
}

impl SourceAttempt<'_> {
    /// Builds the newest version that meets the request and whose source can be downloaded.
    fn run(&self) -> Result<Outcome> {
        let (ctx, options) = (self.ctx, self.options);
        let mut places = self.unreached_places()?;
        let sources: Vec<catalog::Source> = catalog::sources(ctx)?
            .into_iter()
            .filter(|source| {
                source
                    .keys(self.platform)
                    .any(|key| self.wanted.matches(&key))
            })
            .collect();
        if sources.is_empty() {
            return Err(match &self.unreached {
                None => unknown(self.request, self.builds),
                Some(_) => self.nowhere_reached(places),
            });
        }
        if let Some(source) = self.find_finished(&sources) {
            let found = tarball::Found {
                source: source.clone(),
                url: String::new(),
                from: "the cache",
            };
            return build(ctx, &self.key_of(source), &found, options);
        }
        let mut unreachable = Vec::new();
        let Some(found) = tarball::locate(ctx, &sources, &mut unreachable)? else {
            return Err(self.no_source(places, unreachable));
        };
        let key = self.key_of(&found.source);
        // Another patch than the newest one may be installed already.
        if !options.reinstall
            && let Some(installed) = installed::find(&ctx.paths, &Request::Key(key))
        {
            return Ok(Outcome {
                installed,
                fresh: false,
            });
        }
        places.extend(unreachable);
        let why = if places.is_empty() {
            String::new()
        } else {
            format!("can't reach {}: ", places.join(" and "))
        };
        ctx.report.info(&format!(
            "{why}building Python {} from source, from {}",
            key.version, found.from
        ));
        build(ctx, &key, &found, options)
    }

    fn variant(&self) -> Variant {
        match self.wanted {
            Request::Version { variant, .. } | Request::Specifiers { variant, .. } => *variant,
            Request::Key(key) => key.variant,
            _ => Variant::Default,
        }
    }

    fn key_of(&self, source: &catalog::Source) -> Key {
        Key {
            version: source.version,
            variant: self.variant(),
            platform: self.platform,
        }
    }

    /// A finished build in the cache, which needs no source: where just its version is meant, or
    /// where no mirror can be reached.
    fn find_finished<'s>(&self, sources: &'s [catalog::Source]) -> Option<&'s catalog::Source> {
        let is_one = sources
            .iter()
            .all(|source| source.version == sources[0].version);
        let is_finished = |source: &&catalog::Source| {
            let key = self.key_of(source);
            let home = home_of(self.ctx, &key);
            source::finished(self.ctx, &key, source, &self.options.build, &home).is_some()
        };
        sources
            .iter()
            .find(is_finished)
            .filter(|_| is_one || self.ctx.offline)
    }

    /// The place of the archive that couldn't be fetched.
    fn unreached_places(&self) -> Result<Vec<String>> {
        let Some((build, error)) = &self.unreached else {
            return Ok(Vec::new());
        };
        let url = standalone::address(self.ctx, build, self.options.mirror.as_deref())?;
        let tried = tarball::tried(&url, error);
        Ok(vec![format!("the prebuilt archives of {tried}")])
    }

    fn no_source(&self, mut places: Vec<String>, unreachable: Vec<String>) -> Error {
        let request = self.request.to_string();
        if self.ctx.offline && !unreachable.is_empty() {
            return Error::Offline { request };
        }
        places.extend(unreachable);
        match &self.unreached {
            None => Error::NoSource { request, places },
            Some(_) => self.nowhere_reached(places),
        }
    }

    fn nowhere_reached(&self, places: Vec<String>) -> Error {
        Error::NowhereReached {
            request: self.request.to_string(),
            places,
        }
    }
}

/// Builds `found`, or takes the finished build from the cache.
fn build(ctx: &Context, key: &Key, found: &tarball::Found, options: &Options) -> Result<Outcome> {
    let result = make_and_publish(
        ctx,
        key,
        Origin::Source,
        found.source.sha256,
        options,
        &|staging, home| {
            source::build(ctx, key, found, &options.build, staging, home)?;
            patch::all(key, staging, home)?;
            Ok(())
        },
    );
    if let Err(Error::SelfTest(_)) = result {
        // The next build, with what this one lacked, is to be one.
        source::forget(ctx, key, &found.source, &options.build, &home_of(ctx, key))?;
    }
    result
}

/// The folder of the Python of `key`.
fn home_of(ctx: &Context, key: &Key) -> PathBuf {
    ctx.paths.pythons().join(key.to_string())
}

/// A build is made without ensurepip, whose process takes longer than all the rest of an install.
fn add_pip(paths: &Paths, key: &Key, facts: &Facts, staging: &Path, home: &Path) -> Result<()> {
    let library = staging
        .join("lib")
        .join(format!("python{}", key.version.minor_name(key.variant)));
    if library.join("site-packages/pip").exists() {
        return Ok(());
    }
    match pip::bundled(&library).filter(|wheel| wheel.starts_with(staging)) {
        Some(wheel) => Ok(pip::install(paths, facts, &wheel, staging, home)?),
        None => Ok(()),
    }
}

/// Makes the folder of `key` in staging, tests what is in it, and gives it its name.
fn make_and_publish(
    ctx: &Context,
    key: &Key,
    origin: Origin,
    sha256: Sha256,
    options: &Options,
    make: &dyn Fn(&Path, &Path) -> Result<()>,
) -> Result<Outcome> {
    let paths = &ctx.paths;
    let home = paths.pythons().join(key.to_string());
    let _lock = Lock::hold(&paths.locks(), &key.to_string(), &*ctx.report)?;
    // Whoever had the lock before may have done all of it.
    if !options.reinstall
        && let Some(installed) = installed::read(&home)
    {
        return Ok(Outcome {
            installed,
            fresh: false,
        });
    }
    let staging = Staging::beside(&home)?;
    make(staging.path(), &home)?;
    let executable =
        PathBuf::from("bin").join(format!("python{}", key.version.minor_name(key.variant)));
    ctx.report.step(&format!("self-test of {key}"));
    let passed = selftest::run(
        key,
        &staging.path().join(&executable),
        staging.path(),
        &home,
    )?;
    add_pip(paths, key, &passed.facts, staging.path(), &home)?;
    let record = Record {
        schema: 1,
        key: key.to_string(),
        origin,
        sha256: Some(sha256),
        executable,
        facts: passed.facts,
        missing: passed.missing,
        build: if origin == Origin::Source {
            options.build.clone()
        } else {
            BuildOptions::default()
        },
        replaces: options.replaces.map(|key| key.to_string()),
    };
    let installed = publish::publish(staging, &home, &record)?;
    links::refresh(paths)?;
    Ok(Outcome {
        installed,
        fresh: true,
    })
}
