//! Shared fixtures: a temporary home directory, an index and a mirror on loopback, and the real
//! binary.
#![allow(dead_code)] // Each story uses a part of it.

pub mod genuine;
pub mod index;
pub mod killer;
pub mod mirror;
pub mod needs;
pub mod nobody;
pub mod pty;
pub mod pythons;
pub mod raw_tar;
pub mod raw_zip;
pub mod screen;
pub mod sdist;
pub mod server;
pub mod source;
pub mod stand_in;
pub mod tls;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

#[allow(unused_imports)]
pub use index::{Index, Wheel};
pub use mirror::Mirror;
#[allow(unused_imports)]
pub use server::{Fault, Server};

pub const BOOT: &str = env!("CARGO_BIN_EXE_boot");

/// Address without a listener, so that a test reaches only its own servers.
const NOWHERE: &str = "http://127.0.0.1:9";

/// An empty home directory, isolated from the tester's environment.
pub struct Home {
    pub root: PathBuf,
    variables: Vec<(String, String)>,
    _keep: tempfile::TempDir,
}

impl Home {
    pub fn new() -> Home {
        let keep = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(keep.path()).unwrap();
        let mut home = Home {
            root,
            variables: Vec::new(),
            _keep: keep,
        };
        for (name, value) in [
            ("BOOT_PYTHON_MIRROR", NOWHERE),
            ("BOOT_SOURCE_MIRROR", NOWHERE),
            ("BOOT_INDEX_URL", NOWHERE),
            ("BOOT_GIT_HOST", NOWHERE),
            ("BOOT_APT_SOURCES", "/nonexistent"),
            ("BOOT_CONNECT_TIMEOUT", "2"),
            ("BOOT_READ_TIMEOUT", "2"),
        ] {
            home.set(name, value);
        }
        home
    }

    /// Creates a home whose Pythons come from `mirror`.
    pub fn with(mirror: &Mirror) -> Home {
        let mut home = Home::new();
        home.set("BOOT_PYTHON_MIRROR", &mirror.server.url());
        home.learn(mirror);
        let catalog = home.root.join("catalog.tsv").display().to_string();
        home.set("BOOT_PYTHON_CATALOG", &catalog);
        home
    }

    /// Updates the catalog to what `mirror` has now.
    pub fn learn(&self, mirror: &Mirror) {
        fs::write(self.root.join("catalog.tsv"), mirror.catalog()).unwrap();
    }

    /// Creates a home with the Python of `mirror` installed, and packages from `index`.
    pub fn ready(mirror: &Mirror, index: &Index) -> Home {
        let mut home = Home::with(mirror);
        home.boot(["python", "install", &mirror.minor()]).success();
        home.set("BOOT_INDEX_URL", &index.url());
        home
    }

    /// Installs the Python of `mirror` once more under another version, with its links.
    pub fn plant(&self, mirror: &Mirror, version: &str) {
        let pythons = self.data().join("pythons");
        let (key, wanted) = (
            mirror.key.to_string(),
            mirror
                .key
                .to_string()
                .replacen(&mirror.version(), version, 1),
        );
        let minor = version.rsplit_once('.').unwrap().0;
        let folder = pythons.join(&wanted);
        fs::create_dir_all(folder.join("bin")).unwrap();
        let python = fs::read_to_string(
            pythons
                .join(&key)
                .join(format!("bin/python{}", mirror.minor())),
        )
        .unwrap();
        let python = python.replace(
            &format!("STAND_IN={}", mirror.version()),
            &format!("STAND_IN={version}"),
        );
        fs::write(folder.join(format!("bin/python{minor}")), python).unwrap();
        fs::set_permissions(
            folder.join(format!("bin/python{minor}")),
            std::os::unix::fs::PermissionsExt::from_mode(0o755),
        )
        .unwrap();
        let mut record: serde_json::Value =
            serde_json::from_slice(&fs::read(pythons.join(&key).join("boot.json")).unwrap())
                .unwrap();
        record["key"] = wanted.clone().into();
        record["executable"] = format!("bin/python{minor}").into();
        fs::write(folder.join("boot.json"), record.to_string()).unwrap();
        // Nothing to install: the links are set right on the way.
        self.boot(["python", "install", &mirror.version()])
            .success();
        assert_eq!(
            fs::read_link(pythons.join(minor)).unwrap(),
            Path::new(&wanted)
        );
    }

    pub fn set(&mut self, name: &str, value: &str) {
        self.variables.retain(|(there, _)| there != name);
        self.variables.push((name.into(), value.into()));
    }

    /// Builds a command that runs a program in this home.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(&self.root)
            .env_clear()
            .env("HOME", &self.root)
            .env("LANG", "C.UTF-8")
            .env("TERM", "dumb");
        command.env(
            "PATH",
            format!("{}:/usr/local/bin:/usr/bin:/bin", self.bin().display()),
        );
        command
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    pub fn boot<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(&self, args: I) -> Run {
        self.run(self.command(BOOT).args(args))
    }

    pub fn boot_in<I: IntoIterator<Item = S>, S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        args: I,
    ) -> Run {
        self.run(self.command(BOOT).current_dir(folder).args(args))
    }

    pub fn run(&self, command: &mut Command) -> Run {
        Run::of(format!("{command:?}"), command.output().unwrap())
    }

    /// Returns the version of an installed tool from the list.
    pub fn tool_version(&self, name: &str) -> String {
        let list = self.boot(["tool", "list", "--json"]).success().json();
        let tools = list["tools"].as_array().unwrap();
        tools
            .iter()
            .find(|tool| tool["name"] == name)
            .unwrap_or_else(|| panic!("{list}"))["version"]
            .as_str()
            .unwrap()
            .into()
    }

    /// Makes all stored index pages hours older.
    pub fn set_page_age(&self) {
        let _ = fs::remove_dir_all(self.root.join(".cache/boot/index/pages"));
    }

    pub fn bin(&self) -> PathBuf {
        self.root.join(".local/bin")
    }

    pub fn data(&self) -> PathBuf {
        self.root.join(".local/share/boot")
    }

    pub fn write(&self, name: &str, content: &str) -> PathBuf {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes an executable file.
    pub fn program(&self, name: &str, content: &str) -> PathBuf {
        let path = self.write(name, content);
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        path
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.root.join(name)).unwrap()
    }

    /// Lists every path below home, sorted, without boot's cache, logs and locks, and without
    /// bytecode, which appears in the background.
    pub fn tree(&self) -> Vec<String> {
        let mut paths = Vec::new();
        walk(&self.root, &self.root, &mut paths);
        paths.retain(|path| !path.contains("__pycache__"));
        paths.retain(|path| {
            ![
                ".cache/boot/",
                ".local/state/boot/locks",
                ".local/state/boot/log",
            ]
            .iter()
            .any(|part| path.starts_with(part))
        });
        paths.sort();
        paths
    }

    /// Makes all files in staging old enough to count as abandoned; files and links are spared for
    /// a while, since their owner can be unknown.
    pub fn age_leftovers(&self) {
        let mut paths = Vec::new();
        walk(&self.root, &self.root, &mut paths);
        paths.retain(|path| {
            path.rsplit('/')
                .next()
                .is_some_and(|name| name.starts_with(".boot-staging-"))
        });
        for path in paths {
            // It may be on its way.
            let _ = self
                .command("touch")
                .args(["-h", "-d", "5 minutes ago", &path])
                .output()
                .unwrap();
        }
    }

    /// Leaves a folder in `folder` as a killed run does, with a file inside.
    pub fn leave_behind(&self, folder: &Path) -> PathBuf {
        let bare = folder.join("bare");
        fs::create_dir_all(&bare).unwrap();
        fs::write(bare.join("half"), "half").unwrap();
        let inode = std::os::unix::fs::MetadataExt::ino(&fs::metadata(&bare).unwrap());
        let left = folder.join(format!(".boot-staging-{inode:x}.aB3dE6"));
        fs::rename(bare, &left).unwrap();
        left
    }

    /// Checks that nothing partial lies anywhere, the cache included. Waits for the background
    /// process that compiles bytecode.
    pub fn no_leftovers(&self) {
        let left = || {
            let mut paths = Vec::new();
            walk(&self.root, &self.root, &mut paths);
            paths.retain(|path| path.contains(".boot-staging-"));
            paths
        };
        for _ in 0..100 {
            if left().is_empty() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        panic!("left behind: {:?}", left());
    }
}

fn walk(root: &Path, folder: &Path, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        paths.push(
            entry
                .path()
                .strip_prefix(root)
                .unwrap()
                .display()
                .to_string(),
        );
        if entry.file_type().unwrap().is_dir() {
            walk(root, &entry.path(), paths);
        }
    }
}

/// Exit code and output of a command.
#[derive(Debug)]
pub struct Run {
    what: String,
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    pub fn of(what: String, output: Output) -> Run {
        Run {
            what,
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn success(self) -> Run {
        self.code(0)
    }

    pub fn code(self, code: i32) -> Run {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    pub fn stdout_has(self, text: &str) -> Run {
        assert!(self.stdout.contains(text), "no {text:?} in {self}");
        self
    }

    pub fn stdout_lacks(self, text: &str) -> Run {
        assert!(!self.stdout.contains(text), "{text:?} in {self}");
        self
    }

    pub fn stderr_has(self, text: &str) -> Run {
        assert!(self.stderr.contains(text), "no {text:?} in {self}");
        self
    }

    pub fn stderr_lacks(self, text: &str) -> Run {
        assert!(!self.stderr.contains(text), "{text:?} in {self}");
        self
    }

    /// Checks for one error of at most three lines; a panic is none.
    pub fn one_error(self) -> Run {
        // At a line's start: what a program said may be quoted before.
        let at = if self.stderr.starts_with("error: ") {
            Some(0)
        } else {
            self.stderr.find("\nerror: ").map(|at| at + 1)
        };
        let at = at.unwrap_or_else(|| panic!("no error in {self}"));
        assert!(
            self.stderr[at..].trim_end().lines().count() <= 3,
            "more than three lines: {self}"
        );
        self.stderr_lacks("panicked")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error} in {self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{}\nended with {:?}\n-- stdout\n{}-- stderr\n{}",
            self.what, self.code, self.stdout, self.stderr
        )
    }
}
