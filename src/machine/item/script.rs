//! Scripts of the repository: what they are, shown before anybody agrees, and running them.
//! `[[run]]` names a file of the repository with its arguments, or any command.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Context;
use crate::machine::applied::Applied;
use crate::machine::{Error, Result};
use crate::manifest::{Manifest, On, Place, Run};
use crate::store::digest::Sha256;
use crate::store::env;
use crate::store::file;
use crate::store::umask;

const LONGEST: u64 = 1 << 20;

/// A script as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Script {
    /// The repository that it is from.
    pub place: Place,
    pub id: String,
    pub cmd: String,
    pub on: On,
    pub phase: crate::manifest::Phase,
    /// Its file, relative to the repository; None for a plain command.
    pub file: Option<PathBuf>,
    /// What would run, for reading before one agrees to it.
    pub text: String,
    /// Of the command, the file and what is watched.
    pub sha256: Sha256,
}

impl Script {
    /// Whether it has run, and needn't again.
    pub(crate) fn is_done(&self, applied: &Applied) -> bool {
        let ran = applied.runs.get(&self.id);
        match self.on {
            On::Once => ran.is_some(),
            On::Change => ran.is_some_and(|ran| ran.sha256 == self.sha256),
            On::Always => false,
        }
    }
}

/// Reads what `run` is about.
pub(crate) fn script(run: &Run) -> Result<Script> {
    let wrong = |what: &Path, reason: String| Error::Content {
        what: format!("{}: {}", run.at, what.display()),
        reason,
        hint: "a script's path starts at the repository's root; a command is written without a \
               slash",
    };
    let base = run.place.readable();
    let first = run.cmd.split_whitespace().next().unwrap_or("");
    let candidate = PathBuf::from(first);
    let is_file = first.contains('/') || base.join(&candidate).is_file();
    let mut hashed = run.cmd.clone().into_bytes();
    let mut text = run.cmd.clone();
    if is_file {
        let bytes =
            read_inside(base, &candidate).map_err(|error| wrong(&candidate, error.to_string()))?;
        text = String::from_utf8_lossy(&bytes).into_owned();
        hashed.push(0);
        hashed.extend(bytes);
    }
    for file in &run.watch {
        let bytes = read_inside(base, file).map_err(|error| wrong(file, error.to_string()))?;
        hashed.push(0);
        hashed.extend(bytes);
    }
    Ok(Script {
        place: run.place.clone(),
        id: run.id.clone(),
        cmd: run.cmd.clone(),
        on: run.on,
        phase: run.phase,
        file: is_file.then_some(candidate),
        text,
        sha256: Sha256::of(&hashed),
    })
}

/// The hashes of the manifest's scripts as they are now, by id.
pub(crate) fn hashes(manifest: &Manifest) -> Result<BTreeMap<String, Sha256>> {
    manifest
        .runs
        .iter()
        .map(|run| Ok((run.id.clone(), script(run)?.sha256)))
        .collect()
}

/// A regular file of the repository, links followed as long as they stay in it.
fn read_inside(base: &Path, file: &Path) -> io::Result<Vec<u8>> {
    let path = fs::canonicalize(base.join(file))?;
    if !path.starts_with(fs::canonicalize(base)?) {
        return Err(io::Error::other("it leads out of the repository"));
    }
    file::read_bounded(&path, LONGEST)
}

/// Runs it in the repository's folder, with the commands that boot provides first on PATH. What it
/// prints goes to stderr: stdout is for boot's results.
pub(crate) fn run(ctx: &Context, script: &Script) -> Result<()> {
    let mut command = match &script.file {
        None => shell(&script.cmd),
        Some(file) => {
            let words = interpreter(&script.place.root.join(file), &script.text);
            // What follows the file is the shell's to read, as in a plain command: it has quotes
            // and variables.
            let rest = script
                .cmd
                .trim_start()
                .split_once(char::is_whitespace)
                .map_or("", |(_, rest)| rest);
            let mut command = shell(&format!("\"$@\" {rest}"));
            command.arg("sh").args(words);
            command
        }
    };
    finish(ctx, command.current_dir(&script.place.root))
}

/// Runs `command` with the commands that boot provides first on PATH, and what it prints on stderr.
pub(crate) fn finish(ctx: &Context, command: &mut Command) -> Result<()> {
    let own = [ctx.paths.shims(), ctx.paths.bin.clone()];
    let path = env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(own.into_iter().chain(std::env::split_paths(&path)));
    if let Ok(path) = path {
        command.env("PATH", path);
    }
    let stderr = io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .map_err(|error| Error::Item(error.to_string()))?;
    let status = command
        .stdout(Stdio::from(stderr))
        .status()
        .map_err(|error| Error::Item(error.to_string()))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Item(format!("it ended with {status}")))
    }
}

fn shell(text: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    // What a script makes is the user's, and so is the umask.
    let umask = umask::users()
        .map(|users| format!("umask {users}\n"))
        .unwrap_or_default();
    command.args(["-c", &format!("{umask}{text}")]);
    command
}

/// The words that start `file`. Repositories that lost their modes (an archive, a strange
/// filesystem) work too.
fn interpreter(file: &Path, text: &str) -> Vec<String> {
    let path = file.to_string_lossy().into_owned();
    if fs::metadata(file).is_ok_and(|data| data.permissions().mode() & 0o111 != 0) {
        return vec![path];
    }
    let first = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("#!"))
        .unwrap_or("/bin/sh");
    let mut words: Vec<String> = first.split_whitespace().map(str::to_string).collect();
    if words.is_empty() {
        words.push("/bin/sh".into());
    }
    words.push(path);
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Phase;

    fn setup(cmd: &str) -> (tempfile::TempDir, Run) {
        let root = tempfile::tempdir().unwrap();
        let run = Run {
            place: Place::at(root.path()),
            id: "a".into(),
            cmd: cmd.into(),
            on: On::Once,
            phase: Phase::After,
            watch: vec![],
            only: Default::default(),
            at: "boot.toml:1:1".into(),
        };
        (root, run)
    }

    #[test]
    fn script_is_identified_by_its_text() {
        let (root, run) = setup("scripts/a.sh x");
        assert!(
            script(&run)
                .unwrap_err()
                .to_string()
                .starts_with("boot.toml:1:1")
        );
        fs::create_dir(root.path().join("scripts")).unwrap();
        fs::write(root.path().join("scripts/a.sh"), "echo 1").unwrap();
        let one = script(&run).unwrap();
        assert_eq!(one.text, "echo 1");
        fs::write(root.path().join("scripts/a.sh"), "echo 2").unwrap();
        assert_ne!(script(&run).unwrap().sha256, one.sha256);
        let (_root, run) = setup("echo hello");
        assert_eq!(script(&run).unwrap().text, "echo hello");
    }

    #[test]
    fn script_refuses_link_out_of_repository() {
        let (root, run) = setup("./a.sh");
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("a.sh")).unwrap();
        assert!(script(&run).unwrap_err().to_string().contains("leads out"));
    }

    #[test]
    fn interpreter_is_used_for_files_not_executable() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("a");
        fs::write(&file, "").unwrap();
        assert_eq!(
            interpreter(&file, "#!/usr/bin/env bash\n")[..2],
            ["/usr/bin/env", "bash"]
        );
        assert_eq!(interpreter(&file, "echo")[0], "/bin/sh");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(interpreter(&file, "#!/usr/bin/env bash\n").len(), 1);
    }
}
