//! Tools whose Python is missing while only another minor is left: that minor takes over if the
//! tool accepts it.

use std::fs;

use boot::testing::Version;

use super::doctor::doctor;
use super::python_choice::{plant, python, says};
use crate::support::{Home, Index, Mirror, Wheel};

/// Creates a home with two Pythons, the newer one the default; returns their keys.
fn home() -> (Mirror, Index, Home, String, String) {
    let (mirror, index) = (Mirror::new(), Index::new());
    index.add(
        Wheel::new("speaker", "1.0")
            .requires("part")
            .command("speaker", "speaker 1.0"),
    );
    index.add(Wheel::new("part", "1.0").file("part.py", ""));
    index.add(Wheel::new("helper", "1.0").command("helper", "helped"));
    index.add(
        Wheel::new("modern", "1.0")
            .requires_python(">=3.5")
            .command("modern", "modern 1.0"),
    );
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    let old = plant(&home, &mirror, "3.3.1");
    // One that says of itself that it is of that minor, which doctor asks for.
    let patch = Version {
        patch: mirror.key.version.patch + 1,
        ..mirror.key.version
    };
    let interpreter = mirror
        .interpreter(patch, &[])
        .replace("sys.version_info[:2]", "(3, 3)");
    assert!(interpreter.contains("(3, 3) + ("), "{interpreter}");
    fs::write(
        home.data().join("pythons").join(&old).join("bin/python3.3"),
        interpreter,
    )
    .unwrap();
    let new = mirror.key.to_string();
    (mirror, index, home, new, old)
}

/// Returns whether a command runs.
fn runs(home: &Home, command: &str) -> bool {
    home.command(home.bin().join(command))
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Removes the newer Python and its links by hand.
fn lose(home: &Home, mirror: &Mirror) {
    let pythons = home.data().join("pythons");
    fs::remove_dir_all(pythons.join(mirror.key.to_string())).unwrap();
    let _ = fs::remove_file(pythons.join(mirror.minor()));
    assert!(!runs(home, "speaker"));
}

#[test]
fn doctor_fix_remakes_tool_with_another_minor() {
    let (mirror, index, mut home, new, old) = home();
    home.boot(["tool", "install", "speaker", "--with", "helper"])
        .success();
    home.boot(["tool", "expose", "speaker", "helper"]).success();
    assert_eq!(python(&home, "speaker"), new);
    lose(&home, &mirror);
    doctor(&home, &[])
        .code(1)
        .stdout_has("the tool speaker")
        .stdout_has("its Python is gone");
    // All that it needs is here: no Python is fetched, and no wheel.
    home.set("BOOT_PYTHON_MIRROR", "http://127.0.0.1:9");
    index.server.requests();
    doctor(&home, &["--fix"])
        .success()
        .stderr_has("repaired the tool speaker");
    let asked = index.server.requests();
    assert!(
        !asked.iter().any(|request| request.contains("/files/")),
        "{asked:?}"
    );
    doctor(&home, &[]).success().stderr_has("nothing is wrong");
    assert_eq!(
        (
            python(&home, "speaker"),
            says(&home, "speaker"),
            says(&home, "helper")
        ),
        (old, "speaker 1.0".into(), "helped".into())
    );
    let list = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(list["tools"][0]["injected"][0]["name"], "helper", "{list}");
    home.boot(["tool", "list"])
        .success()
        .stdout_has("3.3.1")
        .stdout_lacks("gone");
    home.no_leftovers();
}

#[test]
fn tool_upgrade_remakes_tool_with_another_minor() {
    let (mirror, index, home, new, old) = home();
    home.boot(["tool", "install", "speaker", "--with", "helper"])
        .success();
    assert_eq!(python(&home, "speaker"), new);
    lose(&home, &mirror);
    // Even if there is nothing newer.
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("speaker 1.0")
        .stderr_has("3.3.1");
    assert_eq!(
        (python(&home, "speaker"), says(&home, "speaker")),
        (old.clone(), "speaker 1.0".into())
    );
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("speaker 1.0 is the newest");
    index.add(Wheel::new("speaker", "1.1").command("speaker", "speaker 1.1"));
    home.set_page_age();
    home.boot(["tool", "upgrade"])
        .success()
        .stderr_has("1.0 -> 1.1");
    let list = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(
        (
            python(&home, "speaker"),
            &list["tools"][0]["injected"][0]["version"]
        ),
        (old, &"1.0".into()),
        "{list}"
    );
}

#[test]
fn tool_upgrade_installs_python_that_tool_accepts() {
    let (mirror, _index, home, new, old) = home();
    home.boot(["tool", "install", "speaker", "modern"])
        .success();
    lose(&home, &mirror);
    let run = home.boot(["tool", "upgrade"]).success();
    run.stderr_has(&format!(
        "modern accepts none of the installed Pythons: installing {} first",
        mirror.minor()
    ));
    assert_eq!(
        (python(&home, "modern"), says(&home, "modern")),
        (new.clone(), "modern 1.0".into())
    );
    let speaker = python(&home, "speaker");
    assert!((speaker == new || speaker == old) && says(&home, "speaker") == "speaker 1.0");
}

#[test]
fn tool_upgrade_keeps_requested_python_or_fails() {
    let (mirror, _index, mut home, new, old) = home();
    home.boot(["tool", "install", "speaker", "--python", &mirror.minor()])
        .success();
    home.boot(["tool", "install", "modern", "helper", "--python", "3.3"])
        .code(4);
    lose(&home, &mirror);
    // It isn't given another one than was asked for, and the others are none the worse for that.
    for words in [&["tool", "upgrade"][..], &["doctor", "--fix"]] {
        let run = home.boot([&["--offline"], words].concat());
        assert!(
            matches!(run.code, Some(1 | 4)) && run.stderr.contains("speaker"),
            "{run}"
        );
        assert_eq!(
            (python(&home, "helper"), says(&home, "helper")),
            (old.clone(), "helped".into())
        );
        assert!(!runs(&home, "speaker"), "{words:?}");
    }
    home.set("BOOT_READ_TIMEOUT", "5");
    home.boot(["tool", "upgrade", "speaker"]).success();
    assert_eq!(
        (python(&home, "speaker"), says(&home, "speaker")),
        (new, "speaker 1.0".into())
    );
}

#[test]
fn tool_run_and_reinstall_remake_lost_environment() {
    let (mirror, _index, home, _new, _old) = home();
    home.boot(["tool", "install", "speaker"]).success();
    for _ in 0..2 {
        home.boot(["tool", "run", "--with", "part", "helper"])
            .success()
            .stdout_has("helped");
    }
    lose(&home, &mirror);
    home.boot(["tool", "run", "--with", "part", "helper"])
        .success()
        .stdout_has("helped");
    home.boot(["tool", "run", "speaker"])
        .success()
        .stdout_has("speaker 1.0");
    home.boot(["tool", "exec", "speaker", "--", "python", "-c", ""])
        .one_error();
    home.boot(["tool", "reinstall", "speaker"])
        .success()
        .stderr_has("3.3.1");
    home.boot([
        "tool",
        "exec",
        "speaker",
        "--",
        "python",
        "-c",
        "import part",
    ])
    .success();
}
