//! The hook in the start-up files: which ones a shell really reads, and what has to change there.
//!
//! `plan` is pure but for reading; `apply` writes. Both serve `boot shell install` and the
//! machine's `[shell]` alike.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Shell, init, quote, rcfile};
use crate::store::paths::Paths;
use crate::store::{Error, Result, atomic};

/// A file with the content that it should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub shell: Shell,
    /// As the shell calls it; may be a link.
    pub file: PathBuf,
    /// The file that a write goes to: the link's target, so that the link stays.
    target: PathBuf,
    before: Option<Vec<u8>>,
    /// None: the file goes.
    after: Option<Vec<u8>>,
}

impl Change {
    pub(crate) fn is_needed(&self) -> bool {
        self.before != self.after
    }

    /// A folder's own file, which boot rewrites at will; not one of the user's.
    pub(crate) fn is_own(&self, paths: &Paths) -> bool {
        self.file.starts_with(paths.data.join("shell"))
    }
}

/// The shells in use: the login shell, and each whose start-up file is there.
pub(crate) fn in_use(paths: &Paths, login: Option<&str>) -> Vec<Shell> {
    let login = login.and_then(|path| Path::new(path).file_name()?.to_str()?.parse::<Shell>().ok());
    let found: Vec<Shell> = Shell::ALL
        .into_iter()
        .filter(|shell| {
            Some(*shell) == login
                || match shell {
                    Shell::Bash => [".bashrc", ".bash_profile"]
                        .iter()
                        .any(|name| paths.home.join(name).exists()),
                    Shell::Zsh => zdotdir(paths).join(".zshrc").exists(),
                    Shell::Fish => paths.xdg_config.join("fish").exists(),
                }
        })
        .collect();
    // sh, dash and others read no hook; bash is what a script or a person most likely turns to
    // next.
    if found.is_empty() {
        vec![Shell::Bash]
    } else {
        found
    }
}

fn zdotdir(paths: &Paths) -> PathBuf {
    paths.zdotdir.clone().unwrap_or_else(|| paths.home.clone())
}

/// Returns the file that a new zsh reads first. ZDOTDIR is mostly set in ~/.zshenv itself, which
/// then is that file.
fn zshenv(paths: &Paths) -> PathBuf {
    if zshenv_sets_zdotdir(paths) {
        paths.home.join(".zshenv")
    } else {
        zdotdir(paths).join(".zshenv")
    }
}

/// Tells whether ~/.zshenv says where the other files are.
pub(super) fn zshenv_sets_zdotdir(paths: &Paths) -> bool {
    fs::read(paths.home.join(".zshenv"))
        .is_ok_and(|text| text.windows(7).any(|window| window == b"ZDOTDIR"))
}

/// The hook's own file, which the block reads: start-up runs no program.
pub(crate) fn hook_file(shell: Shell, paths: &Paths) -> PathBuf {
    paths.data.join("shell").join(format!("boot.{shell}"))
}

/// Lists the files in which `shell` reads a block. They cover each kind of run that should know
/// boot's commands.
fn rc_files(shell: Shell, paths: &Paths) -> Vec<PathBuf> {
    match shell {
        Shell::Bash => {
            // A login bash reads the first of these, and .bashrc only if that one says so.
            let login =
                [".bash_profile", ".bash_login", ".profile"].map(|name| paths.home.join(name));
            let login = login.iter().find(|file| file.exists()).unwrap_or(&login[0]);
            vec![paths.home.join(".bashrc"), login.clone()]
        }
        // Every zsh reads the first, but macOS and some distributions put PATH in another order
        // behind it, for a login; a terminal reads the last.
        Shell::Zsh => vec![
            zshenv(paths),
            zdotdir(paths).join(".zprofile"),
            zdotdir(paths).join(".zshrc"),
        ],
        Shell::Fish => vec![paths.xdg_config.join("fish/conf.d/boot.fish")],
    }
}

/// Returns the text between the marks. Nothing happens, and nothing is said, once boot is gone. The
/// file may be a link into a repository that other machines share, where the home directory is
/// another.
fn block(paths: &Paths, shell: Shell, file: &Path, hook: &Path) -> Vec<u8> {
    let word = quote::from_home(shell, &paths.home, hook);
    let mut lines = Vec::new();
    match shell {
        Shell::Fish => {
            lines.extend(b"test -r ");
            lines.extend(&word);
            lines.extend(b"; and source ");
            lines.extend(&word);
        }
        _ => {
            lines.extend(b"if ");
            let name = file.file_name().unwrap_or_default();
            // Other descendants of sh read it too.
            if name == ".profile" {
                lines.extend(b"[ -n \"${BASH_VERSION-}\" ] && ");
            }
            // A terminal gets the hook once, from .zshrc.
            if name == ".zshenv" || name == ".zprofile" {
                lines.extend(b"[[ ! -o interactive ]] && ");
            }
            lines.extend(b"[ -r ");
            lines.extend(&word);
            lines.extend(b" ]; then . ");
            lines.extend(&word);
            lines.extend(b"; fi");
        }
    }
    lines.push(b'\n');
    lines
}

/// Plans the changes that install the hook for `shells`. The hook's own file comes first, so that a
/// block never reads what isn't there.
pub(crate) fn plan(paths: &Paths, shells: &[Shell], binary: &Path) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for &shell in shells {
        let hook = hook_file(shell, paths);
        let mut own = Change::at(shell, &hook)?;
        own.after = Some(init::hook(shell, paths, binary));
        changes.push(own);
        for file in rc_files(shell, paths) {
            let mut change = Change::at(shell, &file)?;
            change.after = Some(rcfile::with(
                change.before.as_deref(),
                &block(paths, shell, &file, &hook),
            ));
            changes.push(change);
        }
    }
    Ok(changes)
}

/// Plans the changes that remove the hook for `shells`. They cover all files that may have a block.
pub(crate) fn removal(paths: &Paths, shells: &[Shell]) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    for &shell in shells {
        let mut files = rc_files(shell, paths);
        // Which ones they were when it was installed may have changed: another login file, another
        // ZDOTDIR.
        match shell {
            Shell::Bash => files.extend(
                [".bash_profile", ".bash_login", ".profile"].map(|name| paths.home.join(name)),
            ),
            Shell::Zsh => {
                files.extend([".zshenv", ".zprofile", ".zshrc"].map(|name| paths.home.join(name)))
            }
            Shell::Fish => {}
        }
        files.sort();
        files.dedup();
        for file in files {
            let mut change = Change::at(shell, &file)?;
            change.after = change.before.as_deref().and_then(rcfile::without);
            changes.push(change);
        }
        // Last: what reads it has gone.
        changes.push(Change::at(shell, &hook_file(shell, paths))?);
    }
    Ok(changes)
}

impl Change {
    fn at(shell: Shell, file: &Path) -> Result<Change> {
        let target = match fs::canonicalize(file) {
            Ok(target) => target,
            // A link that leads nowhere yet: its target is what will be made.
            Err(_) => fs::read_link(file).map_or_else(
                |_| file.into(),
                |to| file.parent().unwrap_or(Path::new("/")).join(to),
            ),
        };
        let before = match fs::read(&target) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("read", file)(error)),
        };
        Ok(Change {
            shell,
            file: file.into(),
            target,
            before,
            after: None,
        })
    }
}

/// Makes the changes that are needed. A file that its owner keeps from being written is an error,
/// before anything is changed: a rename would get round that.
pub(crate) fn apply(changes: &[Change]) -> Result<()> {
    let needed = || changes.iter().filter(|change| change.is_needed());
    for change in needed().filter(|change| change.before.is_some()) {
        rustix::fs::access(&change.target, rustix::fs::Access::WRITE_OK)
            .map_err(|error| Error::io("write", &change.file)(error.into()))?;
    }
    for change in needed() {
        match &change.after {
            Some(bytes) => atomic::write(&change.target, bytes, Some(0o644))?,
            None => fs::remove_file(&change.target).map_err(Error::io("remove", &change.file))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn paths(home: &Path) -> Paths {
        Paths::from(&|name| (name == "HOME").then(|| home.into())).unwrap()
    }

    #[test]
    fn install_twice_is_noop_and_removal_restores_bytes() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        // Kept in a repository of dotfiles, without an end to its last line.
        fs::create_dir(home.path().join("dots")).unwrap();
        fs::write(home.path().join("dots/bashrc"), "alias a=b").unwrap();
        symlink("dots/bashrc", home.path().join(".bashrc")).unwrap();
        fs::write(home.path().join(".profile"), "# mine\n").unwrap();
        let install = || plan(&paths, &Shell::ALL, Path::new("/b/boot")).unwrap();
        apply(&install()).unwrap();
        assert!(install().iter().all(|change| !change.is_needed()));
        assert!(home.path().join(".bashrc").is_symlink());
        assert!(
            fs::read_to_string(home.path().join(".profile"))
                .unwrap()
                .contains("BASH_VERSION")
        );
        apply(&removal(&paths, &Shell::ALL).unwrap()).unwrap();
        assert_eq!(
            fs::read_to_string(home.path().join("dots/bashrc")).unwrap(),
            "alias a=b"
        );
        assert_eq!(
            fs::read_to_string(home.path().join(".profile")).unwrap(),
            "# mine\n"
        );
        assert!(
            !home.path().join(".zshrc").exists()
                && !home.path().join(".config/fish/conf.d/boot.fish").exists()
        );
        assert!(
            removal(&paths, &Shell::ALL)
                .unwrap()
                .iter()
                .all(|change| !change.is_needed())
        );
    }

    #[test]
    fn in_use_is_login_shell_and_those_with_file() {
        let home = tempfile::tempdir().unwrap();
        let paths = paths(home.path());
        assert_eq!(in_use(&paths, Some("/bin/sh")), [Shell::Bash]);
        assert_eq!(in_use(&paths, Some("/usr/bin/fish")), [Shell::Fish]);
        fs::write(home.path().join(".zshrc"), "").unwrap();
        assert_eq!(in_use(&paths, Some("/bin/bash")), [Shell::Bash, Shell::Zsh]);
    }
}
