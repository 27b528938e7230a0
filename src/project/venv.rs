//! Virtual environments, written by us: a few links and small files, no process. What stands in
//! them is what CPython's `venv` makes, so that every tool and editor takes them for what they are.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::{Error, trust};
use crate::Context;
use crate::python::installed::Installed;
use crate::python::key::Version;
use crate::python::pip;
use crate::report::{Silent, escaped};
use crate::shell::quote;
use crate::store::digest::Sha256;
use crate::store::lock::Lock;
use crate::store::{self, file, paths::Paths};

/// The environment's name in a project.
pub(crate) const NAME: &str = ".venv";
/// The file that makes a folder a virtual environment.
pub(crate) const CONFIG: &str = "pyvenv.cfg";
/// Longer than any real one, in bytes.
pub(crate) const LONGEST_CONFIG: u64 = 64 * 1024;

const ACTIVATE_SH: &str = include_str!("../../shims/venv-activate.sh");
const ACTIVATE_FISH: &str = include_str!("../../shims/venv-activate.fish");

/// The options of an environment to be made.
#[derive(Clone, Debug, Default)]
pub(crate) struct VenvOptions {
    /// The name shown in prompts; the folder's name by default.
    pub prompt: Option<String>,
    pub system_site_packages: bool,
    /// Bound to this very patch, as a pin like `3.11.9` asks; otherwise to the minor's link, and
    /// follows an upgrade.
    pub exact: bool,
    pub pip: Pip,
}

/// The presence of pip in an environment. [`create`] leaves that to its callers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pip {
    #[default]
    Installed,
    LeftOut,
}

/// Writes an environment for `python` into the empty folder `staging`; it will live at `target`. No
/// pip in it yet.
pub(crate) fn create(
    paths: &Paths,
    python: &Installed,
    target: &Path,
    staging: &Path,
    options: &VenvOptions,
) -> store::Result<()> {
    let executable = if options.exact {
        python.executable.clone()
    } else {
        python.minor_executable(paths)
    };
    let facts = &python.facts;
    let bin = staging.join(&facts.scripts);
    for folder in [
        &bin,
        &staging.join(&facts.purelib),
        &staging.join("include"),
    ] {
        fs::create_dir_all(folder).map_err(store::Error::io("create", folder))?;
    }

    let minor = python.key.version.minor_name(python.key.variant);
    let numbered = format!("python{minor}");
    make_link(&executable, &bin.join("python"))?;
    for name in ["python3", &numbered] {
        make_link(Path::new("python"), &bin.join(name))?;
    }
    if cfg!(target_os = "linux") && facts.pointer_bits == 64 {
        make_link(Path::new("lib"), &staging.join("lib64"))?;
    }

    let prompt = match &options.prompt {
        Some(prompt) => escaped(prompt),
        None => escaped(&target.file_name().unwrap_or_default().to_string_lossy()),
    };
    write(
        &staging.join(CONFIG),
        &format_config(python, &executable, options, &prompt),
    )?;
    write(&staging.join(".gitignore"), b"*\n")?;
    write(
        &staging.join("CACHEDIR.TAG"),
        b"Signature: 8a477f597d28d172789f06886806bc55\n# Backups may pass over this folder: `boot \
          venv --clear` replaces it.\n",
    )?;
    // `expand` quotes what it puts in.
    write(
        &bin.join("activate"),
        &expand(ACTIVATE_SH, target, &prompt, |value| quote::posix(value)),
    )?;
    write(
        &bin.join("activate.fish"),
        &expand(ACTIVATE_FISH, target, &prompt, |value| quote::fish(value)),
    )
}

/// The content of an environment's `pyvenv.cfg`.
fn format_config(
    python: &Installed,
    executable: &Path,
    options: &VenvOptions,
    prompt: &str,
) -> Vec<u8> {
    let home = executable.parent().unwrap_or(Path::new("/"));
    let site_packages = options.system_site_packages;
    let version = python.key.version;
    let boot = env!("CARGO_PKG_VERSION");
    [
        b"home = ",
        home.as_os_str().as_bytes(),
        format!("\ninclude-system-site-packages = {site_packages}\nversion = {version}\n")
            .as_bytes(),
        b"executable = ",
        executable.as_os_str().as_bytes(),
        format!("\nprompt = {prompt}\nboot = {boot}\n").as_bytes(),
    ]
    .concat()
}

/// An activation script for `root`: its quoted placeholders become the values, quoted for that
/// shell.
fn expand(script: &str, root: &Path, prompt: &str, quoted: impl Fn(&OsStr) -> Vec<u8>) -> Vec<u8> {
    let harmless: String = prompt
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || " ._-".contains(c) {
                c
            } else {
                '_'
            }
        })
        .collect();
    let shown = format!("({harmless}) ");
    let values = [
        ("'@VIRTUAL_ENV@'", root.as_os_str()),
        ("'@PROMPT@'", OsStr::new(prompt)),
        ("'@SHOWN@'", OsStr::new(&shown)),
    ];
    let mut out = Vec::new();
    // Split at the placeholders of the script, never searching in a value.
    let mut rest = script;
    while let Some((at, (name, value))) = values
        .iter()
        .filter_map(|value| Some((rest.find(value.0)?, value)))
        .min_by_key(|(at, _)| *at)
    {
        out.extend(rest[..at].bytes());
        out.extend(quoted(value));
        rest = &rest[at + name.len()..];
    }
    out.extend(rest.bytes());
    out
}

fn make_link(target: &Path, link: &Path) -> store::Result<()> {
    symlink(target, link).map_err(store::Error::io("link", link))
}

fn write(path: &Path, content: &[u8]) -> store::Result<()> {
    fs::write(path, content).map_err(store::Error::io("write", path))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
        .map_err(store::Error::io("write", path))
}

/// An environment's account of itself, in its `pyvenv.cfg`. None where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Config {
    pub home: PathBuf,
    /// Empty where the environment doesn't say.
    pub executable: PathBuf,
    /// As it was when the environment was made.
    pub version: String,
    pub prompt: Option<String>,
    /// Made by boot.
    pub boot: bool,
}

impl Config {
    pub(crate) fn read(root: &Path) -> Option<Config> {
        let bytes = file::read_bounded(&root.join(CONFIG), LONGEST_CONFIG).ok()?;
        let mut config = Config::default();
        for line in bytes.split(|byte| *byte == b'\n') {
            let Some(at) = line.iter().position(|byte| *byte == b'=') else {
                continue;
            };
            let (key, value) = (line[..at].trim_ascii(), line[at + 1..].trim_ascii());
            let text = || String::from_utf8_lossy(value).into_owned();
            match key {
                b"home" => config.home = PathBuf::from(OsStr::from_bytes(value)),
                b"executable" => config.executable = PathBuf::from(OsStr::from_bytes(value)),
                // virtualenv and uv call it version_info.
                b"version" | b"version_info" => config.version = text(),
                b"prompt" => config.prompt = Some(text().trim_matches(['\'', '"']).to_string()),
                b"boot" => config.boot = true,
                _ => {}
            }
        }
        Some(config)
    }

    /// The version, which virtualenv follows with a release level: `3.12.1.final.0`.
    pub(crate) fn full_version(&self) -> Option<Version> {
        let mut parts = self.version.split('.');
        let numbers = [parts.next()?, parts.next()?, parts.next()?].join(".");
        let level = match (parts.next(), parts.next()) {
            (Some("alpha"), Some(serial)) => format!("a{serial}"),
            (Some("beta"), Some(serial)) => format!("b{serial}"),
            (Some("candidate"), Some(serial)) => format!("rc{serial}"),
            _ => String::new(),
        };
        // A build from a checkout has a plus behind its version.
        format!("{}{level}", numbers.trim_end_matches('+'))
            .parse()
            .ok()
    }

    /// Major and minor.
    pub(crate) fn minor(&self) -> Option<(u32, u32)> {
        let mut parts = self.version.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }
}

/// The names of the packages in the environment `root`, sorted, without pip, which came with it.
pub(crate) fn list_added_packages(root: &Path) -> Vec<String> {
    let libraries = fs::read_dir(root.join("lib"))
        .into_iter()
        .flatten()
        .flatten();
    let sites =
        libraries.filter_map(|library| fs::read_dir(library.path().join("site-packages")).ok());
    let names = sites.flatten().flatten().filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let (name, _) = name.strip_suffix(".dist-info")?.rsplit_once('-')?;
        Some(name.replace('_', "-").to_lowercase())
    });
    let names = names.filter(|name| name != "pip");
    let mut names: Vec<String> = names.collect();
    names.sort();
    names
}

/// The environment's pip and the interpreter that it runs, where that is another one's: the
/// environment was moved or copied.
pub(crate) fn foreign_script(root: &Path) -> Option<(PathBuf, PathBuf)> {
    let pip = root.join("bin/pip");
    let text = file::read_bounded(&pip, 64 * 1024).ok()?;
    let first = text
        .strip_prefix(b"#!")?
        .split(|byte| *byte == b'\n')
        .next()?
        .trim_ascii();
    let leads = PathBuf::from(OsStr::from_bytes(first));
    let is_python = leads
        .file_name()
        .is_some_and(|name| name.as_bytes().starts_with(b"python"));
    let folder = fs::canonicalize(leads.parent()?).ok();
    (is_python && folder != fs::canonicalize(root.join("bin")).ok()).then_some((pip, leads))
}

/// Tells whether the environment's interpreter is still there.
pub(crate) fn works(root: &Path) -> bool {
    root.join(CONFIG).is_file()
        && fs::metadata(root.join("bin/python"))
            .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

/// Held while the environment at `target` is made or removed, so that two shells that enter a new
/// project at once make one.
pub(crate) fn lock(ctx: &Context, target: &Path) -> store::Result<Lock> {
    Lock::hold(&ctx.paths.locks(), &lock_name(target), &Silent)
}

/// Few lock files serve all environments.
fn lock_name(target: &Path) -> String {
    let name = Sha256::of(target.as_os_str().as_bytes()).to_string();
    format!("venv-{}", &name[..2])
}

/// As [`create`], with the interpreter's own pip where that is wanted.
///
/// # Errors
/// It can't be written.
pub(crate) fn fill(
    ctx: &Context,
    python: &Installed,
    target: &Path,
    staging: &Path,
    options: &VenvOptions,
) -> Result<Made, Error> {
    create(&ctx.paths, python, target, staging, options)?;
    let without_pip = match options.pip {
        Pip::Installed => install_pip(&ctx.paths, python, target, staging)?,
        Pip::LeftOut => None,
    };
    Ok(Made { without_pip })
}

/// The lock of [`lock`], or None where another process has it.
///
/// # Errors
/// The locks' folder can't be written to.
pub(crate) fn try_lock(paths: &Paths, target: &Path) -> store::Result<Option<Lock>> {
    Lock::try_hold(&paths.locks(), &lock_name(target))
}

/// As [`fill`], with staging and publication, for an environment at the canonical path `target`
/// that is not there yet or may be replaced: the caller has made sure of that. From then on it is
/// trusted.
///
/// # Errors
/// It can't be written, or not be recorded as trusted.
pub(crate) fn publish(
    ctx: &Context,
    python: &Installed,
    target: &Path,
    options: &VenvOptions,
) -> Result<Made, Error> {
    let staging = store::atomic::Staging::beside(target)?;
    let made = fill(ctx, python, target, staging.path(), options)?;
    let replaces = fs::symlink_metadata(target).is_ok();
    trust::record(ctx, target, staging.path())?;
    staging.publish(target)?;
    if replaces {
        trust::record(ctx, target, target)?;
    }
    Ok(made)
}

/// The outcome of making an environment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Made {
    /// Why there is no pip although one was asked for.
    pub without_pip: Option<String>,
}

/// Puts the interpreter's own pip into the environment; a line that says why where there is none.
fn install_pip(
    paths: &Paths,
    python: &Installed,
    target: &Path,
    staging: &Path,
) -> Result<Option<String>, Error> {
    let Some(wheel) = pip::bundled(&python.facts.stdlib) else {
        return Ok(Some(format!(
            "{} brings no pip along, so there is none inside",
            python.key
        )));
    };
    pip::install(paths, &python.facts, &wheel, staging, target)?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expand_quotes_values_once() {
        let hostile = "/a'; touch x; '@PROMPT@'$(touch y)";
        let script = String::from_utf8(expand(
            ACTIVATE_SH,
            Path::new(hostile),
            "p'$(touch z)",
            |value| quote::posix(value),
        ))
        .unwrap();
        assert!(
            script.contains(r"VIRTUAL_ENV='/a'\''; touch x; '\''@PROMPT@'\''$(touch y)'"),
            "{script}"
        );
        assert!(
            script.contains(r"VIRTUAL_ENV_PROMPT='p'\''$(touch z)'"),
            "{script}"
        );
        assert!(
            script.contains(r"__venv_shown='(p___touch z_) '"),
            "{script}"
        );
        let script = String::from_utf8(expand(ACTIVATE_FISH, Path::new("/a'b\\"), "p", |value| {
            quote::fish(value)
        }))
        .unwrap();
        assert!(
            script.contains(r"set -gx VIRTUAL_ENV '/a\'b\\'"),
            "{script}"
        );
    }
}
