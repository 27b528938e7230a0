//! `boot init`, `plan` and `apply` without Pythons and tools, so without a network: consent,
//! conflicts, failures, second runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::needs;

/// An empty home, and a repository beside it.
struct Machine {
    folder: tempfile::TempDir,
}

const MANIFEST: &str = r#"version = 1
[dotfiles]
root = "home"
[[run]]
id = "hello"
cmd = "scripts/hello.sh"
[shell]
hook = true
"#;

impl Machine {
    fn new(manifest: &str) -> Machine {
        let machine = Machine {
            folder: tempfile::tempdir().unwrap(),
        };
        fs::create_dir(machine.home()).unwrap();
        machine.write("repo/boot.toml", manifest);
        machine.write("repo/home/.examplerc", "an example\n");
        machine.write("repo/scripts/hello.sh", "echo ran >>\"$HOME/ran\"\n");
        machine
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn home(&self) -> PathBuf {
        self.path("home")
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn boot(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
        command
            .args(args)
            .env_clear()
            .current_dir(self.folder.path())
            .stdin(Stdio::null());
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home())
            .env("SHELL", "/bin/bash")
            .env("BOOT_OFFLINE", "1");
        Ran(command.output().unwrap())
    }

    /// Runs boot with a git host on this disk.
    fn fetch(&self, args: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_boot"));
        command
            .args(args)
            .env_clear()
            .current_dir(self.home())
            .stdin(Stdio::null());
        command
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.home())
            .env("SHELL", "/bin/bash");
        command.env(
            "BOOT_GIT_HOST",
            format!("file://{}", self.folder.path().display()),
        );
        Ran(command.output().unwrap())
    }

    /// Turns the repository into `me/dotfiles` on the git host; false without git.
    fn commit(&self) -> bool {
        if !needs::program("git") {
            return false;
        }
        let target = self.path("me/dotfiles");
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::rename(self.path("repo"), &target).unwrap();
        let git = |args: &[&str]| {
            let identity = ["-c", "user.name=Me", "-c", "user.email=me@example.com"];
            let output = Command::new("git")
                .args(identity)
                .args(args)
                .current_dir(&target)
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "--all"]);
        git(&["commit", "--quiet", "--message=first"]);
        true
    }

    /// Lists all paths in the home directory.
    fn found(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.home()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().flatten() {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                }
                found.push(entry.path());
            }
        }
        found
    }

    fn times_run(&self) -> usize {
        fs::read_to_string(self.home().join("ran"))
            .unwrap_or_default()
            .lines()
            .count()
    }
}

struct Ran(Output);

impl Ran {
    fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.0.stdout).into_owned()
    }
    fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.0.stderr).into_owned()
    }
    /// Checks the exit code and a part of the output.
    fn ended(self, code: i32, says: &str) -> Ran {
        let all = format!("{}{}", self.stdout(), self.stderr());
        assert_eq!(self.0.status.code(), Some(code), "{all}");
        assert!(all.contains(says), "{says:?} isn't said: {all}");
        let error: Vec<&str> = all
            .lines()
            .skip_while(|line| !line.starts_with("error: "))
            .collect();
        assert!(code == 4 || error.len() <= 3, "{all}");
        self
    }
}

#[test]
fn init_applies_manifest_and_second_run_does_nothing() {
    let machine = Machine::new(MANIFEST);
    machine
        .boot(&["init", "repo", "--yes"])
        .ended(0, "open a new shell, or: exec bash");
    assert_eq!(
        fs::read_to_string(machine.home().join(".examplerc")).unwrap(),
        "an example\n"
    );
    assert!(machine.home().join(".examplerc").is_symlink());
    assert!(
        fs::read_to_string(machine.home().join(".bashrc"))
            .unwrap()
            .contains("boot")
    );
    for again in [
        &["init", "repo", "--yes"][..],
        &["apply"],
        &["plan", "--exit-code"],
        &["init"],
    ] {
        machine.boot(again).ended(0, "nothing to do");
    }
    assert_eq!(machine.times_run(), 1);
}

#[test]
fn init_without_consent_changes_nothing() {
    let machine = Machine::new(MANIFEST);
    let ran = machine.boot(&["init", "repo"]).ended(3, "--yes");
    assert!(
        ran.stderr().contains("| echo ran"),
        "a script's text is shown first: {}",
        ran.stderr()
    );
    machine
        .boot(&["init", "repo", "--dry-run"])
        .ended(0, "~/.examplerc -> home/.examplerc");
    machine.boot(&["plan"]).ended(1, "no manifest yet");
    assert_eq!(machine.found(), [] as [PathBuf; 0]);
}

#[test]
fn init_of_user_clones_once_and_only_with_consent() {
    let machine = Machine::new(MANIFEST);
    if !machine.commit() {
        return;
    }
    machine.fetch(&["init", "me"]).ended(3, "--yes");
    machine
        .fetch(&["init", "nobody"])
        .ended(1, "can't be fetched");
    assert_eq!(machine.found(), [] as [PathBuf; 0]);
    machine.boot(&["init", "me", "--yes"]).ended(1, "--offline");
    machine
        .fetch(&["init", "me", "--yes"])
        .ended(0, "new: 1 dotfile, 1 script, the shell hook");
    assert!(
        machine
            .home()
            .join(".local/share/boot/dotfiles/boot.toml")
            .exists()
    );
    // Nothing is fetched a second time.
    fs::remove_dir_all(machine.path("me")).unwrap();
    machine
        .fetch(&["init", "me", "--yes"])
        .ended(0, "nothing to do");
    machine
        .fetch(&["init", "somebody/else"])
        .ended(1, "already has a repository");
}

#[test]
fn init_conflict_is_found_before_any_change() {
    let machine = Machine::new(MANIFEST);
    machine.write("home/.examplerc", "mine");
    machine
        .boot(&["init", "repo", "--yes"])
        .ended(1, "~/.examplerc");
    assert_eq!(machine.found(), [machine.home().join(".examplerc")]);
    machine
        .boot(&["init", "repo", "--yes", "--on-conflict", "keep"])
        .ended(0, "stays as it was");
    assert_eq!(
        fs::read_to_string(machine.home().join(".examplerc")).unwrap(),
        "mine"
    );
    assert_eq!(machine.times_run(), 1);
    machine.boot(&["apply"]).ended(1, "--on-conflict backup");
    machine
        .boot(&["apply", "--on-conflict", "backup"])
        .ended(0, "what was there is in");
    assert_eq!(
        fs::read_to_string(machine.home().join(".examplerc")).unwrap(),
        "an example\n"
    );
    let backups = machine.home().join(".local/state/boot/backups");
    let backup = fs::read_dir(backups)
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path()
        .join(".examplerc");
    assert_eq!(fs::read_to_string(backup).unwrap(), "mine");
    machine.boot(&["apply"]).ended(0, "nothing to do");
}

#[test]
fn apply_failed_script_stops_no_other_and_is_retried() {
    let machine = Machine::new(&format!(
        "{MANIFEST}[[run]]\nid = 'first'\ncmd = 'test -e \"$HOME/ready\"'\nphase = 'before'\n"
    ));
    machine
        .boot(&["init", "repo", "--yes"])
        .ended(4, "failed: script first");
    assert!(machine.home().join(".examplerc").exists() && machine.times_run() == 1);
    machine.boot(&["status", "--exit-code"]).ended(1, "first");
    machine.write("home/ready", "");
    machine.boot(&["apply"]).ended(0, "new: 1 script");
    machine.boot(&["apply"]).ended(0, "nothing to do");
    assert_eq!(machine.times_run(), 1);
}

#[test]
fn apply_changed_script_asks_for_consent_again() {
    let machine = Machine::new(&MANIFEST.replace("[shell]", "on = 'change'\n[shell]"));
    machine.boot(&["init", "repo", "--yes"]).ended(0, "new:");
    machine.write("repo/scripts/hello.sh", "echo changed >>\"$HOME/ran\"\n");
    machine.boot(&["apply"]).ended(3, "new or changed");
    assert_eq!(machine.times_run(), 1);
    machine.boot(&["apply", "--yes"]).ended(0, "new: 1 script");
    assert_eq!(machine.times_run(), 2);
}

#[test]
fn apply_only_does_no_other_kind() {
    let machine = Machine::new(MANIFEST);
    machine.write(
        "home/.config/boot/boot.toml",
        "version = 1\n[shell]\nhook = true\n[[run]]\nid = 'a'\ncmd = 'echo >>\"$HOME/ran\"'\n",
    );
    let ran = machine.boot(&["plan", "--json"]).ended(0, "\"schema\": 1");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&ran.stdout()).unwrap()["todo"],
        2
    );
    machine
        .boot(&["apply", "--only", "shell"])
        .ended(0, "the shell hook");
    assert_eq!(machine.times_run(), 0);
    machine
        .boot(&["apply", "--only", "pythons,tools"])
        .ended(0, "nothing to do");
}

#[test]
fn init_manifest_typo_reports_place_and_suggestion() {
    let machine = Machine::new(&MANIFEST.replace("[dotfiles]", "[dotfile]"));
    let ran = machine
        .boot(&["init", "repo", "--yes"])
        .ended(2, "boot.toml:2:2");
    assert!(
        ran.stderr().contains("did you mean dotfiles?"),
        "{}",
        ran.stderr()
    );
    assert_eq!(machine.found(), [] as [PathBuf; 0]);
    machine.write("repo/boot.toml", MANIFEST);
    machine.boot(&["init", "repo", "--yes"]).ended(0, "new:");
}

#[test]
fn init_hostile_link_or_address_changes_nothing() {
    // What the one error says, the manifest, and what else lies there.
    type Attack<'a> = (&'a str, &'a str, &'a dyn Fn(&Path));
    let leads_out = "it is a link that leads nowhere, or out of the repository";
    let attacks: [Attack; 6] = [
        (leads_out, "version = 1\n[dotfiles]\n", &|repo| {
            symlink("/etc/passwd", repo.join("home/.x")).unwrap()
        }),
        (leads_out, "version = 1\n[dotfiles]\n", &|repo| {
            symlink("../..", repo.join("home/up")).unwrap()
        }),
        (
            leads_out,
            "version = 1\n[dotfiles]\nroot = 'out'\n",
            &|repo| symlink("/etc", repo.join("out")).unwrap(),
        ),
        (
            "its name has characters",
            "version = 1\n[dotfiles]\n",
            &|repo| fs::write(repo.join("home/\u{1b}]0;x"), "").unwrap(),
        ),
        (
            "it lies in a folder that boot keeps for itself",
            "version = 1\n[dotfiles]\n",
            &|repo| {
                fs::create_dir_all(repo.join("home/.local/state/boot")).unwrap();
                fs::write(repo.join("home/.local/state/boot/trust.toml"), "").unwrap();
            },
        ),
        (
            "it leads out of the repository",
            "version = 1\n[[run]]\nid = 'a'\ncmd = './out.sh'\n",
            &|repo| symlink("/bin/ls", repo.join("out.sh")).unwrap(),
        ),
    ];
    for (number, (says, manifest, attack)) in attacks.iter().enumerate() {
        let machine = Machine::new(manifest);
        attack(&machine.path("repo"));
        let ran = machine.boot(&["init", "repo", "--yes"]).ended(1, says);
        assert!(
            ran.stderr().lines().count() <= 3 && !ran.stderr().contains('\u{1b}'),
            "{number}: {}",
            ran.stderr()
        );
        assert_eq!(machine.found(), [] as [PathBuf; 0], "{number}");
    }
    for (wrong, says) in [
        ("--upload-pack=touch x", "it looks like an option"),
        ("ext::sh -c touch% x", "names have letters"),
        (
            "ssh://-oProxyCommand=touch/x",
            "its host looks like an option",
        ),
    ] {
        let machine = Machine::new(MANIFEST);
        machine.boot(&["init", "--yes", "--", wrong]).ended(2, says);
        assert!(!machine.path("x").exists());
    }
}

/// Covers a folder and a fetched repository; not even an empty folder is left.
#[test]
fn init_repository_without_manifest_is_one_error() {
    let machine = Machine::new(MANIFEST);
    fs::remove_file(machine.path("repo/boot.toml")).unwrap();
    for args in [
        &["init", "./repo", "--yes"][..],
        &["init", "./repo", "--dry-run"],
        &["init", "./repo"],
    ] {
        machine.boot(args).ended(1, "there is no boot.toml in");
        assert_eq!(machine.found(), [] as [PathBuf; 0]);
    }
    if !machine.commit() {
        return;
    }
    for args in [
        &["init", "me", "--yes"][..],
        &["init", "me", "--dry-run"],
        &["init", "me"],
    ] {
        machine
            .fetch(args)
            .ended(1, "there is no boot.toml in file://");
        assert_eq!(machine.found(), [] as [PathBuf; 0]);
    }
}

#[test]
fn init_without_repository_creates_manifest() {
    let machine = Machine::new(MANIFEST);
    machine.boot(&["init"]).ended(3, "hook = true");
    assert_eq!(machine.found(), [] as [PathBuf; 0]);
    machine
        .boot(&["init", "--yes"])
        .ended(0, "~/.config/boot/boot.toml");
    machine.boot(&["apply"]).ended(0, "the shell hook");
    machine.boot(&["init"]).ended(0, "nothing to do");
}
