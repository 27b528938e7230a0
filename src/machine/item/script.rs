//! Scripts of the repository: what they are, shown before anybody agrees, and running them.
//! `[[run]]` names a file of the repository with its arguments, or any command.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Kind, counted};
use crate::Context;
use crate::machine::applied::{Applied, Ran};
use crate::machine::apply::{Run, Takeover};
use crate::machine::plan::{Assessment, Item, ScriptText, View};
use crate::machine::{Error, Result};
use crate::manifest::{Manifest, On, Phase, Place, ScriptEntry};
use crate::store::digest::Sha256;
use crate::store::env;
use crate::store::file;
use crate::store::umask;

pub(crate) const KIND: Kind = Kind {
    name: "script",
    plural: "scripts",
    counted: |number| counted(number, "script"),
};

const LONGEST: u64 = 1 << 20;

/// A script as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Script {
    /// The repository that it is from.
    place: Place,
    id: String,
    cmd: String,
    on: On,
    /// Its file, relative to the repository; None for a plain command.
    file: Option<PathBuf>,
    /// The text that would run, for reading before one agrees to it.
    text: String,
    /// Of the command, the file and what is watched.
    sha256: Sha256,
}

/// The scripts of a phase.
pub(super) fn wanted(
    manifest: &Manifest,
    view: &View<'_>,
    phase: Phase,
) -> Result<Vec<Box<dyn Item>>> {
    manifest
        .scripts
        .iter()
        .filter(|entry| entry.phase == phase && entry.only.holds(&view.here))
        .map(|entry| -> Result<Box<dyn Item>> { Ok(Box::new(Script::read(entry)?)) })
        .collect()
}

impl Item for Script {
    fn kind(&self) -> Kind {
        KIND
    }

    fn id(&self) -> String {
        self.id.clone()
    }

    fn line(&self) -> String {
        let on = match self.on {
            On::Once => "once",
            On::Change => "when it changes",
            On::Always => "always",
        };
        format!("{}: {}, {on}", self.id, self.cmd)
    }

    fn assess(&self, view: &View<'_>) -> Result<Assessment> {
        Ok(Assessment::done_if(self.is_done(view.applied)))
    }

    fn apply(&self, run: &Run<'_>, _: Takeover) -> Result<Option<String>> {
        if self.is_done(&run.applied()) {
            return Ok(None);
        }
        run.ctx.report.step(&format!("runs {}", self.id));
        self.run(run.ctx)?;
        // Only now: a script that failed, or was cut off, runs again.
        let mut applied = run.applied();
        let sha256 = self.sha256;
        applied.runs.insert(self.id.clone(), Ran { sha256 });
        applied.write(&run.ctx.paths)?;
        Ok(Some(self.id.clone()))
    }

    fn script(&self) -> Option<ScriptText<'_>> {
        Some(ScriptText {
            text: Some(self.text.as_str()).filter(|text| *text != self.cmd),
            sha256: self.sha256,
        })
    }
}

impl Script {
    /// Tells whether it has run, and needn't again.
    fn is_done(&self, applied: &Applied) -> bool {
        let ran = applied.runs.get(&self.id);
        match self.on {
            On::Once => ran.is_some(),
            On::Change => ran.is_some_and(|ran| ran.sha256 == self.sha256),
            On::Always => false,
        }
    }

    /// Reads the files that an entry of the manifest is about.
    fn read(entry: &ScriptEntry) -> Result<Script> {
        let wrong = |what: &Path, reason: String| Error::Content {
            what: format!("{}: {}", entry.at, what.display()),
            reason,
            hint: "a script's path starts at the repository's root; a command is written without a \
                   slash",
        };
        let base = entry.place.readable();
        let first = entry.cmd.split_whitespace().next().unwrap_or("");
        let candidate = PathBuf::from(first);
        let is_file = first.contains('/') || base.join(&candidate).is_file();
        let mut hashed = entry.cmd.clone().into_bytes();
        let mut text = entry.cmd.clone();
        if is_file {
            let bytes = read_inside(base, &candidate)
                .map_err(|error| wrong(&candidate, error.to_string()))?;
            text = String::from_utf8_lossy(&bytes).into_owned();
            hashed.push(0);
            hashed.extend(bytes);
        }
        for file in &entry.watch {
            let bytes = read_inside(base, file).map_err(|error| wrong(file, error.to_string()))?;
            hashed.push(0);
            hashed.extend(bytes);
        }
        Ok(Script {
            place: entry.place.clone(),
            id: entry.id.clone(),
            cmd: entry.cmd.clone(),
            on: entry.on,
            file: is_file.then_some(candidate),
            text,
            sha256: Sha256::of(&hashed),
        })
    }

    /// Runs it in the repository's folder, with the commands that boot provides first on PATH. What
    /// it prints goes to stderr: stdout is for boot's results.
    fn run(&self, ctx: &Context) -> Result<()> {
        let mut command = match &self.file {
            None => shell(&self.cmd),
            Some(file) => {
                let words = interpreter(&self.place.root.join(file), &self.text);
                // What follows the file is the shell's to read, as in a plain command: it has
                // quotes and variables.
                let rest = self
                    .cmd
                    .trim_start()
                    .split_once(char::is_whitespace)
                    .map_or("", |(_, rest)| rest);
                let mut command = shell(&format!("\"$@\" {rest}"));
                command.arg("sh").args(words);
                command
            }
        };
        run_command(ctx, command.current_dir(&self.place.root))
    }
}

/// The hashes of the manifest's scripts as they are now, by id.
pub(crate) fn hashes(manifest: &Manifest) -> Result<BTreeMap<String, Sha256>> {
    manifest
        .scripts
        .iter()
        .map(|entry| Ok((entry.id.clone(), Script::read(entry)?.sha256)))
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

/// Runs `command` with the commands that boot provides first on PATH, and what it prints on stderr.
pub(crate) fn run_command(ctx: &Context, command: &mut Command) -> Result<()> {
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

    fn setup(cmd: &str) -> (tempfile::TempDir, ScriptEntry) {
        let root = tempfile::tempdir().unwrap();
        let entry = ScriptEntry {
            place: Place::at(root.path()),
            id: "a".into(),
            cmd: cmd.into(),
            on: On::Once,
            phase: Phase::After,
            watch: vec![],
            only: Default::default(),
            at: "boot.toml:1:1".into(),
        };
        (root, entry)
    }

    #[test]
    fn script_is_identified_by_its_text() {
        let (root, entry) = setup("scripts/a.sh x");
        assert!(
            Script::read(&entry)
                .unwrap_err()
                .to_string()
                .starts_with("boot.toml:1:1")
        );
        fs::create_dir(root.path().join("scripts")).unwrap();
        fs::write(root.path().join("scripts/a.sh"), "echo 1").unwrap();
        let one = Script::read(&entry).unwrap();
        assert_eq!(one.text, "echo 1");
        fs::write(root.path().join("scripts/a.sh"), "echo 2").unwrap();
        assert_ne!(Script::read(&entry).unwrap().sha256, one.sha256);
        let (_root, entry) = setup("echo hello");
        assert_eq!(Script::read(&entry).unwrap().text, "echo hello");
    }

    #[test]
    fn script_refuses_link_out_of_repository() {
        let (root, entry) = setup("./a.sh");
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("a.sh")).unwrap();
        assert!(
            Script::read(&entry)
                .unwrap_err()
                .to_string()
                .contains("leads out")
        );
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
