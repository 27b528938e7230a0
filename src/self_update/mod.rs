//! The installation of boot: its installer, its newest release, its removal.

pub(crate) mod bootx;
pub(crate) mod uninstall;
pub(crate) mod update;

use std::path::{Path, PathBuf};

use crate::store::env;
use crate::store::{self, paths::Paths};
use crate::{net, report};

/// Why boot can't be changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{} was installed by {by}, not by install.sh\n\
             {next}", report::escaped(&path.to_string_lossy()))]
    NotOurs {
        path: PathBuf,
        by: &'static str,
        next: &'static str,
    },
    #[error("the releases' address is {}\ngive BOOT_INSTALL_URL an https address", net::shown(.0))]
    Address(String),
    #[error(
        "the list of the newest release names nothing for {target}\n\
         build it: git clone, then ./install.sh in the checkout, with cargo"
    )]
    NoArchive { target: String },
    #[error(
        "boot {version} doesn't run on this machine: {reason}\n\
         the old one stays; build it in a checkout with ./install.sh"
    )]
    DoesNotRun { version: String, reason: String },
    #[error("cancelled; nothing was changed\nboot self uninstall --yes asks nothing")]
    Declined,
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Machine(#[from] crate::machine::Error),
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The publisher's name of the platform that this binary was built for.
pub fn target() -> String {
    let system = match std::env::consts::OS {
        "macos" => "apple-darwin",
        _ if cfg!(target_env = "musl") => "unknown-linux-musl",
        _ => "unknown-linux-gnu",
    };
    format!("{}-{system}", std::env::consts::ARCH)
}

/// This binary, links followed; an error where somebody else put it there and would be surprised by
/// a change.
pub(crate) fn own_binary(paths: &Paths) -> Result<PathBuf> {
    let path =
        crate::shell::init::running().map_err(store::Error::io("find", Path::new("boot")))?;
    let path = std::fs::canonicalize(&path).map_err(store::Error::io("find", &path))?;
    match installer(&path, &paths.home) {
        Some((by, next)) => Err(Error::NotOurs { path, by, next }),
        None => Ok(path),
    }
}

/// The other installer of the binary at `path`, and its own command; known by the folder.
fn installer(path: &Path, home: &Path) -> Option<(&'static str, &'static str)> {
    let has = |name: &str| path.components().any(|part| part.as_os_str() == name);
    let cargo = env::var_os("CARGO_HOME")
        .map_or_else(|| home.join(".cargo"), PathBuf::from)
        .join("bin");
    if has("Cellar") {
        return Some(("Homebrew", "brew upgrade boot, or brew uninstall boot"));
    }
    if path.starts_with("/nix/store") {
        return Some(("Nix", "change it where your Nix configuration names it"));
    }
    if path.parent() == Some(&cargo) {
        return Some((
            "cargo",
            "cargo install --git URL boot, or cargo uninstall boot",
        ));
    }
    if has("target") && (has("debug") || has("release")) {
        return Some(("cargo build", "git pull, then ./install.sh in the checkout"));
    }
    let system = ["/usr/bin", "/usr/sbin", "/bin", "/sbin", "/snap"]
        .iter()
        .any(|folder| path.starts_with(folder));
    system.then_some((
        "this system's packages",
        "use apt, dnf, pacman or apk, whichever this system has",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installer_is_recognized_by_folder() {
        let home = Path::new("/home/me");
        for theirs in [
            "/opt/homebrew/Cellar/boot/1/bin/boot",
            "/nix/store/x-boot/bin/boot",
            "/src/boot/target/debug/boot",
            "/usr/bin/boot",
        ] {
            assert!(installer(Path::new(theirs), home).is_some(), "{theirs}");
        }
        for ours in [
            "/home/me/.local/bin/boot",
            "/usr/local/bin/boot",
            "/home/me/target/boot",
        ] {
            assert_eq!(installer(Path::new(ours), home), None, "{ours}");
        }
    }
}
