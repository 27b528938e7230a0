//! Users and passwords in addresses of git repositories, wheels and source archives. They go to
//! that server only, and into no receipt, log, list, error or argument of another program.

use std::fs;
use std::path::Path;

use super::credentials::{SECRET, nobody_tells, with_user};
use crate::support::sdist::{Source, commit};
use crate::support::{Fault, Home, Index, Mirror, Server, Wheel, index};

fn ready() -> (Mirror, Index, Home) {
    let (mirror, index) = (Mirror::new(), index::stocked());
    let mut home = Home::ready(&mirror, &index);
    home.set("PYTHONDONTWRITEBYTECODE", "1");
    (mirror, index, home)
}

fn says(home: &Home, command: &str) -> String {
    home.run(&mut home.command(home.bin().join(command)))
        .success()
        .stdout
        .trim()
        .to_string()
}

/// Checks every report about the tools for the secret.
fn nobody_tells_anything(home: &Home, sources: &[&str]) {
    for words in [
        &["tool", "list"][..],
        &["tool", "list", "--json"],
        &["-v", "tool", "list", "--outdated"],
        &["-v", "doctor"],
    ] {
        nobody_tells(home, &home.boot(words), sources);
    }
}

/// Serves `repository` at `/repo.git` as a plain web server, with a password.
fn guarded_git(home: &Home, repository: &Path) -> Server {
    let server = Server::new();
    server.demand("me", SECRET);
    serve_git(home, repository, &server);
    server
}

fn serve_git(home: &Home, repository: &Path, server: &Server) {
    let bare = home.root.join("bare.git");
    let _ = fs::remove_dir_all(&bare);
    home.run(
        home.command("git")
            .args(["clone", "--quiet", "--bare"])
            .arg(repository)
            .arg(&bare),
    )
    .success();
    home.run(
        home.command("git")
            .arg("-C")
            .arg(&bare)
            .arg("update-server-info"),
    )
    .success();
    let mut folders = vec![bare.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&bare).unwrap().display().to_string();
            let question = if name == "info/refs" {
                "?service=git-upload-pack"
            } else {
                ""
            };
            server.put(
                &format!("/repo.git/{name}{question}"),
                "text/plain",
                fs::read(path).unwrap(),
            );
        }
    }
}

/// Puts a git on PATH that records how it is called.
fn watched_git(home: &mut Home) {
    let git = which::which("git").unwrap();
    home.program(
        "watched/git",
        &format!(
            "#!/bin/sh\necho \"$@\" >>\"$HOME/called\"\nexec {} \"$@\"\n",
            git.display()
        ),
    );
    home.set(
        "PATH",
        &format!(
            "{}:{}:/usr/bin:/bin",
            home.root.join("watched").display(),
            home.bin().display()
        ),
    );
}

#[test]
fn git_password_goes_to_its_server_only() {
    let (_mirror, _index, mut home) = ready();
    let repository = Source::new("repo", "1.0", "first").repository(&home, "repositories/repo");
    let server = guarded_git(&home, &repository);
    watched_git(&mut home);
    let address = format!(
        "git+{}/repo.git",
        with_user(&server.url(), &format!("me:{SECRET}"))
    );
    let run = home.boot(["-v", "tool", "install", &address]).success();
    assert_eq!(says(&home, "repo"), "first");
    nobody_tells(&home, &run, &[]);
    nobody_tells_anything(&home, &[]);
    assert!(
        home.read("called").contains("/repo.git"),
        "git was watched: {}",
        home.read("called")
    );
    let list = home.boot(["tool", "list", "--json"]).success().json();
    assert_eq!(
        list["tools"][0]["spec"],
        format!("repo @ git+{}/repo.git", server.url())
    );

    // Whoever asks later has to know it himself: from the file that NETRC names, and from no other.
    fs::write(
        repository.join("repo.py"),
        "def main():\n    print('second')\n",
    )
    .unwrap();
    commit(&home, &repository);
    serve_git(&home, &repository, &server);
    let run = home
        .boot(["-v", "tool", "upgrade", "repo"])
        .code(1)
        .one_error();
    nobody_tells(&home, &run, &[]);
    home.write(".netrc", "machine 127.0.0.1 login me password another\n");
    home.boot(["tool", "upgrade", "repo"]).code(1).one_error();
    let netrc = home
        .write(
            "my netrc",
            &format!("machine 127.0.0.1\n  login me\n  password {SECRET}\n"),
        )
        .display()
        .to_string();
    home.set("NETRC", &netrc);
    let run = home.boot(["-v", "tool", "upgrade", "repo"]).success();
    assert_eq!(says(&home, "repo"), "second");
    nobody_tells(&home, &run, &["my netrc"]);
    let run = home.boot(["-v", "tool", "reinstall", "repo"]).success();
    nobody_tells(&home, &run, &["my netrc"]);

    // What goes wrong is told without it.
    home.set("NETRC", "/nonexistent");
    for wrong in [
        format!(
            "git+{}/repo.git",
            with_user(&server.url(), &format!("you:{SECRET}"))
        ),
        format!("{address}@no-such-branch"),
        address.replace("repo.git", "other.git"),
        address.replacen("git+http", "git+gopher", 1),
        address.replacen("git+http", "svn+http", 1),
        format!("{address}#subdirectory=../.."),
        format!("{address}#subdirectory=nowhere"),
        format!("other @ {address}"),
        format!("other @ {address}@no branch"),
        address.replacen("http://", "http:/", 1),
    ] {
        let run = home.boot(["-v", "tool", "install", &wrong]).one_error();
        assert!(matches!(run.code, Some(1 | 2)), "{run}");
        nobody_tells(&home, &run, &["my netrc"]);
    }
    assert_eq!(says(&home, "repo"), "second");
}

/// Removes the cache.
fn forget(home: &Home) {
    let _ = fs::remove_dir_all(home.root.join(".cache/boot"));
}

#[test]
fn wheel_password_goes_to_its_server_only() {
    let (mirror, _index, mut home) = ready();
    let server = Server::new();
    server.demand("me", SECRET);
    let put = |name: &str, version: &str, word: &str| {
        let wheel = Wheel::new(name, version).command(name, word).bytes();
        let path = format!("/private/{name}-{version}-py3-none-any.whl");
        server.put(&path, "application/zip", wheel);
        format!(
            "{}{path}",
            with_user(&server.url(), &format!("me:{SECRET}"))
        )
    };
    let (hidden, extra) = (put("hidden", "1.0", "found"), put("extra", "1.0", "more"));
    let run = home.boot(["-v", "tool", "install", &hidden]).success();
    nobody_tells(&home, &run, &[]);
    let run = home
        .boot([
            "-v",
            "tool",
            "install",
            "--force",
            &format!("hidden @ {hidden}"),
            "--with",
            &format!("extra @ {extra}"),
        ])
        .success();
    nobody_tells(&home, &run, &[]);
    let run = home.boot(["-v", "tool", "install", "black"]).success();
    nobody_tells(&home, &run, &[]);
    let run = home
        .boot([
            "-v",
            "tool",
            "inject",
            "black",
            &format!("extra @ {extra}"),
            "--expose",
        ])
        .success();
    nobody_tells(&home, &run, &[]);
    let run = home
        .boot([
            "-v",
            "tool",
            "run",
            "--with",
            &format!("extra @ {extra}"),
            &format!("hidden @ {hidden}"),
        ])
        .success();
    nobody_tells(&home, &run, &[]);
    nobody_tells_anything(&home, &[]);
    assert_eq!(
        (says(&home, "hidden"), says(&home, "extra")),
        ("found".into(), "more".into())
    );
    // PEP 610: the address is there, the password isn't.
    let site = home.data().join(format!(
        "tools/hidden/lib/python{}/site-packages",
        mirror.minor()
    ));
    let about = fs::read_to_string(site.join("hidden-1.0.dist-info/direct_url.json")).unwrap();
    assert!(
        about.contains(&format!(
            "{}/private/hidden-1.0-py3-none-any.whl",
            server.url()
        )),
        "{about}"
    );

    // A file of requirements is the user's own.
    let line = format!("extra @ {extra}\n");
    home.write("needs.txt", &line);
    let run = home.boot([
        "-v",
        "tool",
        "install",
        "--force",
        "hidden",
        "-r",
        "needs.txt",
    ]);
    nobody_tells(&home, &run, &["needs.txt"]);

    let path = "/private/hidden-1.0-py3-none-any.whl";
    let whole = server.content(path);
    for (fault, content) in [
        (Some(Fault::Status(404)), None),
        (Some(Fault::Status(500)), None),
        (Some(Fault::Loop), None),
        (None, Some("no wheel")),
    ] {
        forget(&home);
        fault
            .into_iter()
            .for_each(|fault| server.fault(path, fault));
        content
            .into_iter()
            .for_each(|content| server.put(path, "application/zip", content.into()));
        let run = home
            .boot(["-v", "tool", "install", "--force", &hidden])
            .code(1)
            .one_error();
        nobody_tells(&home, &run, &["needs.txt"]);
        server.mend();
        server.put(path, &whole.0, whole.1.clone());
    }
    for wrong in [
        hidden.replacen("me:", "you:", 1),
        format!("{hidden}#sha256={}", "0".repeat(64)),
        format!("other @ {hidden}"),
        hidden.replace("-py3-none-any.whl", ".exe"),
        hidden.replace("-py3-none-any.whl", "-cp27-none-win32.whl"),
        hidden.replacen("http://", "ftp://", 1),
        format!("-e {hidden}"),
        format!("{hidden} ; python_version > '3'"),
    ] {
        forget(&home);
        let run = home
            .boot(["-v", "tool", "install", "--force", "--", &wrong])
            .one_error();
        nobody_tells(&home, &run, &["needs.txt"]);
    }
    home.set("BOOT_OFFLINE", "1");
    let run = home
        .boot([
            "-v",
            "tool",
            "install",
            "--force",
            &hidden.replace("1.0", "9.0"),
        ])
        .code(1)
        .one_error();
    nobody_tells(&home, &run, &["needs.txt"]);
    assert_eq!(says(&home, "hidden"), "found");
}

/// Code that breaks the build and prints all its variables.
const CURIOUS: &str = "raise SystemExit(chr(10).join(sorted('='.join(pair) for pair in \
                       __import__('os').environ.items())))\n";

#[test]
fn build_log_of_failed_build_has_no_password() {
    let (_mirror, index, mut home) = ready();
    let server = Server::new();
    server.demand("me", SECRET);
    index.server.demand("me", SECRET);
    let source = Source::new("curious", "1.0", "x")
        .file("curious_backend.py", "")
        .stated();
    let source = source.file("backend/zipfile.py", CURIOUS);
    server.put("/curious-1.0.tar.gz", "application/gzip", source.archive());
    index.add_source(&source);
    let secret = format!("me:{SECRET}");
    home.set("BOOT_INDEX_URL", "");
    for name in [
        "PIP_INDEX_URL",
        "UV_DEFAULT_INDEX",
        "PIP_EXTRA_INDEX_URL",
        "UV_INDEX",
    ] {
        home.set(name, &with_user(&index.url(), &secret));
    }
    let address = format!("{}/curious-1.0.tar.gz", with_user(&server.url(), &secret));
    for spec in [address.as_str(), "curious"] {
        let run = home
            .boot(["-v", "tool", "install", spec])
            .code(1)
            .one_error()
            .stderr_has(".local/state/boot/log/");
        nobody_tells(&home, &run, &[]);
        let logs: String = fs::read_dir(home.root.join(".local/state/boot/log"))
            .unwrap()
            .flatten()
            .map(|entry| fs::read_to_string(entry.path()).unwrap())
            .collect();
        assert!(logs.contains("PIP_INDEX_URL="), "it looked around: {logs}");
        fs::remove_dir_all(home.root.join(".local/state/boot/log")).unwrap();
    }
}
