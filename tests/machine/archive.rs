//! Repositories that are fetched as archives, without git.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Home, Run, Server};

fn packed(build: impl FnOnce(&mut tar::Builder<flate2::write::GzEncoder<Vec<u8>>>)) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    build(&mut tar);
    tar.into_inner().unwrap().finish().unwrap()
}

fn repository(top: &str, files: &[(&str, &str)]) -> Vec<u8> {
    packed(|tar| {
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, format!("{top}/{name}"), content.as_bytes())
                .unwrap();
        }
    })
}

const MANIFEST: &str = "version = 1\n[dotfiles]\nroot = \"home\"\n";

/// Creates a home whose PATH has no git.
fn without_git(server: &Server) -> Home {
    let mut home = Home::new();
    home.set("BOOT_GIT_HOST", &server.url());
    let bin = home.root.join("few");
    fs::create_dir(&bin).unwrap();
    for name in ["sh", "bash"] {
        symlink(format!("/bin/{name}"), bin.join(name)).unwrap();
    }
    home.set("PATH", &bin.display().to_string());
    home
}

fn boot(home: &Home, args: &[&str]) -> Run {
    home.boot(args)
}

#[test]
fn init_without_git_fetches_archive_and_update_refetches() {
    let server = Server::new();
    let home = without_git(&server);
    let serve = |top: &str, text: &str| {
        let archive = repository(top, &[("boot.toml", MANIFEST), ("home/.toolrc", text)]);
        server.put(
            "/me/dotfiles/archive/HEAD.tar.gz",
            "application/gzip",
            archive,
        );
    };
    serve("dotfiles-1a2b3c", "one\n");
    boot(&home, &["init", "me", "--yes"]).success();
    assert_eq!(home.read(".toolrc"), "one\n");
    assert_eq!(
        fs::read_link(home.root.join(".toolrc")).unwrap(),
        home.data().join("dotfiles/home/.toolrc")
    );
    boot(&home, &["init", "me", "--yes"])
        .success()
        .stderr_has("nothing to do");
    serve("dotfiles-4d5e6f", "two\n");
    boot(&home, &["update", "--yes"]).success();
    assert_eq!(home.read(".toolrc"), "two\n");
    // What somebody changed in it isn't lost.
    fs::write(home.data().join("dotfiles/home/.toolrc"), "mine\n").unwrap();
    boot(&home, &["update", "--locked", "--yes"])
        .code(1)
        .stderr_has("changes of yours")
        .one_error();
    assert_eq!(home.read(".toolrc"), "mine\n");
    home.no_leftovers();
}

#[test]
fn init_hostile_or_missing_archive_leaves_nothing() {
    let server = Server::new();
    let home = without_git(&server);
    let before = home.tree();
    let add = |tar: &mut tar::Builder<_>, name: &str| {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(MANIFEST.len() as u64);
        tar.append_data(&mut header, name, MANIFEST.as_bytes())
            .unwrap();
    };
    let link_out = packed(|tar| {
        // A whole repository, but for the link.
        add(tar, "top/boot.toml");
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "top/out", "/etc").unwrap();
    });
    let two_tops = packed(|tar| {
        ["one/boot.toml", "two/boot.toml"]
            .into_iter()
            .for_each(|name| add(tar, name))
    });
    for (bytes, says) in [
        (
            link_out,
            "holds /etc, which would land outside of where it belongs",
        ),
        (two_tops, "it has no folder that holds everything"),
        (
            b"no archive".to_vec(),
            "isn't an archive, or can't be fetched: invalid gzip header\ninstall git",
        ),
    ] {
        server.put(
            "/me/dotfiles/archive/HEAD.tar.gz",
            "application/gzip",
            bytes,
        );
        boot(&home, &["init", "me", "--yes"])
            .code(1)
            .one_error()
            .stderr_has(says);
        let made: Vec<String> = home
            .tree()
            .into_iter()
            .filter(|path| !before.contains(path) && !path.starts_with(".local"))
            .collect();
        assert!(
            made.is_empty() && !home.data().join("dotfiles").exists(),
            "{made:?}"
        );
    }
    boot(&home, &["init", "nobody", "--yes"])
        .code(1)
        .stderr_has("git")
        .one_error();
    home.no_leftovers();
}

/// Builds an archive as `git archive` does: its first entry is a comment with the commit.
fn of_commit(commit: &str, files: &[(&str, &str)]) -> Vec<u8> {
    packed(|tar| {
        let comment = format!("52 comment={commit}\n");
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::XGlobalHeader);
        header.set_size(comment.len() as u64);
        tar.append_data(&mut header, "pax_global_header", comment.as_bytes())
            .unwrap();
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            tar.append_data(
                &mut header,
                format!("base-{commit}/{name}"),
                content.as_bytes(),
            )
            .unwrap();
        }
    })
}

#[test]
fn extends_without_git_fetches_archive_at_locked_commit() {
    let server = Server::new();
    let home = without_git(&server);
    let (one, two) = ("1".repeat(40), "2".repeat(40));
    let serve = |repo: &str, reference: &str, commit: &str, manifest: &str, text: &str| {
        let files = [("boot.toml", manifest), ("home/.teamrc", text)];
        server.put(
            &format!("/{repo}/archive/{reference}.tar.gz"),
            "application/gzip",
            of_commit(commit, &files),
        );
    };
    // Nested: the team's goes on from another one, which leads nowhere back.
    let team = "version = 1\nextends = ['acme/all']\n[dotfiles]\n";
    serve("acme/base", "HEAD", &one, team, "first\n");
    server.put(
        "/acme/all/archive/HEAD.tar.gz",
        "application/gzip",
        of_commit(
            &two,
            &[("boot.toml", "version = 1\n[vars]\nx = 'y'\n"), ("a", "")],
        ),
    );
    home.write(
        "dots/boot.toml",
        "version = 1\nextends = ['acme/base']\n[dotfiles]\n",
    );
    home.write("dots/home/.ownrc", "own\n");
    boot(&home, &["init", "dots", "--yes"]).success();
    assert_eq!(
        (home.read(".teamrc"), home.read(".ownrc")),
        ("first\n".into(), "own\n".into())
    );
    boot(&home, &["lock"]).success();
    let lock = home.read("dots/boot.lock");
    assert!(
        lock.contains(&format!("[extends.\"acme/base\"]\ncommit = \"{one}\""))
            && lock.contains(&two),
        "{lock}"
    );
    server.requests();
    boot(&home, &["apply"])
        .success()
        .stderr_has("nothing to do");
    assert!(server.requests().is_empty());

    // Another machine takes the commit of the lock, though there is a newer one.
    serve("acme/base", "HEAD", &two, team, "second\n");
    serve("acme/base", &one, &one, team, "first\n");
    server.put(
        &format!("/acme/all/archive/{two}.tar.gz"),
        "application/gzip",
        of_commit(
            &two,
            &[("boot.toml", "version = 1\n[vars]\nx = 'y'\n"), ("a", "")],
        ),
    );
    let machine = || {
        let other = without_git(&server);
        other.write("dots/boot.toml", &home.read("dots/boot.toml"));
        other.write("dots/boot.lock", &lock);
        other.write("dots/home/.ownrc", "own\n");
        other
    };
    let other = machine();
    boot(&other, &["init", "dots", "--yes"]).success();
    assert_eq!(other.read(".teamrc"), "first\n");
    boot(&other, &["update", "--yes"]).success();
    assert_eq!(other.read(".teamrc"), "second\n");

    // An archive that says it is of the commit, and holds something else, is told by the lock.
    assert_eq!(lock.matches("\nsha256 = \"").count(), 2, "{lock}");
    serve(
        "acme/base",
        &one,
        &one,
        team,
        "first, and a word of somebody else\n",
    );
    let lied_to = machine();
    boot(&lied_to, &["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("has other content than boot.lock says");
    assert!(
        !lied_to.root.join(".teamrc").exists()
            && !lied_to.root.join(".local/share/boot/extends").exists()
    );
    // Older locks know the commit alone.
    let older: Vec<&str> = lock
        .lines()
        .filter(|line| !line.starts_with("sha256 = "))
        .collect();
    lied_to.write("dots/boot.lock", &(older.join("\n") + "\n"));
    boot(&lied_to, &["init", "dots", "--yes"]).success();

    // An archive of another commit than the one asked for is nobody's, and so is one that doesn't
    // say.
    serve("acme/base", &one, &two, team, "other\n");
    let third = machine();
    boot(&third, &["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("is of another commit");
    server.put(
        &format!("/acme/base/archive/{one}.tar.gz"),
        "application/gzip",
        repository("base", &[("boot.toml", team)]),
    );
    boot(&third, &["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("doesn't say which commit");
    assert!(!third.root.join(".teamrc").exists() && !third.root.join(".ownrc").exists());
    // In a circle it leads nowhere.
    server.put(
        "/acme/all/archive/HEAD.tar.gz",
        "application/gzip",
        of_commit(
            &two,
            &[
                ("boot.toml", "version = 1\nextends = ['acme/base']\n"),
                ("a", ""),
            ],
        ),
    );
    let fourth = machine();
    fs::remove_file(fourth.root.join("dots/boot.lock")).unwrap();
    boot(&fourth, &["init", "dots", "--yes"])
        .code(1)
        .one_error()
        .stderr_has("leads back");
    fourth.no_leftovers();
}
