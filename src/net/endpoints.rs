//! The public addresses that boot uses when nothing else is said: the only place where they are written.
//! Each can be replaced, by an environment variable first, then by a setting.

use crate::context::{Context, var};
use crate::settings;

/// Prebuilt CPythons: `BASE/RELEASE/FILE`, and `BASE/RELEASE/SHA256SUMS`.
const PYTHON_BUILDS: &str = "https://github.com/astral-sh/python-build-standalone/releases/download";
/// CPython's source archives: `BASE/VERSION/FILE`.
const PYTHON_SOURCES: &str = "https://www.python.org/ftp/python";
/// The Python Package Index, PEP 503 and PEP 691.
const PACKAGE_INDEX: &str = "https://pypi.org/simple";
/// Where that index keeps its files.
const PACKAGE_FILES: &str = "https://files.pythonhosted.org";
/// Where `USER` and `USER/NAME` of a dotfiles repository are looked for.
const GIT_HOST: &str = "https://github.com";

/// Base of the prebuilt Pythons, without a trailing slash, and whether the user chose it.
pub fn python_builds(ctx: &Context) -> Result<(String, bool), settings::Error> {
    let chosen = match var("BOOT_PYTHON_MIRROR") {
        Some(url) => Some(url),
        None => ctx.settings()?.python.mirror.clone(),
    };
    Ok(match chosen {
        Some(url) => (trimmed(&url), true),
        None => (PYTHON_BUILDS.into(), false),
    })
}

/// Base of upstream's source archives.
pub fn python_sources() -> String {
    PYTHON_SOURCES.into()
}

/// The mirror of source archives that the user named: `BASE/VERSION/FILE` or `BASE/FILE`.
pub fn source_mirror(ctx: &Context) -> Result<Option<String>, settings::Error> {
    let chosen = match var("BOOT_SOURCE_MIRROR") {
        Some(url) => Some(url),
        None => ctx.settings()?.python.source_mirror.clone(),
    };
    Ok(chosen.as_deref().map(trimmed))
}

/// The default package index, where no variable and no configuration file names another.
pub fn package_index() -> String {
    PACKAGE_INDEX.into()
}

/// The host that the default package index keeps its files on.
pub fn package_files() -> String {
    PACKAGE_FILES.into()
}

/// The host of `USER/NAME` repositories.
pub fn git_host() -> String {
    var("BOOT_GIT_HOST").as_deref().map(trimmed).unwrap_or_else(|| GIT_HOST.into())
}

fn trimmed(url: &str) -> String {
    url.trim_end_matches('/').to_string()
}
