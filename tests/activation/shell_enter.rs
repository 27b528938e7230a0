//! Environments that entering a project creates, and messages of the hook otherwise.

use std::fs;
use std::path::Path;

use crate::support::pty::Pty;
use crate::support::{Home, Run, stand_in};

fn enter(home: &Home, folder: &Path) -> Run {
    let mut command = home.command(crate::support::BOOT);
    command.args(["shell", "enter", "bash"]).arg(folder).arg("");
    home.run(&mut command).success()
}

fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    home
}

#[test]
fn hook_creates_environment_and_hides_it_from_git() {
    let home = home();
    let project = stand_in::project(&home, "app");
    enter(&home, &project)
        .stdout_has("__boot_use")
        .stderr_has("made ");
    assert_eq!(home.read("app/.venv/.gitignore"), "*\n");
    enter(&home, &project)
        .stdout_has("__boot_use")
        .stderr_lacks("made ");
    // Standing deeper, it is the project's.
    fs::create_dir_all(project.join("src/deep")).unwrap();
    enter(&home, &project.join("src/deep")).stdout_has(&format!("{}/.venv", project.display()));
    assert!(!project.join("src/deep/.venv").exists());
}

#[test]
fn hook_auto_create_off_creates_nothing_but_venv_does() {
    let home = home();
    home.write(".config/boot/config.toml", "[venv]\nauto_create = false\n");
    let project = stand_in::project(&home, "app");
    let run = enter(&home, &project);
    assert!(
        !project.join(".venv").exists() && !run.stdout.contains("__boot_use"),
        "{run}"
    );
    home.boot_in(&project, ["venv"]).success();
    enter(&home, &project).stdout_has("__boot_use");
    // A mistake in the settings is said in one line, and nothing is made.
    home.write(
        ".config/boot/config.toml",
        "[venv]\nauto_create = \"perhaps\"\n",
    );
    let other = stand_in::project(&home, "other");
    let run = enter(&home, &other).stderr_has("config.toml");
    assert_eq!(run.stderr.trim_end().lines().count(), 1, "{run}");
    assert!(!other.join(".venv").exists());
}

#[test]
fn hook_named_pin_activates_venv_or_says_how_to_create_it() {
    let home = home();
    let project = stand_in::project(&home, "app");
    fs::write(project.join(".python-version"), "work\n").unwrap();
    enter(&home, &project)
        .stdout_has("__boot_leave")
        .stderr_has("boot venv --name work");
    home.boot(["venv", "--name", "work", "--python", stand_in::MINOR])
        .success();
    enter(&home, &project)
        .stdout_has(".local/share/boot/venvs/work")
        .stdout_has("'work'");
    assert!(!project.join(".venv").exists());
    // What was forgotten is listed, isn't activated, and says how to have it back.
    home.boot(["untrust", ".local/share/boot/venvs/work"])
        .success();
    enter(&home, &project)
        .stdout_has("__boot_leave")
        .stderr_has(".local/share/boot/venvs/work");
    home.boot(["venv", "list"])
        .success()
        .stdout_has("not trusted: boot trust");
    home.boot(["trust", ".local/share/boot/venvs/work"])
        .success();
    enter(&home, &project).stdout_has("__boot_use");
    home.boot(["untrust", ".local/share/boot/venvs/work"])
        .success();
    home.boot(["venv", "remove", "work"]).success();
    assert!(!home.data().join("venvs/work").exists());
}

#[test]
fn hook_missing_python_is_reported_once_per_folder() {
    for shell in ["bash", "zsh", "fish"] {
        let home = home();
        for name in ["one", "two"] {
            fs::write(
                stand_in::project(&home, name).join(".python-version"),
                "3.8.1\n",
            )
            .unwrap();
        }
        stand_in::start_up(&home, shell, "", "");
        let Some(mut pty) = Pty::start(&home, shell) else {
            continue;
        };
        let said = |pty: &Pty| pty.screen().matches("boot python install 3.8.1").count();
        for (line, times) in [
            ("cd one", 1),
            ("cd ..", 1),
            ("cd one", 1),
            ("cd ../two", 2),
            ("cd ../one", 2),
            ("cd ../two", 2),
        ] {
            pty.type_line(line);
            pty.ask("true");
            pty.ask("true");
            assert_eq!(said(&pty), times, "{shell}, {line}: {}", pty.screen());
        }
    }
}

#[test]
fn hook_parallel_entry_creates_one_environment() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| enter(&home, &project)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    assert_eq!(
        runs.iter()
            .filter(|run| run.stderr.contains("made "))
            .count(),
        1
    );
    assert!(runs.iter().all(|run| run.stdout.contains("__boot_use")));
    assert_eq!(
        home.boot(["venv", "list", "--json"]).success().json()["venvs"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    home.no_leftovers();
}
