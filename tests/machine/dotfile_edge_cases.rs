//! Dotfiles with odd names and places: shell syntax, links of other managers, folders that lead
//! into the repository, a home directory that is a link, a full disk.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use crate::support::{BOOT, Home};

/// Creates a home with a repository in `dots`.
fn home(manifest: &str) -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    home.write(
        "dots/boot.toml",
        &format!("version = 1\n[dotfiles]\n{manifest}"),
    );
    home.write("dots/home/.ownrc", "own\n");
    home
}

#[test]
fn apply_dotfile_names_are_never_shell_code() {
    let home = home(
        "\"~/a'b\" = { mode = 'copy', chmod = '600' }\n'~/$(touch ran)' = { mode = 'template' }\n",
    );
    let names = [
        "a b",
        "a'b",
        "a\"b",
        "$(touch ran)",
        ";",
        "-e",
        "end ",
        "*",
        "é",
        "a\\b",
        "~",
        "`touch ran`/#x",
    ];
    for name in names {
        home.write(&format!("dots/home/{name}"), "ours\n");
        home.write(name, "mine\n");
    }
    home.boot(["init", "dots", "--yes", "--on-conflict", "backup"])
        .success();
    for name in names {
        assert_eq!(home.read(name), "ours\n", "{name}");
    }
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.boot(["undo"]).success();
    for name in names {
        assert_eq!(home.read(name), "mine\n", "{name}");
    }
    assert!(!home.root.join("ran").exists() && !home.root.join("dots/ran").exists());
    home.no_leftovers();
}

/// Links of stow are relative, and others reach the same file by another path.
#[test]
fn apply_accepts_any_link_to_the_same_file() {
    let home = home("");
    home.write("dots/home/.otherrc", "other\n");
    symlink("dots/home/.ownrc", home.root.join(".ownrc")).unwrap();
    symlink("dots", home.root.join("way")).unwrap();
    symlink(
        home.root.join("way/home/.otherrc"),
        home.root.join(".otherrc"),
    )
    .unwrap();
    home.boot(["init", "dots", "--yes"])
        .success()
        .stderr_has("nothing to do");
    assert_eq!(
        fs::read_link(home.root.join(".ownrc")).unwrap().to_str(),
        Some("dots/home/.ownrc")
    );
    // One to another file of the repository is in the way, as one to nowhere is.
    for wrong in ["dots/home/.otherrc", "nowhere"] {
        fs::remove_file(home.root.join(".ownrc")).unwrap();
        symlink(wrong, home.root.join(".ownrc")).unwrap();
        home.boot(["apply"])
            .code(1)
            .one_error()
            .stderr_has(".ownrc");
    }
}

/// In a folder that links into the repository, a copy would replace its own source.
#[test]
fn apply_never_replaces_source_of_copy() {
    for mode in [
        "mode = 'copy', chmod = '600'",
        "mode = 'copy'",
        "mode = 'template'",
    ] {
        let home = home(&format!("'~/.config/rc' = {{ {mode} }}\n"));
        home.write("dots/home/.config/rc", "on {{ os }}\n");
        symlink("dots/home/.config", home.root.join(".config")).unwrap();
        let file = home.root.join("dots/home/.config/rc");
        let inode = fs::metadata(&file).unwrap().ino();
        for conflict in ["backup", "keep", "fail"] {
            let run = home
                .boot(["init", "dots", "--yes", "--on-conflict", conflict])
                .code(1)
                .one_error();
            run.stderr_has("~/.config/rc")
                .stderr_has("link into the repository");
        }
        assert_eq!(
            (
                home.read("dots/home/.config/rc"),
                fs::metadata(&file).unwrap().ino()
            ),
            ("on {{ os }}\n".into(), inode),
            "{mode}"
        );
        assert!(
            !home.root.join(".ownrc").exists(),
            "and nothing else is done"
        );
        // Without that link it is a copy as any other.
        fs::remove_file(home.root.join(".config")).unwrap();
        home.boot(["init", "dots", "--yes"]).success();
        assert_eq!(home.read("dots/home/.config/rc"), "on {{ os }}\n");
    }
}

/// A folder that was linked whole is now linked file by file: one apply does it, and the repository
/// keeps its files.
#[test]
fn apply_turns_folder_link_into_file_links() {
    for how in [
        "",
        "'~/.config/nvim/init.lua' = { mode = 'copy' }\n",
        "'~/.config/nvim/init.lua' = { mode = 'template' }\n",
    ] {
        let home = home("'~/.config/nvim' = { mode = 'link' }\n");
        let names = ["init.lua", "lua/deep.lua"];
        for name in names {
            home.write(
                &format!("dots/home/.config/nvim/{name}"),
                &format!("{name}\n"),
            );
        }
        home.boot(["init", "dots", "--yes"]).success();
        let folder = home.root.join(".config/nvim");
        assert!(folder.is_symlink());
        home.write("dots/boot.toml", &format!("version = 1\n[dotfiles]\n{how}"));
        home.boot(["plan"])
            .success()
            .stdout_has("~/.config/nvim goes")
            .stdout_has("~/.config/nvim/lua/deep.lua");
        home.boot(["apply"]).success();
        home.boot(["apply"]).success().stderr_has("nothing to do");
        assert!(!folder.is_symlink() && folder.join("lua/deep.lua").is_symlink());
        assert_eq!(folder.join("init.lua").is_symlink(), how.is_empty());
        for name in names {
            assert_eq!(
                fs::read_to_string(folder.join(name)).unwrap(),
                format!("{name}\n")
            );
            assert!(
                !home
                    .root
                    .join("dots/home/.config/nvim")
                    .join(name)
                    .is_symlink()
            );
        }
        // And back, where nothing else has come into it.
        home.write(
            "dots/boot.toml",
            "version = 1\n[dotfiles]\n'~/.config/nvim' = { mode = 'link' }\n",
        );
        home.boot(["apply", "--on-conflict", "backup"]).success();
        assert!(folder.is_symlink());
        home.boot(["apply"]).success().stderr_has("nothing to do");
        // Seen through the link, a source is like its copy.
        for name in names {
            assert_eq!(
                home.read(&format!("dots/home/.config/nvim/{name}")),
                format!("{name}\n"),
                "{how}"
            );
        }
    }
}

#[test]
fn apply_follows_linked_home_and_linked_root() {
    let mut home = home("");
    let real = home.root.clone();
    fs::rename(real.join("dots/home"), real.join("dots/files")).unwrap();
    symlink("files", real.join("dots/home")).unwrap();
    let above = tempfile::tempdir().unwrap();
    let link = above.path().join("me");
    symlink(&real, &link).unwrap();
    home.write(".ownrc", "mine\n");
    home.write(".vimrc", "v\n");
    let path = link.display().to_string();
    home.set("HOME", &path);
    home.boot([
        "init",
        &format!("{path}/dots"),
        "--yes",
        "--on-conflict",
        "backup",
    ])
    .success();
    assert_eq!(home.read(".ownrc"), "own\n");
    home.boot(["apply"]).success().stderr_has("nothing to do");
    // A file is the same by both names.
    home.boot(["add", &format!("{path}/.vimrc")]).success();
    home.boot(["add", &real.join(".vimrc").display().to_string()])
        .success()
        .stderr_has("nothing to do");
    // And so is the home directory.
    home.set("HOME", &real.display().to_string());
    home.boot(["apply"]).success().stderr_has("nothing to do");
    home.set("HOME", &path);
    while !home
        .boot(["undo"])
        .success()
        .stderr
        .contains("nothing to undo")
    {}
    assert_eq!(
        (home.read(".ownrc"), home.read(".vimrc")),
        ("mine\n".into(), "v\n".into())
    );
}

/// A limit on file sizes stands in for a full disk: one item fails, the others are done, and
/// existing files stay.
#[test]
fn apply_on_full_disk_fails_one_item_and_loses_nothing() {
    let home = home("'~/.big' = { mode = 'copy' }\n");
    home.write("dots/home/.big", &"x".repeat(1 << 20));
    home.write(".big", "mine\n");
    let script =
        format!("trap '' XFSZ; ulimit -f 512; exec '{BOOT}' init dots --yes --on-conflict backup");
    for code in [4, 1] {
        // The second time nothing else is left to do.
        home.run(home.command("/bin/bash").args(["-c", &script]))
            .code(code)
            .stderr_has("~/.big")
            .stderr_has("boot apply tries again");
        assert_eq!(
            (home.read(".big"), home.read(".ownrc")),
            ("mine\n".into(), "own\n".into())
        );
    }
    home.no_leftovers();
    home.boot(["apply", "--on-conflict", "backup"]).success();
    assert_eq!(home.read(".big").len(), 1 << 20);
    home.boot(["undo"]).success();
    assert_eq!(home.read(".big"), "mine\n");
}

fn mode(home: &Home, name: &str) -> u32 {
    fs::symlink_metadata(home.root.join(name))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
        .mode()
        & 0o777
}

/// Under umask 0, private files, their folders and their staging files are private.
#[test]
fn apply_private_file_is_never_readable_by_others() {
    let home = home(
        "'~/.ssh/config' = { mode = 'copy', chmod = '600' }\n\
         '~/.secrets' = { mode = 'template', chmod = '400' }\n",
    );
    home.write("dots/home/.ssh/config", &"x".repeat(1 << 20));
    home.write("dots/home/.secrets", "{{ user }}\n");
    let run = |limit: &str| {
        let script = format!(
            "umask 0; ulimit -c 0; {limit} exec '{BOOT}' init dots --yes --on-conflict backup"
        );
        home.run(home.command("/bin/bash").args(["-c", &script]))
    };
    // A limit ends it at the first half of the file, which shows what stands there meanwhile.
    assert!(!matches!(run("ulimit -f 512;").code, Some(0)));
    let staged: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| path.contains(".boot-"))
        .collect();
    assert!(
        staged
            .iter()
            .any(|path| fs::metadata(home.root.join(path)).unwrap().len() > 0),
        "{staged:?}"
    );
    for path in staged
        .iter()
        .filter(|path| !home.root.join(path).is_symlink())
    {
        assert_eq!(mode(&home, path) & 0o077, 0, "{path}");
    }
    // What is in the way is private too, and so is what it is kept in.
    home.write(".secrets", "mine\n");
    run("").success();
    assert_eq!(
        (
            mode(&home, ".ssh"),
            mode(&home, ".ssh/config"),
            mode(&home, ".secrets")
        ),
        (0o700, 0o600, 0o400)
    );
    assert_eq!(mode(&home, ".local/state/boot/backups"), 0o700);
    home.write("dots/home/.ssh/config", "shorter\n");
    run("").success();
    assert_eq!(
        (
            home.read(".ssh/config").as_str(),
            mode(&home, ".ssh/config")
        ),
        ("shorter\n", 0o600),
        "an update keeps the mode"
    );
}

/// Files of one name are backed up twice within a second.
#[test]
fn apply_backups_of_one_name_do_not_collide() {
    let home = home("");
    let places = ["a/rc", "b/rc", "c/d/rc", "rc"];
    for place in places {
        home.write(&format!("dots/home/{place}"), "ours\n");
    }
    for turn in ["first", "second"] {
        for place in places {
            let _ = fs::remove_file(home.root.join(place));
            home.write(place, &format!("{turn} {place}\n"));
        }
        home.boot(["init", "dots", "--yes", "--on-conflict", "backup"])
            .success();
    }
    let kept: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| path.contains("/backups/") && path.ends_with("/rc"))
        .collect();
    let mut texts: Vec<String> = kept.iter().map(|path| home.read(path)).collect();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 2 * places.len(), "{texts:?}");
    home.boot(["undo"]).success();
    for place in places {
        assert_eq!(home.read(place), format!("second {place}\n"));
    }
}
