//! Hostile checkouts and folder names, and file systems that refuse writes: nothing of them runs,
//! nothing is created outside, no control character reaches the terminal, and the shell goes on.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use crate::support::pty::Pty;
use crate::support::{BOOT, Home, Run, needs, nobody, stand_in};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];
const ACTIVE: &str = "printenv VIRTUAL_ENV";

fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    home
}

/// Runs what the hook runs when `shell` enters `folder`.
fn enter(home: &Home, shell: &str, folder: &Path) -> Run {
    let mut command = home.command(BOOT);
    command.args(["shell", "enter", shell]).arg(folder).arg("");
    home.run(&mut command)
}

/// Returns whether a text has no control characters but newlines.
fn is_plain(text: &str) -> bool {
    !text
        .chars()
        .any(|character| character.is_control() && character != '\n')
}

fn executable(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Writes a complete environment, as a commit could have it, whose programs leave a mark.
fn poisoned(venv: &Path) {
    for program in [
        "python", "python3", "git", "ls", "pip", "sed", "boot", "true", "env",
    ] {
        executable(
            &venv.join("bin").join(program),
            "#!/bin/sh\ntouch ~/pwned\n",
        );
    }
    for script in ["activate", "activate.fish", "activate.csh"] {
        fs::write(venv.join("bin").join(script), "touch ~/pwned\n").unwrap();
    }
    fs::write(
        venv.join("pyvenv.cfg"),
        "home = /usr/bin\nversion = 3.11.9\nexecutable = /usr/bin/python3.11\nboot = 99\n",
    )
    .unwrap();
}

#[test]
fn hook_activates_no_foreign_or_linked_venv() {
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let project = stand_in::project(&home, "p");
        poisoned(&project.join(".venv"));
        // A link to one that is trusted, a link out of the project, a file, and one whose `bin` is
        // a link.
        let made = stand_in::project(&home, "made");
        enter(&home, shell, &made)
            .success()
            .stdout_has("__boot_use");
        let linked = stand_in::project(&home, "linked");
        symlink(made.join(".venv"), linked.join(".venv")).unwrap();
        let out = stand_in::project(&home, "out");
        poisoned(&home.root.join("elsewhere"));
        symlink(home.root.join("elsewhere"), out.join(".venv")).unwrap();
        fs::write(stand_in::project(&home, "file").join(".venv"), "").unwrap();
        let half = stand_in::project(&home, "half");
        enter(&home, shell, &half).success();
        fs::remove_dir_all(half.join(".venv/bin")).unwrap();
        symlink(home.root.join("elsewhere/bin"), half.join(".venv/bin")).unwrap();

        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        for folder in ["p", "linked", "out", "file", "half"] {
            pty.type_line(&format!("cd ~/{folder}"));
            assert_eq!(pty.ask(ACTIVE), "", "{shell} {folder}: {}", pty.screen());
            pty.ask("ls >/dev/null; git --version >/dev/null 2>&1; true; echo");
        }
        assert!(
            !home.root.join("pwned").exists(),
            "{shell}: something of a checkout ran: {}",
            pty.screen()
        );
    }
}

#[test]
fn hook_activates_no_venv_that_others_own_or_can_write() {
    let home = home();
    let open = stand_in::project(&home, "open");
    enter(&home, "bash", &open)
        .success()
        .stdout_has("__boot_use");
    // What others put into an open project is on nobody's PATH: the environment lies elsewhere.
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    enter(&home, "bash", &open)
        .success()
        .stdout_has("/venvs/projects/");
    fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
    for (folder, mode) in [
        (&open.join(".venv"), 0o757),
        (&open.join(".venv/bin"), 0o777),
    ] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        enter(&home, "bash", &open)
            .success()
            .stdout_has("__boot_leave")
            .stderr_has("others can write");
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
    }
    enter(&home, "bash", &open)
        .success()
        .stdout_has("__boot_use");
    // Another owner: only root can make one.
    let theirs = stand_in::project(&home, "theirs");
    enter(&home, "bash", &theirs)
        .success()
        .stdout_has("__boot_use");
    if std::os::unix::fs::chown(theirs.join(".venv"), Some(12345), None).is_err() {
        needs::skipped("a folder of another owner; only root can make one");
        return;
    }
    enter(&home, "bash", &theirs)
        .success()
        .stdout_has("__boot_leave")
        .stderr_has("belongs to somebody else");
    // Nor is one made in somebody else's project.
    let empty = stand_in::project(&home, "empty");
    std::os::unix::fs::chown(&empty, Some(12345), None).unwrap();
    enter(&home, "bash", &empty)
        .success()
        .stdout_has("__boot_leave")
        .stderr_has("isn't yours");
    assert!(!empty.join(".venv").exists());
}

#[test]
fn hook_special_pin_files_do_not_block_prompt() {
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let pin = |name: &str| {
            let folder = home.root.join(name);
            fs::create_dir_all(&folder).unwrap();
            folder.join(".python-version")
        };
        assert!(
            Command::new("mkfifo")
                .arg(pin("fifo"))
                .status()
                .unwrap()
                .success()
        );
        symlink("/dev/zero", pin("device")).unwrap();
        fs::create_dir(pin("folder")).unwrap();
        fs::write(pin("huge"), vec![b'3'; 64 << 20]).unwrap();
        symlink(".python-version", pin("circle")).unwrap();
        symlink("/nowhere", pin("dangling")).unwrap();
        fs::write(pin("unreadable"), "3.11\n").unwrap();
        fs::set_permissions(pin("unreadable"), fs::Permissions::from_mode(0o000)).unwrap();
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        for folder in ["fifo", "device", "folder", "huge", "circle", "dangling"] {
            pty.type_line(&format!("cd ~/{folder}"));
            // Would wait for ever at the FIFO, and read for ever from the device.
            assert_eq!(pty.ask(ACTIVE), "", "{shell} {folder}: {}", pty.screen());
            assert!(
                !home.root.join(folder).join(".venv").exists(),
                "{shell} {folder}"
            );
        }
        pty.type_line("cd ~/unreadable");
        pty.ask("true");
    }
}

#[test]
fn pin_parse_survives_ten_thousand_random_files() {
    let mut seed: u64 = std::env::var("BOOT_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok())
        .unwrap_or(20_261_123);
    eprintln!("BOOT_TEST_SEED={seed}");
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    // Random bytes alone are refused at the first one; pieces of what is allowed get further in.
    let pieces: [&[u8]; 14] = [
        b"3",
        b".",
        b"11",
        b"..",
        b"/",
        b"\n",
        b"#",
        b" ",
        b"\xef\xbb\xbf",
        b"cpython-",
        b"\x1b]0;x\x07",
        b"$(touch x)",
        b">=3,<4",
        b"\r",
    ];
    let random = |next: &mut dyn FnMut() -> u64| -> Vec<u8> {
        let length = next() % 40;
        if next().is_multiple_of(2) {
            (0..length).map(|_| next() as u8).collect()
        } else {
            (0..length % 12)
                .flat_map(|_| pieces[(next() % pieces.len() as u64) as usize].to_vec())
                .collect()
        }
    };
    for _ in 0..10_000 {
        let bytes = random(&mut next);
        let (entries, warning) = boot::testing::pin::parse(&bytes);
        assert!(
            warning
                .iter()
                .all(|line| is_plain(line) && line.len() < 1000),
            "{bytes:?}: {warning:?}"
        );
        for entry in &entries {
            let text = entry.to_string();
            // Nothing is ever made of what can't be met but its line.
            if let boot::testing::pin::Entry::Unmet(unmet) = entry {
                let line = unmet.line(std::path::Path::new("/p/.python-version"));
                assert!(
                    is_plain(&text) && is_plain(&line) && line.len() < 1000,
                    "{bytes:?}: {line}"
                );
                continue;
            }
            assert!(
                is_plain(&text) && !text.contains("..") && !text.contains('/') && text.len() <= 64,
                "{bytes:?} became {text:?}"
            );
        }
    }
    // Some of them through the whole way.
    let home = home();
    let folder = stand_in::project(&home, "p");
    for number in 0..60 {
        let bytes = random(&mut next);
        fs::write(folder.join(".python-version"), &bytes).unwrap();
        let run = enter(&home, SHELLS[number % 3], &folder).success();
        assert!(
            is_plain(&run.stderr) && !run.stderr.contains("panicked"),
            "{bytes:?}: {run}"
        );
        assert!(
            run.stdout
                .lines()
                .all(|line| line.starts_with("__boot") || line.starts_with("set -g __boot_told ")),
            "{bytes:?}: {run}"
        );
    }
    assert!(!folder.join("x").exists() && !home.root.join("x").exists());
}

#[test]
fn hook_odd_folder_names_do_nothing_at_real_prompt() {
    let names: [&[u8]; 11] = [
        b"$(touch x)",
        b"`touch x`",
        b"a'b\"c",
        b";touch x;",
        b"-e",
        b"trailing ",
        b"new\nline",
        b"\x1b]0;owned\x07",
        b"[a]*?",
        b"%n%(x)!!",
        b"\xff\xfe latin",
    ];
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        for (number, name) in names.iter().enumerate() {
            let folder = home
                .root
                .join(format!("n{number}"))
                .join(OsStr::from_bytes(name));
            fs::create_dir_all(&folder).unwrap();
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
            fs::write(folder.join(".python-version"), "3.11\n").unwrap();
        }
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        for (number, name) in names.iter().enumerate() {
            let folder = home
                .root
                .join(format!("n{number}"))
                .join(OsStr::from_bytes(name));
            pty.type_line(&format!("cd ~/n{number}"));
            pty.type_line("cd -- ./*");
            // Compared by the file system: the terminal can't carry every name.
            let same = if shell == "fish" {
                "test \"$VIRTUAL_ENV\" -ef .venv; and echo yes"
            } else {
                "[ \"$VIRTUAL_ENV\" -ef .venv ] && echo yes"
            };
            let same = pty.ask(same);
            // fish can hold such a name, and its own test can't always be asked about it.
            if !(shell == "fish" && name.contains(&0xff)) {
                assert_eq!(
                    same,
                    "yes",
                    "{shell} {:?}: {}",
                    String::from_utf8_lossy(name),
                    pty.screen()
                );
            }
            assert!(
                folder.join(".venv").is_dir(),
                "{shell} {:?}",
                String::from_utf8_lossy(name)
            );
            // What boot itself says of it.
            let said = enter(&home, shell, &folder);
            assert!(is_plain(&said.stderr), "{shell} {said}");
        }
        pty.type_line("cd ~");
        assert_eq!(pty.ask(ACTIVE), "", "{shell}: {}", pty.screen());
        let touched: Vec<String> = home
            .tree()
            .into_iter()
            .filter(|path| path.ends_with("/x") || path == "x")
            .collect();
        assert_eq!(touched, [""; 0], "{shell}");
        assert!(!pty.screen().contains("made \u{1b}"), "{shell}");
    }
}

#[test]
fn hook_three_shells_at_once_create_one_environment() {
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let project = stand_in::project(&home, "p");
        let shells: Vec<Option<Pty>> = (0..3).map(|_| Pty::start(&home, shell)).collect();
        let mut shells: Vec<Pty> = shells.into_iter().flatten().collect();
        shells.iter_mut().for_each(|pty| pty.type_line("cd p"));
        for pty in &mut shells {
            let shown = pty.ask(ACTIVE);
            let venv = stand_in::real(&project.join(".venv")).display().to_string();
            assert!(venv.contains("/venvs/projects/"));
            assert_eq!(shown, venv, "{shell}: {}", pty.screen());
        }
        let made: usize = shells
            .iter()
            .map(|pty| pty.screen().matches("made ").count())
            .sum();
        assert_eq!(made, shells.len().min(1), "{shell}");
        home.no_leftovers();
    }
}

#[test]
fn hook_unwritable_project_is_one_line_and_shell_goes_on() {
    for shell in SHELLS {
        let home = home();
        stand_in::start_up(&home, shell, "", "");
        let locked = stand_in::project(&home, "locked");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).unwrap();
        let gone = stand_in::project(&home, "gone");
        let Some(words) = nobody::words(&home) else {
            return;
        };
        let line = [words, vec![shell.into(), "-i".into()]].concat().join(" ");
        let Some(mut pty) = Pty::start_as(&home, shell, &line) else {
            continue;
        };
        pty.type_line("cd ~/locked");
        assert_eq!(pty.ask(ACTIVE), "", "{shell}");
        pty.ask("true");
        assert_eq!(
            pty.screen()
                .matches("no environment could be made here")
                .count(),
            1,
            "{shell}: {}",
            pty.screen()
        );
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).unwrap();

        // A folder that vanishes under the shell.
        pty.type_line("cd ~/gone");
        let shown = pty.ask(ACTIVE);
        assert_eq!(
            shown,
            stand_in::real(&gone.join(".venv")).display().to_string(),
            "{shell}: {}",
            pty.screen()
        );
        fs::remove_dir_all(&gone).unwrap();
        assert_eq!(pty.ask("echo alive"), "alive", "{shell}: {}", pty.screen());
        pty.type_line("cd ~");
        assert_eq!(pty.ask(ACTIVE), "", "{shell}: {}", pty.screen());
        assert!(!pty.screen().contains("panicked"), "{shell}");
    }
}

/// A small mounted file system, unmounted on drop. None without the right to mount.
struct Disk<'a>(&'a Path);

impl Disk<'_> {
    fn mount<'a>(at: &'a Path, size: &str) -> Option<Disk<'a>> {
        fs::create_dir_all(at).unwrap();
        let mut mount = Command::new("mount");
        mount
            .args([
                "-t",
                "tmpfs",
                "-o",
                &format!("size={size},mode=755"),
                "tmpfs",
            ])
            .arg(at)
            .stderr(std::process::Stdio::null());
        mount
            .status()
            .is_ok_and(|status| status.success())
            .then_some(Disk(at))
    }

    fn make_read_only(&self) {
        assert!(
            Command::new("mount")
                .args(["-o", "remount,ro"])
                .arg(self.0)
                .status()
                .unwrap()
                .success()
        );
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
#[cfg(target_os = "linux")]
fn hook_full_disk_is_one_line_and_leaves_nothing() {
    let home = home();
    // Where environments lie.
    let disk = home.data().join("venvs");
    let Some(_mounted) = Disk::mount(&disk, "16k") else {
        needs::skipped("a full disk; only root can mount one");
        return;
    };
    let project = stand_in::project(&home, "p");
    let _ = fs::write(disk.join("filler"), vec![0; 16 << 10]);
    for shell in SHELLS {
        let run = enter(&home, shell, &project).success();
        let run = run
            .stdout_has("__boot_leave")
            .stderr_has("no environment could be made here");
        assert_eq!(run.stderr.lines().count(), 1, "{run}");
        assert!(!project.join(".venv").exists());
        home.no_leftovers();
    }
    // And at a real prompt, which goes on.
    for shell in SHELLS {
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        pty.type_line("cd ~/p");
        assert_eq!(pty.ask("echo alive"), "alive", "{shell}: {}", pty.screen());
        assert_eq!(
            pty.screen()
                .matches("no environment could be made here")
                .count(),
            1,
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd ~");
    }
    fs::remove_file(disk.join("filler")).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn hook_read_only_disk_enters_only_existing_venv() {
    let home = home();
    let disk = home.root.join("disk");
    let Some(mounted) = Disk::mount(&disk, "64m") else {
        needs::skipped("a read-only disk; only root can mount one");
        return;
    };
    let (empty, made) = (
        stand_in::project(&home, "disk/empty"),
        stand_in::project(&home, "disk/made"),
    );
    enter(&home, "bash", &made)
        .success()
        .stdout_has("__boot_use");
    mounted.make_read_only();
    for shell in SHELLS {
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        pty.type_line("cd ~/disk/empty");
        assert_eq!(pty.ask("echo alive"), "alive", "{shell}: {}", pty.screen());
        assert_eq!(
            pty.screen()
                .matches("no environment could be made here")
                .count(),
            1,
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd ~/disk/made");
        assert_eq!(
            pty.ask(ACTIVE),
            stand_in::real(&made.join(".venv")).display().to_string(),
            "{shell}: {}",
            pty.screen()
        );
        pty.type_line("cd ~");
    }
    assert!(!empty.join(".venv").exists());
}
