//! Credentials for an index from its address, netrc or keyring. They go to that server alone, and
//! appear in no output and no file.

use std::fs;
use std::path::Path;

use crate::support::{Fault, Home, Index, Mirror, Run, Server, Wheel};

pub const SECRET: &str = "s3cret-word";

/// Creates an index that requires `me` and the secret, and a file server with its wheel.
fn guarded() -> (Index, Server) {
    let index = Index::new();
    let path = index.add(Wheel::new("tool", "1.0").command("tool", "hello"));
    index.server.demand("me", SECRET);
    let files = Server::new();
    files.put(
        &path,
        "application/octet-stream",
        Wheel::new("tool", "1.0").command("tool", "hello").bytes(),
    );
    index
        .server
        .fault(&path, Fault::Redirect(format!("{}{path}", files.url())));
    (index, files)
}

fn home() -> Home {
    let mirror = Mirror::new();
    Home::ready(&mirror, &Index::new())
}

pub fn with_user(url: &str, user: &str) -> String {
    url.replacen("://", &format!("://{user}@"), 1)
}

/// Checks that neither output nor files contain the secret, plain or encoded.
pub fn nobody_tells(home: &Home, run: &Run, sources: &[&str]) {
    let encoded = format!("me:{SECRET}");
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, encoded);
    for text in [&run.stdout, &run.stderr] {
        assert!(!text.contains(SECRET) && !text.contains(&encoded), "{run}");
    }
    let mut queue = vec![home.root.clone()];
    while let Some(folder) = queue.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                queue.push(path);
            } else if entry.file_type().unwrap().is_file()
                && !sources
                    .iter()
                    .any(|source| path.ends_with(Path::new(source)))
            {
                let bytes = fs::read(&path).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes);
                assert!(
                    !text.contains(SECRET) && !text.contains(&encoded),
                    "{}",
                    path.display()
                );
            }
        }
    }
}

#[test]
fn index_password_in_address_goes_to_that_server_only() {
    let mut home = home();
    let (index, files) = guarded();
    home.set(
        "PIP_INDEX_URL",
        &with_user(&index.url(), &format!("me:{SECRET}")),
    );
    home.set("BOOT_INDEX_URL", "");
    let run = home.boot(["tool", "install", "tool"]).success();
    nobody_tells(&home, &run, &[]);
    assert!(index.server.authorizations().iter().all(Option::is_some));
    let seen = files.authorizations();
    assert!(
        !seen.is_empty() && seen.iter().all(Option::is_none),
        "the redirect's host is told nothing: {seen:?}"
    );
    // From the command line: not in the receipt either.
    let address = with_user(&index.url(), &format!("me:{SECRET}"));
    home.set("PIP_INDEX_URL", "");
    let run = home
        .boot([
            "tool",
            "install",
            "--force",
            "--index-url",
            &address,
            "tool",
        ])
        .success();
    nobody_tells(&home, &run, &[]);
}

#[test]
fn index_wrong_password_is_error_without_it() {
    let mut home = home();
    let (index, files) = guarded();
    index.server.demand("me", "another");
    home.set(
        "BOOT_INDEX_URL",
        &with_user(&index.url(), &format!("me:{SECRET}")),
    );
    let run = home
        .boot(["tool", "install", "tool"])
        .code(1)
        .one_error()
        .stderr_has("netrc");
    nobody_tells(&home, &run, &[]);
    assert_eq!(files.authorizations(), []);
}

#[test]
fn index_netrc_is_used_for_its_host_only() {
    let mut home = home();
    let (index, files) = guarded();
    home.write(
        ".netrc",
        &format!("machine localhost\nlogin me\npassword {SECRET}\n"),
    );
    home.set(
        "BOOT_INDEX_URL",
        &index.url().replace("127.0.0.1", "localhost"),
    );
    let run = home.boot(["tool", "install", "tool"]).success();
    nobody_tells(&home, &run, &[".netrc"]);
    let seen = files.authorizations();
    assert!(
        !seen.is_empty() && seen.iter().all(Option::is_none),
        "{seen:?}"
    );
}

#[test]
fn index_keyring_is_asked_for_password_of_user() {
    let mut home = home();
    let (index, _files) = guarded();
    home.program(
        "bin/keyring",
        &format!(
            "#!/bin/sh\necho \"$@\" >>\"$HOME/asked\"\n[ \"$1 $3\" = 'get me' ] && echo {SECRET}\n"
        ),
    );
    home.set(
        "PATH",
        &format!("{}:/usr/bin:/bin", home.root.join("bin").display()),
    );
    home.set("BOOT_INDEX_URL", &with_user(&index.url(), "me"));
    let run = home.boot(["tool", "install", "tool"]).success();
    nobody_tells(&home, &run, &["keyring"]);
    assert_eq!(home.read("asked").lines().count(), 1, "asked once");
}
