//! Adopts an interpreter that somebody else installed: a record and a few links in boot's folder,
//! and nothing changed in its own. Its owner keeps it up to date; boot makes environments and tools
//! with it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::installed::{self, Installed, Origin, Record};
use super::key::{Arch, Key, Libc, Os, Platform, Variant, Version};
use super::publish::publish;
use super::verify::{self, Report};
use super::{links, selftest, source};
use crate::package::facts::Facts;
use crate::package::script::{self, Interpreter};
use crate::shell::shim;
use crate::store::atomic::{self, Staging};
use crate::store::env;
use crate::store::lock::Lock;
use crate::store::{self};
use crate::{Code, Context};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} can't be adopted: {reason}\n\
             {hint}", crate::report::escaped(&path.to_string_lossy()))]
    NotAPython {
        path: PathBuf,
        reason: String,
        hint: String,
    },
    #[error("Python {version} is already installed: {}\n\
             boot python uninstall {version} makes room for \
             {}", there.display(), path.display())]
    Taken {
        version: String,
        there: PathBuf,
        path: PathBuf,
    },
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl Error {
    pub(crate) fn code(&self) -> Code {
        Code::Failed
    }
}

/// An adopted Python.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub python: Installed,
    /// False: it was adopted before.
    pub fresh: bool,
    /// The verification of a newly adopted one.
    pub report: Option<Report>,
}

/// Adopts the interpreter at `path`: its own path, the folder of its installation, or its name on
/// PATH.
///
/// # Errors
/// It isn't a CPython 3.8 or newer of this machine; it is an environment's; or there is another
/// Python of its version.
pub(crate) fn adopt(ctx: &Context, path: &Path) -> Result<Outcome, Error> {
    let Candidate {
        key,
        executable,
        facts,
    } = examine(ctx, path)?;
    let home = ctx.paths.pythons().join(key.to_string());
    let _lock = Lock::hold(&ctx.paths.locks(), &key.to_string(), &*ctx.report)?;
    if let Some(there) = installed::read(&home) {
        if there.origin != Origin::Adopted || !is_same(&there.executable, &executable) {
            return Err(Error::Taken {
                version: format!("{}{}", key.version, key.variant.suffix()),
                there: there.executable,
                path: executable,
            });
        }
        if there.facts == facts && there.executable == executable {
            links::repair(&ctx.paths)?;
            return Ok(Outcome {
                python: there,
                fresh: false,
                report: None,
            });
        }
    }
    let blank = Report {
        key: key.to_string(),
        ..Report::default()
    };
    let report = verify::inspect(
        &executable,
        &facts.stdlib,
        &key.version,
        Origin::Adopted,
        blank,
    );
    let staging = Staging::beside(&home)?;
    commands(staging.path(), &key, &executable, report.pip.is_some())?;
    let record = Record {
        schema: 1,
        key: key.to_string(),
        origin: Origin::Adopted,
        sha256: None,
        executable: executable.clone(),
        facts,
        missing: report.missing.clone(),
        build: source::Options::default(),
        replaces: None,
    };
    let python = publish(staging, &home, &record)?;
    // Its owner has upgraded it since it was adopted: it isn't two Pythons.
    for old in installed::list(&ctx.paths) {
        if old.origin == Origin::Adopted && old.key != key && is_same(&old.executable, &executable)
        {
            atomic::remove_folder(&old.root)?;
        }
    }
    links::refresh(&ctx.paths)?;
    Ok(Outcome {
        python,
        fresh: true,
        report: Some(report),
    })
}

/// An interpreter that can be adopted.
struct Candidate {
    key: Key,
    /// The path to keep, see [`lasting`].
    executable: PathBuf,
    facts: Facts,
}

/// Asks the interpreter that `path` means for its version, its platform and its facts.
fn examine(ctx: &Context, path: &Path) -> Result<Candidate, Error> {
    let refuse = |reason: String, hint: &str| Error::NotAPython {
        path: path.into(),
        reason,
        hint: hint.into(),
    };
    const NAME_IT: &str = "name the interpreter, as in /usr/bin/python3.11";
    let found = locate(ctx, path).ok_or_else(|| {
        refuse(
            "there is no such program".into(),
            "boot python adopt --all finds those that are here",
        )
    })?;
    let answer = selftest::ask(&found, WHO).map_err(|reason| refuse(reason, NAME_IT))?;
    let words: Vec<&str> = answer.lines().collect();
    let [who, prefix, base_prefix, executable] = words.as_slice() else {
        return Err(refuse("it doesn't answer like a Python".into(), NAME_IT));
    };
    if *who != "cpython" {
        return Err(refuse(format!("it is {who}"), "boot works with CPython"));
    }
    if prefix != base_prefix {
        return Err(refuse(
            "it is an environment's".into(),
            &format!("boot python adopt {base_prefix} adopts the Python that it was made with"),
        ));
    }
    let executable = lasting(&found, Path::new(executable));
    let passed = selftest::examine(&executable)
        .map_err(|reason| refuse(reason, "boot works with CPython 3.8 and newer"))?;
    let key = key(&passed.facts).map_err(|reason| {
        refuse(
            reason,
            "boot works with CPython 3.8 and newer, built for this machine",
        )
    })?;
    Ok(Candidate {
        key,
        executable,
        facts: passed.facts,
    })
}

/// A program that prints an interpreter's identity, a line each; for any that is a Python, however
/// old.
const WHO: &str = "import sys\nprint(getattr(getattr(sys, 'implementation', None), 'name', 'an old \
                   Python'))\nprint(sys.prefix)\n\
                   print(getattr(sys, 'base_prefix', sys.prefix))\nprint(sys.executable)";

/// The program that `path` means.
fn locate(ctx: &Context, path: &Path) -> Option<PathBuf> {
    let text = path.to_string_lossy();
    if !text.contains('/') && !path.exists() {
        let without = shim::system_path(&env::var_os("PATH")?, &ctx.paths);
        return shim::look_up_foreign(&text, &without, &ctx.paths);
    }
    let path = std::path::absolute(path).ok()?;
    let inside = ["bin/python3", "bin/python"].map(|name| path.join(name));
    [path].into_iter().chain(inside).find(|path| path.is_file())
}

/// The path to keep: the one that was named, unless that only led to another one (as pyenv's shims
/// do); by its numbered name, for `/usr/bin/python3` will be another minor some day.
fn lasting(named: &Path, told: &Path) -> PathBuf {
    let path = if is_same(named, told) || !told.is_file() {
        named
    } else {
        told
    };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if name.contains('.') {
        return path.into();
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    let siblings = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let numbered = |sibling: &PathBuf| {
        let name = sibling
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let rest = name
            .strip_prefix("python3.")
            .map(|rest| rest.strip_suffix('t').unwrap_or(rest));
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
            && is_same(sibling, path)
    };
    siblings
        .filter(numbered)
        .min()
        .unwrap_or_else(|| path.into())
}

fn is_same(a: &Path, b: &Path) -> bool {
    fs::canonicalize(a).is_ok_and(|a| fs::canonicalize(b).is_ok_and(|b| a == b))
}

/// The key of an interpreter that says this of itself; in words why it has none.
fn key(facts: &Facts) -> Result<Key, String> {
    let text = facts.markers.python_full_version.trim_end_matches('+');
    let version: Version = text.parse().map_err(|_| format!("it is {text}"))?;
    if (version.major, version.minor) < (3, 8) {
        return Err(format!("it is {version}"));
    }
    let arch = match facts.markers.platform_machine.as_str() {
        "x86_64" | "amd64" => Arch::X86_64,
        "aarch64" | "arm64" => Arch::Aarch64,
        other => return Err(format!("it is built for {other}")),
    };
    if facts.pointer_bits != 64 {
        return Err(format!("it is a {}-bit program", facts.pointer_bits));
    }
    let (os, libc) = match (facts.markers.sys_platform.as_str(), &facts.libc) {
        ("darwin", _) => (Os::Darwin, Libc::None),
        ("linux", Some((name, ..))) if name == "musl" => (Os::Linux, Libc::Musl),
        ("linux", _) => (Os::Linux, Libc::Gnu),
        (other, _) => return Err(format!("it is built for {other}")),
    };
    let variant = if facts.free_threaded {
        Variant::FreeThreaded
    } else {
        Variant::Default
    };
    Ok(Key {
        version,
        variant,
        platform: Platform { os, arch, libc },
    })
}

/// Its commands by all their names, in a folder that has nothing else, for PATH. Its pip is called
/// through it: a `pip` beside it may be of another Python.
fn commands(staging: &Path, key: &Key, executable: &Path, pip: bool) -> store::Result<()> {
    let bin = staging.join("bin");
    fs::create_dir(&bin).map_err(store::Error::io("create", &bin))?;
    let minor = key.version.minor_name(key.variant);
    for name in [
        "python".to_string(),
        "python3".into(),
        format!("python{minor}"),
    ] {
        symlink(executable, bin.join(&name)).map_err(store::Error::io("link", &bin.join(&name)))?;
    }
    if pip {
        let script = pip_script(executable);
        for name in ["pip".to_string(), "pip3".into(), format!("pip{minor}")] {
            let file = bin.join(name);
            fs::write(&file, &script).map_err(store::Error::io("write", &file))?;
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755))
                .map_err(store::Error::io("write", &file))?;
        }
    }
    Ok(())
}

/// The program `pip` of an adopted Python. Not `-m pip`, which would look for pip in the current
/// folder first: of a script it is the script's own folder, which has nothing of Python's in it.
fn pip_script(executable: &Path) -> Vec<u8> {
    const BODY: &str =
        "import runpy\n\nrunpy.run_module(\"pip\", run_name=\"__main__\", alter_sys=True)\n";
    let mut text = script::shebang(Interpreter {
        path: executable,
        isolated: false,
    });
    text.extend_from_slice(BODY.as_bytes());
    text
}

/// Brings the commands of an adopted Python up to date that an older boot made. True if there was
/// anything to change.
pub(super) fn renew_commands(python: &Installed) -> store::Result<bool> {
    let mut changed = false;
    if python.origin != Origin::Adopted {
        return Ok(false);
    }
    let wanted = pip_script(&python.executable);
    for name in [
        "pip".to_string(),
        "pip3".into(),
        format!("pip{}", python.key.version.minor_name(python.key.variant)),
    ] {
        let file = python.root.join("bin").join(name);
        if fs::read(&file).is_ok_and(|there| there != wanted) {
            atomic::put(&file, &wanted, 0o755)?;
            changed = true;
        }
    }
    Ok(changed)
}
