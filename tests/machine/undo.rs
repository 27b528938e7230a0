//! `boot undo` restores content, mode and links that the last apply replaced, and no interruption
//! loses data.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::thread;
use std::time::{Duration, Instant};

use boot::testing::Lock;
use boot::testing::Silent;

use crate::support::killer::Killer;
use crate::support::{BOOT, Home, Mirror, index};

const MANIFEST: &str = "version = 1\n[dotfiles]\nroot = \"home\"\n\
                        \"~/.copied\" = { mode = \"copy\", chmod = \"600\" }\n";
const NAMES: [&str; 6] = [
    ".filerc",
    ".copied",
    ".linked",
    ".config/deep/file",
    ".folder",
    ".blocked",
];

/// Creates a home with files of its own, and a repository that replaces them.
fn home() -> Home {
    let home = Home::new();
    home.write("repo/boot.toml", MANIFEST);
    for name in NAMES {
        // The last is a folder there, where a file stands.
        let file = if name == ".blocked" {
            ".blocked/inside"
        } else {
            name
        };
        home.write(
            &format!("repo/home/{file}"),
            &format!("the repository's {name}\n"),
        );
    }
    old(&home);
    home
}

/// Writes the files that existed before boot.
fn old(home: &Home) {
    let mode = |name: &str, mode: u32| {
        fs::set_permissions(home.root.join(name), fs::Permissions::from_mode(mode)).unwrap()
    };
    home.write(".filerc", "mine\n");
    mode(".filerc", 0o640);
    home.write(".copied", "mine too\n");
    mode(".copied", 0o400);
    home.write("elsewhere", "x");
    symlink("elsewhere", home.root.join(".linked")).unwrap();
    home.write(".config/deep/file", "deep\n");
    home.write(".blocked", "deep\n");
    // A folder where the repository has a file.
    home.write(".folder/inside", "inside\n");
}

/// Describes a path: kind, mode, content.
fn at(home: &Home, name: &str) -> String {
    let path = home.root.join(name);
    let Ok(data) = fs::symlink_metadata(&path) else {
        return "nothing".into();
    };
    if data.is_symlink() {
        return format!("link to {}", fs::read_link(&path).unwrap().display());
    }
    if data.is_dir() {
        return format!(
            "folder with {}",
            fs::read_to_string(path.join("inside")).unwrap_or_default()
        );
    }
    format!(
        "{:o} {}",
        data.mode() & 0o777,
        fs::read_to_string(&path).unwrap()
    )
}

fn all(home: &Home) -> Vec<String> {
    NAMES.iter().map(|name| at(home, name)).collect()
}

#[test]
fn undo_restores_content_mode_and_links() {
    let home = home();
    let before = all(&home);
    home.boot(["undo"]).success().stderr_has("nothing to undo");
    home.boot(["init", "repo", "--yes", "--on-conflict", "backup"])
        .success();
    assert!(
        all(&home)
            .iter()
            .zip(&before)
            .all(|(now, before)| now != before),
        "{:?}",
        all(&home)
    );
    home.boot(["undo"])
        .success()
        .stderr_has("put back ~/.filerc");
    assert_eq!(all(&home), before);
    home.boot(["undo"]).success().stderr_has("nothing to undo");
    // They are the user's again: in the way, and never overwritten.
    home.boot(["apply"]).code(1).one_error();
    assert_eq!(all(&home), before);
    assert_eq!(
        fs::read_dir(home.root.join(".local/state/boot/backups"))
            .unwrap()
            .count(),
        0,
        "nothing is kept twice"
    );
    // And once more.
    home.boot(["apply", "--on-conflict", "backup"]).success();
    home.boot(["undo"]).success();
    assert_eq!(all(&home), before);
}

#[test]
fn undo_reverts_last_apply_and_keeps_later_edits() {
    let home = home();
    home.boot(["init", "repo", "--yes", "--on-conflict", "backup"])
        .success();
    home.write("repo/home/.later", "the repository's\n");
    home.write(".later", "mine\n");
    home.boot(["apply", "--on-conflict", "backup"]).success();
    home.boot(["undo"])
        .success()
        .stderr_has("~/.later")
        .stderr_lacks(".filerc");
    assert_eq!(home.read(".later"), "mine\n");
    assert!(home.root.join(".filerc").is_symlink());
    // The one before. Somebody has put another file in the place of a link meanwhile.
    fs::remove_file(home.root.join(".filerc")).unwrap();
    home.write(".filerc", "newer than all\n");
    home.boot(["undo"])
        .code(4)
        .stderr_has(".filerc was changed since")
        .stderr_has("put back ~/.copied");
    assert_eq!(home.read(".filerc"), "newer than all\n");
    assert_eq!(at(&home, ".copied"), "400 mine too\n");
    // Moved away, it lets the first one back.
    fs::remove_file(home.root.join(".filerc")).unwrap();
    home.boot(["undo"]).success();
    assert_eq!(at(&home, ".filerc"), "640 mine\n");
}

#[test]
fn init_and_undo_killed_at_random_moments_lose_nothing() {
    let mut killer = Killer::new("dotfiles", 200);
    let home = home();
    let old = all(&home);
    let verbs: [&[&str]; 2] = [
        &["init", "repo", "--yes", "--on-conflict", "backup"],
        &["undo"],
    ];
    home.boot(verbs[0]).success();
    let new = all(&home);
    home.boot(verbs[1]).success();
    for turn in 0.. {
        if !killer.goes_on() {
            break;
        }
        // Each twice in a row: a run, killed or not, finds what a killed one left. Every other time
        // an undo has all of it to do.
        let verb = verbs[turn / 2 % 2];
        if turn % 8 == 2 {
            home.boot(verbs[0]).success();
        }
        let what = killer.kill(verb[0], home.command(BOOT).args(verb));
        for (name, (old, new)) in NAMES.iter().zip(old.iter().zip(&new)) {
            let now = at(&home, name);
            assert!(now == *old || now == *new, "{what}: {name} is {now}");
            assert!(
                now == *old || backups(&home, name),
                "{what}: the original of {name} is lost"
            );
        }
        if turn % 10 == 9 {
            home.boot(verbs[0]).success();
            assert_eq!(all(&home), new, "{what}: init finishes");
            while !home
                .boot(verbs[1])
                .success()
                .stderr
                .contains("nothing to undo")
            {}
            assert_eq!(all(&home), old, "{what}: undo finishes");
        }
    }
    // What the killed ones left in staging goes with the next run at the same places, once it is
    // old enough to be nobody's.
    home.boot(verbs[0]).success();
    while !home
        .boot(verbs[1])
        .success()
        .stderr
        .contains("nothing to undo")
    {}
    home.age_leftovers();
    home.boot(verbs[0]).success();
    home.boot(verbs[1]).success();
    home.no_leftovers();
}

/// Returns whether the backups hold the original of `name`.
fn backups(home: &Home, name: &str) -> bool {
    let folders = fs::read_dir(home.root.join(".local/state/boot/backups"))
        .into_iter()
        .flatten()
        .flatten();
    let file = std::path::Path::new(name).file_name().unwrap();
    // A folder that has changed places with what is new still has that one's name for an instant;
    // undo knows it.
    folders
        .flat_map(|folder| [folder.path().join(file), folder.path().join(".boot-new")])
        .any(|path| match name {
            ".linked" => {
                fs::read_link(&path).is_ok_and(|target| target.to_str() == Some("elsewhere"))
            }
            ".folder" => {
                fs::read_to_string(path.join("inside")).is_ok_and(|text| text == "inside\n")
            }
            ".filerc" => fs::read_to_string(&path).is_ok_and(|text| text == "mine\n"),
            ".copied" => fs::read_to_string(&path).is_ok_and(|text| text == "mine too\n"),
            _ => fs::read_to_string(&path).is_ok_and(|text| text == "deep\n"),
        })
}

#[test]
fn undo_json_report_is_one_object() {
    let home = home();
    home.boot(["init", "repo", "--yes", "--on-conflict", "backup"])
        .success();
    let run = home.boot(["undo", "--json"]).success();
    assert!(
        run.stdout.starts_with("{\n  \"schema\": 1,"),
        "{}",
        run.stdout
    );
    let json = run.json();
    let undone = json["undone"].as_array().unwrap();
    let filerc = home.root.join(".filerc");
    assert!(
        undone
            .iter()
            .any(|one| one["path"].as_str() == filerc.to_str()),
        "{json}"
    );
    assert!(undone.iter().all(|one| one["error"].is_null()), "{json}");
    assert_eq!(home.read(".filerc"), "mine\n");
    assert_eq!(
        home.boot(["undo", "--json"]).success().json()["undone"],
        serde_json::json!([])
    );
}

/// The home directory is renamed, or reappears under another name on another disk.
#[test]
fn undo_works_after_home_directory_moved() {
    for in_full in [false, true] {
        let mut home = home();
        let before = all(&home);
        let (first, second) = (home.root.join("first"), home.root.join("second"));
        let folder = |home: &Home| home.root.display().to_string();
        // A home in the home, so that it can be moved.
        fs::create_dir(&first).unwrap();
        for name in NAMES.into_iter().chain(["repo", "elsewhere"]) {
            let top = name.split('/').next().unwrap();
            fs::rename(home.root.join(top), first.join(top)).unwrap();
        }
        let root = std::mem::replace(&mut home.root, first.clone());
        home.boot(["init", "repo", "--yes", "--on-conflict", "backup"])
            .success();
        let record = home.read(".local/state/boot/applied.toml");
        assert!(
            record.contains("was = \"~/.filerc\"") && record.contains("root = \"~/repo\""),
            "{record}"
        );
        if in_full {
            // As an older boot wrote it.
            let full = record
                .replace("was = \"~", &format!("was = \"{}", folder(&home)))
                .replace("is = \"~", &format!("is = \"{}", folder(&home)));
            home.write(".local/state/boot/applied.toml", &full);
        }
        fs::rename(&first, &second).unwrap();
        home.root = second;
        home.boot(["undo"])
            .success()
            .stderr_has("put back ~/.filerc");
        assert_eq!(all(&home), before, "{in_full}");
        home.boot(["undo"]).success().stderr_has("nothing to undo");
        if !in_full {
            home.boot(["apply", "--on-conflict", "backup"]).success();
            assert!(home.root.join(".filerc").exists());
        }
        home.root = root;
    }
}

/// A file that cannot be restored is reported and blocks no other.
#[test]
fn undo_of_lost_backup_keeps_only_its_record() {
    let home = home();
    home.write("repo/home/.earlier", "the repository's\n");
    home.write(".earlier", "mine\n");
    let later = ["repo/home/.filerc", "repo/home/.copied"].map(|name| (name, home.read(name)));
    later
        .iter()
        .for_each(|(name, _)| fs::remove_file(home.root.join(name)).unwrap());
    let manifest = home.read("repo/boot.toml");
    home.write("repo/boot.toml", "version = 1\n[dotfiles]\n");
    home.boot(["init", "repo", "--yes", "--on-conflict", "backup"])
        .success();
    later
        .iter()
        .for_each(|(name, text)| drop(home.write(name, text)));
    home.write("repo/boot.toml", &manifest);
    home.boot(["apply", "--on-conflict", "backup"]).success();
    // Somebody has deleted what was kept.
    let kept = fs::read_dir(home.root.join(".local/state/boot/backups"))
        .unwrap()
        .flatten();
    kept.map(|entry| entry.path().join(".filerc"))
        .filter(|path| path.exists())
        .for_each(|path| fs::remove_file(path).unwrap());
    home.boot(["undo"])
        .code(4)
        .stderr_has("~/.filerc can't be put back")
        .stderr_has("put back ~/.copied")
        .stderr_lacks("~/.earlier");
    assert_eq!(at(&home, ".copied"), "400 mine too\n");
    assert!(home.root.join(".filerc").is_symlink());
    // It is still known, and the apply before is undone all the same.
    home.boot(["undo"])
        .code(4)
        .stderr_has("~/.filerc can't be put back")
        .stderr_has("put back ~/.earlier");
    assert_eq!(home.read(".earlier"), "mine\n");
    home.boot(["undo"])
        .code(1)
        .stderr_has("~/.filerc can't be put back");
}

/// A dotfile that was not placed has replaced nothing.
#[test]
fn undo_ignores_dotfile_that_was_not_placed() {
    let home = Home::new();
    home.write(
        "repo/boot.toml",
        "version = 1\n[dotfiles]\n'~/.big' = { mode = 'copy' }\n",
    );
    home.write("repo/home/.big", &"x".repeat(1 << 20));
    home.write(".big", "mine\n");
    let script =
        format!("trap '' XFSZ; ulimit -f 512; exec '{BOOT}' init repo --yes --on-conflict backup");
    home.run(home.command("/bin/bash").args(["-c", &script]))
        .code(1)
        .stderr_has("~/.big");
    home.boot(["undo"]).success().stderr_has("nothing to undo");
    assert_eq!(home.read(".big"), "mine\n");
    assert_eq!(
        fs::read_dir(home.root.join(".local/state/boot/backups"))
            .unwrap()
            .count(),
        0
    );
}

/// As in a container, where commands lie in a folder of all users.
#[test]
fn undo_restores_command_outside_home() {
    let (mirror, index, elsewhere) = (
        Mirror::new(),
        index::stocked(),
        tempfile::tempdir().unwrap(),
    );
    let mut home = Home::with(&mirror);
    home.set("BOOT_INDEX_URL", &index.url());
    home.set("BOOT_BIN_DIR", &elsewhere.path().display().to_string());
    home.write(
        "repo/boot.toml",
        &format!(
            "version = 1\n[python]\ninstall = ['{}']\n[tools]\nblack = '*'\n",
            mirror.minor()
        ),
    );
    let command = elsewhere.path().join("black");
    fs::write(&command, "theirs\n").unwrap();
    home.boot(["init", "repo", "--yes", "--on-conflict", "backup"])
        .success();
    assert!(command.is_symlink());
    home.boot(["undo"])
        .success()
        .stderr_has(&format!("put back {}", command.display()));
    assert_eq!(fs::read_to_string(&command).unwrap(), "theirs\n");
    // In the way as before, and no dotfile of anybody.
    home.boot(["plan"])
        .success()
        .stdout_has("! tool     black")
        .stdout_lacks("goes");
    home.boot(["undo"]).success().stderr_has("nothing to undo");
}

/// Both runs have seen the same conflict; the second finds the work of the first.
#[test]
fn init_twice_at_once_backs_up_once() {
    let home = Home::new();
    home.write("dots/boot.toml", "version = 1\n[dotfiles]\n");
    home.write("dots/home/.toolrc", "ours\n");
    home.write(".toolrc", "mine\n");
    let lock = Lock::hold(&home.root.join(".local/state/boot/locks"), "apply", &Silent).unwrap();
    let said = |number: usize| home.root.join(format!("said{number}"));
    let runs: Vec<_> = (0..2)
        .map(|number| {
            let stderr = fs::File::create(said(number)).unwrap();
            home.command(BOOT)
                .args(["init", "dots", "--yes", "--on-conflict", "backup"])
                .stderr(stderr)
                .spawn()
                .unwrap()
        })
        .collect();
    let start = Instant::now();
    while !(0..2).all(|number| {
        fs::read_to_string(said(number))
            .unwrap()
            .contains("waiting for another boot")
    }) {
        assert!(start.elapsed() < Duration::from_secs(60), "nobody waits");
        thread::sleep(Duration::from_millis(10));
    }
    drop(lock);
    assert!(
        runs.into_iter()
            .all(|mut run| run.wait().unwrap().success()),
        "{}{}",
        home.read("said0"),
        home.read("said1")
    );
    assert_eq!(home.read(".toolrc"), "ours\n");
    assert_eq!(
        fs::read_dir(home.root.join(".local/state/boot/backups"))
            .unwrap()
            .count(),
        1
    );
    home.boot(["undo"])
        .success()
        .stderr_has("put back ~/.toolrc");
    assert_eq!(home.read(".toolrc"), "mine\n");
    assert!(
        !fs::symlink_metadata(home.root.join(".toolrc"))
            .unwrap()
            .is_symlink()
    );
}
