//! An environment whose Python has moved is bound to where that Python is now: the same minor, so
//! that all that is installed in it goes on working. Asked when a project is entered and by `boot
//! venv list`; touches only environments that boot made.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::Error;
use super::trust::TrustedVenv;
use super::venv::{self, CONFIG, Config, LONGEST_CONFIG};
use crate::Context;
use crate::python::installed::{self, Installed};
use crate::python::key::Key;
use crate::python::request::Request;
use crate::store::{self, atomic, file};

/// The state of an environment's binding to its Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RepairState {
    /// It works, and is bound to what it should be bound to.
    Sound,
    /// It was bound to another place.
    Repaired,
    /// Its Python, named as a request, isn't installed.
    Lost(String),
    /// It works, and is of another minor than the Python that is wanted: nothing that can be
    /// repaired in place.
    Other,
    /// It doesn't work and doesn't say what it was made with, or boot hasn't made it.
    Broken,
}

/// Which Python an environment is for, where a pin says so.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding<'a> {
    pub python: &'a Installed,
    /// The pin names a patch: the environment is bound to it, and not to the minor's link.
    pub exact: bool,
}

/// Looks at `venv`, and binds it again if its Python has moved. Without `wanted` it is bound to
/// what it was made with.
///
/// # Errors
/// What should be changed can't be written.
pub(crate) fn repair(
    ctx: &Context,
    venv: &TrustedVenv,
    wanted: Option<Binding>,
) -> Result<RepairState, Error> {
    let root = venv.root();
    let works = venv::works(root);
    let as_it_is = if works {
        RepairState::Sound
    } else {
        RepairState::Broken
    };
    let Some(config) = Config::read(root).filter(|config| config.boot && venv.is_made()) else {
        return Ok(as_it_is);
    };
    let Some(minor) = minor(&config) else {
        return Ok(as_it_is);
    };
    let found;
    let wanted = match wanted {
        Some(wanted) => wanted,
        None => {
            let Some((python, exact)) = maker(ctx, &config, &minor) else {
                let lost = if is_boots(&config) {
                    made_with(&config, &minor).0.to_string()
                } else {
                    config.version
                };
                return Ok(if works {
                    RepairState::Sound
                } else {
                    RepairState::Lost(lost)
                });
            };
            found = python;
            Binding {
                python: &found,
                exact,
            }
        }
    };
    let key = &wanted.python.key;
    if key.version.minor_name(key.variant) != minor {
        return Ok(if works {
            RepairState::Other
        } else {
            RepairState::Broken
        });
    }
    if is_bound(root, &config, wanted) {
        return Ok(RepairState::Sound);
    }
    bind(ctx, root, wanted)?;
    Ok(RepairState::Repaired)
}

/// The minor that an environment is for, as `3.13t`: what its interpreter is called.
fn minor(config: &Config) -> Option<String> {
    let name = config.executable.file_name()?.to_str()?;
    name.strip_prefix("python")
        .filter(|minor| minor.contains('.'))
        .map(String::from)
}

/// Returns a request for the Python that an environment was made with. The flag tells whether the
/// environment is bound to that very patch.
fn made_with(config: &Config, minor: &str) -> (Request, bool) {
    // …/pythons/KEY/bin/python3.11 for a patch, …/pythons/3.11/bin/python3.11 for a minor.
    let folder = config
        .executable
        .parent()
        .and_then(Path::parent)
        .and_then(Path::file_name)
        .and_then(OsStr::to_str);
    match folder.and_then(|name| name.parse::<Key>().ok()) {
        Some(key) => (Request::Key(key), true),
        // The name of an interpreter is a version; anything else matches nothing.
        None => (minor.parse().unwrap_or(Request::Latest), false),
    }
}

/// The Python that an environment was made with, as it is now, and whether the environment is bound
/// to that very patch. An adopted one is known by its place and by nothing else: another of its
/// minor is another Python.
fn maker(ctx: &Context, config: &Config, minor: &str) -> Option<(Installed, bool)> {
    if !is_boots(config) {
        return installed::at(&ctx.paths, &config.executable).map(|python| (python, true));
    }
    let (request, exact) = made_with(config, minor);
    Some((installed::find(&ctx.paths, &request)?, exact))
}

/// Tells whether an environment was made with a Python of boot's own, wherever the data folder was
/// then: `…/pythons/NAME/bin/python3.11`.
fn is_boots(config: &Config) -> bool {
    let folder = config
        .executable
        .ancestors()
        .nth(3)
        .and_then(Path::file_name);
    folder == Some(OsStr::new("pythons"))
}

/// Tells whether all that refers to the Python leads to it, and says its version.
fn is_bound(root: &Path, config: &Config, wanted: Binding) -> bool {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let Some(executable) = real(&wanted.python.executable) else {
        return true;
    };
    real(&root.join("bin/python")).as_ref() == Some(&executable)
        && real(&config.home).as_deref() == executable.parent()
        && config.version == wanted.python.key.version.to_string()
}

/// The config first: if the run is cut in between, the link still shows that there is something to
/// do.
fn bind(ctx: &Context, root: &Path, wanted: Binding) -> Result<(), Error> {
    let _lock = venv::lock(ctx, root)?;
    let executable = if wanted.exact {
        wanted.python.executable.clone()
    } else {
        wanted.python.minor_executable(&ctx.paths)
    };
    let file = root.join(CONFIG);
    let before =
        file::read_bounded(&file, LONGEST_CONFIG).map_err(store::Error::io("read", &file))?;
    let version = wanted.python.key.version.to_string();
    let home = executable.parent().unwrap_or(Path::new("/"));
    let values = [
        ("home", home.as_os_str()),
        ("executable", executable.as_os_str()),
        ("version", OsStr::new(&version)),
    ];
    atomic::write(&file, &with_values(&before, &values), None)?;
    Ok(atomic::symlink(&executable, &root.join("bin/python"))?)
}

/// The config with these keys' values; every other line as it was.
fn with_values(config: &[u8], values: &[(&str, &OsStr)]) -> Vec<u8> {
    let mut out = Vec::new();
    for line in config.split_inclusive(|byte| *byte == b'\n') {
        let key = line
            .split(|byte| *byte == b'=')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        match values
            .iter()
            .find(|(name, _)| name.as_bytes() == key && line.contains(&b'='))
        {
            Some((name, value)) => {
                out.extend(format!("{name} = ").bytes());
                out.extend(value.as_bytes());
                out.push(b'\n');
            }
            None => out.extend(line),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn with_values_changes_only_named_values() {
        let before = b"home = /old/bin\nprompt = home = sweet\nversion = 3.11.2\nboot = 0.1.0";
        let after = with_values(
            before,
            &[
                ("home", OsStr::new("/new")),
                ("version", OsStr::new("3.11.9")),
            ],
        );
        assert_eq!(
            String::from_utf8(after).unwrap(),
            "home = /new\nprompt = home = sweet\nversion = 3.11.9\nboot = 0.1.0"
        );
    }

    #[test]
    fn made_with_reads_request_from_path_of_python() {
        let config = |path: &str| Config {
            executable: path.into(),
            ..Config::default()
        };
        let (request, exact) = made_with(&config("/d/pythons/3.11/bin/python3.11"), "3.11");
        assert_eq!((request.to_string().as_str(), exact), ("3.11", false));
        let (request, exact) = made_with(
            &config("/d/pythons/cpython-3.11.9-linux-x86_64-gnu/bin/python3.11"),
            "3.11",
        );
        assert_eq!(
            (request.to_string().as_str(), exact),
            ("cpython-3.11.9-linux-x86_64-gnu", true)
        );
        assert_eq!(
            minor(&config("/x/bin/python3.13t")).as_deref(),
            Some("3.13t")
        );
        assert_eq!(minor(&config("/x/bin/python")), None);
    }
}
