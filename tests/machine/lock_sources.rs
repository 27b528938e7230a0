//! Locked tools from git repositories and folders: the commit, the declared metadata, and all
//! packages.

use std::fs;

use super::lock::{LOCK, index, lock_for_three, machine, manifest, packages};
use crate::support::sdist::{Source, commit};
use crate::support::{Home, Mirror, Wheel};

/// Creates a second machine with the manifest and lock of `home`.
fn another(mirror: &Mirror, index: &crate::support::Index, home: &Home) -> Home {
    let other = machine(mirror, index);
    other.write(
        ".config/boot/boot.toml",
        &home.read(".config/boot/boot.toml"),
    );
    other.write(LOCK, &home.read(LOCK));
    other
}

fn says(home: &Home, tool: &str) -> String {
    home.run(&mut home.command(home.bin().join(tool)))
        .success()
        .stdout
        .trim()
        .to_string()
}

#[test]
fn lock_git_tool_records_commit_and_requirements() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let needs = |says: &str| {
        Source::new("mytool", "1.0", says)
            .requires("click")
            .requires("onlymac; sys_platform == 'darwin'")
    };
    let folder = needs("first").repository(&home, "src/mytool");
    let first = commit_of(&home, &folder);
    home.write(
        ".config/boot/boot.toml",
        &manifest(
            &mirror,
            &format!("mytool = {{ git = \"file://{}\" }}\n", folder.display()),
        ),
    );
    // A first apply: its Python comes in the same run.
    home.boot(["apply"])
        .success()
        .stderr_lacks("not in the lock");
    let text = home.read(LOCK);
    assert!(
        text.contains(&format!("commit = \"{first}\"")) && !text.contains("://"),
        "{text}"
    );
    assert!(
        text.contains("click-8.1.0-py3-none-any.whl") && !text.contains("file = \"mytool"),
        "{text}"
    );
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
    // For other platforms too, with what they need.
    let text = lock_for_three(&home);
    assert_eq!(
        (
            text.matches(&first).count(),
            text.matches("name = \"onlymac\"").count()
        ),
        (3, 1),
        "{text}"
    );
    home.boot(["lock"]).success().stderr_has("nothing to do");

    // Its branch and the index move on.
    needs("second").folder(&home, "src/mytool");
    let second = commit(&home, &folder);
    index.add(Wheel::new("click", "8.2.0").file("click.py", ""));
    let other = another(&mirror, &index, &home);
    other.boot(["apply", "--locked"]).success();
    assert_eq!(says(&other, "mytool"), "first");
    assert_eq!(packages(&other, "mytool"), ["click==8.1.0", "mytool==1.0"]);
    other.boot(["status", "--exit-code"]).success();

    // An update takes the newer commit; a machine with the lock of before then isn't what the new
    // one says.
    other.boot(["update", "--yes"]).success();
    assert_eq!(says(&other, "mytool"), "second");
    assert_eq!(packages(&other, "mytool"), ["click==8.2.0", "mytool==1.0"]);
    assert!(other.read(LOCK).contains(&second) && !other.read(LOCK).contains(&first));
    home.write(LOCK, &other.read(LOCK));
    home.boot(["status", "--exit-code"])
        .code(1)
        .stdout_has("not what the lock says");
    home.boot(["apply"]).success();
    assert_eq!(says(&home, "mytool"), "second");
}

fn commit_of(home: &Home, folder: &std::path::Path) -> String {
    home.run(
        home.command("git")
            .arg("-C")
            .arg(folder)
            .args(["rev-parse", "HEAD"]),
    )
    .success()
    .stdout
    .trim()
    .to_string()
}

#[test]
fn lock_folder_tool_records_requirements() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    Source::new("mine", "1.0", "mine")
        .requires("click")
        .folder(&home, ".config/boot/tools/mine");
    home.write(
        ".config/boot/boot.toml",
        &manifest(&mirror, "mine = { path = \"tools/mine\" }\n"),
    );
    home.boot(["apply"]).success();
    assert!(
        home.read(LOCK).contains("click-8.1.0-py3-none-any.whl"),
        "{}",
        home.read(LOCK)
    );
    index.add(Wheel::new("click", "8.2.0").file("click.py", ""));
    let other = another(&mirror, &index, &home);
    Source::new("mine", "1.0", "mine")
        .requires("click")
        .folder(&other, ".config/boot/tools/mine");
    other.boot(["apply", "--locked"]).success();
    assert_eq!(
        (says(&other, "mine").as_str(), packages(&other, "mine")),
        ("mine", vec!["click==8.1.0".to_string(), "mine==1.0".into()])
    );
    // Building leaves things in the folder, which say nothing of what it needs.
    fs::create_dir_all(other.root.join(".config/boot/tools/mine/build/lib")).unwrap();
    other
        .boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
    // What it says of itself does.
    let project = ".config/boot/tools/mine/pyproject.toml";
    other.write(project, &format!("{}\n# another\n", other.read(project)));
    other
        .boot(["lock", "--check"])
        .code(1)
        .stderr_has("boot.lock");
}

#[test]
fn apply_lock_with_invalid_commit_is_refused() {
    let (mirror, index) = (Mirror::new(), index());
    let home = machine(&mirror, &index);
    let folder = Source::new("mytool", "1.0", "x").repository(&home, "src/mytool");
    let first = commit_of(&home, &folder);
    home.write(
        ".config/boot/boot.toml",
        &manifest(
            &mirror,
            &format!("mytool = {{ git = \"file://{}\" }}\n", folder.display()),
        ),
    );
    home.boot(["apply"]).success();
    let good = home.read(LOCK);
    home.boot(["tool", "uninstall", "mytool"]).success();
    for bad in ["--upload-pack=touch x", "main", "../x"] {
        home.write(LOCK, &good.replace(&first, bad));
        home.boot(["apply"])
            .code(1)
            .one_error()
            .stderr_has("names no commit");
    }
    // One that the repository doesn't have.
    home.write(LOCK, &good.replace(&first, &"0".repeat(40)));
    home.boot(["apply", "--locked"])
        .code(1)
        .stderr_has("has no branch, tag or commit");
}
