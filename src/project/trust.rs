//! Which environments may be put on PATH: those that boot made, and those that the user named.
//!
//! A checkout can bring a `.venv` with a `python`, a `git` and an `ls` inside, and a prompt that runs git would run that one
//! with no key pressed. So an environment is known by its canonical path *and* its device and inode, in a file that no
//! project can write; and only [`check`] makes the type that the hook's output accepts.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Error, venv};
use crate::Context;
use crate::report::escaped;
use crate::store::lock::Lock;
use crate::store::paths::Paths;
use crate::store::{self, atomic, stamp};

/// An environment that may be put on PATH. Made by [`check`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedVenv {
    root: PathBuf,
    made: bool,
}

impl TrustedVenv {
    /// Its canonical path.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Made by boot, which may change it; others are only trusted.
    pub fn is_made(&self) -> bool {
        self.made
    }
}

/// Why an environment isn't put on PATH. Each is one line, with what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{} wasn't made by boot, so it isn't activated; if you trust it: boot trust {}", shown(.0), project_of(.0))]
    Unknown(PathBuf),
    #[error("{} was replaced since it was trusted, so it isn't activated; if you did that: boot trust {}", shown(.0), project_of(.0))]
    Replaced(PathBuf),
    #[error("{} is a link, so it isn't activated: it could lead anywhere", shown(.0))]
    Link(PathBuf),
    #[error("{} isn't a virtual environment, so it isn't activated", shown(.0))]
    NoVenv(PathBuf),
    #[error("{} belongs to somebody else, so {} isn't activated", shown(.0), shown(.1))]
    Owner(PathBuf, PathBuf),
    #[error("others can write to {}, so {} isn't activated; to change that: chmod go-w {} && boot trust {}", shown(.0), shown(.1), word(.0), project_of(.1))]
    Writable(PathBuf, PathBuf),
    #[error("{} has a colon in its path, which PATH can't hold, so it isn't activated", shown(.0))]
    Colon(PathBuf),
}

/// A path for a message.
pub(super) fn shown(path: &Path) -> String {
    escaped(&path.display().to_string())
}

/// A path in a command that people copy.
pub(super) fn word(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "/._-+@,".contains(c));
    if plain { text } else { escaped(&String::from_utf8_lossy(&crate::shell::quote::posix(path))) }
}

fn project_of(venv: &Path) -> String {
    word(venv.parent().unwrap_or(venv))
}

/// What is trusted, as it stands in `trust.toml`.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Book {
    #[serde(default)]
    venv: Vec<Entry>,
    #[serde(default)]
    tree: Vec<Tree>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Entry {
    path: Place,
    /// Device and inode in hexadecimal: TOML's integers end below the kernel's.
    id: String,
    /// Made by boot; otherwise trusted by hand.
    made: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Tree {
    path: Place,
}

/// A path in TOML, which is UTF-8: others are written as `bytes:` and hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
struct Place(PathBuf);

impl From<String> for Place {
    fn from(text: String) -> Place {
        let bytes = text.strip_prefix("bytes:").and_then(|hex| {
            (0..hex.len())
                .step_by(2)
                .map(|at| hex.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
                .collect::<Option<Vec<u8>>>()
        });
        Place(bytes.map_or_else(|| text.into(), |bytes| OsString::from_vec(bytes).into()))
    }
}

impl From<Place> for String {
    fn from(place: Place) -> String {
        match place.0.to_str() {
            Some(text) => text.into(),
            None => {
                let hex = place.0.as_os_str().as_bytes().iter().map(|byte| format!("{byte:02x}"));
                format!("bytes:{}", hex.collect::<String>())
            }
        }
    }
}

impl Book {
    fn read(paths: &Paths) -> Result<Book, Error> {
        let file = paths.trust_file();
        let text = match fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Book::default()),
            Err(error) => return Err(store::Error::io("read", &file)(error).into()),
        };
        toml::from_str(&text).map_err(|error| Error::Book { path: file, message: error.message().into() })
    }

    /// Changes the file under its lock. `change` says whether there was anything to change.
    fn change(ctx: &Context, change: impl FnOnce(&mut Book) -> bool) -> Result<bool, Error> {
        let _lock = Lock::hold(&ctx.paths.locks(), "trust", &*ctx.report)?;
        let mut book = Book::read(&ctx.paths)?;
        if !change(&mut book) {
            return Ok(false);
        }
        // Tables of strings and a boolean: there is nothing in them that TOML can't hold.
        let text = toml::to_string(&book).map_err(|error| Error::Book { path: ctx.paths.trust_file(), message: error.to_string() })?;
        let text = format!("# The environments that boot may activate. Written by boot: use `boot trust` and `boot untrust`.\n{text}");
        atomic::write(&ctx.paths.trust_file(), text.as_bytes(), Some(0o600))?;
        stamp::touch(&ctx.paths)?;
        Ok(true)
    }
}

fn id(data: &Metadata) -> String {
    format!("{:x}:{:x}", data.dev(), data.ino())
}

/// Whether `venv` may be activated: it is known, and nobody else can change it.
pub fn check(paths: &Paths, venv: &Path) -> Result<TrustedVenv, Refusal> {
    let (root, data) = sound(venv)?;
    // A book that can't be read trusts nothing.
    let book = Book::read(paths).unwrap_or_default();
    let known = book.venv.iter().find(|entry| entry.path.0 == root);
    if let Some(entry) = known.filter(|entry| entry.id == id(&data)) {
        return Ok(TrustedVenv { root, made: entry.made });
    }
    if book.tree.iter().any(|tree| root.starts_with(&tree.path.0)) {
        return Ok(TrustedVenv { root, made: false });
    }
    Err(if known.is_some() { Refusal::Replaced(root) } else { Refusal::Unknown(root) })
}

/// What must hold of an environment, whoever vouches for it: its canonical path and its folder's data.
fn sound(venv: &Path) -> Result<(PathBuf, Metadata), Refusal> {
    let none = |_| Refusal::NoVenv(venv.into());
    let data = fs::symlink_metadata(venv).map_err(none)?;
    if data.is_symlink() {
        return Err(Refusal::Link(venv.into()));
    }
    let root = fs::canonicalize(venv).map_err(none)?;
    let bin = root.join("bin");
    if fs::symlink_metadata(&bin).map_err(none)?.is_symlink() {
        return Err(Refusal::Link(bin));
    }
    if !data.is_dir() || !bin.is_dir() || !fs::symlink_metadata(root.join(venv::CONFIG)).map_err(none)?.is_file() {
        return Err(Refusal::NoVenv(root));
    }
    if root.as_os_str().as_bytes().contains(&b':') {
        return Err(Refusal::Colon(root));
    }
    // Whoever may rename things in the project may put another environment there.
    for folder in [root.parent().unwrap_or(&root), &root, &bin] {
        let data = fs::metadata(folder).map_err(none)?;
        if folder != root.parent().unwrap_or(&root) && !own_or_roots(&data) {
            return Err(Refusal::Owner(folder.into(), root.clone()));
        }
        if others_can_write(&data) {
            return Err(Refusal::Writable(folder.into(), root.clone()));
        }
    }
    Ok((root, data))
}

fn own_or_roots(data: &Metadata) -> bool {
    data.uid() == 0 || is_own(data)
}

/// Whether the user owns it.
pub fn is_own(data: &Metadata) -> bool {
    data.uid() == rustix::process::geteuid().as_raw()
}

/// Whether anybody but the owner may write. A group that is the user's alone, as many distributions make one for each user and
/// set the umask accordingly, is nobody else.
pub fn others_can_write(data: &Metadata) -> bool {
    data.mode() & 0o002 != 0 || (data.mode() & 0o020 != 0 && !is_private_group(data.gid()))
}

fn is_private_group(gid: u32) -> bool {
    if gid != rustix::process::getegid().as_raw() || gid != rustix::process::geteuid().as_raw() {
        return false;
    }
    let gid = gid.to_string();
    // name:password:gid:members, and name:password:uid:gid:…
    let groups = fs::read_to_string("/etc/group").unwrap_or_default();
    let alone = groups
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .any(|group| group.len() == 4 && group[2] == gid && group[3].is_empty());
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    alone && users.lines().filter(|line| line.split(':').nth(3) == Some(&gid)).count() == 1
}

/// Notes an environment that boot has just made.
pub fn record(ctx: &Context, venv: &Path) -> Result<(), Error> {
    note(ctx, venv, true).map(|_| ())
}

/// Trusts the environment at `venv`, whoever made it. False if it was trusted before.
pub fn trust(ctx: &Context, venv: &Path) -> Result<bool, Error> {
    if check(&ctx.paths, venv).is_ok() {
        // It may have been refused for what has been mended since: open shells are to look again.
        stamp::touch(&ctx.paths)?;
        return Ok(false);
    }
    sound(venv).map_err(Error::Refused)?;
    note(ctx, venv, false)
}

fn note(ctx: &Context, venv: &Path, made: bool) -> Result<bool, Error> {
    let root = fs::canonicalize(venv).map_err(store::Error::io("find", venv))?;
    let data = fs::symlink_metadata(&root).map_err(store::Error::io("find", &root))?;
    Book::change(ctx, |book| {
        book.venv.retain(|entry| entry.path.0 != root);
        book.venv.push(Entry { path: Place(root), id: id(&data), made });
        true
    })
}

/// Trusts every environment below `folder`, those to come included. False if it was trusted before.
pub fn trust_tree(ctx: &Context, folder: &Path) -> Result<bool, Error> {
    let root = fs::canonicalize(folder).map_err(store::Error::io("find", folder))?;
    Book::change(ctx, |book| {
        let new = !book.tree.iter().any(|tree| tree.path.0 == root);
        if new {
            book.tree.push(Tree { path: Place(root) });
        }
        new
    })
}

/// Forgets `folder`: its environment, itself as an environment, and itself as a tree. False if nothing was known of it.
pub fn untrust(ctx: &Context, folder: &Path) -> Result<bool, Error> {
    let root = fs::canonicalize(folder).unwrap_or_else(|_| folder.into());
    Book::change(ctx, |book| {
        let before = book.venv.len() + book.tree.len();
        book.venv.retain(|entry| entry.path.0 != root && entry.path.0 != root.join(venv::NAME));
        book.tree.retain(|tree| tree.path.0 != root);
        before != book.venv.len() + book.tree.len()
    })
}

/// One line of what is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    pub path: PathBuf,
    pub kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Made by boot.
    Made,
    /// Trusted by hand.
    Trusted,
    /// A folder of whose environments all are trusted.
    Tree,
}

/// Everything that is trusted, by path.
pub fn list(paths: &Paths) -> Result<Vec<Known>, Error> {
    let book = Book::read(paths)?;
    let venvs = book.venv.into_iter().map(|entry| Known { path: entry.path.0, kind: if entry.made { Kind::Made } else { Kind::Trusted } });
    let mut all: Vec<Known> = venvs.chain(book.tree.into_iter().map(|tree| Known { path: tree.path.0, kind: Kind::Tree })).collect();
    all.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Silent;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::sync::Arc;

    fn context(home: &Path) -> Context {
        let paths = Paths::from(&|name| (name == "HOME").then(|| home.into())).unwrap();
        Context::new(paths, Arc::new(Silent), true)
    }

    fn venv(project: &Path) -> PathBuf {
        let venv = project.join(".venv");
        fs::create_dir_all(venv.join("bin")).unwrap();
        fs::write(venv.join("pyvenv.cfg"), "home = /x\n").unwrap();
        for folder in [project, &venv, &venv.join("bin")] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::canonicalize(venv).unwrap()
    }

    #[test]
    fn only_what_was_recorded_is_trusted_and_only_while_it_is_the_same_folder() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        let venv_path = venv(&home.path().join("p"));
        assert_eq!(check(&ctx.paths, &venv_path), Err(Refusal::Unknown(venv_path.clone())));
        record(&ctx, &venv_path).unwrap();
        assert_eq!(check(&ctx.paths, &venv_path).unwrap().root(), venv_path);
        // Another folder in its place; the old one is kept so that its inode isn't used again.
        fs::rename(&venv_path, home.path().join("old")).unwrap();
        venv(&home.path().join("p"));
        assert_eq!(check(&ctx.paths, &venv_path), Err(Refusal::Replaced(venv_path.clone())));
        assert!(trust(&ctx, &venv_path).unwrap());
        assert!(!trust(&ctx, &venv_path).unwrap());
        assert!(untrust(&ctx, &home.path().join("p")).unwrap());
        assert!(check(&ctx.paths, &venv_path).is_err());
    }

    #[test]
    fn a_tree_is_trusted_by_its_components_not_by_its_letters() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        let (inside, outside) = (venv(&home.path().join("w/app/x")), venv(&home.path().join("w/app-evil")));
        assert!(trust_tree(&ctx, &home.path().join("w/app")).unwrap());
        assert!(check(&ctx.paths, &inside).is_ok());
        assert!(check(&ctx.paths, &outside).is_err());
    }

    #[test]
    fn links_open_folders_and_colons_are_refused_even_when_trusted() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        trust_tree(&ctx, home.path()).unwrap();
        let real = venv(&home.path().join("real"));
        fs::create_dir(home.path().join("q")).unwrap();
        symlink(&real, home.path().join("q/.venv")).unwrap();
        assert!(matches!(check(&ctx.paths, &home.path().join("q/.venv")), Err(Refusal::Link(_))));
        fs::set_permissions(home.path().join("real"), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(check(&ctx.paths, &real), Err(Refusal::Writable(..))));
        let colon = venv(&home.path().join("a:b"));
        assert!(matches!(check(&ctx.paths, &colon), Err(Refusal::Colon(_))));
        assert!(matches!(trust(&ctx, &colon), Err(Error::Refused(Refusal::Colon(_)))));
    }

    #[test]
    fn paths_that_are_not_utf8_are_kept_as_they_are() {
        for bytes in [&b"/plain"[..], b"/\xff\xfe", b"bytes:zz"] {
            let place = Place(OsString::from_vec(bytes.to_vec()).into());
            assert_eq!(Place::from(String::from(place.clone())), place);
        }
    }

    #[test]
    fn a_broken_book_trusts_nothing_and_is_not_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let ctx = context(home.path());
        let venv = venv(&home.path().join("p"));
        atomic::write(&ctx.paths.trust_file(), b"[[", None).unwrap();
        assert!(check(&ctx.paths, &venv).is_err());
        assert!(matches!(record(&ctx, &venv), Err(Error::Book { .. })));
        assert_eq!(fs::read(ctx.paths.trust_file()).unwrap(), b"[[");
    }
}
