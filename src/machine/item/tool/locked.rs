//! A tool's part of the lock: its files are fetched by checksum, and nothing is resolved. A file
//! that isn't where the lock's index had it is looked for by its checksum.

use crate::Context;
use crate::machine::{Error, Result};
use crate::manifest::Tool;
use crate::manifest::lock::{Locked, LockedPackage, LockedTool};
use crate::package::build::{self, Builder};
use crate::package::direct;
use crate::package::filename::WheelName;
use crate::package::index::Indexes;
use crate::package::options::IndexOptions;
use crate::package::requirement::Name;
use crate::package::tags::Tags;
use crate::package::wheel::{self, CachedWheel};
use crate::parallel::side_by_side;
use crate::python::installed::{self, Installed};
use crate::report::{Bar, Silent};
use crate::tool::environment::{Resolved, ResolvedPin, runner};

/// Files that are fetched at a time, for one tool.
const AT_ONCE: usize = 16;

impl LockedTool {
    /// Fetches all that the tool is made of, and gives it as a resolution would. What isn't on an
    /// index is built from the commit that the lock names.
    pub(super) fn prepare(&self, ctx: &Context, locked: &Locked, tool: &Tool) -> Result<Resolved> {
        let python = self
            .find_python(ctx, locked)
            .ok_or_else(|| Error::LockedPythonMissing(self.python.to_string()))?;
        self.check_files(&python)?;
        let bar = ctx.report.spinner(&tool.name);
        self.fetch(ctx, bar.as_ref())?;
        if tool.source.is_some() {
            bar.say("building");
        }
        let name = Name::normalize(tool.package());
        let mut pins: Vec<ResolvedPin> = self
            .packages
            .iter()
            .map(|package| ResolvedPin {
                name: package.name.clone(),
                version: package.version.clone(),
                file: package.file.clone(),
                url: None,
                sha256: package.sha256,
                size: None,
                requested: package.name.as_str() == name,
                direct_url: None,
            })
            .collect();
        pins.extend(self.build_own_source(ctx, &python, tool)?);
        Ok(Resolved { python, pins })
    }

    /// The Python of this machine that it is made with: the lock's own, else one of its minor.
    fn find_python(&self, ctx: &Context, locked: &Locked) -> Option<Installed> {
        let is_minor = |python: &Installed| {
            python.key.version.minor_name(python.key.variant) == self.python.as_str()
        };
        let locked = locked.python.values();
        locked
            .filter_map(|python| python.find_installed(ctx))
            .find(is_minor)
            .or_else(|| installed::find(&ctx.paths, self.python.value()))
    }

    /// Builds the tool itself, where it comes from git or a folder.
    fn build_own_source(
        &self,
        ctx: &Context,
        python: &Installed,
        tool: &Tool,
    ) -> Result<Option<ResolvedPin>> {
        let Some(source) = &tool.source else {
            return Ok(None);
        };
        let name: Name = tool.package().parse()?;
        let builder = Builder::new(ctx, runner(python), IndexOptions::default());
        let address = source.address(self.commit.as_deref());
        let found = direct::find(&builder, &name, &address, false)?;
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
    fn check_files(&self, python: &Installed) -> Result<()> {
        let tags = Tags::of(&python.facts);
        let is_usable = |package: &LockedPackage| {
            package.is_source()
                || WheelName::parse(&package.file).is_some_and(|wheel| tags.rank(&wheel).is_some())
        };
        match self.packages.iter().find(|package| !is_usable(package)) {
            None => Ok(()),
            Some(package) => Err(Error::UnusableFile {
                file: package.file.clone(),
                python: python.key.version,
            }),
        }
    }

    /// Fetches the files that aren't in the cache yet.
    pub(super) fn fetch(&self, ctx: &Context, bar: &dyn Bar) -> Result<()> {
        let is_missing =
            |package: &&LockedPackage| CachedWheel::open(&ctx.paths, &package.sha256).is_none();
        let missing: Vec<&LockedPackage> = self.packages.iter().filter(is_missing).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let indexes = Indexes::chosen(ctx, &IndexOptions::default())?;
        bar.say(&format!("fetching {} packages", missing.len()));
        side_by_side(&missing, AT_ONCE, |package| package.fetch(ctx, &indexes))
            .into_iter()
            .collect()
    }
}

impl LockedPackage {
    /// Fetches its file from where the lock says, else from wherever an index has it.
    fn fetch(&self, ctx: &Context, indexes: &Indexes<'_>) -> Result<()> {
        let at = self.at.as_deref();
        let known = at.and_then(|at| indexes.absolute(&self.name, at));
        let first = match known.map(|url| self.fetch_from(ctx, &url)) {
            Some(Ok(())) => return Ok(()),
            Some(Err(error)) => Some(error),
            None => None,
        };
        // Another index, or another mirror of the same, has its files elsewhere.
        match indexes.find(&self.name, &self.sha256) {
            Ok(Some(url)) => self.fetch_from(ctx, &url),
            Ok(None) => Err(first.unwrap_or_else(|| Error::NoSuchFile(self.file.clone()))),
            Err(error) => Err(first.unwrap_or(error.into())),
        }
    }

    fn fetch_from(&self, ctx: &Context, url: &str) -> Result<()> {
        if self.is_source() {
            build::fetch(ctx, url, &self.sha256, &Silent)?;
        } else {
            wheel::fetch(ctx, &self.file, url, &self.sha256, &Silent)?;
        }
        Ok(())
    }
}
