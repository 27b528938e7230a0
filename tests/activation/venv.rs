//! `boot venv`: create, list, repair and remove environments.

use std::fs;
use std::path::Path;

use crate::support::{Home, Mirror};

fn home() -> (Mirror, Home) {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    (mirror, home)
}

fn listed(home: &Home, path: &Path) -> serde_json::Value {
    let body = home.boot(["venv", "list", "--json"]).success().json();
    assert_eq!(body["schema"], 1);
    let all = body["venvs"].as_array().unwrap().clone();
    all.into_iter()
        .find(|venv| venv["path"] == path.to_str().unwrap())
        .unwrap_or_else(|| panic!("{} isn't listed: {body}", path.display()))
}

fn runs(home: &Home, venv: &Path) {
    let program = "import sys; assert sys.prefix != sys.base_prefix; print(sys.prefix)";
    home.run(home.command(venv.join("bin/python")).args(["-c", program]))
        .success()
        .stdout_has(venv.to_str().unwrap());
}

#[test]
fn venv_options_do_what_they_say() {
    let (mirror, home) = home();
    let minor = mirror.minor();
    let made = |args: &[&str], path: &str| {
        home.boot([&["venv"], args].concat())
            .success()
            .stderr_has("made");
        let venv = home.root.join(path);
        runs(&home, &venv);
        fs::read_to_string(venv.join("pyvenv.cfg")).unwrap()
    };
    made(&["--python", &minor], ".venv");
    assert!(
        home.root.join(".venv/bin/pip").exists() && home.root.join(".venv/.gitignore").exists()
    );
    let config = made(&["bare", "--no-pip", "--prompt", "it's $(mine)"], "bare");
    assert!(!home.root.join("bare/bin/pip").exists());
    assert!(config.contains("prompt = it's $(mine)\n"), "{config}");
    assert!(
        made(&["seeing", "--no-pip", "--system-site-packages"], "seeing")
            .contains("include-system-site-packages = true")
    );
    made(&["with a space", "--no-pip"], "with a space");
    made(&["--name", "work"], ".local/share/boot/venvs/work");

    // A second time there is nothing to do; `--clear` makes it anew, and only an environment.
    home.boot(["venv"]).success().stderr_has("nothing to do");
    home.write(".venv/extra", "x");
    home.boot(["venv", "--clear"]).success().stderr_has("made");
    assert!(!home.root.join(".venv/extra").exists());
    home.write("precious/file", "x");
    home.boot(["venv", "precious", "--clear"])
        .code(1)
        .one_error()
        .stderr_has("precious");
    assert_eq!(home.read("precious/file"), "x");
    home.boot(["venv", "other", "--python", "3.1"])
        .code(127)
        .one_error()
        .stderr_has("no such CPython is known");
    home.no_leftovers();
}

#[test]
fn venv_list_and_remove_know_all_that_boot_made() {
    let (_mirror, home) = home();
    home.boot(["venv", "project/.venv"]).success();
    home.boot(["venv", "--name", "work"]).success();
    home.boot(["venv", "list"])
        .success()
        .stdout_has("work")
        .stdout_has("~/project/.venv");
    // By its project's folder, by its name; what boot didn't make stays.
    home.boot(["venv", "remove", "project", "work"]).success();
    assert!(!home.root.join("project/.venv").exists() && !home.data().join("venvs/work").exists());
    home.write("mine/.venv/pyvenv.cfg", "home = /usr/bin\n");
    home.boot(["venv", "remove", "mine"]).code(1).one_error();
    assert!(home.root.join("mine/.venv/pyvenv.cfg").exists());
    assert_eq!(
        home.boot(["venv", "list", "--json"]).success().json()["venvs"],
        serde_json::json!([])
    );
}

#[test]
fn venv_pip_uninstalls_itself_completely() {
    let (_mirror, home) = home();
    home.boot(["venv"]).success();
    let bin = home.root.join(".venv/bin");
    let pips = || {
        let names = fs::read_dir(&bin)
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name.starts_with("pip")).collect();
        names.sort();
        names
    };
    assert_eq!(pips().len(), 3, "pip, pip3, pip3.N: {:?}", pips());
    for name in pips() {
        home.run(home.command(bin.join(&name)).arg("--version"))
            .success()
            .stdout_has("pip");
    }
    home.run(
        home.command(bin.join("python"))
            .args(["-m", "pip", "uninstall", "-q", "-y", "pip"]),
    )
    .success();
    assert_eq!(pips(), [""; 0], "all of its commands are in its RECORD");
    let site = fs::read_dir(home.root.join(".venv/lib"))
        .unwrap()
        .flatten()
        .next()
        .unwrap()
        .path()
        .join("site-packages");
    assert_eq!(
        fs::read_dir(&site)
            .unwrap()
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("pip"))
            .count(),
        0
    );
}

#[test]
#[cfg(target_os = "linux")]
fn venv_list_repairs_venv_whose_python_moved() {
    let (mirror, home) = home();
    home.write("project/.python-version", &format!("{}\n", mirror.minor()));
    let project = home.root.join("project");
    home.boot_in(&project, ["venv"]).success();
    home.boot(["venv", "--name", "work", "--python", &mirror.version()])
        .success();
    let (venv, named) = (project.join(".venv"), home.data().join("venvs/work"));
    home.write("project/.venv/kept", "x");

    // All of boot's data is somewhere else now, as when a disk got full; the environments in
    // projects still point to the old place.
    let moved = home.root.join("elsewhere");
    fs::rename(home.data(), &moved).unwrap();
    let mut home = home;
    home.set("BOOT_DATA_DIR", moved.to_str().unwrap());
    home.boot(["python", "install", &mirror.minor(), "--reinstall"])
        .success();
    assert!(!venv.join("bin/python").exists(), "its Python has moved");

    let seen = listed(&home, &venv);
    assert_eq!(
        (seen["works"].clone(), seen["repaired"].clone()),
        (true.into(), true.into()),
        "{seen}"
    );
    runs(&home, &venv);
    assert_eq!(home.read("project/.venv/kept"), "x");
    let seen = listed(&home, &venv);
    assert_eq!(
        (seen["works"].clone(), seen["repaired"].clone()),
        (true.into(), false.into()),
        "once: {seen}"
    );
    assert!(!named.exists());
}

#[test]
fn venv_list_names_missing_python() {
    let (mirror, home) = home();
    home.boot(["venv", "--name", "work", "--python", &mirror.version()])
        .success();
    let venv = home.data().join("venvs/work");
    home.boot(["python", "uninstall", "--force", &mirror.version()])
        .success();
    let seen = listed(&home, &venv);
    assert_eq!(seen["works"], false);
    let request = seen["lost"].as_str().unwrap().to_string();
    home.boot(["venv", "list"])
        .success()
        .stdout_has("boot python install");
    home.boot(["python", "install", &request]).success();
    assert_eq!(listed(&home, &venv)["works"], true);
    runs(&home, &venv);
}

#[test]
fn hook_repairs_venv_of_project() {
    let (mut mirror, home) = home();
    let project = home.root.join("project");
    let first = mirror.version();
    home.write("project/.python-version", &format!("{first}\n"));
    let enter = || {
        let mut command = home.command(crate::support::BOOT);
        command
            .args(["shell", "enter", "bash"])
            .arg(&project)
            .arg("");
        home.run(&mut command).success()
    };
    enter().stdout_has("__boot_use").stderr_has("made");
    let config = || home.read("project/.venv/pyvenv.cfg");
    assert!(config().contains(&format!("version = {first}\n")));
    home.write("project/.venv/kept", "x");
    // The pin names another patch of the same minor.
    let next = mirror.publish_next().to_string();
    home.learn(&mirror);
    home.boot(["python", "install", &next]).success();
    home.write("project/.python-version", &format!("{next}\n"));
    enter().stdout_has("__boot_use");
    assert!(
        config().contains(&format!("version = {next}\n")),
        "{}",
        config()
    );
    assert!(
        fs::read_link(project.join(".venv/bin/python"))
            .unwrap()
            .display()
            .to_string()
            .contains(&next)
    );
    assert_eq!(home.read("project/.venv/kept"), "x");
    // A pin of the minor: bound to the minor's link again.
    home.write("project/.python-version", &format!("{}\n", mirror.minor()));
    home.boot(["python", "uninstall", "--force", &first])
        .success();
    enter().stdout_has("__boot_use");
    runs(&home, &project.join(".venv"));
}

#[test]
fn venv_repairs_existing_environment() {
    let (mut mirror, home) = home();
    let first = mirror.version();
    home.boot(["venv", "--python", &first]).success();
    home.write(".venv/kept", "x");
    let next = mirror.publish_next().to_string();
    home.learn(&mirror);
    home.boot(["python", "install", &next]).success();
    home.boot(["python", "uninstall", "--force", &first])
        .success();
    assert!(!home.root.join(".venv/bin/python").exists());
    home.boot(["venv", "--python", &next])
        .success()
        .stderr_has("repaired");
    runs(&home, &home.root.join(".venv"));
    assert_eq!(home.read(".venv/kept"), "x");
    home.boot(["venv", "--python", &next])
        .success()
        .stderr_has("nothing to do");
}

#[test]
fn venv_python_by_path_needs_adopted_python() {
    let (mirror, home) = home();
    let own = home
        .boot(["python", "find", &mirror.minor()])
        .success()
        .stdout
        .trim()
        .to_string();
    home.boot(["venv", "own", "--no-pip", "--python", &own])
        .success();
    runs(&home, &home.root.join("own"));
    // By another name of it, and by none; one that boot doesn't know says how it would.
    let foreign = home
        .root
        .join("foreign/bin")
        .join(format!("python{}", mirror.minor()));
    fs::create_dir_all(foreign.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&own, &foreign).unwrap();
    home.boot(["venv", "other", "--python", "foreign/bin/none"])
        .code(127)
        .one_error()
        .stderr_has("boot python adopt");
    let stranger = home.write("stranger/python3", "#!/bin/sh\n");
    fs::set_permissions(
        &stranger,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    let mut command = home.command(crate::support::BOOT);
    command
        .args(["venv", "other", "--python", "system"])
        .env("PATH", stranger.parent().unwrap());
    home.run(&mut command)
        .code(127)
        .one_error()
        .stderr_has("boot python adopt")
        .stderr_has("stranger/python3");
    assert!(!home.root.join("other").exists());
    // `system` is taken for the Python that PATH has, if boot knows it.
    let mut command = home.command(crate::support::BOOT);
    fs::rename(&foreign, foreign.with_file_name("python3")).unwrap();
    command
        .args(["venv", "system", "--no-pip", "--python", "system"])
        .env("PATH", foreign.parent().unwrap());
    home.run(&mut command).success();
    runs(&home, &home.root.join("system"));
}

#[test]
fn venv_list_never_changes_foreign_venv() {
    let (mirror, home) = home();
    home.write("project/.python-version", &format!("{}\n", mirror.minor()));
    let venv = home.root.join("project/.venv");
    let config = format!(
        "home = /nowhere\nversion = {}\nexecutable = /nowhere/python{}\nboot = 1\n",
        mirror.version(),
        mirror.minor()
    );
    home.write("project/.venv/pyvenv.cfg", &config);
    fs::create_dir_all(venv.join("bin")).unwrap();
    std::os::unix::fs::symlink("/nowhere/python", venv.join("bin/python")).unwrap();
    home.boot(["trust", "project"]).success();
    home.boot(["venv", "list"]).success().stdout_has("broken");
    assert_eq!(home.read("project/.venv/pyvenv.cfg"), config);
    assert_eq!(
        fs::read_link(venv.join("bin/python")).unwrap(),
        Path::new("/nowhere/python")
    );
}
