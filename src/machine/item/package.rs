//! Packages of the system, through the manager that the machine has. Nothing else that boot does
//! needs them: where they can't be installed that is said, and the rest goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::machine::{Error, Result};
use crate::manifest::{MANAGERS, Packages};
use crate::report::escaped;

/// A package, and who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Package {
    /// `apt`, `brew` and so on; empty where the machine has none that boot knows.
    pub manager: &'static str,
    pub name: String,
}

/// The command of a manager.
fn command(manager: &str) -> &str {
    if manager == "apt" { "apt-get" } else { manager }
}

fn on_path(name: &str) -> Option<PathBuf> {
    which::which_global(name).ok()
}

/// The packages that this machine should have: those of each manager that is here, and the common
/// ones through the machine's own, which comes before a brew that was added to it.
pub(crate) fn list(wanted: &Packages) -> Vec<Package> {
    if *wanted == Packages::default() {
        return Vec::new();
    }
    let here: Vec<&'static str> = MANAGERS
        .into_iter()
        .filter(|manager| on_path(command(manager)).is_some())
        .collect();
    let own = here.first().copied().unwrap_or("");
    let mut found: Vec<Package> = Vec::new();
    let own_names = wanted.any.iter().map(|name| (own, name));
    let others = wanted
        .of
        .iter()
        .filter(|(manager, _)| here.contains(manager))
        .flat_map(|(manager, names)| names.iter().map(|name| (*manager, name)));
    for (manager, name) in own_names.chain(others) {
        let package = Package {
            manager,
            name: name.clone(),
        };
        if !found.contains(&package) {
            found.push(package);
        }
    }
    found
}

/// Which of `packages` are installed. Only asks; changes nothing, and needs no root.
pub(crate) fn installed(packages: &[Package]) -> Vec<bool> {
    let mut there: BTreeSet<(&str, String)> = BTreeSet::new();
    for manager in MANAGERS {
        let names: Vec<&str> = packages
            .iter()
            .filter(|package| package.manager == manager)
            .map(|package| package.name.as_str())
            .collect();
        if !names.is_empty() {
            there.extend(
                of_manager(manager, &names)
                    .into_iter()
                    .map(|name| (manager, name)),
            );
        }
    }
    packages
        .iter()
        .map(|package| there.contains(&(package.manager, package.name.clone())))
        .collect()
}

/// Those of `names` that the manager has installed.
fn of_manager(manager: &str, names: &[&str]) -> Vec<String> {
    let asked = |program: &str, args: &[&str]| -> Vec<String> {
        // A name that isn't installed makes the command fail, and what is installed is listed all
        // the same.
        let output = Command::new(program)
            .args(args)
            .args(names)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .output();
        output
            .map(|output| {
                String::from_utf8_lossy(&output.stdout)
                    .lines()
                    .map(str::to_string)
                    .collect()
            })
            .unwrap_or_default()
    };
    match manager {
        "apt" => asked(
            "dpkg-query",
            &[
                "--show",
                "--showformat=${db:Status-Status} ${Package}\\n",
                "--",
            ],
        )
        .iter()
        .filter_map(|line| line.strip_prefix("installed ").map(str::to_string))
        .collect(),
        "dnf" => asked("rpm", &["--query", "--queryformat", "%{NAME}\\n", "--"])
            .into_iter()
            .filter(|line| names.contains(&line.as_str()))
            .collect(),
        "pacman" => asked("pacman", &["--query", "--quiet", "--"]),
        "apk" => asked("apk", &["info", "--installed"]),
        // Asking brew takes half a second; where it keeps what it installed is well known.
        _ => {
            let Some(prefix) =
                on_path("brew").and_then(|brew| Some(brew.parent()?.parent()?.to_path_buf()))
            else {
                return Vec::new();
            };
            let has = |name: &&&str| {
                let last = name.rsplit('/').next().unwrap_or(name);
                ["opt", "Caskroom"]
                    .iter()
                    .any(|folder| Path::new(&prefix).join(folder).join(last).exists())
            };
            names.iter().filter(has).map(ToString::to_string).collect()
        }
    }
}

/// Why the package can't be installed here at all, found out without running anything.
pub(crate) fn obstacle(package: &Package) -> Option<&'static str> {
    let root = rustix::process::geteuid().is_root();
    match package.manager {
        "" => Some("no package manager that boot knows is here"),
        "brew" if root => Some("brew doesn't work as root"),
        "brew" => None,
        _ if root || on_path("sudo").is_some() => None,
        _ => Some("it needs root, and there is no sudo here"),
    }
}

/// What became of a package.
#[derive(Debug)]
pub(crate) enum Done {
    Installed,
    /// There was nobody to give the right to; the command that somebody else may type.
    Skipped(String),
}

/// Installs all of one manager's packages at once; if that fails, one by one, so that a wrong name
/// keeps none of the others out.
pub(crate) fn install(manager: &'static str, names: &[&str]) -> Vec<Result<Done>> {
    let mut words: Vec<&str> = match manager {
        "apt" => vec!["apt-get", "install", "--yes", "--"],
        "dnf" => vec!["dnf", "install", "--assumeyes"],
        "pacman" => vec!["pacman", "--sync", "--needed", "--noconfirm", "--"],
        "apk" => vec!["apk", "add"],
        _ => vec!["brew", "install"],
    };
    if manager != "brew" && !rustix::process::geteuid().is_root() {
        let typed = format!("sudo {} {}", words.join(" "), names.join(" "));
        if !run(&["sudo", "-n", "true"], &[]).is_ok_and(|output| output.status.success()) {
            return names
                .iter()
                .map(|_| Ok(Done::Skipped(typed.clone())))
                .collect();
        }
        words.splice(0..0, ["sudo", "-n"]);
    }
    if manager == "apt" && lists_are_empty() {
        update(&words);
    }
    if run(&words, names).is_ok_and(|output| output.status.success()) {
        return names.iter().map(|_| Ok(Done::Installed)).collect();
    }
    if manager == "apt" {
        // An index of months ago names files that are no longer there.
        update(&words);
    }
    names
        .iter()
        .map(|name| one(manager, &words, name))
        .collect()
}

fn one(manager: &str, words: &[&str], name: &str) -> Result<Done> {
    let output = run(words, &[name])
        .map_err(|error| Error::Item(format!("{} can't be run: {error}", command(manager))))?;
    if output.status.success() {
        return Ok(Done::Installed);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let lines = || said.lines().map(str::trim).filter(|line| !line.is_empty());
    let line = lines()
        .find(|line| line.to_ascii_lowercase().contains("error") || line.starts_with("E:"))
        .or_else(|| lines().next_back());
    let reason = line.map_or_else(|| format!("it ended with {}", output.status), escaped);
    Err(Error::Item(format!(
        "{}: {reason}\nis it called otherwise there? [packages] has a list for each manager",
        command(manager)
    )))
}

/// A container's image has no index of packages.
fn lists_are_empty() -> bool {
    let Ok(entries) = std::fs::read_dir("/var/lib/apt/lists") else {
        return false;
    };
    !entries
        .flatten()
        .any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
}

fn update(words: &[&str]) {
    let mut update: Vec<&str> = words
        .iter()
        .take_while(|word| **word != "apt-get")
        .copied()
        .collect();
    update.extend(["apt-get", "update"]);
    let _ = run(&update, &[]);
}

fn run(words: &[&str], names: &[&str]) -> std::io::Result<Output> {
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(names);
    command
        .env("DEBIAN_FRONTEND", "noninteractive")
        .env("HOMEBREW_NO_AUTO_UPDATE", "1")
        .env("LC_ALL", "C");
    command.stdin(Stdio::null()).output()
}
