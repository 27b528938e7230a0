//! Processes that the shells start at their prompts, counted by strace. `bench/groups/prompt.sh`
//! measures the times.

use std::fs;
use std::path::PathBuf;

use crate::support::pty::Pty;
use crate::support::{Home, needs, stand_in};

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// A shell whose processes are traced.
struct Traced {
    pty: Pty,
    log: PathBuf,
}

impl Traced {
    fn start(home: &Home, shell: &str) -> Option<Traced> {
        if !needs::program("strace") {
            return None;
        }
        let log = home.root.join("trace");
        let pty = Pty::start_as(
            home,
            shell,
            &format!(
                "strace -f -q -e trace=process -o {} {shell} -i",
                log.display()
            ),
        )?;
        Some(Traced { pty, log })
    }

    /// Counts created processes and started programs so far, without threads.
    fn count(&self) -> (usize, usize) {
        let log = fs::read_to_string(&self.log).unwrap();
        let call = |line: &str| {
            line.split_once(' ').map(|(_, rest)| {
                rest.trim_start()
                    .split('(')
                    .next()
                    .unwrap_or("")
                    .to_string()
            })
        };
        let made = |line: &&str| {
            ["clone", "clone3", "fork", "vfork"]
                .map(Some)
                .contains(&call(line).as_deref())
        };
        let forks = log
            .lines()
            .filter(made)
            .filter(|line| !line.contains("CLONE_THREAD"))
            .count();
        let execs = log
            .lines()
            .filter(|line| call(line).as_deref() == Some("execve") && !line.contains("ENOENT"))
            .count();
        (forks, execs)
    }

    /// Counts the processes and programs that typing `lines` starts, one prompt per line.
    fn cost(&mut self, lines: &[&str]) -> (usize, usize) {
        self.pty.ask("echo");
        let before = self.count();
        for line in lines {
            self.pty.type_line(line);
            self.pty.ask("echo");
        }
        // The last one's prompt has been shown when the next line is read.
        self.pty.ask("echo");
        let after = self.count();
        (after.0 - before.0, after.1 - before.1)
    }
}

#[test]
fn hook_forks_only_when_environment_changes() {
    for shell in SHELLS {
        let home = Home::new();
        stand_in::install(&home);
        let project = stand_in::project(&home, "work/p");
        fs::create_dir_all(project.join("a/b/c")).unwrap();
        fs::create_dir_all(home.root.join("plain/a/b")).unwrap();
        let other = stand_in::project(&home, "work/q");
        home.boot_in(&project, ["venv"]).success();
        home.boot_in(&other, ["venv"]).success();
        stand_in::start_up(&home, shell, "", "");
        let Some(mut traced) = Traced::start(&home, shell) else {
            continue;
        };
        let cost = |traced: &mut Traced, lines: &[&str]| {
            let cost = traced.cost(lines);
            (
                cost,
                format!(
                    "{shell}: {lines:?}\n{}",
                    fs::read_to_string(&traced.log).unwrap()
                ),
            )
        };
        let mut check = |lines: &[&str], wanted: (usize, usize)| {
            let (cost, log) = cost(&mut traced, lines);
            assert_eq!(cost, wanted, "{log}");
        };
        check(
            &[
                "cd plain",
                "cd a/b",
                "cd /",
                "cd /usr/share",
                "cd ~/plain",
                "cd",
            ],
            (0, 0),
        );
        check(&["cd work/p"], (1, 1));
        check(&["true", "true", "cd a/b/c", "true", "cd ../.."], (0, 0));
        // Leaving is known without asking.
        check(&["cd"], (0, 0));
        check(&["cd work/p"], (1, 1));
        check(&["cd ../q"], (1, 1));
        check(&["echo 3.11.9 >.python-version"], (1, 1));
        check(&["true", "true"], (0, 0));
        check(&["deactivate"], (0, 0));
        check(&["cd .."], (0, 0));
    }
}

#[test]
fn hook_asks_once_about_refused_and_missing_pythons() {
    for shell in SHELLS {
        let home = Home::new();
        stand_in::install(&home);
        let foreign = stand_in::project(&home, "foreign");
        fs::create_dir_all(foreign.join(".venv/bin")).unwrap();
        fs::write(foreign.join(".venv/pyvenv.cfg"), "home = /usr/bin\n").unwrap();
        home.write("missing/.python-version", "3.8.1\n");
        home.write("wrong/.python-version", "../../bin/sh\n");
        stand_in::start_up(&home, shell, "", "");
        let Some(mut traced) = Traced::start(&home, shell) else {
            continue;
        };
        for folder in ["foreign", "missing", "wrong"] {
            assert_eq!(
                traced.cost(&[&format!("cd ~/{folder}")]),
                (1, 1),
                "{shell}: {folder}"
            );
            assert_eq!(
                traced.cost(&["true", "true", "true"]),
                (0, 0),
                "{shell}: {folder}"
            );
        }
    }
}

#[test]
fn hook_start_up_forks_nothing() {
    for shell in SHELLS {
        let count = |install: bool| {
            let home = Home::new();
            home.write(".bashrc", "PS1='$ '\n");
            home.write(".zshrc", "PS1='$ '\n");
            home.write(
                ".config/fish/config.fish",
                "function fish_prompt; echo '$ '; end\n",
            );
            stand_in::has_completions(&home);
            if install {
                home.boot(["shell", "install", "--shell", shell]).success();
            }
            let mut traced = Traced::start(&home, shell)?;
            // Asked in both cases: what a shell starts behind its first prompt counts in both, or
            // in none.
            let path = traced.pty.ask("echo \"$PATH\"");
            assert_eq!(
                path.contains("boot/shims"),
                install,
                "{shell}: the hook is there"
            );
            Some(traced.count())
        };
        let Some(with) = count(true) else { continue };
        assert_eq!(Some(with), count(false), "{shell}");
    }
}
