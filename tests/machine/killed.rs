//! `kill -9` at two hundred random moments of `init` from nothing, `apply` after changes, and
//! `undo`. Each target is completely old or completely new, the originals are recoverable, and the
//! next run finishes.
//!
//! undo.rs does the same with dotfiles of every kind.

use std::fs;
use std::thread;

use crate::support::killer::Killer;
use crate::support::{BOOT, Home, Index, Mirror, Wheel, index};

#[test]
fn init_apply_and_undo_killed_at_random_moments_recover() {
    let (mirror, index) = (Mirror::new(), index::stocked());
    index.add(Wheel::new("late", "1.0").command("late", "late 1.0"));
    thread::scope(|scope| {
        scope.spawn(|| killed_init(&mirror, &index));
        scope.spawn(|| killed_apply(&mirror, &index));
        scope.spawn(|| killed_undo(&mirror, &index));
    });
}

const INIT: [&str; 5] = ["init", "repo", "--yes", "--on-conflict", "backup"];

/// Text that is long enough to show a partial write.
fn long(what: &str) -> String {
    format!("{what}\n").repeat(2000)
}

/// Creates a home with files of its own, and a repository with one item of each kind.
fn home(mirror: &Mirror, index: &Index) -> Home {
    let mut home = Home::with(mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.set("SHELL", "/bin/bash");
    // It is compiled by a process that outlives the one that is killed.
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    home.write(".bashrc", "# mine\n");
    home.write(".linked", "mine\n");
    home.write(".copied", &long("mine"));
    let manifest = format!(
        "version = 1\n[python]\ninstall = ['{}']\n[tools]\nblack = '*'\nlate = '*'\n\
         sphinx = {{ inject = ['furo'] }}\n\
         [dotfiles]\n'~/.copied' = {{ mode = 'copy' }}\n[shell]\nhook = true\n\
         [[run]]\nid = 'once'\ncmd = 'echo once >>\"$HOME/ran\"'\n\
         [[run]]\nid = 'changed'\ncmd = 'scripts/changed.sh'\non = 'change'\n",
        mirror.minor()
    );
    home.write("repo/boot.toml", &manifest);
    home.write("repo/home/.linked", "the repository's\n");
    home.write("repo/home/.new", "the repository's\n");
    home.write("repo/home/.copied", &long("the repository's"));
    home.write(
        "repo/scripts/changed.sh",
        "#!/bin/sh\necho first >>\"$HOME/ran\"\n",
    );
    home
}

/// Checks that every file and command is complete; `copied` lists the possible copies.
fn whole(home: &Home, copied: &[&str], what: &str) {
    let kept = |text: &str| {
        let folders = fs::read_dir(home.root.join(".local/state/boot/backups"))
            .into_iter()
            .flatten()
            .flatten();
        folders
            .flat_map(|folder| fs::read_dir(folder.path()).into_iter().flatten().flatten())
            .any(|file| fs::read_to_string(file.path()).is_ok_and(|there| there == text))
    };
    let linked = home.read(".linked");
    assert!(
        linked == "mine\n" || linked == "the repository's\n" && kept("mine\n"),
        "{what}: .linked is {linked:?}"
    );
    let copy = home.read(".copied");
    assert!(
        copied.iter().any(|name| copy == long(name)),
        "{what}: .copied is {} bytes: {:.40}",
        copy.len(),
        copy
    );
    assert!(
        copy == long("mine") || kept(&long("mine")),
        "{what}: the original of .copied is lost"
    );
    let bashrc = home.read(".bashrc");
    let ends = |line: &str| bashrc.lines().filter(|there| there.contains(line)).count();
    assert!(
        bashrc.starts_with("# mine\n")
            && bashrc.ends_with('\n')
            && ends(">>>") == ends("<<<")
            && ends(">>>") <= 1,
        "{what}: {bashrc}"
    );
    for (command, says) in [
        ("black", "black 24.1.0"),
        ("late", "late 1.0"),
        ("sphinx-build", "sphinx 7.0.0"),
    ] {
        let link = home.bin().join(command);
        if fs::symlink_metadata(&link).is_err() {
            continue;
        }
        let run = home.run(&mut home.command(&link));
        assert_eq!(
            (run.code, run.stdout.trim()),
            (Some(0), says),
            "{what}: {run}"
        );
    }
    for entry in fs::read_dir(home.data().join("pythons"))
        .into_iter()
        .flatten()
        .flatten()
    {
        if entry.file_name().to_string_lossy().starts_with("cpython-") {
            assert!(
                entry.path().join("boot.json").exists(),
                "{what}: half of a Python"
            );
        }
    }
}

/// Checks that the next run finishes and the one after does nothing.
fn finishes(home: &Home, copied: &str, what: &str) {
    home.boot(INIT).success();
    home.boot(["apply"]).success().stderr_has("nothing to do");
    whole(home, &[copied], what);
    assert_eq!(home.read(".linked"), "the repository's\n", "{what}");
    assert_eq!(home.read(".new"), "the repository's\n", "{what}");
    assert!(
        ["black", "late", "sphinx-build"]
            .iter()
            .all(|command| home.bin().join(command).exists()),
        "{what}"
    );
    assert!(
        home.read(".bashrc").contains("<<<") && home.read("ran").contains("once"),
        "{what}"
    );
    home.boot(["python", "find"]).success();
}

/// Kills several runs in a row in an empty home, each on the remains of the last.
fn killed_init(mirror: &Mirror, index: &Index) {
    let mut killer = Killer::new("init", 80);
    while killer.goes_on() {
        let home = home(mirror, index);
        let mut what = String::new();
        for turn in 0..5 {
            what = killer.kill(
                if turn == 0 { "init" } else { "init again" },
                home.command(BOOT).args(INIT),
            );
            whole(&home, &["mine", "the repository's"], &what);
        }
        finishes(&home, "the repository's", &what);
    }
}

/// Kills applies after a changed copy, a changed script and a missing tool.
fn killed_apply(mirror: &Mirror, index: &Index) {
    let mut killer = Killer::new("apply", 60);
    let home = home(mirror, index);
    home.boot(INIT).success();
    let mut before = "the repository's".to_string();
    for change in 0.. {
        if !killer.goes_on() {
            break;
        }
        let after = format!("change {change}");
        home.write("repo/home/.copied", &long(&after));
        home.write(
            "repo/scripts/changed.sh",
            &format!("#!/bin/sh\necho {after} >>\"$HOME/ran\"\n"),
        );
        home.boot(["tool", "uninstall", "late"]).success();
        let mut what = String::new();
        for _ in 0..3 {
            what = killer.kill("apply", home.command(BOOT).args(["apply", "--yes"]));
            whole(&home, &[&before, &after], &what);
        }
        finishes(&home, &after, &what);
        assert!(home.read("ran").contains(&after), "{what}");
        before = after;
    }
}

/// Kills undo; installed items stay.
fn killed_undo(mirror: &Mirror, index: &Index) {
    let mut killer = Killer::new("undo", 60);
    let home = home(mirror, index);
    home.boot(INIT).success();
    while killer.goes_on() {
        let mut what = String::new();
        for _ in 0..3 {
            what = killer.kill("undo", home.command(BOOT).arg("undo"));
            whole(&home, &["mine", "the repository's"], &what);
        }
        while !home
            .boot(["undo"])
            .success()
            .stderr
            .contains("nothing to undo")
        {}
        assert_eq!(
            (home.read(".linked"), home.read(".copied")),
            ("mine\n".into(), long("mine")),
            "{what}"
        );
        whole(&home, &["mine"], &what);
        finishes(&home, "the repository's", &what);
    }
}
