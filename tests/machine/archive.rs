//! No git: the repository comes as an archive.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::{Home, Run, Server};

fn packed(build: impl FnOnce(&mut tar::Builder<flate2::write::GzEncoder<Vec<u8>>>)) -> Vec<u8> {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    build(&mut tar);
    tar.into_inner().unwrap().finish().unwrap()
}

fn repository(top: &str, files: &[(&str, &str)]) -> Vec<u8> {
    packed(|tar| {
        for (name, content) in files {
            let mut header = tar::Header::new_gnu();
            header.set_mode(0o644);
            header.set_size(content.len() as u64);
            tar.append_data(&mut header, format!("{top}/{name}"), content.as_bytes()).unwrap();
        }
    })
}

const MANIFEST: &str = "version = 1\n[dotfiles]\nroot = \"home\"\n";

/// A home where PATH has no git.
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
fn without_git_a_repository_comes_as_an_archive_and_is_updated_the_same_way() {
    let server = Server::new();
    let home = without_git(&server);
    let serve = |top: &str, text: &str| {
        let archive = repository(top, &[("boot.toml", MANIFEST), ("home/.toolrc", text)]);
        server.put("/me/dotfiles/archive/HEAD.tar.gz", "application/gzip", archive);
    };
    serve("dotfiles-1a2b3c", "one\n");
    boot(&home, &["init", "me", "--yes"]).success();
    assert_eq!(home.read(".toolrc"), "one\n");
    assert_eq!(fs::read_link(home.root.join(".toolrc")).unwrap(), home.data().join("dotfiles/home/.toolrc"));
    boot(&home, &["init", "me", "--yes"]).success().stderr_has("nothing to do");
    serve("dotfiles-4d5e6f", "two\n");
    boot(&home, &["update", "--yes"]).success();
    assert_eq!(home.read(".toolrc"), "two\n");
    // What somebody changed in it isn't lost.
    fs::write(home.data().join("dotfiles/home/.toolrc"), "mine\n").unwrap();
    boot(&home, &["update", "--locked", "--yes"]).code(1).stderr_has("changes of yours").one_error();
    assert_eq!(home.read(".toolrc"), "mine\n");
    home.no_leftovers();
}

#[test]
fn a_hostile_archive_leaves_nothing_and_one_that_is_not_there_says_so() {
    let server = Server::new();
    let home = without_git(&server);
    let before = home.tree();
    let link_out = packed(|tar| {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        tar.append_link(&mut header, "top/out", "/etc").unwrap();
    });
    let two_tops = {
        packed(|tar| {
            for name in ["one/boot.toml", "two/boot.toml"] {
                let mut header = tar::Header::new_gnu();
                header.set_mode(0o644);
                header.set_size(MANIFEST.len() as u64);
                tar.append_data(&mut header, name, MANIFEST.as_bytes()).unwrap();
            }
        })
    };
    for bytes in [link_out, two_tops, b"no archive".to_vec()] {
        server.put("/me/dotfiles/archive/HEAD.tar.gz", "application/gzip", bytes);
        boot(&home, &["init", "me", "--yes"]).code(1).one_error();
        let made: Vec<String> = home.tree().into_iter().filter(|path| !before.contains(path) && !path.starts_with(".local")).collect();
        assert!(made.is_empty() && !home.data().join("dotfiles").exists(), "{made:?}");
    }
    boot(&home, &["init", "nobody", "--yes"]).code(1).stderr_has("git").one_error();
    home.no_leftovers();
}
