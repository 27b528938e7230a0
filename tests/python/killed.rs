//! `kill -9` at two hundred random moments: every Python is complete, and the next run finishes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread::{self, sleep};
use std::time::Duration;

use crate::support::killer::Killer;
use crate::support::{BOOT, Home, Mirror};

/// Moments of each of the four commands.
const MOMENTS: u32 = 50;

/// The commands run in parallel, because most of the time is spent waiting.
#[test]
fn python_commands_killed_at_random_moments_recover() {
    thread::scope(|scope| {
        for story in [
            an_install_that_is_killed_is_there_whole_or_not_at_all,
            a_reinstall_that_is_killed_leaves_a_python_that_works,
            an_uninstall_that_is_killed_is_finished_by_the_next,
            an_upgrade_that_is_killed_leaves_the_old_or_the_new,
        ] {
            scope.spawn(story);
        }
    });
}

/// Kills `boot python WORDS` at a random moment.
fn kill(killer: &mut Killer, home: &Home, words: &[&str]) -> String {
    killer.kill(words[0], home.command(BOOT).arg("python").args(words))
}

fn works(python: &Path) -> bool {
    Command::new(python)
        .args(["-c", "pass"])
        .stdin(Stdio::null())
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Returns the folders of the Pythons, after checking that each is complete and each link leads to
/// one.
fn whole(home: &Home, what: &str) -> Vec<PathBuf> {
    let mut pythons = Vec::new();
    for entry in fs::read_dir(home.data().join("pythons"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if entry.file_type().unwrap().is_symlink() {
            // A minor's link may outlive its Python for a moment, but never leads into a half.
            let target = fs::read_link(&path).unwrap();
            assert!(
                target.to_string_lossy().starts_with("cpython-"),
                "{what}: {name} -> {}",
                target.display()
            );
            continue;
        }
        if name.starts_with(".boot-staging-") {
            continue;
        }
        assert!(name.starts_with("cpython-"), "{what}: {name}");
        let record: serde_json::Value = serde_json::from_slice(
            &fs::read(path.join("boot.json")).unwrap_or_else(|_| panic!("{what}: {name}")),
        )
        .unwrap();
        assert_eq!(record["key"], name.as_str(), "{what}");
        assert!(
            works(&path.join(record["executable"].as_str().unwrap())),
            "{what}: {name} doesn't run"
        );
        assert_eq!(
            fs::metadata(path.join("share/weight")).unwrap().len(),
            400_000,
            "{what}: {name} is a part of itself"
        );
        assert!(
            fs::read_dir(path.join("lib"))
                .unwrap()
                .flatten()
                .any(|lib| lib.path().join("EXTERNALLY-MANAGED").exists()),
            "{what}: unpatched"
        );
        pythons.push(path);
    }
    // What boot itself makes of it is the same.
    let list = home.boot(["python", "list", "--json"]).success().json();
    assert_eq!(
        list["pythons"].as_array().unwrap().len(),
        pythons.len(),
        "{what}: {list}"
    );
    pythons
}

/// Checks that nothing is left. A file in staging counts as abandoned after two seconds, and a
/// self-test that outlived its boot may have written while its folder was swept.
fn nothing_left(home: &Home, minor: &str) {
    sleep(Duration::from_millis(2500));
    home.age_leftovers();
    home.boot(["python", "install", "--reinstall", minor])
        .success();
    home.no_leftovers();
    whole(home, "at the end");
}

fn an_install_that_is_killed_is_there_whole_or_not_at_all() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    let (minor, mut killer) = (mirror.minor(), Killer::new("install", MOMENTS));
    home.boot(["python", "install", &minor]).success();
    while killer.goes_on() {
        home.boot(["python", "uninstall", &minor]).success();
        let what = kill(&mut killer, &home, &["install", &minor]);
        assert!(whole(&home, &what).len() <= 1, "{what}");
        home.boot(["python", "install", &minor]).success();
        let shim = home.data().join("shims").join(format!("python{minor}"));
        home.run(home.command(&shim).args(["-c", "pass"])).success();
    }
    nothing_left(&home, &minor);
}

fn a_reinstall_that_is_killed_leaves_a_python_that_works() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    let (minor, mut killer) = (mirror.minor(), Killer::new("reinstall", MOMENTS));
    home.boot(["python", "install", &minor]).success();
    let through_link = home
        .data()
        .join("pythons")
        .join(&minor)
        .join("bin")
        .join(format!("python{minor}"));
    while killer.goes_on() {
        let what = kill(&mut killer, &home, &["install", "--reinstall", &minor]);
        assert_eq!(whole(&home, &what).len(), 1, "{what}");
        assert!(works(&through_link), "{what}");
        // Not each time: what a kill leaves is for the next one too.
        if killer.hit().is_multiple_of(5) {
            home.boot(["python", "install", "--reinstall", &minor])
                .success();
        }
    }
    nothing_left(&home, &minor);
}

fn an_uninstall_that_is_killed_is_finished_by_the_next() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    let (minor, mut killer) = (mirror.minor(), Killer::new("uninstall", MOMENTS));
    home.boot(["python", "install", &minor]).success();
    while killer.goes_on() {
        home.boot(["python", "install", &minor]).success();
        let what = kill(&mut killer, &home, &["uninstall", &minor]);
        assert!(whole(&home, &what).len() <= 1, "{what}");
        home.boot(["python", "uninstall", &minor]).success();
        assert!(
            fs::symlink_metadata(home.data().join("pythons").join(&minor)).is_err(),
            "{what}: the minor's link is left"
        );
        home.boot(["python", "find", &minor]).code(127);
    }
    nothing_left(&home, &minor);
}

fn an_upgrade_that_is_killed_leaves_the_old_or_the_new() {
    let mut mirror = Mirror::new();
    let home = Home::with(&mirror);
    let next = mirror.publish_next().to_string();
    home.learn(&mirror);
    let (minor, old, mut killer) = (
        mirror.minor(),
        mirror.version(),
        Killer::new("upgrade", MOMENTS),
    );
    let old_only = || {
        home.boot(["python", "install", &old]).success();
        home.boot(["python", "uninstall", "--force", &next])
            .success();
    };
    old_only();
    let venv = home.root.join("venv");
    home.boot([
        "venv",
        "--no-pip",
        "--python",
        &minor,
        venv.to_str().unwrap(),
    ])
    .success();
    while killer.goes_on() {
        old_only();
        let what = kill(&mut killer, &home, &["upgrade", &minor]);
        assert!((1..=2).contains(&whole(&home, &what).len()), "{what}");
        assert!(
            works(&venv.join("bin/python")),
            "{what}: the environment is broken"
        );
        home.boot(["python", "upgrade", &minor]).success();
        let list = home.boot(["python", "list", "--json"]).success().json();
        assert_eq!(
            (
                list["pythons"].as_array().unwrap().len(),
                &list["pythons"][0]["version"]
            ),
            (1, &next.as_str().into()),
            "{what}"
        );
        assert!(
            works(&venv.join("bin/python")),
            "{what}: the environment is broken"
        );
    }
    nothing_left(&home, &minor);
}
