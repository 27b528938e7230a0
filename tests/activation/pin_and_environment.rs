//! Every combination of pin and environment gives the same Python at the prompt, in the shims, in
//! `boot exec`, in `boot which` and in the list.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::{BOOT, Home, Run, stand_in};

/// Expected Python of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Python {
    /// The environment of the project.
    Environment,
    /// An installed Python of this version.
    Installed(&'static str),
    /// No Python: exit code 127, and one line that says why.
    Nobody,
}

/// Creates a home with stand-ins that print the path by which they were called.
fn home(versions: &[&str]) -> Home {
    let home = Home::new();
    for version in versions {
        stand_in::install_version(&home, version);
    }
    for entry in fs::read_dir(home.data().join("pythons")).unwrap().flatten() {
        for program in fs::read_dir(entry.path().join("bin")).unwrap().flatten() {
            fs::write(program.path(), "#!/bin/sh\necho \"$0\"\n").unwrap();
        }
    }
    // What every change of the installed Pythons does: the shims.
    home.boot(["python", "list"]).success();
    let shims = home.data().join("shims");
    fs::create_dir_all(&shims).unwrap();
    for name in ["python", "python3", "python3.11", "python3.12"] {
        fs::hard_link(BOOT, shims.join(name))
            .or_else(|_| fs::copy(BOOT, shims.join(name)).map(drop))
            .unwrap();
    }
    home
}

fn enter(home: &Home, folder: &Path) -> Run {
    let mut command = home.command(BOOT);
    command.args(["shell", "enter", "bash"]).arg(folder).arg("");
    home.run(&mut command).success()
}

/// Returns the environment that the prompt activates.
fn active(run: &Run) -> Option<PathBuf> {
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("__boot_use "))?;
    line.split('\'').nth(1).map(PathBuf::from)
}

fn shim(home: &Home, folder: &Path, name: &str) -> Run {
    home.run(
        home.command(home.data().join("shims").join(name))
            .current_dir(folder),
    )
}

/// Asks every command for the Python of `folder` and compares the answers with `wanted`.
fn check(home: &Home, folder: &Path, wanted: &Python, what: &str) {
    let prompt = enter(home, folder);
    let root = active(&prompt);
    assert_eq!(
        root.is_some(),
        *wanted == Python::Environment,
        "{what}: {prompt}"
    );
    if *wanted == Python::Nobody {
        assert_eq!(
            prompt.stderr.trim_end().lines().count(),
            1,
            "{what}: one line, once: {prompt}"
        );
    }
    let asked = |name: &str| {
        [
            home.boot_in(folder, ["which", name]),
            home.boot_in(folder, ["exec", "--", name]),
            shim(home, folder, name),
        ]
    };
    for run in ["python", "python3"].into_iter().flat_map(asked) {
        if *wanted == Python::Nobody {
            assert!(
                run.code == Some(127) && !run.stderr.is_empty(),
                "{what}: {run}"
            );
            continue;
        }
        assert_eq!(run.code, Some(0), "{what}: {run}");
        let path = Path::new(run.stdout.trim());
        match wanted {
            Python::Environment => assert_eq!(
                path.parent().unwrap(),
                root.as_ref().unwrap().join("bin"),
                "{what}: {run}"
            ),
            Python::Installed(version) => {
                let real = fs::canonicalize(path).unwrap();
                assert!(
                    real.display()
                        .to_string()
                        .contains(&format!("cpython-{version}-")),
                    "{what}: {run}"
                );
                assert!(
                    !path.starts_with(home.data().join("venvs")),
                    "{what}: {run}"
                );
            }
            Python::Nobody => unreachable!(),
        }
    }
}

/// Creates a project whose environment has `version` and whose pin is then `pin`.
fn project(home: &Home, name: &str, version: &str, pin: &str) -> PathBuf {
    let folder = stand_in::project(home, name);
    fs::write(folder.join(".python-version"), format!("{version}\n")).unwrap();
    enter(home, &folder).stdout_has("__boot_use");
    fs::write(folder.join(".python-version"), format!("{pin}\n")).unwrap();
    folder
}

#[test]
fn pin_and_venv_give_same_python_in_every_command() {
    use Python::{Environment, Installed, Nobody};
    let home = home(&["3.11.9", "3.12.1"]);
    home.boot(["python", "pin", "--global", "3.12"]).success();
    let key = |version: &str| {
        format!(
            "cpython-{version}-{}",
            boot::testing::Platform::host().unwrap()
        )
    };
    // The version that the environment was made with, the pin, and whose Python it is then.
    let rows: Vec<(&str, String, Python)> = vec![
        ("3.11", "3.11".into(), Environment),
        ("3.11", "3.11.9".into(), Environment),
        ("3.11", "3.11.*".into(), Environment),
        ("3.11", "3".into(), Environment),
        ("3.11", "latest".into(), Environment),
        ("3.11", ">=3.10".into(), Environment),
        ("3.11", ">=3.10,<3.12".into(), Environment),
        ("3.11", "~=3.11".into(), Environment),
        ("3.11", key("3.11.9"), Environment),
        ("3.11", "v3.11".into(), Environment),
        ("3.11", "3.11 3.12".into(), Environment),
        ("3.11.9", "3.11".into(), Environment),
        // A pin that this environment does not meet, and an installed Python does.
        ("3.11", "3.12".into(), Installed("3.12.1")),
        ("3.11", "3.12.1".into(), Installed("3.12.1")),
        ("3.11", ">=3.12".into(), Installed("3.12.1")),
        ("3.11", key("3.12.1"), Installed("3.12.1")),
        ("3.11", "3.12 3.11".into(), Installed("3.12.1")),
        // Nothing that is here meets it: neither the environment of another patch or variant, nor
        // the user's default.
        ("3.11", "3.11.7".into(), Nobody),
        ("3.11", "3.11.10".into(), Nobody),
        ("3.11.9", "3.11.10".into(), Nobody),
        ("3.11", "3.11t".into(), Nobody),
        ("3.11", "3.11.9t".into(), Nobody),
        ("3.11", ">=3.14".into(), Nobody),
        ("3.11", "==3.11.7".into(), Nobody),
        ("3.11", "<3.11".into(), Nobody),
        ("3.11", "!=3.11.9,<3.12".into(), Nobody),
        ("3.11", "3.14".into(), Nobody),
        ("3.11", "3.11.9rc1".into(), Nobody),
        ("3.11", key("3.11.8"), Nobody),
        ("3.11", "cpython-3.11.9-darwin-aarch64-none".into(), Nobody),
        ("3.11", "no-such-environment".into(), Nobody),
        // Words that boot has no Python for.
        ("3.11", "pypy3.11".into(), Nobody),
        ("3.11", "3.11-dev".into(), Nobody),
        ("3.11", "miniconda3-latest".into(), Nobody),
        ("3.11", "/usr/bin/python3".into(), Nobody),
        (
            "3.11",
            "<<<<<<< HEAD\n3.11\n=======\n3.12\n>>>>>>> other".into(),
            Nobody,
        ),
        ("3.11", "$(touch x)".into(), Nobody),
    ];
    for (number, (version, pin, wanted)) in rows.into_iter().enumerate() {
        let folder = project(&home, &format!("p{number}"), version, &pin);
        check(
            &home,
            &folder,
            &wanted,
            &format!("made with {version}, pinned {pin:?}"),
        );
        // Deeper it is the same.
        fs::create_dir(folder.join("src")).unwrap();
        check(
            &home,
            &folder.join("src"),
            &wanted,
            &format!("below: made with {version}, pinned {pin:?}"),
        );
        // And back on the old pin all is as it was.
        fs::write(folder.join(".python-version"), format!("{version}\n")).unwrap();
        check(
            &home,
            &folder,
            &Python::Environment,
            &format!("back: made with {version}, pinned {pin:?}"),
        );
    }
}

#[test]
fn pin_has_to_be_met_by_trusted_foreign_venv() {
    use Python::{Environment, Installed, Nobody};
    let home = home(&["3.11.9", "3.12.1"]);
    // As venv, virtualenv and uv write their versions.
    let rows = [
        ("version = 3.11.7", "3.11.7", Environment),
        ("version = 3.11.7", "3.11", Environment),
        ("version = 3.11.7", ">=3.11,<3.12", Environment),
        ("version = 3.11.7", "3.11.8", Nobody),
        ("version = 3.11.7", ">=3.14", Nobody),
        ("version = 3.11.7", "3.12", Installed("3.12.1")),
        ("version_info = 3.11.7.final.0", "3.11.7", Environment),
        ("version_info = 3.11.7", "3.11.9", Installed("3.11.9")),
        ("version = 3.13.0", "3.13", Environment),
        ("version = 3.13.0", "3.13t", Nobody),
        ("version = 3.11", "3.11.9", Installed("3.11.9")),
        ("nothing = 1", "3.11", Installed("3.11.9")),
    ];
    for (number, (line, pin, wanted)) in rows.into_iter().enumerate() {
        let folder = stand_in::project(&home, &format!("q{number}"));
        fs::write(folder.join(".python-version"), format!("{pin}\n")).unwrap();
        home.program(
            &format!("q{number}/.venv/bin/python3"),
            "#!/bin/sh\necho \"$0\"\n",
        );
        home.program(
            &format!("q{number}/.venv/bin/python"),
            "#!/bin/sh\necho \"$0\"\n",
        );
        home.write(
            &format!("q{number}/.venv/pyvenv.cfg"),
            &format!("home = /usr/bin\n{line}\n"),
        );
        home.boot_in(&folder, ["trust"]).success();
        check(&home, &folder, &wanted, &format!("{line}, pinned {pin}"));
    }
}

#[test]
fn pin_of_exact_patch_never_binds_to_another() {
    let home = home(&["3.11.9"]);
    let folder = project(&home, "app", "3.11.9", "3.11.9");
    let root = active(&enter(&home, &folder)).unwrap();
    let config = fs::read_to_string(root.join("pyvenv.cfg")).unwrap();
    // Another patch takes the minor's place, and this one goes.
    stand_in::replace_version(&home, "3.11.9", "3.11.10");
    check(&home, &folder, &Python::Nobody, "its patch is gone");
    home.boot(["venv", "list"]).success().stdout_has("3.11.9");
    assert_eq!(fs::read_to_string(root.join("pyvenv.cfg")).unwrap(), config);
    // A pin of the minor follows.
    fs::write(folder.join(".python-version"), "3.11\n").unwrap();
    assert_eq!(active(&enter(&home, &folder)), Some(root.clone()));
    assert!(
        fs::read_to_string(root.join("pyvenv.cfg"))
            .unwrap()
            .contains("version = 3.11.10\n")
    );
}

#[test]
fn venv_without_pin_gives_same_python_in_every_command() {
    let home = home(&["3.11.9", "3.12.1"]);
    home.boot(["python", "pin", "--global", "3.12"]).success();
    fs::create_dir(home.root.join("plain")).unwrap();
    let plain = home.root.join("plain");
    home.boot_in(&plain, ["venv", "-p", "3.11"]).success();
    check(&home, &plain, &Python::Environment, "made by hand");
    fs::create_dir(plain.join("deep")).unwrap();
    check(&home, &plain.join("deep"), &Python::Environment, "below");
    check(
        &home,
        &home.root.clone(),
        &Python::Installed("3.12.1"),
        "outside",
    );
}

#[test]
fn boot_python_variable_overrides_pins_and_venvs() {
    let mut home = home(&["3.11.9", "3.12.1"]);
    home.boot(["venv", "--name", "work", "-p", "3.12"])
        .success();
    let folder = project(&home, "app", "3.11", "3.11");
    check(&home, &folder, &Python::Environment, "without it");
    home.set("BOOT_PYTHON", "3.12");
    check(&home, &folder, &Python::Installed("3.12.1"), "another");
    home.set("BOOT_PYTHON", "3.11");
    check(
        &home,
        &folder,
        &Python::Installed("3.11.9"),
        "the same version: its base",
    );
    home.set("BOOT_PYTHON", "3.14");
    for run in [
        home.boot_in(&folder, ["which", "python"]),
        shim(&home, &folder, "python"),
    ] {
        run.code(127).stderr_has("BOOT_PYTHON");
    }
    assert_eq!(active(&enter(&home, &folder)), None);
    home.set("BOOT_PYTHON", "work");
    assert_eq!(
        active(&enter(&home, &folder)),
        Some(home.data().join("venvs/work"))
    );
    let which = home.boot_in(&folder, ["which", "python"]).success();
    assert_eq!(
        which.stdout.trim(),
        home.data().join("venvs/work/bin/python").to_str().unwrap()
    );
}

#[test]
fn python_names_with_minor_run_that_minor() {
    let home = home(&["3.11.9", "3.12.1"]);
    let folder = project(&home, "app", "3.11", "3.11");
    let root = active(&enter(&home, &folder)).unwrap();
    let which = |name: &str| home.boot_in(&folder, ["which", name]);
    assert_eq!(
        which("python3.11").success().stdout.trim(),
        root.join("bin/python3.11").to_str().unwrap()
    );
    for run in [
        which("python3.12"),
        shim(&home, &folder, "python3.12"),
        home.boot_in(&folder, ["exec", "--", "python3.12"]),
    ] {
        let run = run.success();
        assert!(
            fs::canonicalize(run.stdout.trim())
                .unwrap()
                .display()
                .to_string()
                .contains("cpython-3.12.1-"),
            "{run}"
        );
    }
    which("python3.13")
        .code(127)
        .one_error()
        .stderr_has("boot python install 3.13");
    // Also where the pin itself can't be met: the name says which.
    fs::write(folder.join(".python-version"), "3.14\n").unwrap();
    assert!(
        shim(&home, &folder, "python3.12")
            .success()
            .stdout
            .contains("3.12")
    );
    shim(&home, &folder, "python3").code(127);
}

#[test]
fn exec_and_which_find_programs_of_venv() {
    let home = home(&["3.11.9"]);
    let folder = project(&home, "app", "3.11", "3.11");
    let root = active(&enter(&home, &folder)).unwrap();
    let program = root.join("bin/pytest");
    fs::write(&program, "#!/bin/sh\necho ran \"$0\"\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    home.boot_in(&folder, ["exec", "--", "pytest"])
        .success()
        .stdout_has("ran");
    assert_eq!(
        home.boot_in(&folder, ["which", "pytest"])
            .success()
            .stdout
            .trim(),
        program.to_str().unwrap()
    );
    // As cron, ssh and make start things: no variables, and a folder that is changed to in a plain
    // sh.
    let shims = home.data().join("shims");
    let mut command = std::process::Command::new("/bin/sh");
    command
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", shims.display()))
        .current_dir("/");
    command
        .arg("-c")
        .arg(format!("cd '{}' && python", folder.display()));
    assert!(
        home.run(&mut command)
            .success()
            .stdout
            .starts_with(root.to_str().unwrap())
    );
}

#[test]
fn pin_system_leaves_venv_of_adopted_python() {
    let home = home(&["3.11.9"]);
    let platform = boot::testing::Platform::host().unwrap();
    let python = home
        .data()
        .join(format!("pythons/cpython-3.11.9-{platform}/bin/python3.11"));
    let elsewhere = home.root.join("opt/python3.11");
    fs::create_dir_all(elsewhere.parent().unwrap()).unwrap();
    fs::rename(&python, &elsewhere).unwrap();
    symlink(&elsewhere, &python).unwrap();

    let folder = project(&home, "app", "3.11", "system");
    let prompt = enter(&home, &folder).stderr_has("the pin asks for the system's");
    assert_eq!(active(&prompt), None, "{prompt}");
    let which = home.boot_in(&folder, ["which", "python"]).success();
    assert!(
        !which.stdout.contains("venvs") && !which.stdout.contains("opt/"),
        "{which}"
    );

    // An adopted Python that is the system's own meets the pin.
    fs::remove_file(&python).unwrap();
    symlink(fs::canonicalize(which.stdout.trim()).unwrap(), &python).unwrap();
    let prompt = enter(&home, &folder);
    assert!(active(&prompt).is_some(), "{prompt}");
}
