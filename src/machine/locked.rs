//! Having what a lock names: Pythons by their archive, tools by their files. Nothing is resolved; a
//! file whose address the lock's index doesn't know any more is looked for by its checksum.

use crate::Context;
use crate::machine::{Error, Result};
use crate::manifest::Tool;
use crate::manifest::lock::{Locked, LockedPython, LockedTool};
use crate::package::build::{self, Builder};
use crate::package::direct;
use crate::package::filename::WheelName;
use crate::package::index::Indexes;
use crate::package::options::IndexOptions;
use crate::package::requirement::Name;
use crate::package::tags::Tags;
use crate::package::wheel::{self, CachedWheel};
use crate::parallel::side_by_side;
use crate::python::catalog::{self, Build};
use crate::python::installed::{self, Installed};
use crate::python::key::Key;
use crate::python::request::Request;
use crate::python::{self, install};
use crate::report::{Bar, Silent};
use crate::tool::environment::{Resolved, ResolvedPin, runner};

/// Fetched at a time, of all tools together.
const AT_ONCE: usize = 16;

impl LockedPython {
    /// The very Python, if it is installed.
    pub(crate) fn installed(&self, ctx: &Context) -> Option<Installed> {
        installed::find(&ctx.paths, &Request::Key(self.key.parse().ok()?))
    }

    /// Installs it from the archive that the lock names.
    pub(crate) fn install(&self, ctx: &Context) -> std::result::Result<Installed, python::Error> {
        let Ok(key) = self.key.parse::<Key>() else {
            return Err(python::Error::NotInstallable(self.key.clone()));
        };
        if self.release == crate::manifest::lock::SOURCE {
            // Where archives come from is each machine's own; what they are isn't.
            let known = catalog::sources(ctx)?;
            if !known
                .iter()
                .any(|source| source.version == key.version && source.sha256 == self.sha256)
            {
                return Err(python::Error::NotInstallable(format!(
                    "{} of {}",
                    self.file, self.key
                )));
            }
            let options = install::Options {
                source: true,
                ..install::Options::default()
            };
            return Ok(install::ensure(ctx, &Request::Key(key), &options)?.installed);
        }
        let build = Build {
            key,
            release: self.release.clone(),
            file: self.file.clone(),
            sha256: self.sha256,
        };
        let options = install::Options {
            locked: Some(build),
            prebuilt: true,
            ..install::Options::default()
        };
        Ok(install::ensure(ctx, &Request::Key(key), &options)?.installed)
    }
}

impl LockedTool {
    /// The Python of this machine that it is made with.
    pub(crate) fn python(&self, ctx: &Context, locked: &Locked) -> Option<Installed> {
        let exact = locked
            .python
            .values()
            .filter_map(|python| python.installed(ctx));
        let minor =
            |python: &Installed| python.key.version.minor_name(python.key.variant) == self.python;
        exact
            .into_iter()
            .find(minor)
            .or_else(|| installed::find(&ctx.paths, &self.python.parse().ok()?))
    }

    /// As a resolution would have it, on `python`. What isn't on an index is built for it, from the
    /// commit that the lock names.
    pub(crate) fn resolved(
        &self,
        ctx: &Context,
        python: Installed,
        tool: &Tool,
    ) -> Result<Resolved> {
        let requested = |name: &str| Name::normalize(tool.package()) == name;
        let pins = self.packages.iter().filter_map(|package| {
            Some(ResolvedPin {
                name: package.name.parse().ok()?,
                version: package.version.parse().ok()?,
                file: package.file.clone(),
                url: None,
                sha256: package.sha256,
                size: None,
                requested: requested(&package.name),
                direct_url: None,
            })
        });
        let mut pins: Vec<ResolvedPin> = pins.collect();
        pins.extend(self.own(ctx, &python, tool)?);
        Ok(Resolved { python, pins })
    }

    /// The tool itself, where it comes from git or a folder.
    fn own(&self, ctx: &Context, python: &Installed, tool: &Tool) -> Result<Option<ResolvedPin>> {
        let item = |error: &dyn std::fmt::Display| Error::Item(error.to_string());
        let Some(source) = &tool.source else {
            return Ok(None);
        };
        let name: Name = tool.package().parse().map_err(|error| item(&error))?;
        let builder = Builder::new(ctx, runner(python), IndexOptions::default());
        let found = direct::find(
            &builder,
            &name,
            &source.address(self.commit.as_deref()),
            false,
        )
        .map_err(|error| item(&error))?;
        Ok(Some(ResolvedPin {
            name,
            version: found.metadata.version,
            file: found.file.file,
            url: None,
            sha256: found.file.sha256,
            size: None,
            requested: true,
            direct_url: Some(found.direct_url),
        }))
    }

    /// Fails where this machine's C library or macOS is older than what a file is made for.
    pub(crate) fn check(&self, python: &Installed) -> Result<()> {
        let tags = Tags::of(&python.facts);
        let wheels = || self.packages.iter().filter(|package| !package.is_source());
        match wheels().find(|package| {
            WheelName::parse(&package.file).is_none_or(|wheel| tags.rank(&wheel).is_none())
        }) {
            None => Ok(()),
            Some(package) => Err(Error::Item(format!(
                "the lock names {}, and Python {} of this machine can't use it\n\
                 boot update resolves anew",
                package.file, python.key.version
            ))),
        }
    }

    /// Has all of its files in the cache.
    pub(crate) fn fetch(&self, ctx: &Context, bar: &dyn Bar) -> Result<()> {
        let missing: Vec<&crate::manifest::lock::Package> = self
            .packages
            .iter()
            .filter(|package| CachedWheel::open(&ctx.paths, &package.sha256).is_none())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let indexes = Indexes::chosen(ctx, &IndexOptions::default())
            .map_err(|error| Error::Item(error.to_string()))?;
        bar.say(&format!("fetching {} packages", missing.len()));
        side_by_side(&missing, AT_ONCE, |package| one(ctx, &indexes, package))
            .into_iter()
            .collect()
    }
}

fn one(
    ctx: &Context,
    indexes: &Indexes<'_>,
    package: &crate::manifest::lock::Package,
) -> Result<()> {
    let item = |error: &dyn std::fmt::Display| Error::Item(error.to_string());
    let name = package.name.parse().map_err(|error| item(&error))?;
    let fetch = |url: &str| -> std::result::Result<(), String> {
        if package.is_source() {
            return build::fetch(ctx, url, &package.sha256, &Silent)
                .map(drop)
                .map_err(|error| error.to_string());
        }
        wheel::fetch(ctx, &package.file, url, &package.sha256, &Silent)
            .map(drop)
            .map_err(|error| error.to_string())
    };
    let known = package
        .at
        .as_deref()
        .and_then(|at| indexes.absolute(&name, at));
    let first = match known {
        None => None,
        Some(url) => match fetch(&url) {
            Ok(_) => return Ok(()),
            Err(error) => Some(error),
        },
    };
    // Another index, or another mirror of the same, has its files elsewhere.
    match indexes.find(&name, &package.sha256) {
        Ok(Some(url)) => fetch(&url).map(drop).map_err(|error| item(&error)),
        Ok(None) => Err(Error::Item(match first {
            Some(error) => error.to_string(),
            None => format!(
                "no index has {} with the checksum of the lock\nboot update resolves anew",
                package.file
            ),
        })),
        Err(error) => Err(first.map_or_else(|| item(&error), |first| item(&first))),
    }
}
