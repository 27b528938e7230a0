//! Looks at the whole of a Python: imports every module of its standard library, asks for pip,
//! makes an environment. The self-test of an install asks for what nobody can do without; this
//! tells what there is, and what puts the rest there.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::installed::{Installed, Origin};
use super::key::Version;
use super::{packages, selftest};

const INVENTORY: &str = include_str!("inventory.py");

/// The output of [`INVENTORY`].
#[derive(Deserialize)]
struct Inventory {
    /// Each module, and why it can't be imported if it can't.
    modules: BTreeMap<String, Option<String>>,
    optional: Vec<String>,
    details: BTreeMap<String, String>,
    pip: Option<String>,
    /// The folder of its pip.
    place: Option<PathBuf>,
}

/// A module of the standard library.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Module {
    pub name: String,
    pub ok: bool,
    /// A Python is complete without it.
    pub optional: bool,
    /// The library behind it, and its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// All that was found out about one Python.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Report {
    pub key: String,
    pub complete: bool,
    /// Missing parts: modules, `pip`, `venv`.
    pub missing: Vec<String>,
    pub modules: Vec<Module>,
    /// Its pip's version.
    pub pip: Option<String>,
    /// A fault of the command `pip` beside it, which may be another interpreter's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pip_problem: Option<String>,
    #[serde(skip)]
    pub(super) pip_place: Option<PathBuf>,
    /// An environment could be made, and ran.
    pub venv: bool,
    /// The command that puts there what is missing, optional modules included, where it is known.
    #[serde(rename = "mend")]
    pub repair: Option<String>,
    /// Why nothing could be found out, or no environment made.
    pub problem: Option<String>,
}

/// Looks at an installed Python. Takes a second.
pub(crate) fn verify(python: &Installed) -> Report {
    let version = python.key.version;
    let report = Report {
        key: python.key.to_string(),
        ..Report::default()
    };
    match selftest::examine(&python.executable) {
        Ok(passed) if passed.version() != version.to_string() => {
            let now = passed.version().to_string();
            let path = python.executable.display();
            return Report {
                problem: Some(format!("it is {now} now")),
                repair: Some(format!("boot python adopt {path}")),
                ..report
            };
        }
        Ok(_) => {}
        Err(reason) => {
            let repair = (python.origin != Origin::Adopted)
                .then(|| format!("boot python install --reinstall {version}"));
            return Report {
                problem: Some(format!("it doesn't run: {reason}")),
                repair,
                ..report
            };
        }
    }
    let mut report = inspect(
        &python.executable,
        &python.facts.stdlib,
        &version,
        python.origin,
        report,
    );
    report.pip_problem = report
        .pip_place
        .as_deref()
        .and_then(|place| pip_problem(python, place));
    if report.pip_problem.is_some() {
        report.complete = false;
        report.missing.push("pip".into());
        report.repair.get_or_insert_with(|| match python.origin {
            Origin::Adopted => format!("boot python adopt {}", python.executable.display()),
            _ => format!(
                "boot python install --reinstall {version}{}",
                python.key.variant.suffix()
            ),
        });
    }
    report
}

/// A fault of a command `pip` of `python`, whose own pip lies in `place`.
fn pip_problem(python: &Installed, place: &Path) -> Option<String> {
    let minor = python.key.version.minor_name(python.key.variant);
    let mut seen: Vec<Vec<u8>> = Vec::new();
    for name in ["pip".to_string(), "pip3".into(), format!("pip{minor}")] {
        let command = python.root.join("bin").join(&name);
        let Ok(content) = std::fs::read(&command) else {
            continue;
        };
        // Mostly one script by three names.
        if seen.contains(&content) {
            continue;
        }
        seen.push(content);
        match selftest::ask_pip(&command) {
            Err(reason) => return Some(format!("{name} doesn't run: {reason}")),
            // `pip 23.2 from /x/site-packages/pip (python 3.11)`
            Ok(text) => {
                let from = text
                    .split_once(" from ")
                    .and_then(|(_, rest)| Some(rest.rsplit_once(" (")?.0));
                let real =
                    |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.into());
                if from.is_none_or(|from| real(Path::new(from)) != real(place)) {
                    let from = crate::report::escaped(from.unwrap_or(text.trim()));
                    return Some(format!("{name} is another Python's: {from}"));
                }
            }
        }
    }
    None
}

/// Lists the parts that an interpreter lacks, whose library is `stdlib`.
pub(crate) fn inspect(
    executable: &Path,
    stdlib: &Path,
    version: &Version,
    origin: Origin,
    mut report: Report,
) -> Report {
    let answer = selftest::ask(executable, INVENTORY);
    let inventory: Inventory = match answer
        .and_then(|text| serde_json::from_str(&text).map_err(|error| error.to_string()))
    {
        Ok(inventory) => inventory,
        Err(reason) => {
            return Report {
                problem: Some(format!("its modules can't be listed: {reason}")),
                ..report
            };
        }
    };
    let Inventory {
        modules,
        optional,
        details,
        pip,
        place,
    } = inventory;
    report.pip_place = place;
    report.modules = modules
        .into_iter()
        .map(|(name, error)| Module {
            ok: error.is_none(),
            optional: optional
                .iter()
                .any(|optional| name == *optional || name.split('.').next() == Some(optional)),
            detail: details.get(&name).cloned(),
            error: error.map(|error| crate::report::escaped(&error)),
            name,
        })
        .collect();
    report.pip = pip;
    let lacks = |optional: bool| {
        report
            .modules
            .iter()
            .filter(move |module| !module.ok && module.optional == optional)
    };
    let mut missing: Vec<String> = lacks(false).map(|module| module.name.clone()).collect();
    let mut wanted = missing.clone();
    wanted.extend(lacks(true).map(|module| module.name.clone()));
    if report.pip.is_none() {
        missing.push("pip".into());
        wanted.push("pip".into());
    }
    if !missing.iter().any(|name| name == "venv") {
        match selftest::venv(executable) {
            Ok(()) => report.venv = true,
            Err(reason) => {
                report.problem = Some(format!("it makes no environment: {reason}"));
                missing.push("venv".into());
            }
        }
    }
    report.complete = missing.is_empty();
    // Nobody builds a Python anew for a module that it is complete without; a distribution's
    // package is there in a moment.
    let wanted = if origin == Origin::Adopted {
        &wanted
    } else {
        &missing
    };
    report.repair = repair_command(
        stdlib,
        version,
        origin,
        wanted.iter().map(String::as_str).collect(),
    );
    report.missing = missing;
    report
}

/// The command that completes it: a distribution has packages for what it cut out; what was built
/// lacked libraries.
fn repair_command(
    stdlib: &Path,
    version: &Version,
    origin: Origin,
    wanted: Vec<&str>,
) -> Option<String> {
    if wanted.is_empty() {
        return None;
    }
    if origin == Origin::Adopted {
        return is_distributions(stdlib)
            .then(|| packages::for_distribution(wanted, version))
            .flatten();
    }
    let again = format!("boot python install --reinstall --source {version}");
    packages::for_build(wanted).map(|line| format!("{line} && {again}"))
}

/// True if the machine's package manager brought the library. What is below /usr/local people put
/// there themselves, but for Homebrew on Intel Macs, whose links lead to its cellar.
fn is_distributions(stdlib: &Path) -> bool {
    let real = std::fs::canonicalize(stdlib).unwrap_or_else(|_| stdlib.into());
    [
        "/usr/lib",
        "/usr/lib64",
        "/opt/homebrew",
        "/usr/local/Cellar",
        "/home/linuxbrew",
    ]
    .iter()
    .any(|place| real.starts_with(place))
}
