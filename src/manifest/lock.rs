//! `boot.lock`: what a manifest meant, by checksum, for each platform that uses it. Applying it
//! resolves nothing.
//!
//! Sorted, one change a line, and without any address of a server: the machines that share it reach
//! indexes and mirrors by their own ways.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;

use crate::manifest::address::is_commit;
use crate::manifest::{Error, Manifest, Place, Result, Tool};
use crate::package::address::is_relative;
use crate::package::filename::{WheelName, source_version};
use crate::package::requirement::Name;
use crate::python::key::{Key, Os, Platform};
use crate::report::escaped;
use crate::store::atomic;
use crate::store::digest::Sha256;

/// Its name, beside `boot.toml`.
pub(crate) const FILE: &str = "boot.lock";
pub(crate) const VERSION: u32 = 1;
/// In the place of a release: the Python is built, from this archive of upstream.
pub(crate) const SOURCE: &str = "source";
const LONGEST: u64 = 32 << 20;

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lock {
    pub version: u32,
    /// Of what the manifest asks for: see [`wanted`].
    pub manifest: String,
    #[serde(default, rename = "extends")]
    pub extends: BTreeMap<String, Pinned>,
    /// Scripts by id: the hash of their text and of what they watch.
    #[serde(default)]
    pub scripts: BTreeMap<String, Sha256>,
    /// Of the system, by manager, `any` where its name is the same everywhere: what they come to is
    /// the system's business.
    #[serde(default)]
    pub packages: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    pub platform: BTreeMap<String, Locked>,
}

/// A repository that the manifest extends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pinned {
    pub commit: String,
    /// Of what lies in it, see `extends::content`: an archive only says of itself which commit it
    /// is. None in older locks.
    #[serde(default)]
    pub sha256: Option<Sha256>,
}

/// What one platform has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Locked {
    /// By request.
    #[serde(default)]
    pub python: BTreeMap<String, LockedPython>,
    /// By normalized name.
    #[serde(default)]
    pub tool: BTreeMap<String, LockedTool>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedPython {
    pub key: String,
    pub release: String,
    pub file: String,
    pub sha256: Sha256,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockedTool {
    /// What was asked for, as [`asked`] writes it: another one is resolved anew.
    pub asked: String,
    /// The minor that it is resolved for, as in `3.12` or `3.13t`.
    pub python: String,
    /// Of a tool from a git repository: it is built from this one. Neither such a tool nor one of a
    /// folder is among its `packages`.
    #[serde(default)]
    pub commit: Option<String>,
    pub packages: Vec<Package>,
}

/// One distribution: a wheel, or a source archive where there is no wheel. Of that the lock holds
/// the archive to the byte; what building it needs is found out where it is built.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Package {
    pub name: String,
    pub version: String,
    pub file: String,
    pub sha256: Sha256,
    /// Where its index has it, see `package::address`.
    #[serde(default)]
    pub at: Option<String>,
}

/// What a tool asks for, in one line.
pub(crate) fn asked(tool: &Tool) -> String {
    let mut inject = tool.inject.clone();
    inject.sort();
    let with = if inject.is_empty() {
        String::new()
    } else {
        format!(" with {}", inject.join(" "))
    };
    let on = tool
        .python
        .as_ref()
        .map(|python| format!(" on {python}"))
        .unwrap_or_default();
    let from = tool
        .source
        .as_ref()
        .map(|source| format!(" from {}", source.mark()))
        .unwrap_or_default();
    let spec = Tool {
        source: None,
        ..tool.clone()
    }
    .spec();
    format!("{spec}{from}{with}{on}")
}

/// The hash of all that the lock depends on; comments and dotfiles are no part of it.
pub(crate) fn wanted(manifest: &Manifest) -> String {
    let mut lines: Vec<String> = manifest.tools.iter().map(asked).collect();
    lines.sort();
    lines.extend(
        manifest
            .pythons
            .iter()
            .map(|request| format!("python {request}")),
    );
    lines.extend(
        manifest
            .venvs
            .iter()
            .map(|(name, request)| format!("venv {name} {request}")),
    );
    lines.extend(
        manifest
            .extends
            .iter()
            .map(|extends| format!("extends {}", extends.repo)),
    );
    Sha256::of(lines.join("\n").as_bytes()).to_string()
}

/// The system's packages of the manifest, as the lock records them.
pub(crate) fn packages(manifest: &Manifest) -> BTreeMap<String, Vec<String>> {
    let all = std::iter::once(("any", &manifest.packages.any)).chain(
        manifest
            .packages
            .of
            .iter()
            .map(|(manager, names)| (*manager, names)),
    );
    let sorted = all
        .filter(|(_, names)| !names.is_empty())
        .map(|(manager, names)| {
            let mut names = names.clone();
            names.sort();
            (manager.to_string(), names)
        });
    sorted.collect()
}

/// The tools of the manifest that a machine of this platform may be asked for.
pub(crate) fn tools(manifest: &Manifest, platform: Platform) -> impl Iterator<Item = &Tool> {
    manifest
        .tools
        .iter()
        .filter(move |tool| may_be_on(tool, platform))
}

/// Whether a machine of this platform may be asked for the tool.
pub(crate) fn may_be_on(tool: &Tool, platform: Platform) -> bool {
    let os = match platform.os {
        Os::Linux => "linux",
        Os::Darwin => "macos",
    };
    tool.only.may_hold(os, platform.arch.name())
}

/// Fails where there is no lock for this machine, or it is of another manifest. `scripts` are the
/// hashes of the manifest's scripts.
pub(crate) fn must_be_fresh(
    manifest: &Manifest,
    scripts: &BTreeMap<String, Sha256>,
    lock: Option<&Lock>,
) -> Result<()> {
    let stale = match lock {
        None => Some("there is none".to_string()),
        Some(lock) => {
            let host: Vec<Platform> = Platform::host().into_iter().collect();
            lock.staleness(manifest, scripts, &host)?
        }
    };
    match stale {
        None => Ok(()),
        Some(reason) => Err(Error::Content {
            what: FILE.into(),
            reason,
            hint: "boot lock writes it anew; nothing was done",
        }),
    }
}

impl Lock {
    /// Where the lock of the repository at `place` lies, or would.
    pub(crate) fn path(place: &Place) -> PathBuf {
        place.readable().join(FILE)
    }

    /// The lock beside the manifest; None where there is none. Whatever it says is checked: it
    /// comes from a repository.
    pub(crate) fn read(place: &Place) -> Result<Option<Lock>> {
        let path = Lock::path(place);
        let wrong = |reason: String| Error::Content {
            what: FILE.into(),
            reason,
            hint: "boot lock writes it anew once the file is removed; nothing was done",
        };
        let text = match fs::metadata(&path) {
            Err(error)
                if error.kind() == std::io::ErrorKind::NotFound
                    && fs::symlink_metadata(&path).is_err() =>
            {
                return Ok(None);
            }
            Err(error) => return Err(wrong(error.to_string())),
            Ok(data) if !data.is_file() || data.len() > LONGEST => {
                return Err(wrong("it isn't a file of a lock's size".into()));
            }
            Ok(_) => fs::read_to_string(&path).map_err(|error| wrong(error.to_string()))?,
        };
        let lock: Lock = toml::from_str(&text).map_err(|error| {
            let line = error.span().map_or(1, |span| {
                text[..span.start.min(text.len())].matches('\n').count() + 1
            });
            wrong(format!(
                "line {line}: {}",
                escaped(&error.message().replace('\n', ", "))
            ))
        })?;
        if lock.version != VERSION {
            return Err(wrong("another version of boot wrote it".into()));
        }
        for (platform, locked) in &lock.platform {
            locked.check(platform).map_err(wrong)?;
        }
        Ok(Some(lock))
    }

    /// Writes it, unless it says the same already; says whether it did.
    pub(crate) fn write(&self, place: &Place) -> Result<bool> {
        let path = Lock::path(place);
        let text = self.text();
        if fs::read_to_string(&path).is_ok_and(|there| there == text) {
            return Ok(false);
        }
        if fs::symlink_metadata(&path).is_ok_and(|data| data.is_symlink()) {
            return Err(Error::Content {
                what: FILE.into(),
                reason: "it is a link, and boot writes through none".into(),
                hint: "remove it",
            });
        }
        atomic::write(&path, text.as_bytes(), None)?;
        Ok(true)
    }

    /// The bytes of the file: the same lock gives the same.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from(
            "# Written by boot lock: what boot.toml meant, by checksum. To be committed, not to be \
             edited.\n",
        );
        let _ = write!(
            text,
            "version = {VERSION}\nmanifest = {}\n",
            quoted(&self.manifest)
        );
        for (repo, pinned) in &self.extends {
            let _ = write!(
                text,
                "\n[extends.{}]\ncommit = {}\n",
                quoted(repo),
                quoted(&pinned.commit)
            );
            if let Some(sha256) = &pinned.sha256 {
                let _ = writeln!(text, "sha256 = \"{sha256}\"");
            }
        }
        if !self.scripts.is_empty() {
            text.push_str("\n[scripts]\n");
            for (id, sha256) in &self.scripts {
                let _ = writeln!(text, "{} = \"{sha256}\"", quoted(id));
            }
        }
        if !self.packages.is_empty() {
            text.push_str("\n[packages]\n");
            for (manager, names) in &self.packages {
                let _ = writeln!(text, "{manager} = [");
                for name in names {
                    let _ = writeln!(text, "  {},", quoted(name));
                }
                text.push_str("]\n");
            }
        }
        for (platform, locked) in &self.platform {
            let _ = write!(text, "\n[platform.{platform}]\n");
            for (request, python) in &locked.python {
                let _ = write!(
                    text,
                    "\n[platform.{platform}.python.{}]\nkey = {}\n",
                    quoted(request),
                    quoted(&python.key)
                );
                let _ = write!(
                    text,
                    "release = {}\nfile = {}\nsha256 = \"{}\"\n",
                    quoted(&python.release),
                    quoted(&python.file),
                    python.sha256
                );
            }
            for (name, tool) in &locked.tool {
                let _ = write!(
                    text,
                    "\n[platform.{platform}.tool.{}]\nasked = {}\npython = {}\n",
                    if name.contains(['@', '+']) {
                        quoted(name)
                    } else {
                        name.clone()
                    },
                    quoted(&tool.asked),
                    quoted(&tool.python)
                );
                if let Some(commit) = &tool.commit {
                    let _ = writeln!(text, "commit = {}", quoted(commit));
                }
                text.push_str("packages = [\n");
                for package in &tool.packages {
                    let _ = write!(
                        text,
                        "  {{ name = {}, version = {}, ",
                        quoted(&package.name),
                        quoted(&package.version)
                    );
                    let _ = write!(
                        text,
                        "file = {}, sha256 = \"{}\"",
                        quoted(&package.file),
                        package.sha256
                    );
                    if let Some(at) = &package.at {
                        let _ = write!(text, ", at = {}", quoted(at));
                    }
                    text.push_str(" },\n");
                }
                text.push_str("]\n");
            }
        }
        text
    }

    /// Why it isn't what `manifest` asks for on `platforms`; None where it is.
    pub(crate) fn staleness(
        &self,
        manifest: &Manifest,
        scripts: &BTreeMap<String, Sha256>,
        platforms: &[Platform],
    ) -> Result<Option<String>> {
        if self.manifest != wanted(manifest) {
            return Ok(Some("boot.toml asks for something else by now".into()));
        }
        if let Some((repo, _)) = manifest.commits.iter().find(|(repo, taken)| {
            self.extends
                .get(*repo)
                .is_none_or(|there| there.commit != taken.commit)
        }) {
            return Ok(Some(format!("it has another commit of {repo}")));
        }
        if let Some(repo) = self
            .extends
            .keys()
            .find(|repo| !manifest.commits.contains_key(*repo))
        {
            return Ok(Some(format!(
                "it has {repo}, which nothing extends any more"
            )));
        }
        for (id, sha256) in scripts {
            if self.scripts.get(id) != Some(sha256) {
                return Ok(Some(format!("the script {id} is another by now")));
            }
        }
        if let Some(id) = self.scripts.keys().find(|id| !scripts.contains_key(*id)) {
            return Ok(Some(format!(
                "it has the script {}, and boot.toml hasn't",
                escaped(id)
            )));
        }
        for platform in platforms
            .iter()
            .map(ToString::to_string)
            .chain(self.platform.keys().cloned())
        {
            let Some(locked) = self.platform.get(&platform) else {
                return Ok(Some(format!("it has nothing for {platform}")));
            };
            let own: Platform = platform.parse().map_err(|_| Error::Content {
                what: FILE.into(),
                reason: format!("{} is no platform", escaped(&platform)),
                hint: "boot lock writes it anew",
            })?;
            if let Some(request) = manifest
                .python_requests(|tool| may_be_on(tool, own))
                .into_iter()
                .find(|request| !locked.python.contains_key(*request))
            {
                return Ok(Some(format!("it has no Python {request} for {platform}")));
            }
            let asked_for = |name: &String| {
                tools(manifest, own).any(|tool| Name::normalize(&tool.name) == *name)
            };
            if let Some(name) = locked.tool.keys().find(|name| !asked_for(name)) {
                return Ok(Some(format!(
                    "it has {} for {platform}, which nothing asks for there",
                    escaped(name)
                )));
            }
            if let Some(tool) = tools(manifest, own).find(|tool| locked.tool(tool).is_none()) {
                return Ok(Some(format!("it has no {} for {platform}", tool.name)));
            }
        }
        Ok(None)
    }
}

impl Package {
    /// Whether it has to be built.
    pub(crate) fn is_source(&self) -> bool {
        !self.file.ends_with(".whl")
    }
}

impl LockedTool {
    /// Whether the tool itself is no package of an index: it comes from git, or a folder.
    pub(crate) fn is_own_source(&self) -> bool {
        self.asked.contains(" from ")
    }
}

impl Locked {
    /// The tool's entry, if it is for what the manifest asks for now.
    pub(crate) fn tool(&self, tool: &Tool) -> Option<&LockedTool> {
        self.tool
            .get(&Name::normalize(&tool.name))
            .filter(|locked| locked.asked == asked(tool))
    }

    fn check(&self, platform: &str) -> std::result::Result<(), String> {
        let own: Platform = platform
            .parse()
            .map_err(|_| format!("{} is no platform", escaped(platform)))?;
        for (request, python) in &self.python {
            let key = python
                .key
                .parse::<Key>()
                .ok()
                .filter(|key| key.platform == own);
            let meets = |key: &Key| {
                request
                    .parse::<crate::python::request::Request>()
                    .is_ok_and(|request| request.matches(key))
            };
            let plain = |text: &str| {
                !text.is_empty()
                    && !text.starts_with('.')
                    && text
                        .bytes()
                        .all(|b| b.is_ascii_alphanumeric() || b"+-_.".contains(&b))
            };
            if !key.is_some_and(|key| meets(&key))
                || !plain(&python.file)
                || !plain(&python.release)
            {
                return Err(format!(
                    "its Python {} for {platform} is none",
                    escaped(request)
                ));
            }
        }
        for (name, tool) in &self.tool {
            let odd = |package: &&Package| {
                let version = match WheelName::parse(&package.file) {
                    Some(wheel) => {
                        Some(wheel.version).filter(|_| wheel.name.as_str() == package.name)
                    }
                    None => package
                        .name
                        .parse()
                        .ok()
                        .and_then(|name| source_version(&package.file, &name)),
                };
                version.is_none_or(|version| version.to_string() != package.version)
                    || package.file.contains('/')
                    || package.at.as_ref().is_some_and(|at| !is_relative(at))
            };
            if let Some(package) = tool.packages.iter().find(odd) {
                return Err(format!(
                    "{} of {} for {platform} is not what its name says",
                    escaped(&package.file),
                    escaped(name)
                ));
            }
            if tool
                .commit
                .as_ref()
                .is_some_and(|commit| !is_commit(commit))
            {
                return Err(format!("{} for {platform} names no commit", escaped(name)));
            }
            // A suffix follows the package's name.
            if !tool.is_own_source()
                && !tool
                    .packages
                    .iter()
                    .any(|package| name.starts_with(&package.name))
            {
                return Err(format!(
                    "the packages of {} for {platform} don't have it among them",
                    escaped(name)
                ));
            }
        }
        Ok(())
    }
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}
