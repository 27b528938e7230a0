//! Attacks on a prompt that runs git: files from a checkout, an archive or another user. Nothing of
//! them runs, neither in the open shell nor in a new one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::pty::Pty;
use crate::support::{Home, needs, stand_in};

/// Commands that bring files of the branch `pr` into the clone `project`.
const WAYS: [(&str, &str); 6] = [
    ("checkout", "git checkout -q origin/pr"),
    ("switch", "git switch -q --detach origin/pr"),
    ("pull", "git pull -q --ff-only origin pr"),
    ("stash", "git stash apply -q $(cat ~/stash)"),
    ("reset", "git reset -q --hard origin/pr"),
    ("archive", "tar -C ~ -xf ~/app.tar"),
];

/// Commands that a prompt or a person runs; each is a trap in the branch.
const TRAPS: [&str; 6] = ["git", "python", "python3", "pip", "ls", "cat"];

fn run(home: &Home, folder: &Path, line: &str) {
    let mut command = home.command("sh");
    command
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", home.root.join("gitconfig"))
        .args(["-c", line]);
    home.run(&mut command).success();
}

/// Creates a repository whose branch `pr` has an environment full of traps, and its clone.
fn repository(home: &Home) -> PathBuf {
    home.write(
        "gitconfig",
        "[user]\nname = a\nemail = a@b\n[init]\ndefaultBranch = main\n\
                             [advice]\ndetachedHead = false\n",
    );
    let origin = stand_in::project(home, "origin");
    home.write("origin/.gitignore", ".venv\n");
    run(
        home,
        &origin,
        "git init -q && git add . && git commit -qm x && git checkout -qb pr",
    );
    for trap in TRAPS {
        home.program(
            &format!("origin/.venv/bin/{trap}"),
            &format!("#!/bin/sh\necho {trap} >>~/pwned\nexec /usr/bin/{trap} \"$@\"\n"),
        );
    }
    home.write(
        "origin/.venv/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.11.9\nboot = 0.1.0\n",
    );
    home.program("origin/.venv/bin/activate", "echo activate >>~/pwned\n");
    home.write(
        "origin/.venv/lib/python3.11/site-packages/evil.pth",
        "import os; os.system('echo pth >>~/pwned')\n",
    );
    run(
        home,
        &origin,
        "git add -f .venv && git commit -qm typo && git checkout -q main",
    );
    run(
        home,
        &home.root,
        "git clone -q origin app && cd app && git fetch -q origin pr",
    );
    // The same as an archive and as a stash.
    run(
        home,
        &home.root,
        "mkdir evil && git -C origin archive --prefix=app/ pr | tar -C evil -xf - && tar -C evil \
         -cf app.tar app",
    );
    run(
        home,
        &home.root.join("app"),
        "git rev-parse origin/pr >/dev/null && tree=$(git rev-parse origin/pr^{tree}) && \
         base=$(git rev-parse HEAD) && index=$(git commit-tree -p $base -m index $base^{tree}) && \
         git commit-tree -p $base -p $index -m stash $tree >~/stash",
    );
    home.root.join("app")
}

/// Writes start-up files with a prompt that runs git.
fn start_up(home: &Home, shell: &str) {
    let prompt = match shell {
        "bash" => "PS1='$(git rev-parse --abbrev-ref HEAD 2>/dev/null) $ '",
        "zsh" => "setopt prompt_subst; PS1='$(git rev-parse --abbrev-ref HEAD 2>/dev/null) $ '",
        _ => "function fish_prompt; git rev-parse --abbrev-ref HEAD 2>/dev/null; echo '$ '; end",
    };
    stand_in::start_up(home, shell, "", prompt);
}

#[test]
fn hook_runs_nothing_of_a_pull_request() {
    for shell in ["bash", "zsh", "fish"] {
        if !needs::program(shell) || !needs::program("git") {
            continue;
        }
        for (way, line) in WAYS {
            let home = Home::new();
            stand_in::install(&home);
            let project = repository(&home);
            start_up(&home, shell);
            let Some(mut pty) = Pty::start(&home, shell) else {
                continue;
            };
            // The owner works here.
            pty.type_line("cd app");
            let root = pty.ask("printenv VIRTUAL_ENV");
            assert!(root.contains("venvs/projects"), "{shell}, {way}: {root}");
            let before = fs::read_dir(Path::new(&root).join("bin")).unwrap().count();
            // Then he looks at somebody's branch.
            let line = if shell == "fish" {
                line.replace("$(cat ~/stash)", "(cat ~/stash)")
            } else {
                line.into()
            };
            pty.type_line(&line);
            pty.ask("true");
            for command in [
                "git status >/dev/null",
                "ls >/dev/null",
                "cat /dev/null",
                "python3 --version >/dev/null 2>&1",
                "true",
            ] {
                pty.ask(command);
            }
            assert!(
                project.join(".venv/bin/git").exists(),
                "{shell}, {way}: the trap is there"
            );
            assert_eq!(
                pty.ask("printenv VIRTUAL_ENV"),
                "",
                "{shell}, {way}: {}",
                pty.screen()
            );
            drop(pty);
            // A new tab, and scripts.
            let mut pty = Pty::start(&home, shell).unwrap();
            pty.type_line("cd app");
            for command in [
                "git status >/dev/null",
                "ls >/dev/null",
                "python3 --version >/dev/null 2>&1",
                "true",
            ] {
                pty.ask(command);
            }
            assert_eq!(pty.ask("printenv VIRTUAL_ENV"), "", "{shell}, {way}");
            drop(pty);
            home.boot_in(&project, ["exec", "--", "git", "--version"])
                .success();
            assert!(
                !home.root.join("pwned").exists(),
                "{shell}, {way}: {}",
                home.read("pwned")
            );
            assert_eq!(
                fs::read_dir(Path::new(&root).join("bin")).unwrap().count(),
                before,
                "{shell}, {way}"
            );
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn hook_runs_nothing_of_project_swapped_by_other_user() {
    use std::os::unix::fs::PermissionsExt;
    if !crate::support::nobody::is_root() || !needs::program("setpriv") {
        needs::skipped("only root can be two users");
        return;
    }
    for shell in ["bash", "zsh", "fish"] {
        if !needs::program(shell) {
            continue;
        }
        let home = Home::new();
        stand_in::install(&home);
        home.write("gitconfig", "");
        start_up(&home, shell);
        let shared = tempfile::tempdir().unwrap();
        let shared_path = fs::canonicalize(shared.path()).unwrap();
        fs::set_permissions(&shared_path, fs::Permissions::from_mode(0o777)).unwrap();
        let project = shared_path.join("p");
        fs::create_dir(&project).unwrap();
        fs::set_permissions(&project, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(project.join(".python-version"), "3.11\n").unwrap();
        let mut pty = Pty::start(&home, shell).unwrap();
        pty.type_line(&format!("cd {}", project.display()));
        let root = pty.ask("printenv VIRTUAL_ENV");
        assert!(root.contains("venvs/projects"), "{shell}: {}", pty.screen());
        // The other user may rename what lies in the shared folder, and forges every time that can
        // be set.
        let log = shared_path.join("log");
        let attack = format!(
            "cd {0} && mv p p.old && mkdir -p p/.venv/bin && cp p.old/.python-version p/ && for c \
             in git python ls; do \
             printf '#!/bin/sh\\nid >>{1}\\n' >p/.venv/bin/$c; done && chmod 755 p/.venv/bin/* && \
             printf 'home = /usr/bin\\nversion = 3.11.9\\n' >p/.venv/pyvenv.cfg && touch -h -r \
             p.old/.venv p/.venv p/.venv/bin && touch -r p.old p",
            shared_path.display(),
            log.display()
        );
        let mut command = home.command("setpriv");
        command
            .args(["--reuid=65534", "--clear-groups", "sh", "-c", &attack])
            .current_dir("/");
        home.run(&mut command).success();
        for line in [
            "true",
            "ls >/dev/null",
            "git --version >/dev/null 2>&1",
            "python >/dev/null 2>&1",
        ] {
            pty.ask(line);
        }
        assert_eq!(
            pty.ask("printenv VIRTUAL_ENV"),
            "",
            "{shell}: {}",
            pty.screen()
        );
        let mut new = Pty::start(&home, shell).unwrap();
        new.type_line(&format!("cd {}", project.display()));
        for line in [
            "true",
            "ls >/dev/null",
            "git --version >/dev/null 2>&1",
            "python >/dev/null 2>&1",
        ] {
            new.ask(line);
        }
        assert!(
            !log.exists(),
            "{shell}: {}",
            fs::read_to_string(&log).unwrap()
        );
        // Not by hand either: whoever trusts it trusts whoever can put another there.
        home.boot(["trust".as_ref(), project.as_os_str()])
            .code(1)
            .one_error();
    }
}
