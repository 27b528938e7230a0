//! Checks that a lock is of the manifest beside it.

use std::collections::BTreeMap;

use super::{FILE, Lock, Locked};
use crate::manifest::{Error, Manifest, Result, Tool, Written};
use crate::package::requirement::Name;
use crate::python::key::{Os, Platform};
use crate::report::escaped;
use crate::store::digest::Sha256;

/// The scripts of a manifest as they are now: hashes by id.
pub(crate) type Scripts = BTreeMap<String, Sha256>;

/// The hash of all that the lock depends on; comments and dotfiles are no part of it.
pub(crate) fn hash_wishes(manifest: &Manifest) -> String {
    let mut lines: Vec<String> = manifest
        .tools
        .iter()
        .map(|tool| super::Asked::of(tool).to_string())
        .collect();
    lines.sort();
    let pythons = manifest.pythons.iter();
    lines.extend(pythons.map(|request| format!("python {request}")));
    let venvs = manifest.venvs.iter();
    lines.extend(venvs.map(|(name, request)| format!("venv {name} {request}")));
    let extends = manifest.extends.iter();
    lines.extend(extends.map(|extends| format!("extends {}", extends.repo)));
    Sha256::of(lines.join("\n").as_bytes()).to_string()
}

/// The system's packages of the manifest, as the lock records them.
pub(crate) fn list_packages(manifest: &Manifest) -> BTreeMap<String, Vec<String>> {
    let packages = &manifest.packages;
    let by_manager = packages.of.iter().map(|(manager, names)| (*manager, names));
    std::iter::once(("any", &packages.any))
        .chain(by_manager)
        .filter(|(_, names)| !names.is_empty())
        .map(|(manager, names)| {
            let mut names = names.clone();
            names.sort();
            (manager.to_string(), names)
        })
        .collect()
}

/// The tools of the manifest that a machine of this platform may be asked for.
pub(crate) fn tools_on(manifest: &Manifest, platform: Platform) -> impl Iterator<Item = &Tool> {
    manifest
        .tools
        .iter()
        .filter(move |tool| may_be_on(tool, platform))
}

/// Tells whether a machine of this platform may be asked for the tool.
pub(crate) fn may_be_on(tool: &Tool, platform: Platform) -> bool {
    let os = match platform.os {
        Os::Linux => "linux",
        Os::Darwin => "macos",
    };
    tool.only.may_hold(os, platform.arch.name())
}

/// Fails where there is no lock for this machine, or it is of another manifest.
pub(crate) fn must_be_fresh(
    manifest: &Manifest,
    scripts: &Scripts,
    lock: Option<&Lock>,
) -> Result<()> {
    let host: Vec<Platform> = Platform::host().into_iter().collect();
    let staleness = match lock {
        None => Some("there is none".to_string()),
        Some(lock) => lock.staleness(manifest, scripts, &host),
    };
    match staleness {
        None => Ok(()),
        Some(reason) => Err(Error::Content {
            what: FILE.into(),
            reason,
            hint: "boot lock writes it again; nothing was done",
        }),
    }
}

impl Lock {
    /// Why it isn't what `manifest` asks for on `platforms`; None where it is.
    pub(crate) fn staleness(
        &self,
        manifest: &Manifest,
        scripts: &Scripts,
        platforms: &[Platform],
    ) -> Option<String> {
        if self.manifest != hash_wishes(manifest) {
            return Some("boot.toml has changed since it was written".into());
        }
        self.staleness_of_extends(manifest)
            .or_else(|| self.staleness_of_scripts(scripts))
            .or_else(|| {
                let own = self.platform.keys().map(|platform| *platform.value());
                let mut platforms = platforms.iter().copied().chain(own);
                platforms.find_map(|platform| {
                    match self.platform.get(&Written::by_boot(platform)) {
                        None => Some(format!("it has nothing for {platform}")),
                        Some(locked) => locked.staleness(manifest, platform),
                    }
                })
            })
    }

    fn staleness_of_extends(&self, manifest: &Manifest) -> Option<String> {
        let is_other = |repo: &String, commit: &String| {
            self.extends
                .get(repo)
                .is_none_or(|pinned| pinned.commit != *commit)
        };
        let mut taken = manifest.commits.iter();
        if let Some((repo, _)) = taken.find(|(repo, taken)| is_other(repo, &taken.commit)) {
            return Some(format!("it has another commit of {repo}"));
        }
        let mut locked = self.extends.keys();
        let repo = locked.find(|repo| !manifest.commits.contains_key(*repo))?;
        Some(format!("it has {repo}, which nothing extends any longer"))
    }

    fn staleness_of_scripts(&self, scripts: &Scripts) -> Option<String> {
        let mut current = scripts.iter();
        if let Some((id, _)) = current.find(|(id, sha256)| self.scripts.get(*id) != Some(sha256)) {
            return Some(format!("the script {id} has changed"));
        }
        let id = self.scripts.keys().find(|id| !scripts.contains_key(*id))?;
        let id = escaped(id);
        Some(format!("it has the script {id}, and boot.toml hasn't"))
    }
}

impl Locked {
    fn staleness(&self, manifest: &Manifest, platform: Platform) -> Option<String> {
        let requests = manifest.python_requests(|tool| may_be_on(tool, platform));
        let mut requests = requests.into_iter();
        if let Some(request) = requests.find(|request| !self.python.contains_key(*request)) {
            return Some(format!("it has no Python {request} for {platform}"));
        }
        let is_wanted = |name: &String| {
            tools_on(manifest, platform).any(|tool| Name::normalize(&tool.name) == *name)
        };
        if let Some(name) = self.tool.keys().find(|name| !is_wanted(name)) {
            let name = escaped(name);
            return Some(format!(
                "it has {name} for {platform}, which nothing asks for there"
            ));
        }
        let missing = tools_on(manifest, platform).find(|tool| self.tool(tool).is_none())?;
        Some(format!("it has no {} for {platform}", missing.name))
    }
}
