//! The public addresses that boot uses when nothing else is said: the only place where they are
//! written. Each can be replaced, by an environment variable first, then by a setting.

use crate::settings::{self, Settings};
use crate::store::env::var;

/// Prebuilt CPythons: `BASE/RELEASE/FILE`, and `BASE/RELEASE/SHA256SUMS`.
const PYTHON_BUILDS: &str =
    "https://github.com/astral-sh/python-build-standalone/releases/download";
/// CPython's source archives: `BASE/VERSION/FILE`.
const PYTHON_SOURCES: &str = "https://www.python.org/ftp/python";
/// The Python Package Index, PEP 503 and PEP 691.
const PACKAGE_INDEX: &str = "https://pypi.org/simple";
/// The host of that index's files.
const PACKAGE_FILES: &str = "https://files.pythonhosted.org";
/// The host of a dotfiles repository that is named `USER` or `USER/NAME`.
const GIT_HOST: &str = "https://github.com";
/// boot's own releases: `BASE/vVERSION/FILE`, and `BASE/vVERSION/SHA256SUMS`. install.sh has the
/// same.
const RELEASES: &str = "https://github.com/boot-py/boot/releases/download";

/// Base of the prebuilt Pythons, without a trailing slash, and whether the user chose it.
/// `settings` is read where no variable says it.
pub(crate) fn python_builds<'a>(
    settings: impl FnOnce() -> Result<&'a Settings, settings::Error>,
) -> Result<(String, bool), settings::Error> {
    let chosen = match var("BOOT_PYTHON_MIRROR") {
        Some(url) => Some(url),
        None => settings()?.python.mirror.clone(),
    };
    Ok(match chosen {
        Some(url) => (trimmed(&url), true),
        None => (PYTHON_BUILDS.into(), false),
    })
}

/// Base of upstream's source archives.
pub(crate) fn python_sources() -> String {
    PYTHON_SOURCES.into()
}

/// The mirror of source archives that the user named: `BASE/VERSION/FILE` or `BASE/FILE`.
/// `settings` is read where no variable says it.
pub(crate) fn source_mirror<'a>(
    settings: impl FnOnce() -> Result<&'a Settings, settings::Error>,
) -> Result<Option<String>, settings::Error> {
    let chosen = match var("BOOT_SOURCE_MIRROR") {
        Some(url) => Some(url),
        None => settings()?.python.source_mirror.clone(),
    };
    Ok(chosen.as_deref().map(trimmed))
}

/// The default package index, where no variable and no configuration file names another.
pub(crate) fn package_index() -> String {
    PACKAGE_INDEX.into()
}

/// The host that the default package index keeps its files on.
pub(crate) fn package_files() -> String {
    PACKAGE_FILES.into()
}

/// The host of `USER/NAME` repositories.
pub(crate) fn git_host() -> String {
    var("BOOT_GIT_HOST")
        .as_deref()
        .map(trimmed)
        .unwrap_or_else(|| GIT_HOST.into())
}

/// Base of boot's own releases, without a trailing slash.
pub(crate) fn releases() -> String {
    var("BOOT_INSTALL_URL")
        .as_deref()
        .map(trimmed)
        .unwrap_or_else(|| RELEASES.into())
}

/// The address of the newest release's list of checksums, below `base`: GitHub redirects from
/// there; elsewhere it is a folder.
pub(crate) fn newest_release(base: &str) -> String {
    match base.strip_suffix("/releases/download") {
        Some(repository) => format!("{repository}/releases/latest/download"),
        None => format!("{base}/latest"),
    }
}

/// Addresses of a repository as a tar.gz, where there is no git; each is tried until one is there.
/// `branch` None means its main one. None where the address isn't one of the web.
pub(crate) fn repository_archives(url: &str, branch: Option<&str>) -> Option<Vec<String>> {
    let local = url.strip_prefix("http://").is_some_and(|rest| {
        ["127.0.0.1", "localhost", "[::1]"]
            .iter()
            .any(|host| rest.starts_with(host))
    });
    if !url.starts_with("https://") && !local {
        return None;
    }
    let url = url.trim_end_matches('/').trim_end_matches(".git");
    let host = url.split('/').nth(2)?.rsplit('@').next()?;
    let name = url.rsplit('/').next()?;
    let at = |reference: &str| match host {
        _ if host.contains("gitlab") => format!(
            "{url}/-/archive/{reference}/{name}-{}.tar.gz",
            reference.replace('/', "-")
        ),
        "bitbucket.org" => format!("{url}/get/{reference}.tar.gz"),
        // GitHub, Codeberg and others of Gitea's kind, sourcehut.
        _ => format!("{url}/archive/{reference}.tar.gz"),
    };
    Some(match branch {
        Some(branch) => vec![at(branch)],
        None => vec![at("HEAD"), at("main"), at("master")],
    })
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_string()
}
