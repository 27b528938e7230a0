//! Makes an unpacked Python one of this place: the paths of the machine that built it, in
//! sysconfig's data, pkg-config files, `*-config` scripts and first lines, become those of its
//! final folder. Done in staging, before anybody can see it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::build_flags::without_builder;
use super::key::Key;
use crate::package::script::{self, Interpreter};
use crate::store::{Error, Result};

/// The prefix that python-build-standalone builds with.
const BUILD_PREFIX: &str = "/install";

const EXTERNALLY_MANAGED: &str = "\
[externally-managed]
Error=This Python is managed by boot, and shared by all that uses it.
 For a project: boot venv, in its folder; pip is the project's own from the next prompt on.
 Without boot's hook in the shell: .venv/bin/pip
 For a command: boot tool install NAME
";

/// Patches the Python of `key` in `staging` for its life in `home`.
pub(crate) fn all(key: &Key, staging: &Path, home: &Path) -> Result<()> {
    let minor = key.version.minor_name(key.variant);
    let lib = staging.join("lib").join(format!("python{minor}"));
    let new = home.to_string_lossy();
    patch_build_data(&lib, &staging.join("lib/pkgconfig"), &new)?;

    let bin = staging.join("bin");
    commands(&bin, &new, &home.join("bin").join(format!("python{minor}")))?;
    for (link, target) in [
        ("python3".to_string(), format!("python{minor}")),
        ("python".to_string(), format!("python{minor}")),
    ] {
        let link = bin.join(link);
        if fs::symlink_metadata(&link).is_err() && bin.join(&target).exists() {
            symlink(&target, &link).map_err(Error::io("link", &link))?;
        }
    }
    if lib.is_dir() {
        let marker = lib.join("EXTERNALLY-MANAGED");
        fs::write(&marker, EXTERNALLY_MANAGED).map_err(Error::io("write", &marker))?;
    }
    Ok(())
}

/// Writes the prefix `new` into sysconfig's data, the Makefile and pkg-config's files.
fn patch_build_data(lib: &Path, pkgconfig: &Path, new: &str) -> Result<()> {
    let patch = |file: &Path| text(file, &|content| without_builder(&paths(content, new)));
    for file in files(lib) {
        let name = name(&file);
        if name.starts_with("_sysconfigdata")
            || name.starts_with("_sysconfig_vars")
            || name == "build-details.json"
        {
            patch(&file)?;
        } else if name.starts_with("config-") && file.is_dir() {
            patch(&file.join("Makefile"))?;
            patch(&file.join("python-config.py"))?;
        }
    }
    for file in files(pkgconfig) {
        patch(&file)?;
    }
    // Bytecode of what was rewritten would hide it.
    for file in files(&lib.join("__pycache__")) {
        if name(&file).starts_with("_sysconfigdata") {
            fs::remove_file(&file).map_err(Error::io("remove", &file))?;
        }
    }
    Ok(())
}

/// The scripts in `bin`: whatever way they find their interpreter, it becomes the final one, and
/// `*-config` name the final prefix.
fn commands(bin: &Path, new: &str, python: &Path) -> Result<()> {
    for file in files(bin) {
        if fs::symlink_metadata(&file).map_or(true, |data| !data.is_file())
            || !head(&file)?.starts_with(b"#!")
        {
            continue;
        }
        let content = fs::read(&file).map_err(Error::io("read", &file))?;
        let is_config = name(&file).ends_with("-config");
        let written = match finder(&content) {
            // A script of sh that was taken for one of Python.
            Some(body) if is_config && !is_python(body) => Some([b"#!/bin/sh\n", body].concat()),
            Some(body) => with_interpreter(body, python),
            None => None,
        };
        if let Some(written) = written {
            replace(&file, &written)?;
        }
        if is_config {
            text(&file, &|content| without_builder(&paths(content, new)))?;
        }
    }
    Ok(())
}

/// Returns the text behind the lines with which a script finds Python. Such a line names an
/// interpreter, or is a command of sh that looks beside the script (which breaks where a folder's
/// name has a blank, or where there is no `realpath`). None for any other script.
fn finder(content: &[u8]) -> Option<&[u8]> {
    let (first, body) = line(content);
    let first_line = String::from_utf8_lossy(&first[2..]).into_owned();
    let mut words = first_line.split_whitespace();
    let command = words.next().unwrap_or("");
    // One that is on this machine too is another Python all the same: what lies in `bin` means the
    // one beside it.
    let interpreter = match name(Path::new(command)) == "env" {
        true => words.next().unwrap_or(""),
        false => command,
    };
    if command.starts_with('/') && is_interpreter(&name(Path::new(interpreter))) {
        return Some(body);
    }
    let (second, body) = line(body);
    if first != b"#!/bin/sh"
        || !["exec", "dirname", "/python3"]
            .iter()
            .all(|part| contains(second, part))
    {
        return None;
    }
    let (third, after) = line(body);
    // `'''exec' …` begins a text for Python, which the next line ends.
    Some(if second.starts_with(b"'''") && third == b"' '''" {
        after
    } else {
        body
    })
}

/// `python`, `python3`, `python3.11`, `python3.13t`.
fn is_interpreter(name: &str) -> bool {
    let version = name
        .strip_prefix("python")
        .map(|rest| rest.strip_suffix('t').unwrap_or(rest));
    version.is_some_and(|version| {
        version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.')
    })
}

fn with_interpreter(body: &[u8], python: &Path) -> Option<Vec<u8>> {
    // The line that wheels carry for the same purpose.
    let marked = [b"#!python\n", body].concat();
    script::rewritten(
        &marked,
        Interpreter {
            path: python,
            isolated: false,
        },
    )
}

/// True if the rest of a `*-config` is of the old kind, a program of Python.
fn is_python(body: &[u8]) -> bool {
    body.split(|byte| *byte == b'\n')
        .any(|line| line.starts_with(b"import "))
}

/// The first line of `content` without its end, and what follows.
fn line(content: &[u8]) -> (&[u8], &[u8]) {
    match content.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&content[..end], &content[end + 1..]),
        None => (content, &[]),
    }
}

fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len())
        .any(|window| window == part.as_bytes())
}

/// Every mention of the build's prefix as a path of its own, or at the head of one.
fn paths(content: &str, new: &str) -> String {
    let mut rest = content;
    let mut done = String::with_capacity(content.len() + 256);
    while let Some(at) = rest.find(BUILD_PREFIX) {
        let (before, from) = rest.split_at(at);
        let after = &from[BUILD_PREFIX.len()..];
        let starts = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c))
            || before.ends_with("-I")
            || before.ends_with("-L");
        let ends = !after.starts_with(|c: char| c.is_ascii_alphanumeric() || "_.-".contains(c));
        done.push_str(before);
        done.push_str(if starts && ends { new } else { BUILD_PREFIX });
        rest = after;
    }
    done.push_str(rest);
    done
}

/// Rewrites a text file if `change` changes it. What isn't there or isn't text stays as it is.
fn text(file: &Path, change: &dyn Fn(&str) -> String) -> Result<()> {
    let Ok(content) = fs::read_to_string(file) else {
        return Ok(());
    };
    let changed = change(&content);
    if changed != content {
        replace(file, changed.as_bytes())
    } else {
        Ok(())
    }
}

/// Writes the file anew with its mode; never through it, for it may share its content with a cached
/// build.
fn replace(file: &Path, content: &[u8]) -> Result<()> {
    let mode = fs::metadata(file)
        .map_err(Error::io("read", file))?
        .permissions()
        .mode();
    fs::remove_file(file).map_err(Error::io("write", file))?;
    fs::write(file, content).map_err(Error::io("write", file))?;
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).map_err(Error::io("write", file))
}

fn head(file: &Path) -> Result<Vec<u8>> {
    crate::store::file::read_start(file, 256).map_err(Error::io("read", file))
}

/// The entries of a folder; nothing if it isn't there.
fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
        .unwrap_or_default()
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_replaces_only_build_prefix() {
        let before = "prefix='/install' -I/install/include -L/install/lib /install_only \
                      /opt/install /x/install/y '/install'";
        let after =
            "prefix='/p' -I/p/include -L/p/lib /install_only /opt/install /x/install/y '/p'";
        assert_eq!(paths(before, "/p"), after);
    }

    #[test]
    fn all_rewrites_foreign_shebangs() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join("pip3"), "#!/install/bin/python3.11\nimport pip\n").unwrap();
        // Of a build whose interpreter is on this machine too, and by whatever is first on PATH.
        fs::write(
            bin.join("pip3.11"),
            format!(
                "#!{}\nimport pip\n",
                root.path().join("theirs/python3.11").display()
            ),
        )
        .unwrap();
        fs::create_dir(root.path().join("theirs")).unwrap();
        fs::write(root.path().join("theirs/python3.11"), "").unwrap();
        fs::write(bin.join("pydoc3"), "#!/usr/bin/env python3\nimport pydoc\n").unwrap();
        fs::write(bin.join("other"), "#!/usr/bin/env bash\n").unwrap();
        fs::write(
            bin.join("python3.11-config"),
            "#!/bin/sh\nprefix=\"/install\"\n",
        )
        .unwrap();
        fs::write(bin.join("python3.11"), b"\x7fELF/install").unwrap();
        // How the publisher's own patching leaves scripts, of 2022 and of today; the first took a
        // script of sh for one of Python.
        let old = "#!/bin/sh\n\"exec\" \"$(dirname $0)/python3.11\" \"$0\" \"$@\"\n";
        let new = "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")/python3.11\" \
                   \"$0\" \"$@\"\n' '''\n";
        fs::write(bin.join("idle3"), format!("{old}import idle\n")).unwrap();
        fs::write(bin.join("2to3"), format!("{new}import x\n")).unwrap();
        fs::write(
            bin.join("old-config"),
            format!("{old}flags=\"-I/tools/x -O\"\n"),
        )
        .unwrap();
        fs::set_permissions(bin.join("pip3"), fs::Permissions::from_mode(0o755)).unwrap();
        let key: Key = "cpython-3.11.9-linux-x86_64-gnu".parse().unwrap();
        all(&key, root.path(), Path::new("/final")).unwrap();
        assert_eq!(
            fs::read_to_string(bin.join("pip3")).unwrap(),
            "#!/final/bin/python3.11\nimport pip\n"
        );
        assert_eq!(
            fs::read_to_string(bin.join("pip3.11")).unwrap(),
            "#!/final/bin/python3.11\nimport pip\n"
        );
        assert_eq!(
            fs::read_to_string(bin.join("pydoc3")).unwrap(),
            "#!/final/bin/python3.11\nimport pydoc\n"
        );
        assert_eq!(
            fs::read_to_string(bin.join("other")).unwrap(),
            "#!/usr/bin/env bash\n"
        );
        assert_eq!(
            fs::metadata(bin.join("pip3")).unwrap().permissions().mode() & 0o777,
            0o755
        );
        assert_eq!(
            fs::read_to_string(bin.join("python3.11-config")).unwrap(),
            "#!/bin/sh\nprefix=\"/final\"\n"
        );
        assert_eq!(
            fs::read_to_string(bin.join("idle3")).unwrap(),
            "#!/final/bin/python3.11\nimport idle\n"
        );
        assert_eq!(
            fs::read_to_string(bin.join("2to3")).unwrap(),
            "#!/final/bin/python3.11\nimport x\n"
        );
        assert_eq!(
            fs::read_to_string(bin.join("old-config")).unwrap(),
            "#!/bin/sh\nflags=\"-O\"\n"
        );
        assert_eq!(
            fs::read(bin.join("python3.11")).unwrap(),
            b"\x7fELF/install"
        );
        assert_eq!(
            fs::read_link(bin.join("python")).unwrap(),
            Path::new("python3.11")
        );
    }
}
