//! Packages of the system, through the manager that the machine has. Nothing else that boot does
//! needs them: where they can't be installed that is said, and the rest goes on.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex, OnceLock};

use super::{Kind, counted};
use crate::Context;
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Item, Stage, State, View};
use crate::machine::{Error, Result};
use crate::manifest::{MANAGERS, Manifest, Packages};
use crate::parallel;
use crate::report::escaped;

pub(crate) const KIND: Kind = Kind {
    name: "package",
    plural: "packages",
    counted: |number| counted(number, "package"),
};

/// A package, and who has it.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Package {
    /// `apt`, `brew` and so on; empty where the machine has none that boot knows.
    manager: &'static str,
    name: String,
}

#[derive(Debug)]
struct PackageItem {
    package: Package,
    state: State,
    batch: Arc<Batch>,
}

/// The packages that one manager installs, all at once.
#[derive(Debug)]
struct Batch {
    manager: &'static str,
    names: Vec<String>,
    /// The result for each, until its item has told it.
    results: OnceLock<Mutex<Vec<Option<Result<Installation>>>>>,
}

pub(super) fn wanted(manifest: &Manifest) -> Vec<Box<dyn Item>> {
    let packages = list(&manifest.packages);
    let states: Vec<State> = packages
        .iter()
        .zip(are_installed(&packages))
        .map(|(package, is_installed)| match obstacle(package) {
            _ if is_installed => State::Done,
            Some(why) => State::Skipped(why),
            None => State::Todo,
        })
        .collect();
    let batch_of = |manager: &'static str| {
        let todo = packages.iter().zip(&states);
        let todo =
            todo.filter(|(package, state)| package.manager == manager && **state == State::Todo);
        Arc::new(Batch {
            manager,
            names: todo.map(|(package, _)| package.name.clone()).collect(),
            results: OnceLock::new(),
        })
    };
    let batches = MANAGERS.map(batch_of);
    let none = batch_of("");
    let batch = |package: &Package| {
        let known = batches
            .iter()
            .find(|batch| batch.manager == package.manager);
        known.unwrap_or(&none).clone()
    };
    let batched: Vec<Arc<Batch>> = packages.iter().map(batch).collect();
    packages
        .into_iter()
        .zip(states)
        .zip(batched)
        .map(|((package, state), batch)| -> Box<dyn Item> {
            Box::new(PackageItem {
                package,
                state,
                batch,
            })
        })
        .collect()
}

impl Item for PackageItem {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        self.package.name.clone()
    }

    fn line(&self) -> String {
        let Package { manager, name } = &self.package;
        if manager.is_empty() {
            name.clone()
        } else {
            format!("{name}, through {manager}")
        }
    }

    /// All packages of a manager have been asked for at once.
    fn assess(&self, _: &View<'_>) -> Result<Assessment> {
        Ok(Assessment::new(self.state.clone(), ""))
    }

    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        match self.batch.install(run.ctx, &self.package.name) {
            None | Some(Ok(Installation::Skipped)) => Ok(None),
            Some(Ok(Installation::Done)) => Ok(Some(self.line())),
            Some(Err(error)) => Err(error),
        }
    }

    /// Package managers lock each other out, so theirs is one after the other.
    fn stage(&self) -> Stage {
        Stage::Background
    }
}

impl Batch {
    /// Installs all of them, if that hasn't been done, and gives what became of `name`.
    fn install(&self, ctx: &Context, name: &str) -> Option<Result<Installation>> {
        let results = self.results.get_or_init(|| {
            let names: Vec<&str> = self.names.iter().map(String::as_str).collect();
            let bar = ctx.report.spinner(self.manager);
            bar.say(&names.join(" "));
            let results = install(ctx, self.manager, &names);
            Mutex::new(results.into_iter().map(Some).collect())
        });
        let at = self.names.iter().position(|other| other == name)?;
        parallel::lock(results)[at].take()
    }
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
fn list(wanted: &Packages) -> Vec<Package> {
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
fn are_installed(packages: &[Package]) -> Vec<bool> {
    let mut there: BTreeSet<(&str, String)> = BTreeSet::new();
    for manager in MANAGERS {
        let names: Vec<&str> = packages
            .iter()
            .filter(|package| package.manager == manager)
            .map(|package| package.name.as_str())
            .collect();
        if !names.is_empty() {
            there.extend(
                installed_of_manager(manager, &names)
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
fn installed_of_manager(manager: &str, names: &[&str]) -> Vec<String> {
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
fn obstacle(package: &Package) -> Option<&'static str> {
    let root = rustix::process::geteuid().is_root();
    match package.manager {
        "" => Some("no package manager that boot knows is here"),
        "brew" if root => Some("brew doesn't work as root"),
        "brew" => None,
        _ if root || on_path("sudo").is_some() => None,
        _ => Some("it needs root, and there is no sudo here"),
    }
}

/// The fate of a package.
#[derive(Clone, Copy, Debug)]
enum Installation {
    Done,
    /// There was nobody to give the right to.
    Skipped,
}

/// Installs all of one manager's packages at once; if that fails, one by one, so that a wrong name
/// keeps none of the others out.
fn install(ctx: &Context, manager: &'static str, names: &[&str]) -> Vec<Result<Installation>> {
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
            ctx.report.warn(&format!(
                "packages of the system are skipped: sudo wants a password; you can type: {}",
                escaped(&typed)
            ));
            return names.iter().map(|_| Ok(Installation::Skipped)).collect();
        }
        words.splice(0..0, ["sudo", "-n"]);
    }
    if manager == "apt" && lists_are_empty() {
        update(&words);
    }
    if run(&words, names).is_ok_and(|output| output.status.success()) {
        return names.iter().map(|_| Ok(Installation::Done)).collect();
    }
    if manager == "apt" {
        // An index of months ago names files that are no longer there.
        update(&words);
    }
    names
        .iter()
        .map(|name| install_one(manager, &words, name))
        .collect()
}

fn install_one(manager: &str, words: &[&str], name: &str) -> Result<Installation> {
    let output = run(words, &[name])
        .map_err(|error| Error::Item(format!("{} can't be run: {error}", command(manager))))?;
    if output.status.success() {
        return Ok(Installation::Done);
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
