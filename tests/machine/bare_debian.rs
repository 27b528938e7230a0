//! The first line of the README on a bare Debian from debootstrap, without git, Python or compiler,
//! for a user without sudo. boot comes through install.sh from a release on loopback, everything
//! else from loopback too; the Python is a genuine one.
//!
//! Needs root, debootstrap and the archive of this machine's apt; runs with BOOT_TEST_NETWORK=1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use boot::testing::Sha256;

use crate::support::{BOOT, Run, Server, genuine, index, needs};

const VERSION: &str = env!("CARGO_PKG_VERSION");

const MANIFEST: &str = "version = 1\n[python]\ninstall = ['3.9']\n[tools]\nblack = '*'\n\
                        sphinx = { inject = ['furo'] }\n\
                        [packages]\nany = ['ripgrep']\n[dotfiles]\n[[run]]\nid = 'once'\n\
                        cmd = 'echo ran >>\"$HOME/ran\"'\n[shell]\nhook = true\n";

/// Returns the release name and archive address of this machine's apt.
fn archive() -> Option<(String, String)> {
    let release = fs::read_to_string("/etc/os-release").ok()?;
    let codename = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))?
        .trim_matches('"')
        .to_string();
    let output = Command::new("apt-get")
        .args([
            "indextargets",
            "--format",
            "$(CODENAME) $(REPO_URI)",
            "Created-By: Packages",
        ])
        .output()
        .ok()?;
    let lines = String::from_utf8(output.stdout).ok()?;
    let address = lines
        .lines()
        .find_map(|line| line.strip_prefix(&codename)?.strip_prefix(' '))?
        .to_string();
    Some((codename, address))
}

/// A Debian in a folder.
struct Debian {
    root: PathBuf,
    variables: Vec<(&'static str, String)>,
    _keep: tempfile::TempDir,
}

impl Debian {
    /// Installs the Debian; None if the archive is unreachable.
    fn new(codename: &str, address: &str) -> Option<Debian> {
        let keep = tempfile::tempdir().unwrap();
        let root = keep.path().join("debian");
        // wget is how install.sh itself arrives there.
        let mut debootstrap = Command::new("debootstrap");
        debootstrap
            .args(["--variant=minbase", "--include=wget", codename])
            .arg(&root)
            .arg(address);
        let output = debootstrap.stdin(Stdio::null()).output().unwrap();
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        if ["Failed getting release file", "Couldn't download"]
            .iter()
            .any(|failure| said.contains(failure))
        {
            return None;
        }
        assert!(output.status.success(), "{said}");
        Some(Debian {
            root,
            variables: Vec::new(),
            _keep: keep,
        })
    }

    /// Runs a command line in it as `user`, with /proc mounted for that time.
    fn run(&self, user: &str, script: &str) -> Run {
        let home = if user == "root" {
            "/root".to_string()
        } else {
            format!("/home/{user}")
        };
        let enter = "mount -t proc proc \"$0/proc\" && cd \"$0$1\" && exec chroot \
                     --userspec=\"$2\" \"$0\" sh -c \"cd $1 && $3\"";
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "sh", "-c", enter])
            .arg(&self.root)
            .args([&home, user, script])
            .env_clear();
        command
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("HOME", &home);
        command
            .env("USER", user)
            .env("SHELL", "/bin/bash")
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null());
        Run::of(format!("as {user}: {script}"), command.output().unwrap())
    }
}

/// Publishes this boot as a release for install.sh.
pub fn release(server: &Server) {
    let folder = tempfile::tempdir().unwrap();
    let system = match (cfg!(target_os = "macos"), cfg!(target_env = "musl")) {
        (true, _) => "apple-darwin",
        (_, true) => "unknown-linux-musl",
        _ => "unknown-linux-gnu",
    };
    let name = format!("boot-{VERSION}-{}-{system}", std::env::consts::ARCH);
    fs::create_dir(folder.path().join(&name)).unwrap();
    let binary = folder.path().join(&name).join("boot");
    fs::copy(BOOT, &binary).unwrap();
    // Most of a debug build are its symbols.
    let _ = Command::new("strip").arg(&binary).status();
    let archive = folder.path().join("archive.tar.gz");
    let packed = Command::new("tar")
        .arg("-C")
        .arg(folder.path())
        .arg("-czf")
        .arg(&archive)
        .arg(&name)
        .status()
        .unwrap();
    assert!(packed.success());
    let archive = fs::read(archive).unwrap();
    let sums = format!("{}  {name}.tar.gz\n", Sha256::of(&archive));
    server.put(
        &format!("/v{VERSION}/SHA256SUMS"),
        "text/plain",
        sums.into_bytes(),
    );
    server.put(
        &format!("/v{VERSION}/{name}.tar.gz"),
        "application/gzip",
        archive,
    );
    let script = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("install.sh")).unwrap();
    server.put("/install.sh", "text/plain", script);
}

/// Publishes the user's repository as an archive.
pub fn repository(server: &Server, manifest: &str) {
    let mut tar = tar::Builder::new(flate2::write::GzEncoder::new(
        Vec::new(),
        flate2::Compression::fast(),
    ));
    for (name, content) in [("boot.toml", manifest), ("home/.toolrc", "mine\n")] {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(
            &mut header,
            format!("dotfiles-1a2b3c/{name}"),
            content.as_bytes(),
        )
        .unwrap();
    }
    let archive = tar.into_inner().unwrap().finish().unwrap();
    server.put(
        "/me/dotfiles/archive/HEAD.tar.gz",
        "application/gzip",
        archive,
    );
}

#[test]
fn install_sh_on_bare_debian_from_the_network_sets_up_all() {
    let Some((pythons, catalog)) = genuine::served() else {
        return;
    };
    // Root, and in a container that may mount.
    if !needs::mounts() || !needs::program("debootstrap") {
        return;
    }
    let Some((codename, address)) = archive() else {
        return needs::skipped("this machine's apt has no archive of its own release");
    };
    let (web, index) = (Server::new(), index::stocked());
    release(&web);
    repository(&web, MANIFEST);
    let Some(mut debian) = Debian::new(&codename, &address) else {
        return needs::skipped("the archive of this machine's apt can't be reached");
    };
    fs::write(debian.root.join("etc/catalog.tsv"), catalog).unwrap();
    debian.variables = vec![
        ("BOOT_INSTALL_URL", web.url()),
        ("BOOT_GIT_HOST", web.url()),
        ("BOOT_PYTHON_MIRROR", pythons.url()),
        ("BOOT_PYTHON_CATALOG", "/etc/catalog.tsv".into()),
        ("BOOT_INDEX_URL", index.url()),
    ];
    debian
        .run("root", "useradd --create-home --shell /bin/bash me")
        .success();
    for absent in ["git", "python3", "cc", "gcc", "make", "curl", "sudo"] {
        debian.run("me", &format!("command -v {absent}")).code(127);
    }

    let line = format!(
        "wget -qO- {}/install.sh | sh -s -- init me --yes",
        web.url()
    );
    let run = debian.run("me", &line);
    // It has no root for the one package, says so, and does all the rest.
    run.success()
        .stderr_has("installed boot")
        .stderr_has("ripgrep");
    debian.run("me", "bash -lc 'boot verify'").success();
    debian.run("me", "bash -lc 'boot doctor'").success();
    debian
        .run("me", "bash -lc 'boot python verify'")
        .success()
        .stdout_has("complete");
    debian
        .run("me", "bash -lc 'black && sphinx-build && cat .toolrc ran'")
        .success()
        .stdout_has("black 24.1.0")
        .stdout_has("mine\nran\n");
    debian
        .run(
            "me",
            "bash -lc 'python3 -c \"import ssl, sqlite3, ctypes; print(1)\"'",
        )
        .success()
        .stdout_has("1");
    debian
        .run("me", "bash -lc 'boot apply'")
        .success()
        .stderr_has("nothing to do");
    // And away again.
    debian
        .run("me", "bash -lc 'boot self uninstall --yes'")
        .success();
    debian
        .run("me", "bash -lc 'command -v boot black python3'")
        .code(1);
    assert!(
        !debian
            .root
            .join("home/me/.local/share/boot/pythons")
            .exists()
    );
}
