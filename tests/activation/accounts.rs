//! Tests of other users' rights: where they may write, which locks they may hold, and what root
//! does in a foreign home. Some need root, to act as a second user.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{BOOT, Home, Mirror, Run, needs, nobody};

/// User id that no account of this machine has.
const ALICE: u32 = 54321;

/// Creates a home with an installed Python.
fn home() -> (Home, Mirror) {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    (home, mirror)
}

fn state(home: &Home) -> PathBuf {
    home.root.join(".local/state/boot")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn pinned(home: &Home, mirror: &Mirror, folder: &str) -> PathBuf {
    home.write(
        &format!("{folder}/.python-version"),
        &format!("{}\n", mirror.minor()),
    );
    home.root.join(folder)
}

/// Runs what the hook runs on entering `folder`.
fn enter(home: &Home, folder: &Path) -> Run {
    home.run(
        home.command(BOOT)
            .args(["shell", "enter", "bash"])
            .arg(folder)
            .arg(""),
    )
}

/// Returns whether the test can act as a second user.
fn is_root() -> bool {
    let root = nobody::is_root() && needs::program("setpriv");
    if !root {
        needs::skipped("only root can be two users");
    }
    root
}

/// Gives the whole home to a user.
fn give(home: &Home, uid: u32, gid: u32) {
    let owner = format!("{uid}:{gid}");
    nobody::give(home, &owner);
}

/// Runs boot as user `uid` and group `gid` with a private /etc/passwd and /etc/group.
fn boot_as(home: &Home, passwd: &str, group: &str, gid: u32, args: &[&str]) -> Run {
    home.write(
        "accounts/passwd",
        &format!("root:x:0:0::/root:/bin/sh\n{passwd}"),
    );
    home.write("accounts/group", &format!("root:x:0:\n{group}"));
    let script = format!(
        "mount --bind accounts/passwd /etc/passwd && mount --bind accounts/group /etc/group && \
         umask 002 && exec setpriv --reuid={ALICE} --regid={gid} --clear-groups \"$@\""
    );
    let mut command = home.command("unshare");
    command
        .args(["--mount", "sh", "-c", &script, "sh", BOOT])
        .args(args);
    home.run(&mut command)
}

#[test]
fn hook_accepts_project_writable_by_private_group() {
    if !is_root() || !needs::mounts() {
        return;
    }
    let (home, mirror) = home();
    let alice = |gid: u32| format!("alice:x:{ALICE}:{gid}::/:/bin/sh\n");
    let cases = [
        (alice(ALICE), format!("alice:x:{ALICE}:\n"), ALICE, true),
        (alice(54399), "alice:x:54399:\n".into(), 54399, true),
        (
            alice(ALICE),
            format!("alice:x:{ALICE}:alice\n"),
            ALICE,
            true,
        ),
        (
            alice(ALICE),
            format!("alice:x:{ALICE}:alice,bob\n"),
            ALICE,
            false,
        ),
        (alice(54399), "team:x:54399:\n".into(), 54399, false),
        (
            format!("{}bob:x:54322:{ALICE}::/:/bin/sh\n", alice(ALICE)),
            format!("alice:x:{ALICE}:\n"),
            ALICE,
            false,
        ),
        (String::new(), String::new(), ALICE, false),
    ];
    for (number, (passwd, group, gid, private)) in cases.into_iter().enumerate() {
        let project = pinned(&home, &mirror, &format!("project{number}"));
        give(&home, ALICE, gid);
        set_mode(&home.root, 0o755);
        set_mode(&project, 0o2775);
        let project = project.display().to_string();
        let run = boot_as(
            &home,
            &passwd,
            &group,
            gid,
            &["shell", "enter", "bash", &project, ""],
        )
        .success();
        assert_eq!(
            run.stdout.contains("__boot_use"),
            private,
            "{passwd}{group}{run}"
        );
        if !private {
            run.stderr_has("others can write to");
        }
    }
}

#[test]
fn staging_lookalikes_are_neither_opened_nor_deleted() {
    let (home, mirror) = home();
    let project = pinned(&home, &mirror, "project");
    let staged = |name: &str| project.join(format!(".boot-staging-{name}"));
    home.write("project/.boot-staging-mine/data", "mine");
    home.write("project/.boot-staging-abcdef/data", "mine");
    home.write("project/.boot-staging-file", "mine");
    home.write("project/.boot-staging-1f.abcdef", "mine");
    for pipe in ["pipe", "abcdeg"] {
        assert!(
            home.command("mkfifo")
                .arg(staged(pipe))
                .status()
                .unwrap()
                .success()
        );
    }
    symlink(staged("pipe"), staged("link")).unwrap();
    let _socket = UnixListener::bind(staged("socket")).unwrap();
    if nobody::is_root() {
        // /dev/tape: nobody has one, and opening it may do things.
        let _ = home
            .command("mknod")
            .arg(staged("device"))
            .args(["c", "9", "0"])
            .status()
            .unwrap();
    }
    let find = || {
        let mut names: Vec<_> = fs::read_dir(&project)
            .unwrap()
            .flatten()
            .map(|entry| entry.file_name())
            .collect();
        names.retain(|name| name.to_string_lossy().starts_with(".boot-staging-"));
        names.sort();
        names
    };
    assert!(
        home.command("find")
            .arg(&project)
            .args(["-exec", "touch", "-h", "-d", "1 hour ago", "{}", "+"])
            .status()
            .unwrap()
            .success()
    );
    let before = find();
    let started = Instant::now();
    enter(&home, &project).success().stdout_has("__boot_use");
    home.boot_in(&project, ["venv", "--clear"]).success();
    home.boot_in(&project, ["python", "pin", &mirror.minor()])
        .success();
    home.boot_in(&project, ["doctor"]);
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(find(), before);
    assert!(
        fs::symlink_metadata(staged("pipe"))
            .unwrap()
            .file_type()
            .is_fifo()
    );
    assert_eq!(
        fs::read_to_string(staged("mine").join("data")).unwrap(),
        "mine"
    );
}

/// Holds the lock `name` of `home` for a minute; `words` prefix the command.
fn hold(home: &Home, words: &[String], name: &str) -> Child {
    let lock = state(home).join("locks").join(name);
    let mut words = words.to_vec();
    words.extend(["flock", "--nonblock", "--no-fork"].map(String::from));
    let mut command = home.command(which::which(&words[0]).unwrap());
    command
        .args(&words[1..])
        .arg(lock)
        .args(["sleep", "60"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let held = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    held
}

#[test]
fn hook_prompt_is_not_delayed_by_other_users() {
    if !is_root() || !needs::program("flock") {
        return;
    }
    let (home, mirror) = home();
    let project = pinned(&home, &mirror, "project");
    // As an older boot has left them.
    let locks = state(&home).join("locks");
    home.boot(["trust", "--tree", "project"]).success();
    for open in [state(&home), locks.clone()] {
        set_mode(&open, 0o755);
    }
    set_mode(&locks.join("trust"), 0o644);
    set_mode(&home.root, 0o755);
    home.boot(["untrust", "project"]).success();
    let other = [
        "setpriv",
        "--reuid=54322",
        "--regid=54322",
        "--clear-groups",
    ]
    .map(String::from);
    let mut held = hold(&home, &other, "trust");
    assert!(
        !held.wait().unwrap().success(),
        "another user has opened the lock"
    );
    let started = Instant::now();
    enter(&home, &project).success().stdout_has("__boot_use");
    // Far from the minute that it is held.
    assert!(started.elapsed() < Duration::from_secs(30));
    for folder in [state(&home), locks.clone()] {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
    }
    for lock in fs::read_dir(&locks).unwrap().flatten() {
        assert_eq!(mode(&lock.path()), 0o600, "{}", lock.path().display());
    }
}

#[test]
fn hook_prompt_gives_up_on_held_lock_and_names_process() {
    if !needs::program("flock") {
        return;
    }
    let (home, mirror) = home();
    let project = pinned(&home, &mirror, "project");
    // A folder in the project is written down in the list of what is trusted.
    home.write(".config/boot/config.toml", "[venv]\nin_project = true\n");
    home.boot(["trust", "--tree", "project"]).success();
    home.boot(["untrust", "project"]).success();
    let mut held = hold(&home, &[], "trust");
    let pid = held.id();
    // A boot that was stopped with Ctrl-Z has written its number.
    fs::write(state(&home).join("locks/trust"), format!("{pid}\n")).unwrap();
    assert!(
        Command::new("kill")
            .args(["-STOP", &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
    let started = Instant::now();
    let run = enter(&home, &project);
    assert!(started.elapsed() < Duration::from_secs(30), "{run}");
    let run = run
        .stderr_has(&format!("process {pid}"))
        .stderr_has("works on trust")
        .stderr_has(&format!("kill -CONT {pid}"));
    assert!(!run.stdout.contains("__boot_use"), "{run}");
    assert_eq!(run.stderr.lines().count(), 1, "{run}");
    // One that may wait tells whom for.
    let said = home.root.join("said");
    let mut waiting = home.command(BOOT);
    let mut waiting = waiting
        .args(["trust", "--tree", "project"])
        .stderr(fs::File::create(&said).unwrap())
        .spawn()
        .unwrap();
    let told = |text: &str| fs::read_to_string(&said).unwrap().contains(text);
    let until = Instant::now() + Duration::from_secs(30);
    while !told("waiting for another boot") && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(
        told(&format!(
            "process {pid}, which is stopped: kill -CONT {pid}"
        )),
        "{}",
        fs::read_to_string(&said).unwrap()
    );
    held.kill().unwrap();
    held.wait().unwrap();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn files_are_private_under_any_umask_and_exec_keeps_it() {
    for umask in ["000", "002"] {
        let mirror = Mirror::new();
        let home = Home::with(&mirror);
        let project = pinned(&home, &mirror, "project");
        let run = |args: &str| {
            let script = format!("umask {umask}; exec {BOOT} {args}");
            home.run(
                home.command("sh")
                    .current_dir(&project)
                    .args(["-c", &script]),
            )
            .success()
        };
        run(&format!("python install {}", mirror.minor()));
        run(&format!("shell enter bash {} ''", project.display()));
        run("venv --name work");
        run("shell install --shell bash");
        let open = home.run(
            home.command("find")
                .args([".local", ".cache", ".config"])
                .args(["!", "-type", "l", "-perm", "/022"]),
        );
        assert_eq!(open.stdout, "", "umask {umask}: {open}");
        let shown = run("exec -- sh -c umask");
        assert_eq!(shown.stdout.trim(), format!("0{umask}"), "{shown}");
    }
}

#[test]
fn root_in_home_of_other_user_writes_nothing() {
    if !is_root() {
        return;
    }
    let (home, mirror) = home();
    let project = pinned(&home, &mirror, "project");
    // One whose environment a list would have follow it.
    let moved = pinned(&home, &mirror, "moved");
    enter(&home, &moved).success().stdout_has("__boot_use");
    let renamed = home.root.join("renamed");
    fs::rename(&moved, &renamed).unwrap();
    // Somebody who has an account.
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let Some(nobody) = passwd
        .lines()
        .find(|line| line.split(':').nth(2) == Some("65534"))
        .and_then(|line| line.split(':').next())
    else {
        return needs::skipped("there is no nobody");
    };
    give(&home, 65534, 65534);
    let all = || {
        let run = home.run(
            home.command("find")
                .args([".", "-printf", "%p %u %m %T@ %s\n"]),
        );
        run.success().stdout
    };
    let before = all();
    let minor = mirror.minor();
    for args in [
        vec!["tool", "install", "black"],
        vec!["tool", "run", "black"],
        vec!["python", "install", &minor],
        vec!["python", "pin", "--global", &minor],
        vec!["shell", "install"],
        vec!["venv"],
        vec!["trust", "project"],
        vec!["apply"],
        vec!["init", "."],
        vec!["doctor", "--fix"],
        vec!["cache", "clean"],
        vec!["self", "uninstall", "--yes"],
    ] {
        for sudo in [None, Some("65534")] {
            let mut command = home.command(BOOT);
            command.args(&args).envs(sudo.map(|uid| ("SUDO_UID", uid)));
            let run = home.run(&mut command).code(2).one_error();
            run.stderr_has(&format!("which is {nobody}'s"))
                .stderr_has("sudo -H boot")
                .stderr_has("without sudo");
        }
    }
    for args in [vec!["venv", "list"], vec!["venv", "restore", "--list"]] {
        home.run(home.command(BOOT).current_dir(&renamed).args(&args));
    }
    assert_eq!(all(), before, "something was written");
    for args in [
        vec!["--version"],
        vec!["--help"],
        vec!["python", "list"],
        vec!["python", "find", &minor],
        vec!["tool", "list"],
        vec!["venv", "list"],
        vec!["trust", "--list"],
        vec!["shell", "init", "bash"],
        vec!["which", "python"],
        vec!["exec", "--", "true"],
        vec!["cache", "dir"],
    ] {
        home.run(home.command(BOOT).current_dir(&project).args(&args))
            .success();
    }
    let run = enter(&home, &project).success();
    assert_eq!(
        (run.stdout.as_str(), run.stderr.as_str()),
        ("__boot_leave\n", "")
    );
    // The shims are names of the tested binary.
    let owners =
        home.run(
            home.command("find")
                .args([".", "!", "-user", "65534", "!", "-samefile", BOOT]),
        );
    assert_eq!(owners.stdout, "", "root has left something");
    // A number that nobody has, as a container's bind mount shows it; and root's own.
    for uid in [ALICE, 0] {
        chown(&home.root, Some(uid), None).unwrap();
        home.boot(["python", "pin", "--global", &minor]).success();
    }
}

#[test]
fn cache_of_other_user_is_not_used() {
    if !is_root() {
        return;
    }
    let (mut home, mirror) = home();
    let cache = home.root.join("theirs");
    fs::create_dir_all(cache.join("archives")).unwrap();
    for folder in [cache.clone(), cache.join("archives")] {
        chown(folder, Some(ALICE), Some(ALICE)).unwrap();
    }
    home.set("BOOT_CACHE_DIR", &cache.display().to_string());
    home.boot(["venv", "--name", "work"])
        .success()
        .stderr_has("belongs to somebody else")
        .stderr_has("BOOT_CACHE_DIR");
    home.boot(["cache", "dir"])
        .success()
        .stdout_has(&home.data().join("cache").display().to_string());
    assert_eq!(fs::read_dir(&cache).unwrap().count(), 1);
    assert_eq!(fs::read_dir(cache.join("archives")).unwrap().count(), 0);
    // A part of it is enough; and one that others can write to.
    chown(&cache, Some(0), Some(0)).unwrap();
    home.boot(["cache", "dir"])
        .success()
        .stdout_has(&home.data().join("cache").display().to_string());
    chown(cache.join("archives"), Some(0), Some(0)).unwrap();
    home.boot(["cache", "dir"])
        .success()
        .stdout_has(&cache.display().to_string());
    set_mode(&cache.join("archives"), 0o777);
    home.boot(["cache", "dir"])
        .success()
        .stdout_has(&home.data().join("cache").display().to_string());
    drop(mirror);
}
