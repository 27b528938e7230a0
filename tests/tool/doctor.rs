//! `boot doctor` names each problem with its reason, and `--fix` repairs it.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{BOOT, Home, Index, Mirror, Run, Wheel};

fn index() -> Index {
    let index = Index::new();
    for name in ["teller", "speaker"] {
        let module = format!("def main():\n    print('{name} speaks')\n");
        index.add(
            Wheel::new(name, "1.0")
                .file(&format!("{name}.py"), &module)
                .script(name, &format!("{name}:main")),
        );
    }
    index
}

/// Runs doctor with a PATH as the hook sets it.
pub fn doctor(home: &Home, args: &[&str]) -> Run {
    let mut command = home.command(BOOT);
    command.arg("doctor").args(args);
    command.env(
        "PATH",
        format!(
            "{}:{}:/usr/local/bin:/usr/bin:/bin",
            home.data().join("shims").display(),
            home.bin().display()
        ),
    );
    home.run(&mut command)
}

#[test]
fn doctor_on_healthy_machine_finds_nothing() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller", "speaker"])
        .success();
    home.boot(["venv", "--name", "work"]).success();
    doctor(&home, &[]).success().stderr_has("nothing is wrong");
    doctor(&home, &["--fix"])
        .success()
        .stderr_has("nothing is wrong");
    assert_eq!(
        doctor(&home, &["--json"]).success().json()["findings"],
        serde_json::json!([])
    );
}

#[test]
#[cfg(target_os = "linux")]
fn doctor_fix_remakes_tools_with_newer_patch() {
    let (mut mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller", "--python", &mirror.version()])
        .success();
    home.boot(["tool", "install", "speaker", "--with", "teller"])
        .success();
    // Every Python of boot's is gone, by somebody's own hand.
    for entry in fs::read_dir(home.data().join("pythons"))
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_type().unwrap().is_dir())
    {
        fs::remove_dir_all(entry.path()).unwrap();
    }
    let run = doctor(&home, &[]).code(1);
    let run = run
        .stdout_has("the tool teller")
        .stdout_has("its Python is gone")
        .stdout_has("the tool speaker")
        .stdout_has("boot doctor --fix");
    assert!(!run.stdout.contains("panicked"));
    // A newer patch is what there is by now.
    let new = mirror.publish_next();
    home.learn(&mirror);
    home.boot(["python", "install", &new.to_string()]).success();
    doctor(&home, &["--fix"])
        .success()
        .stderr_has("repaired the tool teller");
    for name in ["teller", "speaker"] {
        home.run(&mut home.command(home.bin().join(name)))
            .success()
            .stdout_has(&format!("{name} speaks"));
    }
    let tools = home.boot(["tool", "list", "--json"]).success().json();
    let speaker = tools["tools"]
        .as_array()
        .unwrap()
        .iter()
        .find(|tool| tool["name"] == "speaker")
        .unwrap()
        .clone();
    assert_eq!(
        speaker["injected"][0]["name"], "teller",
        "what was injected is there again: {speaker}"
    );
    doctor(&home, &[]).success();
}

#[test]
#[cfg(target_os = "linux")]
fn tool_upgrade_remakes_tool_whose_python_is_gone() {
    let (mut mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "speaker", "--with", "teller"])
        .success();
    let pythons = home.data().join("pythons");
    for entry in fs::read_dir(&pythons)
        .unwrap()
        .flatten()
        .filter(|entry| entry.file_type().unwrap().is_dir())
    {
        fs::remove_dir_all(entry.path()).unwrap();
    }
    home.boot(["tool", "list"])
        .success()
        .stdout_has("its Python is gone: boot tool reinstall speaker");
    // Nothing can be installed, so nothing is said to be.
    let run = home
        .boot(["--offline", "tool", "upgrade"])
        .code(1)
        .stderr_has("none is installed");
    run.stderr_lacks("installing").one_error();
    mirror.publish_next();
    home.learn(&mirror);
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("installing the newest first")
        .stderr_has("speaker 1.0");
    home.run(&mut home.command(home.bin().join("speaker")))
        .success()
        .stdout_has("speaker speaks");
    let tools = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(
        tools["tools"][0]["injected"][0]["name"], "teller",
        "what was injected is there again: {tools}"
    );
}

#[test]
fn doctor_finds_command_that_cannot_be_loaded() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller"]).success();
    let lib = home
        .data()
        .join("tools/teller/lib")
        .join(format!("python{}", mirror.minor()))
        .join("site-packages/teller.py");
    fs::remove_file(&lib).unwrap();
    doctor(&home, &[])
        .code(1)
        .stdout_has("teller can't be loaded: ModuleNotFoundError");
    doctor(&home, &["--fix"]).success();
    home.run(&mut home.command(home.bin().join("teller")))
        .success()
        .stdout_has("teller speaks");
}

#[test]
fn doctor_ignores_command_of_extra_that_is_not_installed() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    let daemon = "try:\n    import nowhere_to_be_found\n\
                  except ImportError as error:\n    raise ImportError('install shouter[d]') from \
                  error\n";
    let wheel = Wheel::new("shouter", "1.0")
        .file("shouter.py", "def main():\n    print('shouter speaks')\n");
    index.add(
        wheel
            .file("shouterd.py", daemon)
            .script("shouter", "shouter:main")
            .script("shouterd", "shouterd:main [d]"),
    );
    home.boot(["tool", "install", "shouter"]).success();
    doctor(&home, &[]).success().stderr_has("nothing is wrong");
}

/// As nox does: the entry point does not name the extra, but the requirements do.
#[test]
fn doctor_ignores_imports_that_only_an_extra_provides() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    let wheel = |name: &str, lacks: &str| {
        let part = format!("import {lacks}\ndef main():\n    pass\n");
        let main = "def main():\n    print('speaks')\n";
        let wheel = Wheel::new(name, "1.0")
            .requires("No.Where_to-be; extra == 'convert'")
            .provides("convert");
        wheel
            .file(&format!("{name}.py"), main)
            .file(&format!("{name}_part.py"), &part)
            .script(name, &format!("{name}:main"))
    };
    index.add(wheel("shouter", "no_where_to_be").script("shouter-part", "shouter_part:main"));
    home.boot(["tool", "install", "shouter"]).success();
    doctor(&home, &[]).success().stderr_has("nothing is wrong");
    index.add(wheel("loser", "something_else").script("loser-part", "loser_part:main"));
    home.boot(["tool", "install", "loser"]).success();
    doctor(&home, &[])
        .code(1)
        .stdout_has("loser-part can't be loaded");
}

#[test]
fn doctor_and_upgrade_run_nothing_of_current_folder() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller"]).success();
    for module in [
        "re",
        "csv",
        "email",
        "zipfile",
        "sitecustomize",
        "teller",
        "typing",
        "json",
    ] {
        home.write(&format!("hostile/{module}.py"), "open('ran', 'w')\n");
    }
    let folder = home.root.join("hostile");
    home.run(
        home.command(BOOT)
            .args(["doctor", "--fix"])
            .current_dir(&folder),
    );
    home.run(
        home.command(BOOT)
            .args(["tool", "upgrade"])
            .current_dir(&folder),
    )
    .success();
    assert!(!folder.join("ran").exists(), "something of the folder ran");
}

#[test]
fn doctor_fix_reports_tool_that_still_fails() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    index.add(
        Wheel::new("wreck", "1.0")
            .file("wreck.py", "raise RuntimeError('never worked')\n")
            .script("wreck", "wreck:main"),
    );
    home.boot(["tool", "install", "wreck"]).success();
    let run = doctor(&home, &["--fix"])
        .code(1)
        .stderr_has("still doesn't work")
        .stderr_has("never worked");
    run.stderr_lacks("repaired the tool")
        .stderr_has("boot tool upgrade wreck")
        .one_error();
}

#[test]
fn doctor_fix_removes_dead_links_and_keeps_foreign_ones() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller"]).success();
    // A folder in a project, of which the list of what is trusted tells.
    home.write(".config/boot/config.toml", "[venv]\nin_project = true\n");
    home.boot(["venv", "gone/.venv"]).success();
    fs::remove_file(home.root.join(".config/boot/config.toml")).unwrap();
    fs::remove_dir_all(home.root.join("gone")).unwrap();
    symlink(
        home.data().join("tools/nothing/bin/nothing"),
        home.bin().join("nothing"),
    )
    .unwrap();
    symlink("/nowhere/at/all", home.bin().join("theirs")).unwrap();
    let man = home.root.join(".local/share/man/man1");
    fs::create_dir_all(&man).unwrap();
    symlink(
        home.data().join("tools/nothing/share/man/man1/nothing.1"),
        man.join("nothing.1"),
    )
    .unwrap();
    symlink("/nowhere/theirs.1", man.join("theirs.1")).unwrap();
    symlink("cpython-3.1.1-none", home.data().join("pythons/3.1")).unwrap();
    let left = home.leave_behind(&home.data().join("tools"));
    fs::remove_file(home.bin().join("teller")).unwrap();
    let run = doctor(&home, &[]).code(1);
    let run = run
        .stdout_has("~/gone/.venv")
        .stdout_has("~/.local/bin/nothing")
        .stdout_has("pythons/3.1")
        .stdout_has("left behind");
    let run = run
        .stdout_has("its commands aren't all linked")
        .stdout_has("man1/nothing.1");
    assert!(!run.stdout.contains("theirs"), "{run}");
    doctor(&home, &["--fix"]).success();
    assert!(
        !left.exists()
            && !home.bin().join("nothing").is_symlink()
            && !home.data().join("pythons/3.1").is_symlink()
    );
    assert!(!man.join("nothing.1").is_symlink() && man.join("theirs.1").is_symlink());
    assert!(home.bin().join("theirs").is_symlink() && home.bin().join("teller").exists());
    doctor(&home, &[]).success().stderr_has("nothing is wrong");
}

#[test]
fn doctor_finds_old_hook_and_wrong_path_order() {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    home.set("SHELL", "/bin/bash");
    home.boot(["python", "install", &mirror.minor()]).success();
    home.write(".bashrc", "# mine\n");
    home.boot(["shell", "install"]).success();
    fs::create_dir_all(home.bin()).unwrap();
    let hook = home.data().join("shell/boot.bash");
    fs::write(&hook, "# old\n").unwrap();
    doctor(&home, &[]).code(1).stdout_has("the hook of bash");
    doctor(&home, &["--fix"])
        .success()
        .stderr_has("repaired the hook of bash");
    doctor(&home, &[]).success();
    let mut command = home.command(BOOT);
    command.arg("doctor").env(
        "PATH",
        format!(
            "/usr/bin:/bin:{}:{}",
            home.data().join("shims").display(),
            home.bin().display()
        ),
    );
    home.run(&mut command)
        .code(1)
        .stdout_has("PATH")
        .stdout_has("ahead of boot's");
    home.run(
        home.command(BOOT)
            .arg("doctor")
            .env("PATH", "/usr/bin:/bin"),
    )
    .code(1)
    .stdout_has("open a new shell");
}

#[test]
fn doctor_fix_remakes_environment_that_differs_from_receipt() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    let tool = home.data().join("tools/teller");
    let site = tool.join(format!("lib/python{}/site-packages", mirror.minor()));
    let config = tool.join("pyvenv.cfg");
    let damages: [(&str, &dyn Fn()); 5] = [
        ("it has lost teller==1.0", &|| {
            fs::remove_dir_all(site.join("teller-1.0.dist-info")).unwrap()
        }),
        ("it has lost speaker==1.0", &|| {
            fs::rename(
                site.join("speaker-1.0.dist-info"),
                site.join("speaker-0.9.dist-info"),
            )
            .unwrap()
        }),
        ("lost its pyvenv.cfg", &|| fs::remove_file(&config).unwrap()),
        ("nowhere/bin, which is gone", &|| {
            let text = fs::read_to_string(&config).unwrap();
            let lines = text.lines().map(|line| {
                if line.starts_with("home =") {
                    "home = /nowhere/bin"
                } else {
                    line
                }
            });
            fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
        }),
        // The interpreter behind the same path is another one since.
        ("now, and it was made with 3.1", &|| {
            let text = fs::read_to_string(&config).unwrap();
            let lines = text.lines().map(|line| {
                if line.starts_with("version") {
                    "version = 3.1.9"
                } else {
                    line
                }
            });
            fs::write(&config, lines.collect::<Vec<_>>().join("\n")).unwrap();
        }),
    ];
    for (why, damage) in damages {
        home.boot(["tool", "install", "teller", "--with", "speaker", "--force"])
            .success();
        doctor(&home, &[]).success();
        damage();
        doctor(&home, &[])
            .code(1)
            .stdout_has("the tool teller")
            .stdout_has(why);
        doctor(&home, &["--fix"])
            .success()
            .stderr_has("repaired the tool teller");
        home.run(&mut home.command(home.bin().join("teller")))
            .success()
            .stdout_has("teller speaks");
    }
}
