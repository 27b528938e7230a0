//! Environments of projects, which lie in boot's own folder behind the link `.venv`: projects are
//! renamed, copied, cleaned, checked out or unpacked over, or hold a foreign environment.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::{BOOT, Home, Run, nobody, stand_in};

fn home() -> Home {
    let home = Home::new();
    stand_in::install(&home);
    home
}

fn enter(home: &Home, folder: &Path) -> Run {
    let mut command = home.command(BOOT);
    command.args(["shell", "enter", "bash"]).arg(folder).arg("");
    home.run(&mut command).success()
}

/// Returns the environment that a prompt in `folder` activates.
fn active(home: &Home, folder: &Path) -> Option<PathBuf> {
    let run = enter(home, folder);
    let line = run
        .stdout
        .lines()
        .find(|line| line.starts_with("__boot_use "))?;
    let root = line.split('\'').nth(1).unwrap();
    Some(PathBuf::from(root))
}

fn projects(home: &Home) -> PathBuf {
    home.data().join("venvs/projects")
}

/// Counts the environments in boot's folder, staging excluded.
fn count(home: &Home) -> usize {
    let entries = fs::read_dir(projects(home)).into_iter().flatten().flatten();
    entries
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .count()
}

/// Writes a command into the environment as pip does.
fn command(root: &Path, name: &str) {
    let path = root.join("bin").join(name);
    fs::write(&path, format!("#!{}/bin/python\n", root.display())).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn git(home: &Home, folder: &Path, line: &str) -> Run {
    let mut command = home.command("git");
    command.current_dir(folder).args([
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "init.defaultBranch=main",
    ]);
    home.run(command.args(line.split(' '))).success()
}

#[test]
fn venv_of_project_is_link_into_boot_folder() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let root = active(&home, &project).unwrap();
    assert!(
        root.starts_with(projects(&home)) && root.ends_with("app"),
        "{}",
        root.display()
    );
    assert_eq!(fs::read_link(project.join(".venv")).unwrap(), root);
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&projects(&home)), 0o700);
    // Deeper, again, and through a link to the project it is the same.
    fs::create_dir_all(project.join("src/deep")).unwrap();
    symlink(&project, home.root.join("alias")).unwrap();
    for folder in ["app", "app/src/deep", "alias", "alias/src"] {
        assert_eq!(
            active(&home, &home.root.join(folder)),
            Some(root.clone()),
            "{folder}"
        );
    }
    assert_eq!(count(&home), 1);
    home.no_leftovers();
}

#[test]
fn venv_follows_renamed_project() {
    let home = home();
    let root = active(&home, &stand_in::project(&home, "alpha")).unwrap();
    command(&root, "pip");
    // As uv writes one, which goes through the link.
    let through = home.root.join("alpha/.venv");
    fs::write(
        root.join("bin/black"),
        format!("#!{}/bin/python\n", through.display()),
    )
    .unwrap();
    fs::rename(home.root.join("alpha"), home.root.join("beta")).unwrap();
    let beta = home.root.join("beta");
    enter(&home, &beta)
        .stdout_has(root.to_str().unwrap())
        .stdout_has("'beta'")
        .stderr_has("came along from")
        .stderr_lacks("made ");
    enter(&home, &beta).stderr_lacks("came along");
    for name in ["pip", "black"] {
        let text = fs::read_to_string(root.join("bin").join(name)).unwrap();
        assert_eq!(text, format!("#!{}/bin/python\n", root.display()), "{name}");
    }
    home.boot(["venv", "list"])
        .success()
        .stdout_has("~/beta/.venv")
        .stdout_lacks("alpha");
    // A new project in the old place has one of its own.
    let alpha = stand_in::project(&home, "alpha");
    let other = active(&home, &alpha).unwrap();
    assert_ne!(other, root);
    assert_eq!(
        (active(&home, &alpha), active(&home, &beta)),
        (Some(other), Some(root))
    );
}

#[test]
fn venv_of_copied_project_is_its_own() {
    let home = home();
    let alpha = stand_in::project(&home, "alpha");
    let root = active(&home, &alpha).unwrap();
    home.run(home.command("cp").args(["-a", "alpha", "copy"]))
        .success();
    let copy = home.root.join("copy");
    assert_eq!(fs::read_link(copy.join(".venv")).unwrap(), root);
    enter(&home, &copy)
        .stdout_lacks(root.to_str().unwrap())
        .stderr_has("alpha");
    let own = active(&home, &copy).unwrap();
    assert_ne!(own, root);
    assert_eq!(active(&home, &alpha), Some(root));
    // Without a pin there is no Python to make it with: said, and left alone.
    home.run(home.command("cp").args(["-a", "alpha", "third"]))
        .success();
    fs::remove_file(home.root.join("third/.python-version")).unwrap();
    assert_eq!(active(&home, &home.root.join("third")), None);
    enter(&home, &home.root.join("third")).stderr_has("boot venv");
    home.boot_in(&home.root.join("third"), ["venv"]).success();
    assert!(active(&home, &home.root.join("third")).is_some_and(|third| third != own));
}

#[test]
fn venv_restore_brings_back_environment_of_deleted_link() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let first = active(&home, &project).unwrap();
    fs::create_dir_all(first.join("lib/python3.11/site-packages/requests-2.0.dist-info")).unwrap();
    fs::remove_file(project.join(".venv")).unwrap();
    enter(&home, &project)
        .stderr_has("made ")
        .stderr_has("boot venv restore");
    let second = active(&home, &project).unwrap();
    assert_ne!(second, first);
    home.boot(["venv", "list"])
        .success()
        .stdout_has("kept: boot venv restore");
    home.boot_in(&project, ["venv", "restore"]).success();
    assert_eq!(active(&home, &project), Some(first.clone()));
    // The other one is kept in turn.
    home.boot(["venv", "restore", "app"]).success();
    assert_eq!(active(&home, &project), Some(second));
    home.boot(["venv", "restore", "nowhere"])
        .code(1)
        .one_error();
    let other = stand_in::project(&home, "other");
    home.boot_in(&other, ["venv", "restore"])
        .code(1)
        .one_error()
        .stderr_has("boot venv list");
}

#[test]
fn venv_restore_chooses_among_kept_by_number() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let make = |package: &str| {
        let root = active(&home, &project).unwrap();
        let info = format!("lib/python3.11/site-packages/{package}-1.0.dist-info");
        fs::create_dir_all(root.join(info)).unwrap();
        fs::remove_file(project.join(".venv")).unwrap();
        root
    };
    let (first, second) = (make("flask"), make("requests"));
    let third = active(&home, &project).unwrap();
    let list = home
        .boot_in(&project, ["venv", "restore", "--list"])
        .success()
        .stdout_has("flask")
        .stdout_has("requests");
    let number = |package: &str| {
        let line = list.stdout.lines().find(|line| line.contains(package));
        line.unwrap().split_whitespace().next().unwrap().to_owned()
    };
    assert_eq!(active(&home, &project), Some(third.clone()));
    let flask = number("flask");
    home.boot_in(&project, ["venv", "restore", "--number", &flask])
        .success()
        .stderr_has("1 more");
    assert_eq!(active(&home, &project), Some(first));
    for (number, code) in [("9", 1), ("0", 1), ("x", 2)] {
        home.boot_in(&project, ["venv", "restore", "--number", number])
            .code(code)
            .one_error();
    }
    // Of those with packages and those without the former come first.
    home.boot_in(&project, ["venv", "restore"]).success();
    assert_eq!(active(&home, &project), Some(second));
    assert!(third.is_dir());
}

#[test]
fn venv_unused_for_a_month_is_deleted() {
    let home = home();
    let (app, other) = (
        stand_in::project(&home, "app"),
        stand_in::project(&home, "other"),
    );
    let (gone, used) = (active(&home, &app).unwrap(), active(&home, &other).unwrap());
    fs::remove_dir_all(&app).unwrap();
    home.boot(["venv", "list"])
        .success()
        .stdout_has("its project is gone");
    assert!(gone.exists());
    let marker = gone.parent().unwrap().join(".boot-unused");
    home.run(
        home.command("touch")
            .args(["-d", "20 days ago"])
            .arg(&marker),
    )
    .success();
    home.boot(["venv", "list"]).success();
    assert!(gone.exists());
    home.run(
        home.command("touch")
            .args(["-d", "40 days ago"])
            .arg(&marker),
    )
    .success();
    home.boot(["venv", "list"]).success().stdout_lacks("app");
    assert!(!gone.parent().unwrap().exists() && used.exists());
    // One that is used again is young again.
    fs::remove_file(other.join(".venv")).unwrap();
    home.boot(["venv", "list"]).success();
    let marker = used.parent().unwrap().join(".boot-unused");
    home.run(
        home.command("touch")
            .args(["-d", "40 days ago"])
            .arg(&marker),
    )
    .success();
    symlink(&used, other.join(".venv")).unwrap();
    home.boot(["venv", "list"]).success();
    assert!(used.exists() && !marker.exists());
}

#[test]
fn venv_keeps_git_status_clean_under_any_ignore_patterns() {
    for (patterns, adds) in [
        ("", true),
        (".venv/\n", true),
        (".venv\n", false),
        ("*.pyc\n/.venv\n", false),
        (".*\n", false),
    ] {
        let home = home();
        let project = stand_in::project(&home, "app");
        git(&home, &project, "init -q");
        fs::write(project.join(".gitignore"), patterns).unwrap();
        git(&home, &project, "add -f .gitignore .python-version");
        git(&home, &project, "commit -qm x");
        let exclude = project.join(".git/info/exclude");
        // Without a newline at its end, as an editor may leave it.
        fs::write(&exclude, "# mine\n*.swp").unwrap();
        active(&home, &project).unwrap();
        assert_eq!(
            git(&home, &project, "status --porcelain").stdout,
            "",
            "{patterns:?}"
        );
        let text = fs::read_to_string(&exclude).unwrap();
        assert_eq!(
            text.lines().any(|line| line == ".venv"),
            adds,
            "{patterns:?}: {text}"
        );
        assert!(text.starts_with("# mine\n*.swp"));
        // Once.
        fs::remove_file(project.join(".venv")).unwrap();
        active(&home, &project).unwrap();
        assert_eq!(fs::read_to_string(&exclude).unwrap(), text);
    }
}

#[test]
fn venv_keeps_git_status_clean_in_worktrees_and_submodules() {
    let home = home();
    let main = stand_in::project(&home, "main");
    git(&home, &main, "init -q");
    git(&home, &main, "add .");
    git(&home, &main, "commit -qm x");
    git(&home, &main, "worktree add -q ../tree");
    git(
        &home,
        &main,
        "-c protocol.file.allow=always submodule --quiet add ./ sub",
    );
    git(&home, &main, "commit -qm sub");
    for folder in ["tree", "main/sub", "main"] {
        let folder = home.root.join(folder);
        active(&home, &folder).unwrap();
        assert_eq!(
            git(&home, &folder, "status --porcelain").stdout,
            "",
            "{}",
            folder.display()
        );
    }
    // A `.git` that leads to no repository of the user's is written to by nobody.
    let trap = stand_in::project(&home, "trap");
    home.write("victim/keep", "");
    fs::write(
        trap.join(".git"),
        format!("gitdir: {}\n", home.root.join("victim").display()),
    )
    .unwrap();
    active(&home, &trap).unwrap();
    assert!(!home.root.join("victim/info").exists());
}

#[test]
fn venv_after_git_clean_is_new() {
    let home = home();
    let project = stand_in::project(&home, "app");
    git(&home, &project, "init -q");
    git(&home, &project, "add .");
    git(&home, &project, "commit -qm x");
    let first = active(&home, &project).unwrap();
    git(&home, &project, "clean -fdxq");
    assert!(!project.join(".venv").is_symlink() && first.exists());
    let second = active(&home, &project).unwrap();
    assert_ne!(first, second);
}

#[test]
fn venv_emptied_through_link_is_made_again() {
    // What the shell's completion of `rm -r .venv` types: `rm` empties the folder behind the link.
    let home = home();
    let empty = |project: &Path| {
        let root = fs::canonicalize(project.join(".venv")).unwrap();
        home.run(
            home.command("rm")
                .args(["-rf", ".venv/"])
                .current_dir(project),
        );
        assert!(fs::read_dir(&root).unwrap().next().is_none());
        root
    };
    let pinned = stand_in::project(&home, "pinned");
    enter(&home, &pinned).stderr_has("made ");
    let first = empty(&pinned);
    enter(&home, &pinned).stderr_has("made ");
    assert_ne!(active(&home, &pinned).unwrap(), first);

    empty(&pinned);
    home.boot_in(&pinned, ["venv"]).success();
    assert!(active(&home, &pinned).is_some());

    let plain = home.root.join("plain");
    fs::create_dir(&plain).unwrap();
    home.boot_in(&plain, ["venv"]).success();
    empty(&plain);
    enter(&home, &plain).stderr_has("boot venv");
    home.boot_in(&plain, ["venv"]).success();
    assert!(active(&home, &plain).is_some());
}

#[test]
fn venv_of_checkout_is_not_activated_and_changes_nothing() {
    let home = home();
    let project = stand_in::project(&home, "app");
    git(&home, &project, "init -q");
    home.write("app/.gitignore", ".venv\n");
    git(&home, &project, "add .");
    git(&home, &project, "commit -qm x");
    git(&home, &project, "checkout -qb pr");
    home.program("app/.venv/bin/git", "#!/bin/sh\ntouch ~/pwned\n");
    home.program("app/.venv/bin/python", "#!/bin/sh\ntouch ~/pwned\n");
    home.write(
        "app/.venv/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.11.9\nboot = 0.1.0\n",
    );
    home.write(
        "app/.venv/lib/python3.11/site-packages/evil.pth",
        "import os\n",
    );
    git(&home, &project, "add -f .venv");
    git(&home, &project, "commit -qm typo");
    git(&home, &project, "checkout -q main");
    let root = active(&home, &project).unwrap();
    let before = tree(&root);
    git(&home, &project, "checkout -q pr");
    assert!(project.join(".venv").is_dir() && !project.join(".venv").is_symlink());
    let run = enter(&home, &project);
    assert!(run.stdout.contains("__boot_leave"), "{run}");
    run.stderr_has("boot venv restore");
    assert_eq!(tree(&root), before);
    // Not even a hand that trusts the folder has the repository's files on PATH.
    home.boot_in(&project, ["trust"]).success();
    assert_eq!(active(&home, &project), None);
    enter(&home, &project).stderr_has("files of the repository");
    // Back on the own branch the environment is back, with what is in it.
    git(&home, &project, "checkout -q main");
    assert!(fs::symlink_metadata(project.join(".venv")).is_err());
    assert_eq!(active(&home, &project), Some(root));
    assert_eq!(count(&home), 1);
}

fn tree(root: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut left = vec![root.to_path_buf()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                left.push(path);
            } else {
                let content =
                    fs::read_link(&path).map(|target| target.into_os_string().into_encoded_bytes());
                all.push((
                    path.clone(),
                    content.unwrap_or_else(|_| fs::read(&path).unwrap()),
                ));
            }
        }
    }
    all.sort();
    all
}

#[test]
fn venv_in_unpacked_archive_is_not_activated() {
    let home = home();
    let project = stand_in::project(&home, "app");
    home.program("evil/app/.venv/bin/git", "#!/bin/sh\ntouch ~/pwned\n");
    home.write(
        "evil/app/.venv/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.11.9\n",
    );
    home.run(
        home.command("tar")
            .args(["-C", "evil", "-cf", "app.tar", "app"]),
    )
    .success();
    let root = active(&home, &project).unwrap();
    let before = tree(&root);
    home.run(home.command("tar").args(["-xf", "app.tar"]))
        .success();
    assert_eq!(active(&home, &project), None);
    assert_eq!(tree(&root), before);
    // Out of the way again.
    fs::remove_dir_all(project.join(".venv")).unwrap();
    assert_eq!(active(&home, &project), Some(root));
}

#[test]
fn venv_link_of_checkout_activates_nothing() {
    let home = home();
    let alpha = active(&home, &stand_in::project(&home, "alpha")).unwrap();
    home.program("stranger/bin/python", "#!/bin/sh\n");
    home.write("stranger/pyvenv.cfg", "home = /usr/bin\nversion = 3.11.9\n");
    let targets = [
        home.root.join("stranger"),
        home.data().join("pythons/3.11"),
        alpha.join("lib"),
        alpha.parent().unwrap().to_path_buf(),
        projects(&home)
            .join("../projects")
            .join(alpha.strip_prefix(projects(&home)).unwrap())
            .join("../../../../pythons/3.11"),
        PathBuf::from("/"),
        PathBuf::from(".venv"),
    ];
    for target in targets {
        let _ = fs::remove_dir_all(home.root.join("hostile"));
        let hostile = stand_in::project(&home, "hostile");
        symlink(&target, hostile.join(".venv")).unwrap();
        assert_eq!(active(&home, &hostile), None, "{}", target.display());
        assert_eq!(
            fs::read_link(hostile.join(".venv")).unwrap(),
            target,
            "the user's link stays"
        );
    }
    // A link that the user made and trusts is one.
    let hostile = home.root.join("hostile");
    fs::remove_file(hostile.join(".venv")).unwrap();
    symlink(home.root.join("stranger"), hostile.join(".venv")).unwrap();
    home.boot_in(&hostile, ["trust"]).success();
    assert_eq!(active(&home, &hostile), Some(home.root.join("stranger")));
}

#[test]
fn venv_folder_of_earlier_boot_is_moved_with_packages() {
    for pinned in [true, false] {
        let home = home();
        let project = stand_in::project(&home, "app");
        // As every earlier boot made them: a folder, and a line in the list of what is trusted.
        home.write(".config/boot/config.toml", "[venv]\nin_project = true\n");
        let folder = project.join(".venv");
        assert_eq!(active(&home, &project), Some(folder.clone()));
        command(&folder, "tool");
        home.write("app/.venv/lib/python3.11/site-packages/kept.py", "");
        assert!(
            fs::read_to_string(folder.join("bin/activate"))
                .unwrap()
                .contains(folder.to_str().unwrap())
        );
        fs::remove_file(home.root.join(".config/boot/config.toml")).unwrap();
        if !pinned {
            fs::remove_file(project.join(".python-version")).unwrap();
        }

        let root = active(&home, &project).unwrap();
        assert!(root.starts_with(projects(&home)));
        assert_eq!(fs::read_link(&folder).unwrap(), root);
        assert!(root.join("lib/python3.11/site-packages/kept.py").exists());
        for script in ["tool", "activate", "activate.fish"] {
            let text = fs::read_to_string(root.join("bin").join(script)).unwrap();
            assert!(
                text.contains(root.to_str().unwrap()) && !text.contains(folder.to_str().unwrap()),
                "{script}: {text}"
            );
        }
        assert_eq!(
            fs::metadata(root.join("bin/tool"))
                .unwrap()
                .permissions()
                .mode()
                & 0o777,
            0o755
        );
        assert_eq!(active(&home, &project), Some(root));
        let list = home.boot(["venv", "list", "--json"]).success().json();
        assert_eq!(list["venvs"].as_array().unwrap().len(), 1, "{list}");
        home.no_leftovers();
    }
}

#[test]
fn venv_folder_of_earlier_boot_with_tracked_files_stays() {
    let home = home();
    let project = stand_in::project(&home, "app");
    git(&home, &project, "init -q");
    git(&home, &project, "add .");
    git(&home, &project, "commit -qm x");
    git(&home, &project, "checkout -qb pr");
    home.program("app/.venv/bin/git", "#!/bin/sh\ntouch ~/pwned\n");
    git(&home, &project, "add -f .venv");
    git(&home, &project, "commit -qm typo");
    git(&home, &project, "checkout -q main");
    home.write(".config/boot/config.toml", "[venv]\nin_project = true\n");
    active(&home, &project).unwrap();
    git(&home, &project, "checkout -q pr");
    for setting in ["true", "false"] {
        home.write(
            ".config/boot/config.toml",
            &format!("[venv]\nin_project = {setting}\n"),
        );
        assert_eq!(active(&home, &project), None);
        enter(&home, &project).stderr_has("files of the repository");
        assert!(!project.join(".venv").is_symlink());
    }
}

#[test]
fn venv_file_of_pep_832_needs_trust() {
    let home = home();
    let project = stand_in::project(&home, "app");
    home.program("elsewhere/env/bin/python", "#!/bin/sh\n");
    home.write(
        "elsewhere/env/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.11.9\n",
    );
    for text in [
        "../elsewhere/env",
        "../elsewhere/env\n",
        &format!("{}/elsewhere/env\r\n", home.root.display()),
    ] {
        fs::write(project.join(".venv"), text).unwrap();
        home.boot_in(&project, ["untrust", "../elsewhere/env"])
            .success();
        assert_eq!(active(&home, &project), None);
        home.boot_in(&project, ["trust"]).success();
        assert_eq!(
            active(&home, &project),
            Some(home.root.join("elsewhere/env")),
            "{text:?}"
        );
        assert_eq!(home.read("app/.venv"), text);
    }
    // One of boot's own environment, as it is written where no links can be made.
    fs::remove_file(project.join(".venv")).unwrap();
    let root = active(&home, &project).unwrap();
    fs::remove_file(project.join(".venv")).unwrap();
    fs::write(project.join(".venv"), format!("{}\n", root.display())).unwrap();
    assert_eq!(active(&home, &project), Some(root));
    for text in [
        "",
        "\n",
        "nowhere",
        "\0",
        "/etc/passwd",
        "../../../../../../etc",
    ] {
        fs::write(project.join(".venv"), text).unwrap();
        assert_eq!(active(&home, &project), None, "{text:?}");
    }
}

#[test]
fn venv_without_pin_is_activated() {
    let home = home();
    fs::create_dir(home.root.join("plain")).unwrap();
    let plain = home.root.join("plain");
    assert_eq!(active(&home, &plain), None);
    home.boot_in(&plain, ["venv"])
        .success()
        .stderr_has("active there at the next prompt");
    let root = active(&home, &plain).unwrap();
    fs::create_dir(plain.join("deeper")).unwrap();
    assert_eq!(active(&home, &plain.join("deeper")), Some(root));
    // A trusted one of somebody else's, too; and one that nobody trusts gets a line.
    home.program("other/.venv/bin/python", "#!/bin/sh\n");
    home.write(
        "other/.venv/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.12.1\n",
    );
    let other = home.root.join("other");
    assert_eq!(active(&home, &other), None);
    enter(&home, &other).stderr_has("boot trust");
    home.boot_in(&other, ["trust"])
        .success()
        .stderr_has("active there at the next prompt");
    assert_eq!(active(&home, &other), Some(other.join(".venv")));
    // The user's default is no project's pin.
    home.boot(["python", "pin", "--global", stand_in::MINOR])
        .success();
    assert_eq!(active(&home, &other), Some(other.join(".venv")));
}

#[test]
fn venv_or_pin_that_is_nearest_decides() {
    let home = home();
    stand_in::install_version(&home, "3.12.1");
    let mono = stand_in::project(&home, "mono");
    let outer = active(&home, &mono).unwrap();
    let service = mono.join("services/api");
    fs::create_dir_all(&service).unwrap();
    assert_eq!(active(&home, &service), Some(outer.clone()));
    fs::write(service.join(".python-version"), "3.12\n").unwrap();
    let inner = active(&home, &service).unwrap();
    assert_ne!(inner, outer);
    // Without a pin of its own it has to meet the one above.
    fs::remove_file(service.join(".python-version")).unwrap();
    assert_eq!(active(&home, &service), None);
    enter(&home, &service)
        .stderr_has("3.12.1")
        .stderr_has("3.11");
    assert_eq!(active(&home, &mono), Some(outer));
}

#[test]
fn venv_clear_names_packages_that_go() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let root = active(&home, &project).unwrap();
    for name in ["requests-2.0.dist-info", "My_Package-1.dist-info"] {
        fs::create_dir_all(root.join("lib/python3.11/site-packages").join(name)).unwrap();
    }
    home.boot_in(&project, ["venv"])
        .success()
        .stderr_has("nothing to do");
    home.boot_in(&project, ["venv", "--clear"])
        .success()
        .stderr_has("my-package, requests");
    assert_eq!(
        active(&home, &project),
        Some(root.clone()),
        "open shells have this path"
    );
    assert!(
        !root
            .join("lib/python3.11/site-packages/requests-2.0.dist-info")
            .exists()
    );
    // A folder of somebody else's goes only when asked for by that word.
    fs::remove_file(project.join(".venv")).unwrap();
    home.write(
        "app/.venv/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.11.9\n",
    );
    home.boot_in(&project, ["venv"])
        .code(1)
        .one_error()
        .stderr_has("--clear");
    assert!(project.join(".venv/pyvenv.cfg").exists());
    home.boot_in(&project, ["venv", "--clear"]).success();
    assert!(project.join(".venv").is_symlink());
}

#[test]
fn venv_remove_deletes_link_and_environment() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let root = active(&home, &project).unwrap();
    home.boot(["venv", "remove", "app"]).success();
    assert!(!root.exists() && fs::symlink_metadata(project.join(".venv")).is_err());
    assert_eq!(count(&home), 0);
    // A link to an environment that is gone is no obstacle.
    let root = active(&home, &project).unwrap();
    fs::remove_dir_all(root.parent().unwrap()).unwrap();
    assert!(active(&home, &project).is_some_and(|root| root.exists()));
}

#[test]
fn venv_works_in_projects_with_odd_names() {
    let home = home();
    for name in [
        "a:b",
        "with a space",
        "it's $(touch x)",
        "new\nline",
        "-e",
        ".boot-project",
        "ünïcode",
        &"long".repeat(50),
    ] {
        let project = stand_in::project(&home, &format!("odd/{name}"));
        let run = enter(&home, &project);
        assert!(
            run.stdout.contains("__boot_use") && run.stderr.contains("made"),
            "{name:?}: {run}"
        );
        let root = fs::read_link(project.join(".venv")).unwrap();
        let last = root.file_name().unwrap().to_str().unwrap();
        assert!(
            !last.contains([':', '\n']) && root.join("bin/python").exists(),
            "{name:?}: {last:?}"
        );
        enter(&home, &project).stderr_lacks("made");
    }
    let bytes = std::os::unix::ffi::OsStrExt::from_bytes(b"not \xff utf8");
    let project = home
        .root
        .join("odd")
        .join(std::path::Path::new::<std::ffi::OsStr>(bytes));
    fs::create_dir(&project).unwrap();
    fs::write(project.join(".python-version"), "3.11\n").unwrap();
    assert!(enter(&home, &project).stdout.contains("__boot_use"));
    assert_eq!(count(&home), 9);
}

#[test]
#[cfg(target_os = "linux")]
fn venv_without_symlinks_writes_file_of_pep_832() {
    if !crate::support::needs::program("strace") {
        return;
    }
    let home = home();
    let project = stand_in::project(&home, "app");
    let traced = |inject: &str| {
        let mut command = home.command("strace");
        command.args([
            "-f",
            "-o",
            "trace",
            "-e",
            "trace=symlink,symlinkat",
            "-e",
            inject,
            BOOT,
            "shell",
            "enter",
            "bash",
        ]);
        home.run(command.arg(&project).arg(""))
            .success()
            .stdout_has("__boot_use")
            .stderr_has("made ")
    };
    traced("signal=none");
    let root = fs::read_link(project.join(".venv")).unwrap();
    home.boot(["venv", "remove", "app"]).success();
    // FAT answers so; the kernel of a test machine may not have it. The environment's own links are
    // on another disk.
    let trace = home.read("trace");
    let calls = trace.lines().filter(|line| line.contains("symlink"));
    let links = calls
        .enumerate()
        .filter(|(_, line)| line.contains(&format!("\"{}\"", root.display())))
        .map(|(at, _)| at + 1);
    traced(&format!(
        "inject=symlink,symlinkat:error=EPERM:when={}",
        links.last().unwrap()
    ));
    assert!(!project.join(".venv").is_symlink());
    assert_eq!(home.read("app/.venv"), format!("{}\n", root.display()));
    assert_eq!(active(&home, &project), Some(root.clone()));
    assert_eq!(
        home.boot_in(&project, ["which", "python"])
            .success()
            .stdout
            .trim(),
        root.join("bin/python").to_str().unwrap()
    );
    // Once made it is replaced, and removed, like a link.
    home.boot_in(&project, ["venv", "--clear"]).success();
    assert_eq!(active(&home, &project), Some(root.clone()));
    home.boot(["venv", "remove", "app"]).success();
    assert!(!project.join(".venv").exists() && !root.exists());
}

#[test]
fn venv_clear_of_foreign_folder_keeps_earlier_environment() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let first = active(&home, &project).unwrap();
    fs::create_dir_all(first.join("lib/python3.11/site-packages/requests-2.0.dist-info")).unwrap();
    // A checkout puts its own there; the prompt sees it.
    fs::remove_file(project.join(".venv")).unwrap();
    home.write(
        "app/.venv/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.11.9\n",
    );
    home.write(
        "app/.venv/lib/python3.11/site-packages/flask-3.0.dist-info/RECORD",
        "",
    );
    enter(&home, &project).stderr_has("boot venv restore");
    home.boot_in(&project, ["venv", "--clear"])
        .success()
        .stderr_has("flask")
        .stderr_lacks("requests,");
    assert!(
        first
            .join("lib/python3.11/site-packages/requests-2.0.dist-info")
            .exists()
    );
    home.boot_in(&project, ["venv", "restore"]).success();
    assert_eq!(active(&home, &project), Some(first));
    // A link to a named one goes, and what it led to stays what it was.
    home.boot(["venv", "--name", "work", "-p", stand_in::MINOR])
        .success();
    let other = stand_in::project(&home, "other");
    symlink(home.data().join("venvs/work"), other.join(".venv")).unwrap();
    home.boot_in(&other, ["venv", "--clear"]).success();
    home.boot(["venv", "list"])
        .success()
        .stdout_lacks("not trusted");
    assert!(active(&home, &other).is_some_and(|root| root.starts_with(projects(&home))));
}

#[test]
fn venv_remove_twice_leaves_kept_environment() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let first = active(&home, &project).unwrap();
    fs::create_dir_all(first.join("lib/python3.11/site-packages/requests-2.0.dist-info")).unwrap();
    fs::remove_file(project.join(".venv")).unwrap();
    active(&home, &project).unwrap();
    home.boot(["venv", "remove", "./app"]).success();
    home.boot(["venv", "remove", "./app"]).code(1).one_error();
    assert!(first.exists());
    home.boot_in(&project, ["venv", "restore"]).success();
    assert_eq!(active(&home, &project), Some(first));
}

#[test]
fn venv_trusted_folder_with_tracked_files_is_not_used() {
    let home = home();
    let project = stand_in::project(&home, "app");
    git(&home, &project, "init -q");
    git(&home, &project, "add .");
    git(&home, &project, "commit -qm x");
    git(&home, &project, "checkout -qb pr");
    home.program("app/.venv/bin/git", "#!/bin/sh\ntouch ~/pwned\n");
    home.program("app/.venv/bin/python", "#!/bin/sh\ntouch ~/pwned\n");
    git(&home, &project, "add -f .venv");
    git(&home, &project, "commit -qm typo");
    for version in ["2", "4"] {
        git(&home, &project, "checkout -q --force main");
        fs::create_dir_all(project.join(".venv/bin")).unwrap();
        home.write(
            "app/.venv/pyvenv.cfg",
            "home = /usr/bin\nversion = 3.11.9\n",
        );
        home.program("app/.venv/bin/python", "#!/bin/sh\n");
        home.boot_in(&project, ["trust"]).success();
        assert_eq!(active(&home, &project), Some(project.join(".venv")));
        fs::remove_file(project.join(".venv/bin/python")).unwrap();
        git(&home, &project, "checkout -q pr");
        git(
            &home,
            &project,
            &format!("update-index --index-version {version}"),
        );
        assert_eq!(active(&home, &project), None, "{version}");
        for line in [
            &["exec", "--", "python"][..],
            &["exec", "--", "git", "--version"],
            &["which", "python"],
        ] {
            home.boot_in(&project, line).stdout_lacks(".venv");
        }
        assert!(!home.root.join("pwned").exists(), "{version}");
    }
}

#[test]
fn venv_link_to_other_project_takes_nothing_from_it() {
    let home = home();
    let alpha = stand_in::project(&home, "alpha");
    let root = active(&home, &alpha).unwrap();
    // Its own link is gone for the moment, as behind a branch that brings a folder.
    fs::remove_file(alpha.join(".venv")).unwrap();
    home.write(
        "alpha/.venv/pyvenv.cfg",
        "home = /usr/bin\nversion = 3.11.9\n",
    );
    enter(&home, &alpha).stderr_has("boot venv restore");
    let hostile = stand_in::project(&home, "hostile");
    symlink(&root, hostile.join(".venv")).unwrap();
    assert!(active(&home, &hostile).is_some_and(|own| own != root));
    fs::remove_dir_all(alpha.join(".venv")).unwrap();
    assert_eq!(active(&home, &alpha), Some(root));
}

#[test]
fn venv_in_use_is_not_deleted_for_an_old_marker() {
    let home = home();
    let project = stand_in::project(&home, "app");
    let root = active(&home, &project).unwrap();
    let marker = root.parent().unwrap().join(".boot-unused");
    // Its disk was away once, long ago; it is used since, and away again.
    fs::write(&marker, "").unwrap();
    home.run(
        home.command("touch")
            .args(["-d", "90 days ago"])
            .arg(&marker),
    )
    .success();
    assert_eq!(active(&home, &project), Some(root.clone()));
    fs::rename(&project, home.root.join("away")).unwrap();
    home.boot(["venv", "list"]).success();
    assert!(root.exists());
}

#[test]
fn venv_folder_of_earlier_boot_is_moved_once() {
    let home = home();
    let project = stand_in::project(&home, "app");
    home.write(".config/boot/config.toml", "[venv]\nin_project = true\n");
    active(&home, &project).unwrap();
    home.write("app/.venv/lib/python3.11/site-packages/kept.py", "");
    fs::remove_file(home.root.join(".config/boot/config.toml")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| enter(&home, &project));
        }
    });
    let root = active(&home, &project).unwrap();
    assert!(root.join("lib/python3.11/site-packages/kept.py").exists());
    assert_eq!(count(&home), 1);
}

#[test]
fn venv_folder_in_renamed_project_names_old_place() {
    let home = home();
    home.write(".config/boot/config.toml", "[venv]\nin_project = true\n");
    let project = stand_in::project(&home, "app");
    assert_eq!(active(&home, &project), Some(project.join(".venv")));
    let renamed = home.root.join("renamed");
    fs::rename(&project, &renamed).unwrap();
    enter(&home, &renamed)
        .stderr_has(&format!("was made at {}", project.join(".venv").display()))
        .stderr_has("boot venv --clear");
    home.boot_in(&renamed, ["venv", "--clear"]).success();
    assert_eq!(active(&home, &renamed), Some(renamed.join(".venv")));
}

#[test]
fn venv_fifo_as_config_is_error_at_once() {
    let home = home();
    let project = stand_in::project(&home, "app");
    fs::create_dir_all(project.join(".venv/bin")).unwrap();
    home.run(home.command("mkfifo").arg(project.join(".venv/pyvenv.cfg")))
        .success();
    for arguments in [&["venv"][..], &["venv", "--clear"], &["venv", "list"]] {
        let run = home.boot_in(&project, arguments);
        assert!(run.code.is_some(), "{arguments:?}: {run}");
    }
    enter(&home, &project);
}

#[test]
fn venv_in_unwritable_project_leaves_nothing_behind() {
    let home = home();
    let project = stand_in::project(&home, "app");
    fs::set_permissions(&project, fs::Permissions::from_mode(0o555)).unwrap();
    let folder = project.to_str().unwrap();
    for _ in 0..3 {
        // Root may write anywhere.
        let Some(run) = nobody::boot(&home, &["shell", "enter", "bash", folder, ""]) else {
            return;
        };
        run.success()
            .stderr_has("no environment could be made here");
    }
    assert_eq!(count(&home), 0);
}

#[test]
fn venv_keeps_git_status_clean_after_later_git_init() {
    let home = home();
    let project = stand_in::project(&home, "app");
    active(&home, &project).unwrap();
    git(&home, &project, "init -q");
    home.write("app/.gitignore", ".venv/\n");
    active(&home, &project).unwrap();
    let status = git(&home, &project, "status --short");
    assert!(!status.stdout.contains("?? .venv"), "{status}");
}

#[test]
fn venv_link_that_repository_tracks_is_left_alone() {
    let home = home();
    let project = stand_in::project(&home, "app");
    git(&home, &project, "init -q");
    active(&home, &project).unwrap();
    git(&home, &project, "add -f .venv .python-version");
    git(&home, &project, "commit -qm x");
    git(&home, &home.root, "clone -q app other");
    let other = home.root.join("other");
    let before = fs::read_link(other.join(".venv")).unwrap();
    enter(&home, &other).stderr_has("the repository tracks");
    home.boot_in(&other, ["venv"])
        .code(1)
        .stderr_has("git rm --cached .venv");
    assert_eq!(fs::read_link(other.join(".venv")).unwrap(), before);
    assert_eq!(git(&home, &other, "status --short").stdout, "");
    assert_eq!(count(&home), 1);
    git(&home, &other, "rm -q --cached .venv");
    home.boot_in(&other, ["venv"]).success();
    assert!(active(&home, &other).is_some());
}

#[test]
fn venv_link_to_link_of_another_project_names_that() {
    let home = home();
    let project = stand_in::project(&home, "mono");
    let root = active(&home, &project).unwrap();
    let inner = project.join("svc");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join(".python-version"), "3.11\n").unwrap();
    symlink("../.venv", inner.join(".venv")).unwrap();
    enter(&home, &inner)
        .stderr_has(&format!(
            "leads to the environment of {}",
            project.display()
        ))
        .stderr_has("boot trust");
    home.boot_in(&inner, ["trust"]).success();
    assert_eq!(active(&home, &inner), Some(root));
}
