//! `[venvs]`: named virtualenvs, and the Pythons that virtualenvs and tools bring.

use crate::support::{Home, Mirror, index};

#[test]
fn apply_named_virtualenv_is_created_once() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.write(
        ".config/boot/boot.toml",
        &format!("version = 1\n[venvs]\nwork = \"{}\"\n", mirror.minor()),
    );
    home.boot(["plan"])
        .success()
        .stdout_has("+ venv     work, with Python")
        .stdout_has("+ python");
    home.boot(["apply"]).success().stderr_has("1 virtualenv");
    home.boot(["venv", "list"]).success().stdout_has("work");
    home.write("project/.python-version", "work\n");
    let run = home
        .boot_in(&home.root.join("project"), ["which", "python"])
        .success();
    assert!(run.stdout.contains("venvs/work/bin/python"), "{run}");
    home.boot(["apply"]).success().stderr_has("nothing to do");
    // It was removed by hand: that is drift.
    home.boot(["venv", "remove", "work"]).success();
    home.boot(["status", "--exit-code"])
        .code(1)
        .stdout_has("work");
    home.boot(["apply", "--only", "venvs"]).success();
    home.boot(["status", "--exit-code"]).success();
}

#[test]
fn apply_locked_installs_python_of_tool() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    let manifest = format!(
        "version = 1\n[tools]\nblack = {{ python = \"{}\" }}\n",
        mirror.minor()
    );
    home.write(".config/boot/boot.toml", &manifest);
    home.boot(["lock"]).success();
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("1 Python");
    assert!(home.bin().join("black").exists());
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
}

#[test]
fn apply_second_tool_of_a_kind_has_suffix() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    let manifest = format!(
        "version = 1\n[python]\ninstall = [\"{}\"]\n[tools]\nblack = \"*\"\n\
         black_two = {{ suffix = \"_two\" }}\n",
        mirror.minor()
    );
    home.write(".config/boot/boot.toml", &manifest);
    home.boot(["plan"])
        .success()
        .stdout_has("black, as black_two");
    home.boot(["apply"]).success().stderr_has("2 tools");
    assert!(home.bin().join("black").exists() && home.bin().join("black_two").exists());
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("nothing to do");
    home.boot(["tool", "uninstall", "--all"]).success();
    home.boot(["apply", "--locked"])
        .success()
        .stderr_has("2 tools");
    // What is here is written down the same way.
    std::fs::remove_file(home.root.join(".config/boot/boot.toml")).unwrap();
    home.boot(["init", "--dry-run"])
        .success()
        .stdout_has("black_two = { suffix = \"_two\" }");
}
