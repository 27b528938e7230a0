//! `boot python install 3.11`, and commands after it.

use std::time::Duration;

use crate::support::pty::Pty;
use crate::support::{BOOT, Fault, Home, Mirror};

#[test]
fn python_install_find_use_and_uninstall_work() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()])
        .success()
        .stderr_has(&format!("installed Python {}", mirror.version()));
    home.no_leftovers();
    mirror.server.requests();

    home.boot(["python", "install", &mirror.minor()])
        .success()
        .stderr_has("already installed");
    assert_eq!(
        mirror.server.requests(),
        [] as [&str; 0],
        "what is there needs no request"
    );

    home.boot(["python", "list"])
        .success()
        .stdout_has(&mirror.version());
    let list = home.boot(["python", "list", "--json"]).success().json();
    assert_eq!(list["schema"], 1);
    let python = &list["pythons"][0];
    assert_eq!(
        (&python["key"], &python["origin"]),
        (&mirror.key.to_string().into(), &"prebuilt".into())
    );
    assert_eq!(
        (&python["installed"], &python["active"], &python["default"]),
        (&true.into(), &true.into(), &true.into())
    );

    let found = home
        .boot(["python", "find", &mirror.minor()])
        .success()
        .stdout;
    assert_eq!(python["path"], found.trim());
    let shim = home
        .data()
        .join("shims")
        .join(format!("python{}", mirror.minor()));
    home.run(
        home.command(shim)
            .args(["-c", "import platform; print(platform.python_version())"]),
    )
    .success()
    .stdout_has(&mirror.version());
    let config = home
        .data()
        .join("pythons")
        .join(mirror.minor())
        .join("bin")
        .join(format!("python{}-config", mirror.minor()));
    let prefix = home.run(&mut home.command(config)).success().stdout;
    assert_eq!(
        prefix.trim(),
        home.data()
            .join("pythons")
            .join(mirror.key.to_string())
            .display()
            .to_string(),
        "the build's prefix is gone"
    );
    let managed = format!(
        ".local/share/boot/pythons/{}/lib/python{}/EXTERNALLY-MANAGED",
        mirror.minor(),
        mirror.minor()
    );
    assert!(home.read(&managed).contains("boot tool install"));

    if mirror.is_complete() {
        home.boot(["python", "verify"])
            .success()
            .stdout_has("complete");
    }
    home.boot(["python", "uninstall", &mirror.minor()])
        .success();
    home.boot(["python", "find", &mirror.minor()])
        .code(127)
        .stderr_has(&format!("boot python install {}", mirror.minor()));
    assert!(
        !home.tree().iter().any(|path| path.contains("pythons/")),
        "{:?}",
        home.tree()
    );
}

#[test]
fn pin_that_is_not_installed_exits_127() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    home.write("project/.python-version", "3.8.1\n");
    let shim = home.data().join("shims/python3");
    let run = home.run(
        home.command(shim)
            .current_dir(home.root.join("project"))
            .args(["-c", "print('another')"]),
    );
    let run = run
        .code(127)
        .stderr_has("boot python install 3.8.1")
        .one_error();
    assert_eq!(run.stdout, "");
    home.boot_in(&home.root.join("project"), ["which", "python"])
        .code(127);
    home.boot_in(
        &home.root.join("project"),
        ["exec", "--", "python", "-c", "1"],
    )
    .code(127);

    // Several in one pin: the second is met by its own name.
    home.write(
        "project/.python-version",
        &format!("3.8.1\n{}\n", mirror.version()),
    );
    let numbered = home
        .data()
        .join("shims")
        .join(format!("python{}", mirror.minor()));
    home.run(
        home.command(numbered)
            .current_dir(home.root.join("project"))
            .args(["-c", "print('second')"]),
    )
    .success()
    .stdout_has("second");
    // The system's Python only when the pin says so.
    home.write("project/.python-version", "system\n");
    home.boot_in(&home.root.join("project"), ["which", "sh"])
        .success();
}

#[test]
fn shim_passes_arguments_signals_and_codes_on() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    let shim = || home.command(home.data().join("shims/python3"));
    home.run(shim().args([
        "-c",
        "import sys; print(sys.argv[1:]); sys.exit(7)",
        "a b",
        "",
        "-q",
    ]))
    .code(7)
    .stdout_has("['a b', '', '-q']");
    let killed = home.run(shim().args([
        "-c",
        "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    ]));
    assert_eq!(killed.code, None, "ended by the signal itself: {killed}");
}

#[test]
fn python_install_keeps_folder_that_was_moved_and_linked() {
    let mut mirror = Mirror::new();
    let version = mirror.version();
    let next = mirror.publish_next().to_string();
    let home = Home::with(&mirror);
    home.boot(["python", "install", &version]).success();
    let folder = home.data().join("pythons").join(mirror.key.to_string());
    std::fs::rename(&folder, home.root.join("elsewhere")).unwrap();
    std::os::unix::fs::symlink(home.root.join("elsewhere"), &folder).unwrap();
    home.boot(["python", "install", &next]).success();
    home.boot(["python", "find", &version])
        .success()
        .stdout_has(&version);
}

#[test]
fn python_install_unknown_version_is_named() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    home.boot(["python", "install", "3.99"])
        .code(1)
        .stderr_has("3.99")
        .stderr_has("boot python list --available")
        .one_error();
    home.boot(["python", "install", "tortoise"])
        .code(2)
        .stderr_has("tortoise")
        .one_error();
    home.boot(["python", "install", "../../etc"])
        .code(2)
        .one_error();
    assert_eq!(mirror.server.requests(), [] as [&str; 0]);
}

#[test]
fn python_install_on_full_disk_leaves_nothing() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    // No file may grow beyond 100 blocks of 512 bytes; SIGXFSZ is ignored so that writing fails as
    // on a full disk.
    let script = format!(
        "trap '' XFSZ; ulimit -f 100; exec {} python install {}",
        crate::support::BOOT,
        mirror.minor()
    );
    home.run(home.command("sh").args(["-c", &script]))
        .code(1)
        .one_error();
    home.no_leftovers();
    home.boot(["python", "install", &mirror.minor()]).success();
}

#[test]
fn python_install_unwritable_data_folder_is_named() {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    home.write("file", "");
    let below = home.root.join("file/data").display().to_string();
    home.set("BOOT_DATA_DIR", &below);
    home.boot(["python", "install", &mirror.minor()])
        .code(1)
        .stderr_has(&below)
        .one_error();
}

#[test]
fn python_install_interrupted_leaves_nothing() {
    let mirror = Mirror::new();
    let mut home = Home::with(&mirror);
    home.set("BOOT_READ_TIMEOUT", "20");
    mirror.server.fault(&mirror.path(), Fault::Stall);
    let child = home
        .command(crate::support::BOOT)
        .args(["python", "install", &mirror.minor()])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while mirror.server.requests().is_empty() {
        std::thread::sleep(Duration::from_millis(10));
    }
    std::thread::sleep(Duration::from_millis(100));
    let pid = rustix::process::Pid::from_raw(child.id() as i32).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let output = child.wait_with_output().unwrap();
    let signal = std::os::unix::process::ExitStatusExt::signal(&output.status);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(signal, Some(2), "the signal itself ends it: {stderr}");
    assert!(stderr.contains("the same command starts over"), "{stderr}");
    home.no_leftovers();
    mirror.server.mend();
    home.boot(["python", "install", &mirror.minor()]).success();
}

#[test]
fn python_install_three_at_once_download_once() {
    let mirror = Mirror::new();
    let home = Home::with(&mirror);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| home.boot(["python", "install", &mirror.minor()]).success());
        }
    });
    let fetched = mirror
        .server
        .requests()
        .iter()
        .filter(|request| **request == format!("GET {}", mirror.path()))
        .count();
    assert_eq!(fetched, 1);
    home.no_leftovers();
}

#[test]
fn python_install_several_in_parallel_one_failure_stops_none() {
    let mut mirror = Mirror::new();
    let first = mirror.version();
    let [second, third] =
        [mirror.publish_next(), mirror.publish_next()].map(|version| version.to_string());
    let mut home = Home::with(&mirror);
    // As long as it takes until the test has seen enough.
    home.set("BOOT_READ_TIMEOUT", "120");
    let path = |version: &str| mirror.path().replace(&first, version);
    for version in [&first, &third] {
        mirror.server.fault(&path(version), Fault::Held(1000));
    }
    mirror.server.put(
        &path(&second),
        "application/gzip",
        b"something else".to_vec(),
    );
    let Some(mut pty) = Pty::start(&home, "bash") else {
        return;
    };
    pty.type_line(&format!(
        "{BOOT} python install --prebuilt {first} {second} {third}; echo code=$?."
    ));
    // Both are at work, and shown together: a line each, drawn anew from the first one.
    pty.expect(&format!("Python {first} "));
    pty.expect(&format!("Python {third} "));
    pty.expect("\u{1b}[1A");
    pty.expect(&format!(
        "B/{} ",
        indicatif::HumanBytes(mirror.size() as u64)
    ));
    mirror.server.mend();
    pty.expect("code=4.");
    let screen = pty.screen();
    let end = &screen[screen.find("installed Python").unwrap()..];
    assert!(
        end.contains(&format!("installed Python {first}"))
            && end.contains(&format!("installed Python {third}")),
        "{screen}"
    );
    assert!(
        screen.contains("SHA-256") && !end.contains(&format!("installed Python {second}")),
        "{screen}"
    );
    drop(pty);
    let list = home
        .boot(["python", "list"])
        .success()
        .stdout_has(&first)
        .stdout_has(&third);
    assert_eq!(list.stdout.lines().count(), 2, "{list}");
    home.no_leftovers();
}

#[test]
fn python_install_points_scripts_to_their_own_python() {
    let mut mirror = Mirror::new();
    // As a team packs a Python that it built: the first lines name the interpreter that is on this
    // machine.
    let theirs = Mirror::machine().display().to_string();
    let body = "import os; print('patch', os.environ.get('STAND_IN'))\n";
    let scripts = [
        format!("#!{theirs}\n{body}"),
        format!("#!/usr/bin/env python3\n{body}"),
        format!("#!{theirs} -I\n{body}"),
    ];
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    let mut old = tar::Archive::new(flate2::read::GzDecoder::new(mirror.archive()));
    for entry in old.entries().unwrap() {
        let entry = entry.unwrap();
        let (mut header, path) = (entry.header().clone(), entry.path().unwrap().into_owned());
        tar.append_data(&mut header, path, entry).unwrap();
    }
    for (number, script) in scripts.iter().enumerate() {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o755);
        header.set_size(script.len() as u64);
        tar.append_data(
            &mut header,
            format!("python/bin/command{number}"),
            script.as_bytes(),
        )
        .unwrap();
    }
    let archive = tar.into_inner().unwrap().finish().unwrap();
    mirror.serve("install_only.tar.gz", archive);
    let home = Home::with(&mirror);
    home.boot(["python", "install", &mirror.minor()]).success();
    for number in 0..scripts.len() {
        let command = home
            .data()
            .join(format!("pythons/{}/bin/command{number}", mirror.key));
        home.run(&mut home.command(command))
            .success()
            .stdout_has(&format!("patch {}", mirror.version()));
    }
}
