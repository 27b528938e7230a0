//! Makes an unpacked Python one of this place: the paths of the machine that built it, in sysconfig's data, pkg-config files,
//! `*-config` scripts and first lines, become those of its final folder. Done in staging, before anybody can see it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::key::Key;
use crate::package::script::{self, Interpreter};
use crate::store::{Error, Result};

/// The prefix that python-build-standalone builds with.
const BUILD_PREFIX: &str = "/install";
/// Where its compilers stood, as in `/tools/llvm/bin/clang`.
const BUILD_TOOLS: &str = "/tools/";

const EXTERNALLY_MANAGED: &str = "\
[externally-managed]
Error=This Python is managed by boot, and shared by all that uses it.
 For a project: boot venv, then pip inside of it.
 For a command: boot tool install NAME
";

/// Patches the Python of `key` in `staging` for its life in `home`.
pub fn all(key: &Key, staging: &Path, home: &Path) -> Result<()> {
    let minor = format!("{}.{}{}", key.version.major, key.version.minor, key.variant.suffix());
    let lib = staging.join("lib").join(format!("python{minor}"));
    let new = home.to_string_lossy();

    for file in files(&lib) {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("_sysconfigdata") || name.starts_with("_sysconfig_vars") || name == "build-details.json" {
            text(&file, &|content| build_flags(&paths(content, &new)))?;
        }
    }
    for folder in files(&lib).into_iter().filter(|path| path.is_dir() && name(path).starts_with("config-")) {
        text(&folder.join("Makefile"), &|content| build_flags(&paths(content, &new)))?;
        text(&folder.join("python-config.py"), &|content| paths(content, &new))?;
    }
    for file in files(&staging.join("lib/pkgconfig")) {
        text(&file, &|content| paths(content, &new))?;
    }
    // Bytecode of what was rewritten would hide it.
    for file in files(&lib.join("__pycache__")) {
        if name(&file).starts_with("_sysconfigdata") {
            fs::remove_file(&file).map_err(Error::io("remove", &file))?;
        }
    }

    let bin = staging.join("bin");
    commands(&bin, &new, &home.join("bin").join(format!("python{minor}")))?;
    for (link, target) in [("python3".to_string(), format!("python{minor}")), ("python".to_string(), format!("python{minor}"))] {
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

/// The scripts in `bin`: `#!/build/path/python3.11` becomes the final interpreter, and `*-config` name the final prefix.
fn commands(bin: &Path, new: &str, python: &Path) -> Result<()> {
    for file in files(bin) {
        if fs::symlink_metadata(&file).map_or(true, |data| !data.is_file()) {
            continue;
        }
        let head = head(&file)?;
        if !head.starts_with(b"#!") {
            continue;
        }
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let first = String::from_utf8_lossy(first).into_owned();
        let command = first[2..].split_whitespace().next().unwrap_or("");
        if command.starts_with('/') && name(Path::new(command)).starts_with("python") && !Path::new(command).exists() {
            let content = fs::read(&file).map_err(Error::io("read", &file))?;
            // The line that wheels carry for the same purpose.
            let mut marked = b"#!python\n".to_vec();
            marked.extend_from_slice(&content[(first.len() + 1).min(content.len())..]);
            if let Some(written) = script::rewritten(&marked, Interpreter { path: python, isolated: false }) {
                replace(&file, &written)?;
            }
        }
        text(&file, &|content| paths(content, new))?;
    }
    Ok(())
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

/// Compilers and flags that only the build machine had: its `/tools/…/bin/clang` becomes the command that this machine
/// has, and the SDK of its Xcode goes.
fn build_flags(content: &str) -> String {
    let mut text = String::with_capacity(content.len());
    let mut rest = content;
    while let Some(at) = rest.find(BUILD_TOOLS) {
        let (before, from) = rest.split_at(at);
        text.push_str(before);
        let end = from.find(|c: char| c.is_whitespace() || "'\",:".contains(c)).unwrap_or(from.len());
        let (path, after) = from.split_at(end);
        match path.rsplit_once("/bin/") {
            Some((_, command)) => text.push_str(portable(command)),
            // A folder of the build machine, as in `--sysroot=/tools/x`, means nothing here; it is left to be ignored.
            None => text.push_str(path),
        }
        rest = after;
    }
    text.push_str(rest);
    let mut words = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("-isysroot ") {
        let (before, from) = rest.split_at(at);
        words.push_str(before);
        let argument = &from["-isysroot ".len()..];
        let end = argument.find(|c: char| c.is_whitespace() || "'\"".contains(c)).unwrap_or(argument.len());
        rest = argument[end..].strip_prefix(' ').unwrap_or(&argument[end..]);
    }
    words.push_str(rest);
    // Where the compilers are named without a folder.
    for (from, to) in [("'CC': 'clang", "'CC': 'cc"), ("'CXX': 'clang++", "'CXX': 'c++"), ("'AR': 'llvm-ar'", "'AR': 'ar'")] {
        words = words.replace(from, to);
    }
    words
}

fn portable(command: &str) -> &str {
    match command {
        "clang" | "gcc" => "cc",
        "clang++" | "g++" => "c++",
        "llvm-ar" => "ar",
        other => other,
    }
}

/// Rewrites a text file if `change` changes it. What isn't there or isn't text stays as it is.
fn text(file: &Path, change: &dyn Fn(&str) -> String) -> Result<()> {
    let Ok(content) = fs::read_to_string(file) else { return Ok(()) };
    let changed = change(&content);
    if changed != content { replace(file, changed.as_bytes()) } else { Ok(()) }
}

/// Writes the file anew with its mode; never through it, for it may share its content with a cached build.
fn replace(file: &Path, content: &[u8]) -> Result<()> {
    let mode = fs::metadata(file).map_err(Error::io("read", file))?.permissions().mode();
    fs::remove_file(file).map_err(Error::io("write", file))?;
    fs::write(file, content).map_err(Error::io("write", file))?;
    fs::set_permissions(file, fs::Permissions::from_mode(mode)).map_err(Error::io("write", file))
}

fn head(file: &Path) -> Result<Vec<u8>> {
    use std::io::Read;
    let mut head = Vec::with_capacity(256);
    fs::File::open(file).and_then(|file| file.take(256).read_to_end(&mut head)).map_err(Error::io("read", file))?;
    Ok(head)
}

/// What is directly in a folder; nothing if it isn't there.
fn files(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_build_prefix_itself_is_replaced() {
        let before = "prefix='/install' -I/install/include -L/install/lib /install_only /opt/install /x/install/y '/install'";
        let after = "prefix='/p' -I/p/include -L/p/lib /install_only /opt/install /x/install/y '/p'";
        assert_eq!(paths(before, "/p"), after);
    }

    #[test]
    fn the_build_machines_compilers_become_this_machines() {
        let before = "{'CC': '/tools/llvm/bin/clang -pthread', 'LDSHARED': '/tools/clang-linux64/bin/clang -shared -isysroot /A/SDK -lm', 'CXX': 'clang++'}";
        let after = "{'CC': 'cc -pthread', 'LDSHARED': 'cc -shared -lm', 'CXX': 'c++'}";
        assert_eq!(build_flags(before), after);
    }

    #[test]
    fn a_foreign_shebang_becomes_the_final_interpreter() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join("pip3"), "#!/install/bin/python3.11\nimport pip\n").unwrap();
        fs::write(bin.join("python3.11-config"), "#!/bin/sh\nprefix=\"/install\"\n").unwrap();
        fs::write(bin.join("python3.11"), b"\x7fELF/install").unwrap();
        fs::set_permissions(bin.join("pip3"), fs::Permissions::from_mode(0o755)).unwrap();
        let key: Key = "cpython-3.11.9-linux-x86_64-gnu".parse().unwrap();
        all(&key, root.path(), Path::new("/final")).unwrap();
        assert_eq!(fs::read_to_string(bin.join("pip3")).unwrap(), "#!/final/bin/python3.11\nimport pip\n");
        assert_eq!(fs::metadata(bin.join("pip3")).unwrap().permissions().mode() & 0o777, 0o755);
        assert_eq!(fs::read_to_string(bin.join("python3.11-config")).unwrap(), "#!/bin/sh\nprefix=\"/final\"\n");
        assert_eq!(fs::read(bin.join("python3.11")).unwrap(), b"\x7fELF/install");
        assert_eq!(fs::read_link(bin.join("python")).unwrap(), Path::new("python3.11"));
    }
}
