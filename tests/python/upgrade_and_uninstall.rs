//! Upgrading and uninstalling Pythons.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Home, Index, Mirror, Wheel};
use boot::testing::Version;

/// Creates an index with a tool that prints the patch that runs it.
fn index() -> Index {
    let index = Index::new();
    let module = "import os, sys\ndef main():\n    print('patch', os.environ['STAND_IN'], 'in', \
                  sys.prefix)\n";
    index.add(
        Wheel::new("teller", "1.0")
            .file("teller.py", module)
            .script("teller", "teller:main"),
    );
    index
}

/// Returns the patch that runs the environment's interpreter, as the stand-in reports it.
fn patch_of(home: &Home, python: &Path) -> String {
    let program =
        "import os, sys; assert sys.prefix != sys.base_prefix; print(os.environ['STAND_IN'])";
    home.run(home.command(python).args(["-c", program]))
        .success()
        .stdout
        .trim()
        .into()
}

fn python_folder(home: &Home, mirror: &Mirror, version: Version) -> PathBuf {
    home.data()
        .join("pythons")
        .join(mirror.key_of(version).to_string())
}

#[test]
#[cfg(target_os = "linux")]
fn python_upgrade_keeps_tools_and_venvs_running() {
    let (mut mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    let (old, minor) = (mirror.key.version, mirror.minor());
    home.boot(["tool", "install", "teller"]).success();
    home.boot(["venv", "--name", "named"]).success();
    home.write("project/.python-version", &format!("{minor}\n"));
    home.boot_in(&home.root.join("project"), ["venv"]).success();
    // Made by what people type everywhere.
    let shim = home.data().join("shims/python3");
    home.run(
        home.command(shim)
            .args(["-m", "venv", "--without-pip", "by-hand"]),
    )
    .success();
    let venvs = [
        home.data().join("venvs/named/bin/python"),
        home.root.join("project/.venv/bin/python"),
        home.root.join("by-hand/bin/python"),
    ];
    let teller = |home: &Home| {
        home.run(&mut home.command(home.bin().join("teller")))
            .success()
            .stdout
    };
    for venv in &venvs {
        assert_eq!(patch_of(&home, venv), old.to_string(), "{}", venv.display());
    }
    assert!(teller(&home).contains(&format!(
        "patch {old} in {}",
        home.data().join("tools/teller").display()
    )));

    // Nothing newer: nothing happens, and nobody is asked.
    mirror.server.requests();
    home.boot(["python", "upgrade"])
        .success()
        .stderr_has("the newest");
    assert_eq!(mirror.server.requests(), [] as [&str; 0]);

    let new = mirror.publish_next();
    home.learn(&mirror);
    home.boot(["python", "list", "--outdated"])
        .success()
        .stdout_has(&old.to_string())
        .stdout_has(&new.to_string());
    let outdated = home
        .boot(["python", "list", "--outdated", "--json"])
        .success()
        .json();
    assert_eq!(
        (
            &outdated["pythons"][0]["version"],
            &outdated["pythons"][0]["newest"]
        ),
        (&old.to_string().into(), &new.to_string().into())
    );
    home.boot(["python", "upgrade"])
        .success()
        .stderr_has(&format!("from {old} to {new}"))
        .stderr_has(&format!("{old} is gone"));
    for venv in &venvs {
        assert_eq!(patch_of(&home, venv), new.to_string(), "{}", venv.display());
    }
    assert!(teller(&home).contains(&format!("patch {new} in")));
    assert!(!python_folder(&home, &mirror, old).exists());
    home.boot(["python", "list", "--outdated"])
        .success()
        .stderr_has("newest");
    home.no_leftovers();
}

#[test]
#[cfg(target_os = "linux")]
fn python_upgrade_keeps_old_patch_in_use() {
    let (mut mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    let old = mirror.key.version;
    home.boot(["venv", "--python", &old.to_string(), "pinned"])
        .success();
    let new = mirror.publish_next();
    home.learn(&mirror);
    let run = home.boot(["python", "upgrade", &mirror.minor()]).success();
    run.stderr_has(&format!("{old} stays, for ~/pinned"));
    assert_eq!(
        patch_of(&home, &home.root.join("pinned/bin/python")),
        old.to_string()
    );
    let shim = home.data().join("shims/python3");
    home.run(
        home.command(&shim)
            .args(["-c", "import os; print(os.environ['STAND_IN'])"]),
    )
    .success()
    .stdout_has(&new.to_string());

    // A pin holds it too; and when nothing does any longer, the next upgrade finishes.
    home.boot(["venv", "remove", "pinned"]).success();
    home.boot(["python", "pin", "--global", &old.to_string()])
        .success();
    home.boot(["python", "upgrade"])
        .success()
        .stderr_has(&format!("{old} stays, for ~/.config/boot/python-version"));
    home.boot(["python", "pin", "--global", "--unset"])
        .success();
    home.boot(["python", "upgrade"])
        .success()
        .stderr_has(&format!("{old} is gone"));
    assert!(!python_folder(&home, &mirror, old).exists());
}

#[test]
fn python_upgrade_keep_leaves_old_patch() {
    let mut mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let old = mirror.key.version;
    let new = mirror.publish_next();
    home.learn(&mirror);
    home.boot(["python", "upgrade", "--keep"]).success();
    home.boot(["python", "upgrade"])
        .success()
        .stderr_lacks("gone");
    assert!(
        python_folder(&home, &mirror, old).exists() && python_folder(&home, &mirror, new).exists()
    );
    let link = home.data().join("pythons").join(mirror.minor());
    assert_eq!(
        fs::read_link(link).unwrap().to_str(),
        Some(mirror.key_of(new).to_string().as_str())
    );
    // Two meet the request: boot doesn't guess.
    home.boot(["python", "uninstall", &mirror.minor()])
        .code(1)
        .stderr_has(&old.to_string())
        .stderr_has(&new.to_string())
        .one_error();
    home.boot(["python", "uninstall", &new.to_string()])
        .success();
    home.boot(["python", "find", &mirror.minor()])
        .success()
        .stdout_has(&old.to_string());
}

#[test]
fn python_upgrade_finishes_a_killed_one() {
    let mut mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let old = mirror.key.version;
    let new = mirror.publish_next();
    home.learn(&mirror);
    home.boot(["python", "upgrade", "--keep"]).success();
    // As it stands between the publication of the new patch and the link.
    let link = home.data().join("pythons").join(mirror.minor());
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(mirror.key.to_string(), &link).unwrap();
    home.boot(["python", "find", &mirror.minor()])
        .success()
        .stdout_has(&mirror.key.to_string());
    let run = home.boot(["python", "upgrade"]).success();
    run.stderr_has(&format!("from {old} to {new}"))
        .stderr_has(&format!("{old} is gone"));
    assert_eq!(
        fs::read_link(&link).unwrap().to_str(),
        Some(mirror.key_of(new).to_string().as_str())
    );
    // And one that was killed between the folder and the links of an uninstall.
    fs::remove_dir_all(python_folder(&home, &mirror, new)).unwrap();
    home.boot(["python", "uninstall", &mirror.minor()])
        .success();
    assert!(
        fs::symlink_metadata(&link).is_err()
            && fs::read_dir(home.data().join("shims"))
                .unwrap()
                .next()
                .is_none()
    );
}

#[test]
fn python_upgrade_failure_changes_nothing() {
    let mut mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    home.boot(["python", "upgrade"])
        .success()
        .stderr_has("boot python install");
    home.boot(["python", "upgrade", &mirror.minor()])
        .code(1)
        .stderr_has("isn't installed")
        .one_error();
    home.boot(["python", "install", &mirror.minor()]).success();
    home.boot(["python", "upgrade", &mirror.version()])
        .code(2)
        .stderr_has(&format!("boot python upgrade {}", mirror.minor()))
        .one_error();
    mirror.publish_next();
    home.learn(&mirror);
    let before: Vec<String> = home.tree();
    home.set("BOOT_PYTHON_MIRROR", "http://127.0.0.1:9");
    home.boot(["python", "upgrade"]).code(1).one_error();
    assert_eq!(home.tree(), before);
    home.boot(["python", "find", &mirror.minor()])
        .success()
        .stdout_has(&mirror.version());
}

#[test]
fn python_uninstall_of_python_in_use_is_refused() {
    let (mirror, index) = (Mirror::new(), index());
    let home = Home::ready(&mirror, &index);
    home.boot(["tool", "install", "teller"]).success();
    home.boot(["venv", "--name", "named"]).success();
    home.write("project/.python-version", &mirror.minor());
    home.boot_in(&home.root.join("project"), ["venv"]).success();
    let refused = home
        .boot(["python", "uninstall", &mirror.minor()])
        .code(1)
        .one_error();
    refused
        .stderr_has("the tool teller")
        .stderr_has("~/project/.venv")
        .stderr_has("venvs/named")
        .stderr_has("--force");
    assert!(python_folder(&home, &mirror, mirror.key.version).exists());
    home.boot(["python", "uninstall", "--force", &mirror.minor()])
        .success()
        .stderr_has("the tool teller has no Python now");
    assert!(!python_folder(&home, &mirror, mirror.key.version).exists());
    home.boot(["python", "uninstall", &mirror.minor()])
        .success()
        .stderr_has("isn't installed");
}
